/* SPDX-License-Identifier: MIT */
/* A record written and read back, and everything that is none. */
/* cmocka.h needs these four before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glib.h>
#include <string.h>

#include "base/digest.h"
#include "spool/record.h"

#define EMPTY_SHA256 \
	"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define NEEDED                                       \
	"version: 1\nkind: report\nsource: milter\n" \
	"received-at: 2026-11-24T20:20:51.000001Z\n"
#define EMPTY "length: 0\nsha256: " EMPTY_SHA256 "\n\n"

/* The file of a record: header and bytes. */
static GString *write_record(const struct record *record)
{
	GString *file = record_header(record);

	if (record->bytes != NULL) {
		gsize size;
		const char *bytes = g_bytes_get_data(record->bytes, &size);

		g_string_append_len(file, bytes, (gssize)size);
	}
	return file;
}

static struct record *read_record(const GString *file)
{
	char *error = NULL;
	struct record *record =
	    record_parse((const uint8_t *)file->str, file->len, &error);

	if (record == NULL)
		fail_msg("%s", error);
	return record;
}

static struct record *make_record(void)
{
	struct record *record = record_new();

	record->kind = RECORD_REPORT;
	record->source = RECORD_IMPORT;
	record->received_at = G_GINT64_CONSTANT(1795551651123456);
	record->queue_id = g_strdup("4XyZ12");
	record->envelope_from = g_strdup("");
	g_ptr_array_add(record->recipients, g_strdup("<tlsrpt@example.com>"));
	g_ptr_array_add(record->recipients, g_strdup("b@example.com"));
	record->message_id = g_strdup("a b: c@d");
	record->from_domain = g_strdup("example.org");
	record->tls_report_domain = g_strdup("example.com");
	record->tls_report_submitter = g_strdup("example.net");
	record->dkim_result = g_strdup("pass");
	record->dkim_domain = g_strdup("example.net");
	record->authenticated = true;
	record->submitter = g_strdup("example.net");
	record->media_type = g_strdup("application/tlsrpt+gzip");
	record->filename =
	    g_strdup("\xc3\xbc%41\r\nlength: 7\n\n\xff\x7f\t.json.gz");
	record_set_bytes(record, "\x1f\x8b\0\n\nkind: rejection\n", 21);
	return record;
}

static void test_header(void **state)
{
	struct record *record = make_record();
	GString *header = record_header(record);
	char hex[DIGEST_HEX_SIZE];
	char *expected;

	(void)state;
	digest_hex(record->sha256, hex);
	expected = g_strdup_printf(
	    "version: 1\n"
	    "kind: report\n"
	    "source: import\n"
	    "received-at: 2026-11-24T20:20:51.123456Z\n"
	    "queue-id: 4XyZ12\n"
	    "envelope-from: \n"
	    "recipient: <tlsrpt@example.com>\n"
	    "recipient: b@example.com\n"
	    "message-id: a b: c@d\n"
	    "from-domain: example.org\n"
	    "tls-report-domain: example.com\n"
	    "tls-report-submitter: example.net\n"
	    "dkim-result: pass\n"
	    "dkim-domain: example.net\n"
	    "authenticated: yes\n"
	    "submitter: example.net\n"
	    "media-type: application/tlsrpt+gzip\n"
	    "filename: %%C3%%BC%%2541%%0D%%0Alength: 7%%0A%%0A%%FF%%7F%%09"
	    ".json.gz\n"
	    "length: 21\n"
	    "sha256: %s\n\n",
	    hex);
	assert_string_equal(header->str, expected);
	g_free(expected);
	g_string_free(header, TRUE);
	record_free(record);
}

