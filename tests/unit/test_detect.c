/* SPDX-License-Identifier: MIT */
/* detect: addresses and header fields, as MTAs hand them over. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glib.h>
#include <string.h>
#include <time.h>

#include "detect.h"

/* CPU seconds, a thousand times what the work takes: no measure of speed, but
 * what work that grows with the square of its input goes beyond. */
#define HOPELESS 60

static char *const patterns[] = {
    "tlsrpt@example.com", "*@reports.example.com", "tls+*@example.org", NULL};

static void test_recipient_matches(void **state)
{
	static const char *const good[] = {
	    "tlsrpt@example.com",
	    "<tlsrpt@example.com>",
	    "<TLSRPT@Example.COM>",
	    " <tlsrpt@example.com> ",
	    "<@relay.example,@other.example:tlsrpt@example.com>",
	    "<anyone@reports.example.com>",
	    "\"a@b\"@reports.example.com",
	    "tls+x@example.org",
	    "<Tls+2026-11@EXAMPLE.org>",
	    "tls+@example.org",
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(good); i++)
		if (!detect_recipient(patterns, good[i]))
			fail_msg("not matched: %s", good[i]);
}

static void test_recipient_does_not_match(void **state)
{
	static const char *const bad[] = {
	    "",
	    "<>",
	    "< >",
	    "<",
	    ">",
	    "@",
	    "<@>",
	    "tlsrpt",
	    "postmaster",
	    "@reports.example.com",
	    "<@reports.example.com>",
	    "<@relay.example:>",
	    "tlsrpt@",
	    "xtlsrpt@example.com",
	    "tlsrpt@example.com.evil.example",
	    "tlsrpt@xexample.com",
	    "a@sub.reports.example.com",
	    "tls@example.org",
	    "tlsx@example.org",
	    "tls+x@example.com",
	    "*@example.org",
	};
	char *const none[] = {NULL};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
		if (detect_recipient(patterns, bad[i]))
			fail_msg("matched: %s", bad[i]);
	assert_false(detect_recipient(none, "tlsrpt@example.com"));
}

static void test_patterns(void **state)
{
	static const char *const good[] = {"a@b", "*@example.com", "a+*@b",
	    "tlsrpt+x@example.com", "\"a@b\"@c", "a@[192.0.2.1]"};
	static const char *const bad[] = {"", "a", "@b", "a@", "@", "*", "*@",
	    "a*@b", "*a@b", "a@*", "a@*.b", "+*@b", "a+*x@b", "**@b", "a b@c",
	    "<a@b>", "a@b\n", "*+*@b", "a@b@"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(good); i++)
		if (detect_pattern_error(good[i]) != NULL)
			fail_msg("refused: %s", good[i]);
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
		if (detect_pattern_error(bad[i]) == NULL)
			fail_msg("taken: %s", bad[i]);
}

static void test_pattern_error_says_what_to_write(void **state)
{
	(void)state;
	assert_non_null(
	    strstr(detect_pattern_error("@example.com"), "*@domain"));
}

static void test_content_type_of_carriers(void **state)
{
	static const char *const good[] = {
	    "multipart/report; report-type=\"tlsrpt\"; boundary=x",
	    "multipart/report; report-type=tlsrpt",
	    "multipart/report; boundary=\"a;b\";\n\treport-type=tlsrpt",
	    "multipart/report;\r\n boundary=\"x\";\r\n report-type=\"tlsrpt\"",
	    " MULTIPART/Report ; Report-Type = \"TLSRPT\"",
	    "multipart/report (a report; really);\n report-type (x) = tlsrpt",
	    "multipart / report;report-type=tlsrpt;",
	    "multipart/report;; ;report-type=\" tlsrpt \"",
	    "multipart/report; broken parameter; report-type=tlsrpt",
	    "multipart/report; x=\"\\\"; \"; report-type=tlsrpt",
	    "multipart/report; report-type=tlsrpt (never closed",
	    "application/tlsrpt+gzip; name=x",
	    "application/tlsrpt+json",
	    "application/tlsrpt",
	    "Application/TLSRPT+GZIP",
	    " (c) application / tlsrpt+gzip",
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(good); i++)
		if (!detect_header("Content-Type", good[i]))
			fail_msg("not seen: %s", good[i]);
	assert_true(detect_header("CONTENT-TYPE", good[0]));
	assert_true(detect_header("Content-type ", good[0]));
}

static void test_content_type_of_others(void **state)
{
	static const char *const bad[] = {
	    "",
	    "/",
	    ";",
	    "text/plain",
	    "multipart/report",
	    "multipart/report; report-type=delivery-status",
	    "multipart/report; report-type=tlsrptx",
	    "multipart/report; x=\"; report-type=tlsrpt\"",
	    "multipart/report (; report-type=tlsrpt)",
	    "multipart/report; report-type",
	    "multipart/report; report-type=",
	    "multipart/mixed; report-type=tlsrpt",
	    "text/tlsrpt",
	    "applicationx/tlsrpt",
	    "application/x-tlsrpt",
	    "application/gzip; name=tlsrpt",
	    "multipart/report; x=\"report-type=tlsrpt",
	    "\"",
	    "(",
	    "((((\\",
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
		if (detect_header("Content-Type", bad[i]))
			fail_msg("seen: %s", bad[i]);
}

static void test_other_fields(void **state)
{
	(void)state;
	assert_true(detect_header("TLS-Report-Domain", "example.com"));
	assert_true(detect_header("tls-report-submitter", ""));
	assert_false(detect_header("TLS-Report", "example.com"));
	assert_false(detect_header("X-TLS-Report-Domain", "example.com"));
	assert_false(detect_header("Subject", "Report Domain: example.com"));
	assert_false(detect_header("", ""));
}

static void test_long_values_take_linear_time(void **state)
{
	static const char *const pieces[] = {"(", "\"", ";", "a=", "\\", "/"};
	GString *value = g_string_new(NULL);
	clock_t start = clock();

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(pieces); i++) {
		g_string_assign(value, "multipart/report;");
		while (value->len < 1024 * 1024)
			g_string_append(value, pieces[i]);
		assert_false(detect_header("Content-Type", value->str));
	}
	assert_true(clock() - start < HOPELESS * CLOCKS_PER_SEC);
	g_string_free(value, TRUE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_recipient_matches),
	    cmocka_unit_test(test_recipient_does_not_match),
	    cmocka_unit_test(test_patterns),
	    cmocka_unit_test(test_pattern_error_says_what_to_write),
	    cmocka_unit_test(test_content_type_of_carriers),
	    cmocka_unit_test(test_content_type_of_others),
	    cmocka_unit_test(test_other_fields),
	    cmocka_unit_test(test_long_values_take_linear_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
