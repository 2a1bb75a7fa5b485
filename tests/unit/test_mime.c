/* SPDX-License-Identifier: MIT */
/*
 * mime: each NAME.eml in tests/fixtures/mime gives what NAME.expect says,
 * with LF and with CRLF at the ends of lines; and mail made to hurt costs
 * little.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glib.h>
#include <string.h>
#include <time.h>

#include "cost.h"
#include "fixture.h"
#include "mail/mime.h"
#include "mail/mime_limits.h"

#define FOLDER FIXTURES "/mime"

static const struct limits limits = {
    .message_size = 25 * 1024 * 1024,
    .header_count = 1000,
    .header_size = 256 * 1024,
    .mime_parts = 100,
    .mime_depth = 16,
};

static void describe_field(GString *out, const char *name, const char *value)
{
	char *escaped;

	if (value == NULL)
		return;
	escaped = g_strescape(value, NULL);
	g_string_append_printf(out, "%s: %s\n", name, escaped);
	g_free(escaped);
}

static void describe_attachment(
    GString *out, const struct mime_attachment *attachment)
{
	char *content = g_strndup(
	    (const char *)attachment->bytes->data, attachment->bytes->len);
	char *escaped = g_strescape(content, NULL);
	char *name = g_strescape(
	    attachment->filename != NULL ? attachment->filename : "-", NULL);

	g_string_append_printf(out, "attachment: %s %s %s\n",
	    attachment->media_type, name, escaped);
	g_free(name);
	g_free(escaped);
	g_free(content);
}

static char *describe(const struct mime_message *message)
{
	GString *out = g_string_new(NULL);

	describe_field(out, "message-id", message->message_id);
	describe_field(out, "from", message->from_domain);
	describe_field(out, "domain", message->tls_report_domain);
	describe_field(out, "submitter", message->tls_report_submitter);
	for (guint i = 0; i < message->authentication_results->len; i++)
		describe_field(out, "authentication-results",
		    message->authentication_results->pdata[i]);
	for (guint i = 0; i < message->attachments->len; i++)
		describe_attachment(out, message->attachments->pdata[i]);
	if (message->enclosed > 0)
		g_string_append_printf(
		    out, "enclosed: %zu\n", message->enclosed);
	return g_string_free(out, FALSE);
}

/* Reads from memory of just the right size, so that a sanitizer sees a read
 * behind the end. */
static struct mime_message *read_exact(const char *bytes, size_t length)
{
	uint8_t *copy = g_memdup2(length > 0 ? bytes : "x", MAX(length, 1));
	struct mime_message *message = NULL;
	char *reason = NULL;

	if (mime_read(copy, length, &limits, &message, &reason) != MIME_OK)
		fail_msg("%s", reason);
	assert_non_null(message);
	g_free(copy);
	return message;
}

static void check(
    const char *name, const char *bytes, size_t length, const char *expected)
{
	struct mime_message *message = read_exact(bytes, length);
	char *found = describe(message);

	if (strcmp(found, expected) != 0)
		fail_msg("%s gave\n%sinstead of\n%s", name, found, expected);
	g_free(found);
	mime_message_free(message);
}

static GString *with_crlf(const char *bytes, size_t length)
{
	GString *out = g_string_new(NULL);

	for (size_t i = 0; i < length; i++) {
		if (bytes[i] == '\n')
			g_string_append_c(out, '\r');
		g_string_append_c(out, bytes[i]);
	}
	return out;
}

static void check_fixture(const char *folder, const char *name)
{
	gsize length = 0;
	char *bytes = fixture_read(folder, name, ".eml", &length);
	char *facts = fixture_facts(folder, name);
	GString *crlf;

	assert_non_null(bytes);
	check(name, bytes, length, facts);
	crlf = with_crlf(bytes, length);
	check(name, crlf->str, crlf->len, facts);
	g_string_free(crlf, TRUE);
	g_free(bytes);
	g_free(facts);
}

static void test_fixtures(void **state)
{
	(void)state;
	fixture_each(FOLDER, 33, check_fixture);
}

static void test_empty_message(void **state)
{
	(void)state;
	check("empty", "", 0, "");
	check("a byte", "x", 1, "");
	check("a line end", "\n", 1, "");
	check("a CR", "\r", 1, "");
	check("dashes", "--", 2, "");
	mime_message_free(NULL);
}