static void assert_same(const struct record *a, const struct record *b)
{
	assert_int_equal(a->kind, b->kind);
	assert_int_equal(a->source, b->source);
	assert_int_equal(a->received_at, b->received_at);
	assert_int_equal(a->recipients->len, b->recipients->len);
	for (guint i = 0; i < a->recipients->len; i++)
		assert_string_equal(g_ptr_array_index(a->recipients, i),
		    g_ptr_array_index(b->recipients, i));
	assert_int_equal(g_strcmp0(a->queue_id, b->queue_id), 0);
	assert_int_equal(g_strcmp0(a->envelope_from, b->envelope_from), 0);
	assert_int_equal(g_strcmp0(a->message_id, b->message_id), 0);
	assert_int_equal(g_strcmp0(a->from_domain, b->from_domain), 0);
	assert_int_equal(
	    g_strcmp0(a->tls_report_domain, b->tls_report_domain), 0);
	assert_int_equal(
	    g_strcmp0(a->tls_report_submitter, b->tls_report_submitter), 0);
	assert_int_equal(g_strcmp0(a->dkim_result, b->dkim_result), 0);
	assert_int_equal(g_strcmp0(a->dkim_domain, b->dkim_domain), 0);
	assert_int_equal(a->authenticated, b->authenticated);
	assert_int_equal(g_strcmp0(a->submitter, b->submitter), 0);
	assert_int_equal(g_strcmp0(a->media_type, b->media_type), 0);
	assert_int_equal(g_strcmp0(a->filename, b->filename), 0);
	assert_int_equal(a->reason, b->reason);
	assert_int_equal(g_strcmp0(a->detail, b->detail), 0);
	assert_int_equal(a->length, b->length);
	assert_memory_equal(a->sha256, b->sha256, DIGEST_SIZE);
	assert_int_equal(a->bytes == NULL, b->bytes == NULL);
	if (a->bytes != NULL)
		assert_true(g_bytes_equal(a->bytes, b->bytes));
}

static void test_round_trip(void **state)
{
	struct record *record = make_record();
	GString *file = write_record(record);
	struct record *back = read_record(file);

	(void)state;
	assert_same(record, back);
	record_free(back);
	g_string_free(file, TRUE);
	record_free(record);
	record_free(NULL);
}

/* Nothing that may be missing is there. */
static void test_sparse(void **state)
{
	struct record *record = record_new();
	GString *file;
	struct record *back;

	(void)state;
	record_set_bytes(record, NULL, 0);
	file = write_record(record);
	assert_null(strstr(file->str, "queue-id"));
	assert_null(strstr(file->str, "reason"));
	back = read_record(file);
	assert_null(back->queue_id);
	assert_null(back->filename);
	assert_int_equal(back->recipients->len, 0);
	assert_same(record, back);
	record_free(back);
	g_string_free(file, TRUE);
	record_free(record);
}

static void test_rejection(void **state)
{
	struct record *record = make_record();
	GString *file;
	struct record *back;

	(void)state;
	/* Length and digest are of the bytes that are not kept. */
	g_bytes_unref(record->bytes);
	record->bytes = NULL;
	record->kind = RECORD_REJECTION;
	record->reason = RECORD_REFUSED;
	record->detail = g_strdup("example.com is not ours\n\x10\x01");
	file = write_record(record);
	assert_non_null(strstr(file->str,
	    "\nreason: refused\ndetail: example.com is not ours%0A%10%01\n"));
	back = read_record(file);
	assert_same(record, back);
	record_free(back);
	g_string_append_c(file, 'x');
	{
		char *error = NULL;

		assert_null(record_parse(
		    (const uint8_t *)file->str, file->len, &error));
		assert_non_null(strstr(error, "carries no bytes"));
		g_free(error);
	}
	g_string_free(file, TRUE);
	record_free(record);
}

/* However much a message says of itself, its record can be read again. */
static void test_bounds(void **state)
{
	struct record *record = make_record();
	GString *file;
	struct record *back;
	char *long_string = g_strnfill(300000, '\n');

	(void)state;
	for (size_t i = 0; i < 12000; i++)
		g_ptr_array_add(record->recipients, g_strdup_printf("%zu", i));
	g_free(record->filename);
	record->filename = g_strdup(long_string);
	g_free(record->message_id);
	record->message_id = g_strdup(long_string);
	g_free(record->dkim_domain);
	record->dkim_domain = g_strdup(long_string);
	file = write_record(record);
	assert_true(file->len < 1024 * 1024);
	assert_non_null(strstr(file->str, "\nrecipients-left-out: 2002\n"));
	back = read_record(file);
	assert_int_equal(back->recipients->len, 10000);
	assert_int_equal(strlen(back->filename), 8192);
	record_free(back);
	g_string_free(file, TRUE);

	for (size_t i = 0; i < 100; i++)
		g_ptr_array_insert(
		    record->recipients, 0, g_strdup(long_string));
	file = write_record(record);
	assert_true(file->len < 1024 * 1024);
	record_free(read_record(file));
	g_string_free(file, TRUE);
	g_free(long_string);
	record_free(record);
}

