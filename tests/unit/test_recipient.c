/* SPDX-License-Identifier: MIT */
/* Patterns of recipients. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glib.h>
#include <string.h>
#include <time.h>

#include "config/recipient.h"

static char *const patterns[] = {"tlsrpt@example.com", "*@reports.example.com",
    "tls+*@example.org", "tlsrpt@xn--mller-kva.example", NULL};

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
	    "<tlsrpt@example.com.>",
	    "<x@Reports.Example.com.>",
	    "<tlsrpt@xn--mller-kva.example>",
	    "<tlsrpt@XN--Mller-kva.example.>",
	    "<tlsrpt@m\xc3\xbcller.example>",
	    "<TLSrpt@M\xc3\x9cLLER.Example.>",
	    "tlsrpt@mu\xcc\x88ller.example",
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(good); i++)
		if (!recipient_matches(patterns, good[i]))
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
	    "tlsrpt@example.com..",
	    "tlsrpt@.",
	    "tlsrpt@m\xfcller.example",
	    "tlsrpt@muller.example",
	    "tlsrpt@example.com\xc3\xbc",
	};
	char *const none[] = {NULL};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
		if (recipient_matches(patterns, bad[i]))
			fail_msg("matched: %s", bad[i]);
	assert_false(recipient_matches(none, "tlsrpt@example.com"));
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
		if (recipient_pattern_error(good[i]) != NULL)
			fail_msg("refused: %s", good[i]);
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
		if (recipient_pattern_error(bad[i]) == NULL)
			fail_msg("taken: %s", bad[i]);
}

static void test_pattern_error_says_what_to_write(void **state)
{
	(void)state;
	assert_non_null(
	    strstr(recipient_pattern_error("@example.com"), "*@domain"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_recipient_matches),
	    cmocka_unit_test(test_recipient_does_not_match),
	    cmocka_unit_test(test_patterns),
	    cmocka_unit_test(test_pattern_error_says_what_to_write),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