/* Any cut of a carrier is read without complaint. */
static void test_every_cut(void **state)
{
	char *bytes = NULL;
	size_t length = 0;

	(void)state;
	assert_true(
	    g_file_get_contents(FOLDER "/carrier.eml", &bytes, &length, NULL));
	for (size_t cut = 0; cut <= length; cut++)
		mime_message_free(read_exact(bytes, cut));
	g_free(bytes);
}

/* The message is over a limit, and that is found in less than a second. */
static void check_limit(const GString *mail, const char *expected)
{
	struct mime_message *message = NULL;
	char *reason = NULL;
	clock_t start = clock();

	if (mime_read((const uint8_t *)mail->str, mail->len, &limits, &message,
		&reason) != MIME_LIMIT)
		fail_msg("taken, but: %s", expected);
	assert_null(message);
	assert_string_equal(reason, expected);
	assert_true(clock() - start < HOPELESS * CLOCKS_PER_SEC);
	g_free(reason);
}

/* The message is taken, in less than a second, with that many attachments. */
static void check_taken(const GString *mail, guint attachments)
{
	clock_t start = clock();
	struct mime_message *message = read_exact(mail->str, mail->len);

	assert_int_equal(message->attachments->len, attachments);
	assert_true(clock() - start < HOPELESS * CLOCKS_PER_SEC);
	mime_message_free(message);
}

static void append_times(GString *mail, const char *piece, size_t times)
{
	for (size_t i = 0; i < times; i++)
		g_string_append(mail, piece);
}

static const char too_many_parts[] =
    "limits.mime-parts: more than 100 MIME parts";

static void test_parts_are_bounded(void **state)
{
	GString *mail =
	    g_string_new("Content-Type: multipart/mixed; boundary=b\n\n");
	size_t head = mail->len;

	(void)state;
	append_times(mail, "--b\n\n", 300000);
	check_limit(mail, too_many_parts);
	g_string_truncate(mail, head);
	append_times(mail, "--b\nContent-Type: application/x\n\nx\n", 100);
	check_taken(mail, 100);
	append_times(mail, "--b\n", 1);
	check_limit(mail, too_many_parts);
	g_string_free(mail, TRUE);
}

/* However the boundary is declared, its lines are counted. */
static void test_boundaries_in_disguise(void **state)
{
	static const char *const declarations[] = {
	    "boundary=bb",
	    "BOUNDARY = \"bb\"",
	    "boundary=\"b\\b\"",
	    "boundary*=us-ascii''b%62",
	    "boundary*0=b; boundary*1=b",
	    "boundary=\"=?us-ascii?q?bb?=\"",
	    "boundary (comment) = bb",
	    "boundary=bb;",
	    "x=y; boundary=\n bb",
	    "boundary=\"bb \"",
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(declarations); i++) {
		GString *mail = g_string_new("Subject: x\n");

		g_string_append_printf(mail,
		    "Content-Type: multipart/mixed; %s\n\n", declarations[i]);
		append_times(mail, "--bb \t\n\n", 101);
		check_limit(mail, too_many_parts);
		g_string_free(mail, TRUE);
	}
}

/* Lines that look like boundaries and are none do not count. */
static void test_dashes_are_no_parts(void **state)
{
	GString *mail = g_string_new(
	    "Content-Type: multipart/mixed; boundary=\"b\"\n\n--b\n"
	    "Content-Type: application/x\n\n");

	(void)state;
	append_times(mail, "--\n--x\n--bb\n--b--b\n-- \n---\n", 1000);
	append_times(
	    mail, "the boundary is declared by boundary=\"x1\"\n", 5000);
	append_times(mail, "--b--\n", 1);
	check_taken(mail, 1);
	g_string_free(mail, TRUE);
}

static void test_many_declarations(void **state)
{
	GString *mail = g_string_new("Subject: x\n\n");

	(void)state;
	for (int i = 0; i < 500000; i++)
		g_string_append_printf(mail, "boundary=b%d\n", i);
	check_taken(mail, 0);
	append_times(mail, "--x\n", 101);
	check_limit(mail, too_many_parts);
	g_string_free(mail, TRUE);
}

/* Each word begins a declaration that reaches to the end of the mail. */
static void test_declarations_without_end(void **state)
{
	static const char *const pieces[] = {"boundary=", "boundary=\"",
	    "boundary = ", "boundary", "boundary=x", "boundary=\"x "};
	GString *mail = g_string_new(NULL);

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(pieces); i++) {
		g_string_assign(mail, "Subject: x\n\n");
		append_times(mail, pieces[i], 1000000);
		check_taken(mail, 0);
	}
	g_string_free(mail, TRUE);
}