/* A string is cut between characters. */
static void test_cut(void **state)
{
	struct record *record = make_record();
	GString *text = g_string_new(NULL);
	GString *file;
	struct record *back;

	(void)state;
	while (text->len < 8190)
		g_string_append_c(text, 'a');
	g_string_append(text, "\xf0\x9f\x93\xa7\xf0\x9f\x93\xa7");
	g_free(record->filename);
	record->filename = g_strdup(text->str);
	file = write_record(record);
	back = read_record(file);
	assert_int_equal(strlen(back->filename), 8190);
	record_free(back);
	g_string_free(file, TRUE);
	g_string_free(text, TRUE);
	record_free(record);
}

static void test_times(void **state)
{
	static const int64_t times[] = {
	    0, 1, 999999, 1000000, G_GINT64_CONSTANT(253402300799999999)};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(times); i++) {
		struct record *record = make_record();
		GString *file;
		struct record *back;

		record->received_at = times[i];
		file = write_record(record);
		back = read_record(file);
		assert_int_equal(back->received_at, times[i]);
		record_free(back);
		g_string_free(file, TRUE);
		record_free(record);
	}
}

static void test_unknown_names(void **state)
{
	GString *file =
	    g_string_new(NEEDED "shoe-size: 43\nshoe-size: %zz\n" EMPTY);
	struct record *record = read_record(file);

	(void)state;
	assert_int_equal(record->received_at % 1000000, 1);
	record_free(record);
	g_string_free(file, TRUE);
}

struct row {
	const char *file;
	const char *error;
};

static const struct row bad[] = {
    {"", "no blank line"},
    {"\n", "no blank line"},
    {"version: 1\n", "no blank line"},
    {"\n\n", "kind is missing"},
    {"version: 1\n\n", "kind is missing"},
    {"version: 2\n\n", "line 1 is not \"version: 1\""},
    {"version: 1 \n\n", "line 1 is not"},
    {"kind: report\nversion: 1\n\n", "line 1 is not"},
    {"version: 1\nversion: 1\n\n", "line 2 states the version again"},
    {NEEDED "kind: report\n" EMPTY, "line 5 states kind again"},
    {NEEDED "filename: a\nfilename: a\n" EMPTY, "line 6 states filename again"},
    {NEEDED "filename: %4\n" EMPTY, "line 5 filename is not percent-encoded"},
    {NEEDED "filename: %\n" EMPTY, "line 5 filename is not"},
    {NEEDED "filename: %zz\n" EMPTY, "line 5 filename is not"},
    {NEEDED "filename: a%00b\n" EMPTY, "line 5 filename is not"},
    {NEEDED "recipient: %GG\n" EMPTY, "line 5 recipient is not"},
    {NEEDED "filename: \xff\n" EMPTY, "line 5 is not \"name: value\""},
    {NEEDED "filename: \t\n" EMPTY, "line 5 is not"},
    {NEEDED "filename: a\r\n" EMPTY, "line 5 is not"},
    {NEEDED "filename\n" EMPTY, "line 5 is not"},
    {NEEDED "filename:\n" EMPTY, "line 5 is not"},
    {NEEDED "filename:a\n" EMPTY, "line 5 is not"},
    {NEEDED ": a\n" EMPTY, "line 5 is not"},
    {NEEDED "File: a\n" EMPTY, "line 5 is not"},
    {NEEDED " folded: a\n" EMPTY, "line 5 is not"},
    {NEEDED "dkim-result: perhaps\n" EMPTY, "line 5 dkim-result is none of"},
    {NEEDED "authenticated: true\n" EMPTY, "line 5 authenticated is neither"},
    {NEEDED "reason: invalid\n" EMPTY, "a report has no reason"},
    {NEEDED "detail: x\n" EMPTY, "a report has no reason"},
    {NEEDED EMPTY "x", "length is 0, but 1 bytes follow"},
    {NEEDED "length: 1\nsha256: " EMPTY_SHA256 "\n\nx",
	"sha256 does not match"},
    {NEEDED "length: 1\nsha256: " EMPTY_SHA256 "\n\n", "length is 1, but 0"},
    {NEEDED "length: -1\n\n", "line 5 length is not a number"},
    {NEEDED "length: 00\n\n", "line 5 length is not a number"},
    {NEEDED "length: \n\n", "line 5 length is not a number"},
    {NEEDED "length: 1x\n\n", "line 5 length is not a number"},
    {NEEDED "length: 99999999999999999999\n\n",
	"line 5 length is not a number"},
    {NEEDED "length: 0\n\n", "sha256 is missing"},
    {NEEDED "sha256: " EMPTY_SHA256 "\n\n", "length is missing"},
    {NEEDED "length: 0\nsha256: E" EMPTY_SHA256 "\n\n", "line 6 sha256 is not"},
    {NEEDED "length: 0\nsha256: e3\n\n", "line 6 sha256 is not 64"},
    {NEEDED "length: 0\nsha256: "
	    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdeF"
	    "\n\n",
	"line 6 sha256 is not 64"},
    {"version: 1\nkind: letter\n\n", "line 2 kind is neither"},
    {"version: 1\nsource: mail\n\n", "line 2 source is neither"},
    {"version: 1\nkind: rejection\nsource: milter\n"
     "received-at: 2026-11-24T20:20:51.000001Z\n" EMPTY,
	"reason is missing"},
    {"version: 1\nreason: ugly\n\n", "line 2 reason is neither"},
    {"version: 1\nreceived-at: 2026-11-24T20:20:51Z\n\n", "line 2 received-at"},
    {"version: 1\nreceived-at: 2026-11-24T20:20:51.00000xZ\n\n",
	"line 2 received-at"},
    {"version: 1\nreceived-at: 2026-11-24T20:20:51+0000001Z\n\n",
	"line 2 received-at"},
    {"version: 1\nreceived-at: 2026-11-24T20:20:51.+00001Z\n\n",
	"line 2 received-at"},
    {"version: 1\nreceived-at: 2026-02-30T20:20:51.000001Z\n\n",
	"line 2 received-at"},
    {"version: 1\nreceived-at: 2026-11-24 20:20:51.000001Z\n\n",
	"line 2 received-at"},
    {"version: 1\nreceived-at: 2026-11-24T20:20:51.0000001\n\n",
	"line 2 received-at"},
};

