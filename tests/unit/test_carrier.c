/* SPDX-License-Identifier: MIT */
/* Header fields as mail servers hand them over. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glib.h>
#include <string.h>
#include <time.h>

#include "cost.h"
#include "mail/carrier.h"

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
		if (!carrier_header("Content-Type", good[i]))
			fail_msg("not seen: %s", good[i]);
	assert_true(carrier_header("CONTENT-TYPE", good[0]));
	assert_true(carrier_header("Content-type ", good[0]));
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
		if (carrier_header("Content-Type", bad[i]))
			fail_msg("seen: %s", bad[i]);
}

static void test_other_fields(void **state)
{
	(void)state;
	assert_true(carrier_header("TLS-Report-Domain", "example.com"));
	assert_true(carrier_header("tls-report-submitter", ""));
	assert_false(carrier_header("TLS-Report", "example.com"));
	assert_false(carrier_header("X-TLS-Report-Domain", "example.com"));
	assert_false(carrier_header("Subject", "Report Domain: example.com"));
	assert_false(carrier_header("", ""));
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
		assert_false(carrier_header("Content-Type", value->str));
	}
	assert_true(clock() - start < HOPELESS * CLOCKS_PER_SEC);
	g_string_free(value, TRUE);
}

static void check_sign(
    const char *name, const char *value, unsigned int expected)
{
	unsigned int sign = carrier_signs(span_of(name), value);

	if (sign != expected)
		fail_msg(
		    "%s: %s: %u instead of %u", name, value, sign, expected);
}

static void test_signs(void **state)
{
	static const char *const reports[] = {
	    "Report Domain: a.example Submitter: b.example Report-ID: <1@b>",
	    " report domain: a\r\n submitter: b\r\n report-id: 1",
	    "Report\r\n\tDomain:a Submitter:b Report-ID:1",
	    "Report Domain: a Submitter: b Report-ID: 133+a",
	};
	static const char *const others[] = {"", "Hello",
	    "Report Domain: a Submitter: b", "Report on Domain: a",
	    "About: Report Domain: a Submitter: b Report-ID: 1",
	    "Report Domain: a Report-ID: 1 Submitter: b", "Regarding: x", "Re",
	    "Forward: x"};
	static const char *const answers[] = {
	    "Re: Report Domain: a Submitter: b Report-ID: 1", "FWD: x", " fw:x",
	    "\tAW: x", "WG: x"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(reports); i++)
		check_sign("subject", reports[i], CARRIER_IS_REPORT);
	for (size_t i = 0; i < G_N_ELEMENTS(others); i++)
		check_sign("Subject", others[i], 0);
	for (size_t i = 0; i < G_N_ELEMENTS(answers); i++)
		check_sign("Subject", answers[i], CARRIER_SEEMS_ANSWER);
	check_sign("TLS-Report-Domain", "", CARRIER_IS_REPORT);
	check_sign("Content-Type", "multipart/report; report-type=tlsrpt",
	    CARRIER_IS_REPORT);
	check_sign("Content-Type", "multipart/mixed", 0);
	check_sign("in-reply-to", "<1@b>", CARRIER_IS_ANSWER);
	check_sign("References", "", CARRIER_IS_ANSWER);
	check_sign("X-References", "<1@b>", 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_content_type_of_carriers),
	    cmocka_unit_test(test_content_type_of_others),
	    cmocka_unit_test(test_other_fields),
	    cmocka_unit_test(test_signs),
	    cmocka_unit_test(test_long_values_take_linear_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