static void append_nested(GString *mail, int depth)
{
	for (int i = 0; i < depth; i++)
		g_string_append_printf(mail,
		    "Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", i,
		    i);
	g_string_append(mail, "Content-Type: application/x\n\nx\n");
}

static void test_depth_is_bounded(void **state)
{
	GString *mail = g_string_new(NULL);

	(void)state;
	append_nested(mail, 16);
	check_taken(mail, 1);
	g_string_truncate(mail, 0);
	append_nested(mail, 17);
	check_limit(
	    mail, "limits.mime-depth: multiparts nested more than 16 deep");
	g_string_truncate(mail, 0);
	append_nested(mail, 20000);
	check_limit(mail, too_many_parts);
	g_string_free(mail, TRUE);
}

static void test_header_count_is_bounded(void **state)
{
	GString *mail = g_string_new(NULL);

	(void)state;
	append_times(mail, "X: y\n z\n", 1000);
	append_times(mail, "\nX: y\n", 1);
	check_taken(mail, 0);
	g_string_prepend(mail, "X: y\n");
	check_limit(mail, "limits.header-count: more than 1000 header fields");

	g_string_assign(
	    mail, "Content-Type: multipart/mixed; boundary=b\n\n--b\n");
	append_times(mail, "X: y\n", 500000);
	check_limit(mail,
	    "limits.header-count: more than 1000 header fields in the parts");
	g_string_free(mail, TRUE);
}

static void test_header_size_is_bounded(void **state)
{
	GString *mail = g_string_new("From: a@b.example\nTo: ");
	struct mime_message *message;

	(void)state;
	append_times(mail, "a,", 130000);
	append_times(mail, "\n\nx", 1);
	message = read_exact(mail->str, mail->len);
	assert_string_equal(message->from_domain, "b.example");
	mime_message_free(message);

	g_string_assign(mail, "Subject: ");
	append_times(mail, "a", 1024 * 1024);
	append_times(mail, "\n\nx", 1);
	check_limit(
	    mail, "limits.header-size: more than 262144 bytes of header");

	g_string_assign(
	    mail, "Content-Type: multipart/mixed; boundary=b\n\n--b\n");
	append_times(mail,
	    "Subject: aaaaaaaaaaaaaaaaaaa\n aaaaaaaaaaaaaaa\n\n"
	    "--b\n",
	    50);
	append_times(mail, "X: y\n", 10);
	append_times(mail, " y\n", 262144 / 3);
	check_limit(mail,
	    "limits.header-size: more than 262144 bytes of header in the "
	    "parts");
	g_string_free(mail, TRUE);
}

static void test_message_size_is_bounded(void **state)
{
	GString *mail = g_string_new("Subject: x\n\n");

	(void)state;
	append_times(mail, "0123456789abcde\n", 25 * 65536);
	check_limit(mail, "limits.message-size: more than 26214400 bytes");
	g_string_free(mail, TRUE);
}

/* Fields that overflow the stack or take minutes in GMime's address parser, in
 * the message and in one that is enclosed. */
static void test_hostile_addresses(void **state)
{
	static const char *const pieces[] = {"a:", "a,", "(", "<", "\""};
	static const char *const fields[] = {"From: ", "To: ", "Sender: "};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(pieces); i++)
		for (size_t j = 0; j < G_N_ELEMENTS(fields); j++) {
			GString *mail = g_string_new(fields[j]);

			append_times(mail, pieces[i], 100000);
			append_times(mail, "\n\nx", 1);
			check_taken(mail, 0);
			g_string_prepend(mail,
			    "Content-Type: multipart/digest; boundary=b\n\n"
			    "--b\n\n");
			check_taken(mail, 0);
			g_string_free(mail, TRUE);
		}
}

static void test_enclosed_messages_stay_closed(void **state)
{
	GString *mail = g_string_new(NULL);

	(void)state;
	append_times(mail, "Content-Type: message/rfc822\n\n", 100000);
	check_taken(mail, 0);
	g_string_free(mail, TRUE);
}