static void assert_bad(const char *bytes, size_t length, const char *expected)
{
	/* A copy of just that size, so that a sanitizer sees what is read. */
	uint8_t *copy = g_memdup2(bytes, length);
	char *error = NULL;
	struct record *record = record_parse(copy, length, &error);

	if (record != NULL)
		fail_msg("taken, but should be: %s", expected);
	if (strstr(error, expected) == NULL)
		fail_msg("\"%s\" instead of \"%s\"", error, expected);
	g_free(error);
	g_free(copy);
}

static void test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
		assert_bad(bad[i].file, strlen(bad[i].file), bad[i].error);
	assert_bad(NEEDED "a: \0\n" EMPTY, sizeof(NEEDED "a: \0\n" EMPTY) - 1,
	    "a NUL byte");
}

static void test_too_large(void **state)
{
	GString *file = g_string_new(NEEDED);

	(void)state;
	for (size_t i = 0; i <= 10000; i++)
		g_string_append(file, "recipient: a\n");
	g_string_append(file, EMPTY);
	assert_bad(
	    file->str, file->len, "recipient comes more than 10000 times");

	g_string_assign(file, NEEDED);
	while (file->len < 1024 * 1024)
		g_string_append(file, "padding: a\n");
	g_string_append(file, EMPTY);
	assert_bad(file->str, file->len, "no blank line ends the header");
	g_string_free(file, TRUE);
}

/* Every prefix and every byte changed in the header: never a crash, and never
 * another report than the one that was written. */
static void test_damage(void **state)
{
	struct record *record = make_record();
	GString *file = write_record(record);
	char *error;

	(void)state;
	for (size_t length = 0; length < file->len; length++)
		assert_bad(file->str, length, "");
	for (size_t i = 0; i < file->len; i++) {
		for (int bit = 0; bit < 8; bit++) {
			uint8_t *copy = g_memdup2(file->str, file->len);
			struct record *back;

			copy[i] = (uint8_t)(copy[i] ^ (1 << bit));
			error = NULL;
			back = record_parse(copy, file->len, &error);
			assert_true((back == NULL) != (error == NULL));
			if (back != NULL && back->kind == RECORD_REPORT)
				assert_true(
				    g_bytes_equal(back->bytes, record->bytes));
			record_free(back);
			g_free(error);
			g_free(copy);
		}
	}
	g_string_free(file, TRUE);
	record_free(record);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_header),
	    cmocka_unit_test(test_round_trip),
	    cmocka_unit_test(test_sparse),
	    cmocka_unit_test(test_rejection),
	    cmocka_unit_test(test_bounds),
	    cmocka_unit_test(test_cut),
	    cmocka_unit_test(test_times),
	    cmocka_unit_test(test_unknown_names),
	    cmocka_unit_test(test_bad),
	    cmocka_unit_test(test_too_large),
	    cmocka_unit_test(test_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
