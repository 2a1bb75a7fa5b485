/* SPDX-License-Identifier: MIT */
/* Numbers and days as words, the same in every output. */
/* cmocka.h needs these four before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "phrase.h"

static void check(GString *out, const char *expected)
{
	assert_string_equal(out->str, expected);
	g_string_free(out, TRUE);
}

static void check_count(int64_t count, const char *expected)
{
	GString *out = g_string_new(NULL);

	phrase_count(out, count);
	check(out, expected);
}

static void test_count(void **state)
{
	GString *out = g_string_new(NULL);

	(void)state;
	check_count(0, "0");
	check_count(999, "999");
	check_count(1000, "1,000");
	check_count(1234567, "1,234,567");
	check_count(INT64_MAX, "9,223,372,036,854,775,807");
	phrase_counted(out, 1, "session");
	g_string_append(out, ", ");
	phrase_counted(out, 2000, "session");
	check(out, "1 session, 2,000 sessions");
}

static void check_rate(int64_t failed, int64_t total, const char *expected)
{
	GString *out = g_string_new(NULL);

	phrase_rate(out, failed, total);
	check(out, expected);
}

static void test_rate(void **state)
{
	(void)state;
	check_rate(0, 0, "-");
	check_rate(0, 10, "0.0%");
	check_rate(1, 1000, "0.1%");
	check_rate(1, 100000, "<0.1%");
	check_rate(13, 1000, "1.3%");
	check_rate(99999, 100000, ">99.9%");
	check_rate(10, 10, "100.0%");
	check_rate(INT64_MAX, INT64_MAX, "100.0%");
}

static void check_span(
    const char *first, const char *last, const char *expected)
{
	GString *out = g_string_new(NULL);

	phrase_span(out, first, last);
	check(out, expected);
}

static void test_span(void **state)
{
	(void)state;
	check_span("2026-11-22", "2026-11-22", "on 2026-11-22");
	check_span("2026-11-22", "2026-11-23", "from 2026-11-22 to 2026-11-23");
	check_span("2026-11-22", NULL, "on 2026-11-22");
	check_span(NULL, NULL, "on a day");
}

static void check_sentence(const char *text, const char *expected)
{
	GString *out = g_string_new(NULL);

	phrase_first_sentence(out, text);
	check(out, expected);
}

static void test_first_sentence(void **state)
{
	(void)state;
	check_sentence("Do this. Then that.", "Do this.");
	check_sentence("Do this.", "Do this.");
	check_sentence("Do this", "Do this");
	check_sentence("Ask, e.g. by mail, first. Then wait.",
	    "Ask, e.g. by mail, first.");
	check_sentence("Ends. ", "Ends. ");
	check_sentence("", "");
}

static void check_cut(const char *text, glong most, const char *expected)
{
	GString *out = g_string_new(NULL);

	phrase_cut(out, text, most);
	check(out, expected);
}

static void test_cut(void **state)
{
	(void)state;
	check_cut("abc", 3, "abc");
	check_cut("abcd", 3, "abc\xe2\x80\xa6");
	check_cut("\xc3\xbc\xc3\xbc", 1, "\xc3\xbc\xe2\x80\xa6");
	check_cut("", 0, "");
}

static void test_facts(void **state)
{
	struct summary_problem problem = {
	    .result_type = (char *)"certificate-expired",
	    .receiving_mx_hostname = (char *)"mx2.example.com",
	    .first_seen = (char *)"2026-11-22",
	    .last_seen = (char *)"2026-11-23",
	    .failed_sessions = 101,
	    .affected_share = 0.012,
	    .reporters = 4,
	    .reporter_names = (char *)"A, B, C Inc.",
	    .side = (char *)"ours",
	};
	GString *out = g_string_new(NULL);

	(void)state;
	phrase_what(out, &problem);
	g_string_append(out, ": ");
	phrase_facts(out, &problem);
	check(out, "certificate-expired at mx2.example.com: 101 sessions "
		   "failed from 2026-11-22 to 2026-11-23, 1.2% of all in its "
		   "last week; 4 reporters.");
	assert_string_equal(phrase_side(&problem), "ours");

	/* Nothing said twice or left hanging where something is missing. */
	problem = (struct summary_problem){.failed_sessions = 1,
	    .last_seen = (char *)"2026-11-23",
	    .affected_share = -1,
	    .reporters = 1,
	    .reporter_names = (char *)"C Inc."};
	out = g_string_new(NULL);
	phrase_what(out, &problem);
	g_string_append(out, ": ");
	phrase_facts(out, &problem);
	check(out, "unnamed failure: 1 session failed on 2026-11-23; reported "
		   "by C Inc.");
	assert_string_equal(phrase_side(&problem), "not clear whose");
}

static void test_sums_stay_in_range(void **state)
{
	struct summary *summary = summary_new(31);
	char day[16];

	(void)state;
	assert_true(summary_add(INT64_MAX, 1) == INT64_MAX);
	assert_true(summary_add(1, INT64_MAX) == INT64_MAX);
	assert_true(summary_add(2, 3) == 5);
	summary->first_day = g_strdup("2024-02-28");
	summary_day(summary, 0, day, sizeof(day));
	assert_string_equal(day, "2024-02-28");
	summary_day(summary, 1, day, sizeof(day));
	assert_string_equal(day, "2024-02-29");
	summary_day(summary, 30, day, sizeof(day));
	assert_string_equal(day, "2024-03-29");
	summary_free(summary);
	summary_free(NULL);
	summary_problem_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_count),
	    cmocka_unit_test(test_rate),
	    cmocka_unit_test(test_span),
	    cmocka_unit_test(test_first_sentence),
	    cmocka_unit_test(test_cut),
	    cmocka_unit_test(test_facts),
	    cmocka_unit_test(test_sums_stay_in_range),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