/* A report with NUL bytes and without line ends, as it came. */
static void test_binary_part(void **state)
{
	static const char head[] = "Content-Type: application/tlsrpt+gzip\n"
				   "Content-Transfer-Encoding: binary\n\n";
	static const char body[] = "\x1f\x8b\x00\r\n\x00--\n--b\n\xff";
	GString *mail = g_string_new_len(head, sizeof head - 1);
	struct mime_message *message;
	const struct mime_attachment *attachment;

	(void)state;
	g_string_append_len(mail, body, sizeof body - 1);
	message = read_exact(mail->str, mail->len);
	assert_int_equal(message->attachments->len, 1);
	attachment = message->attachments->pdata[0];
	assert_int_equal(attachment->bytes->len, sizeof body - 1);
	assert_memory_equal(attachment->bytes->data, body, sizeof body - 1);
	mime_message_free(message);
	g_string_free(mail, TRUE);
}

/* Megabytes of base64 in padded pieces come out whole. */
static void test_large_base64(void **state)
{
	static const char head[] = "Content-Type: application/tlsrpt+json\n"
				   "Content-Transfer-Encoding: base64\n\n";
	GString *mail = g_string_new(head);
	struct mime_message *message;
	const struct mime_attachment *attachment;

	(void)state;
	append_times(mail, "YWJjZA==\nZWY=\n", 500000);
	message = read_exact(mail->str, mail->len);
	assert_int_equal(message->attachments->len, 1);
	attachment = message->attachments->pdata[0];
	assert_int_equal(attachment->bytes->len, 3000000);
	for (guint i = 0; i < attachment->bytes->len; i += 6)
		assert_memory_equal(attachment->bytes->data + i, "abcdef", 6);
	mime_message_free(message);
	g_string_free(mail, TRUE);
}

/* What mail is made of, in any order: never a crash, and never more parts than
 * were counted. */
static void test_noise(void **state)
{
	static const char *const words[] = {
	    "Content-Type: multipart/mixed; boundary=b\n",
	    "Content-Type: message/rfc822\n",
	    "Content-Type: ", "application/tlsrpt+gzip", ";", " name=\"x", "\"",
	    "\n", "\n\n", "--b\n", "--b--\n", "--", "b", "boundary=", "*",
	    "%62", "Content-Transfer-Encoding: base64\n", "=?utf-8?q?b?=", ":",
	    " ", "\r\n", "From: a@b, <c@d>\n", "\xe9", "QUJD=\n",
	    "filename*0*=", "Content-Disposition: attachment;"};
	GRand *random = g_rand_new_with_seed(8460);
	GString *mail = g_string_new(NULL);

	(void)state;
	for (int i = 0; i < 20000; i++) {
		int count = g_rand_int_range(random, 0, 30);

		g_string_truncate(mail, 0);
		for (int j = 0; j < count; j++)
			g_string_append(mail, words[g_rand_int_range(random, 0,
						  G_N_ELEMENTS(words))]);
		mime_message_free(read_exact(mail->str, mail->len));
	}
	g_string_free(mail, TRUE);
	g_rand_free(random);
}

static void test_scan_tells_what_is_no_message(void **state)
{
	char *reason = NULL;

	(void)state;
	assert_int_equal(
	    mime_limits((const uint8_t *)"a b: c\n", 7, &limits, &reason),
	    MIME_LIMITS_NO_MESSAGE);
	assert_int_equal(
	    mime_limits((const uint8_t *)"ab \t: c\n", 8, &limits, &reason),
	    MIME_LIMITS_OK);
	assert_null(reason);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_fixtures),
	    cmocka_unit_test(test_empty_message),
	    cmocka_unit_test(test_every_cut),
	    cmocka_unit_test(test_parts_are_bounded),
	    cmocka_unit_test(test_boundaries_in_disguise),
	    cmocka_unit_test(test_dashes_are_no_parts),
	    cmocka_unit_test(test_many_declarations),
	    cmocka_unit_test(test_declarations_without_end),
	    cmocka_unit_test(test_depth_is_bounded),
	    cmocka_unit_test(test_header_count_is_bounded),
	    cmocka_unit_test(test_header_size_is_bounded),
	    cmocka_unit_test(test_message_size_is_bounded),
	    cmocka_unit_test(test_hostile_addresses),
	    cmocka_unit_test(test_enclosed_messages_stay_closed),
	    cmocka_unit_test(test_binary_part),
	    cmocka_unit_test(test_large_base64),
	    cmocka_unit_test(test_noise),
	    cmocka_unit_test(test_scan_tells_what_is_no_message),
	};

	mime_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
