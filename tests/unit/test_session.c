/* SPDX-License-Identifier: MIT */
/* When a message is of interest, and what is left of one over a limit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above before it. */
#include <cmocka.h>
#include <string.h>

#include "intake/pipeline.h"
#include "intake/session.h"
#include "tree.h"

static struct config *config_of(const char *text)
{
	char *error = NULL;
	struct config *config =
	    config_parse(text, strlen(text), "test.conf", &error);

	if (config == NULL)
		print_error("%s\n", error);
	assert_non_null(config);
	return config;
}

#define BY_RECIPIENT "[milter]\nrecipients = tlsrpt@example.com\n"
#define REPORT_TYPE "multipart/report; report-type=tlsrpt; boundary=x"

/* Begins a message under a configuration that only the session holds. */
static struct session *begin(const char *text, const char *rcpt)
{
	struct session *session = session_new(NULL);
	struct config *config = config_of(text);

	session_mail(session, config, "<sender@example.org>");
	config_unref(config);
	session_rcpt(session, rcpt);
	return session;
}

static void test_other_recipient(void **state)
{
	struct session *session = begin(BY_RECIPIENT, "<bob@example.com>");

	(void)state;
	assert_int_equal(session_data(session), SESSION_ACCEPT);
	/* A server that never sends DATA learns it at the end of header, even
	 * when the header looks like a report's. */
	session_header(session, "Content-Type", REPORT_TYPE);
	assert_int_equal(session_end_of_header(session), SESSION_ACCEPT);
	session_free(session);
}

static void test_report_recipient(void **state)
{
	struct session *session = begin(BY_RECIPIENT, "<TLSRPT@Example.com>");

	(void)state;
	session_rcpt(session, "<bob@example.com>");
	assert_int_equal(session_data(session), SESSION_CONTINUE);
	session_header(session, "Subject", "hello");
	assert_int_equal(session_end_of_header(session), SESSION_CONTINUE);
	assert_int_equal(session->report_recipients->len, 1);
	assert_string_equal(
	    session->report_recipients->pdata[0], "<TLSRPT@Example.com>");
	session_free(session);
}

static void test_by_header(void **state)
{
	struct session *session = begin("", "<bob@example.com>");

	(void)state;
	assert_int_equal(session_data(session), SESSION_CONTINUE);
	session_header(session, "Subject", "hello");
	assert_int_equal(session_end_of_header(session), SESSION_ACCEPT);
	session_free(session);

	session = begin("", "<bob@example.com>");
	session_header(session, "content-type", REPORT_TYPE);
	assert_int_equal(session_end_of_header(session), SESSION_CONTINUE);
	session_free(session);
}

static void test_no_message(void **state)
{
	struct session *session = session_new(NULL);

	(void)state;
	session_rcpt(session, "<a@b>");
	assert_int_equal(session_data(session), SESSION_ACCEPT);
	assert_int_equal(session_end_of_header(session), SESSION_ACCEPT);
	assert_int_equal(session_body(session, "x", 1), SESSION_ACCEPT);
	assert_int_equal(session_end(session, NULL)->action, VERDICT_ACCEPT);
	session_free(session);
}

static void test_forged_are_counted(void **state)
{
	struct session *session = begin(BY_RECIPIENT, "<tlsrpt@example.com>");

	(void)state;
	session_header(session, "X-TLSRPT", "stored");
	session_header(session, "x-tlsrpt", "stored");
	session_header(session, "X-TLSRPT-Other", "stored");
	assert_int_equal(session->forged, 2);
	session_reset(session);
	assert_int_equal(session->forged, 0);
	assert_null(session->config);
	session_free(session);
}

static void assert_end(struct session *session, const char *header)
{
	const struct verdict *verdict = session_end(session, "Q1");

	assert_int_equal(verdict->action, VERDICT_HEADER);
	assert_string_equal(verdict->header, header);
}

static void test_message_size(void **state)
{
	struct session *session =
	    begin(BY_RECIPIENT "[limits]\nmessage-size = 64K\n",
		"<tlsrpt@example.com>");
	static char chunk[32768];

	(void)state;
	session_header(session, "Subject", "hello");
	assert_int_equal(session_end_of_header(session), SESSION_CONTINUE);
	assert_int_equal(
	    session_body(session, chunk, sizeof chunk), SESSION_CONTINUE);
	/* 64 KiB with the header and its empty line; a byte is too much. */
	assert_int_equal(session_body(session, chunk,
			     sizeof chunk - strlen("Subject: hello\n\n")),
	    SESSION_CONTINUE);
	assert_int_equal(session_body(session, chunk, 1), SESSION_SKIP);
	assert_int_equal(session_body(session, chunk, 1), SESSION_SKIP);
	assert_end(session, "invalid; message-size: more than 65536 bytes "
			    "(limits.message-size)");
	session_free(session);
}

static void test_header_limits(void **state)
{
	struct session *session = begin(BY_RECIPIENT
	    "[limits]\nheader-count = 10\nheader-size = 4K\n",
	    "<tlsrpt@example.com>");
	/* With ": " and the end of the line. */
	char *longest = g_strnfill(4096 - strlen("Subject") - 3, 'x');

	(void)state;
	for (int i = 0; i < 10; i++)
		session_header(session, "Subject", "hello");
	assert_int_equal(session_body(session, "x", 1), SESSION_CONTINUE);
	session_header(session, "Subject", "hello");
	assert_int_equal(session_end_of_header(session), SESSION_CONTINUE);
	assert_int_equal(session_body(session, "x", 1), SESSION_SKIP);
	assert_end(session,
	    "invalid; limits.header-count: more than 10 header fields");

	session_reset(session);
	session_free(session);
	session = begin(BY_RECIPIENT "[limits]\nheader-size = 4K\n",
	    "<tlsrpt@example.com>");
	session_header(session, "Subject", longest);
	assert_int_equal(session_body(session, "x", 1), SESSION_CONTINUE);
	session_header(session, "", "");
	assert_end(session,
	    "invalid; limits.header-size: a header of more than 4096 bytes");
	session_free(session);
	g_free(longest);
}

static void test_two_messages(void **state)
{
	struct session *session = begin(BY_RECIPIENT, "<tlsrpt@example.com>");
	struct config *config = config_of(BY_RECIPIENT);

	(void)state;
	session_header(session, "Subject", "one");
	session_mail(session, config, "<>");
	config_unref(config);
	assert_int_equal(session->report_recipients->len, 0);
	session_rcpt(session, "<bob@example.com>");
	assert_int_equal(session_data(session), SESSION_ACCEPT);
	session_free(session);
}

/* A disk that is full for a while: the message is not kept, whatever fits
 * afterwards; the one sentence about it is freed once, as LeakSanitizer sees.
 */
static void test_a_message_that_can_not_be_kept(void **state)
{
	char *folder = g_dir_make_tmp("test_session_XXXXXX", NULL), *error;
	struct spool *spool = spool_open(folder, 1 << 20, &error);
	struct session *session = session_new(spool);
	struct config *config =
	    config_of(BY_RECIPIENT "[limits]\nheader-size = 4M\n");
	char *value = g_strnfill(400 << 10, 'x');

	(void)state;
	session_mail(session, config, "<>");
	config_unref(config);
	session_rcpt(session, "<tlsrpt@example.com>");
	session_header(session, "Subject", value);
	spool_set_quota(spool, 0);
	for (int i = 0; i < 3; i++)
		session_header(session, value, value);
	spool_set_quota(spool, 1 << 20);
	assert_int_equal(session_end_of_header(session), SESSION_CONTINUE);
	assert_int_equal(session_body(session, "x", 1), SESSION_SKIP);
	assert_true(g_str_has_prefix(session_end(session, "Q1")->header,
	    "failed; spool.directory: the message can't be kept: "));
	session_free(session);
	spool_close(spool);
	tree_remove(folder);
	g_free(value);
	g_free(folder);
}

static int set_up(void **state)
{
	(void)state;
	pipeline_init();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_other_recipient),
	    cmocka_unit_test(test_report_recipient),
	    cmocka_unit_test(test_by_header),
	    cmocka_unit_test(test_no_message),
	    cmocka_unit_test(test_forged_are_counted),
	    cmocka_unit_test(test_message_size),
	    cmocka_unit_test(test_header_limits),
	    cmocka_unit_test(test_two_messages),
	    cmocka_unit_test(test_a_message_that_can_not_be_kept),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
