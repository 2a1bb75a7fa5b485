/* SPDX-License-Identifier: MIT */
/* Numbers and days as words, the same in every output. */
/* cmocka.h needs these four before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/sessions.h"
#include "show/wording.h"

static void check(GString *out, const char *expected)
{
	assert_string_equal(out->str, expected);
	g_string_free(out, TRUE);
}

static void check_count(int64_t count, const char *expected)
{
	GString *out = g_string_new(NULL);

	wording_count(out, count);
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
	wording_counted(out, 1, "session");
	g_string_append(out, ", ");
	wording_counted(out, 2000, "session");
	check(out, "1 session, 2,000 sessions");
}

static void check_within(int64_t count, size_t most, const char *expected)
{
	GString *out = g_string_new("x");

	wording_count_within(out, count, most);
	check(out, expected);
}

static void test_count_within(void **state)
{
	(void)state;
	check_within(1234567, 9, "x1,234,567");
	check_within(1234567, 8, "x1.23M");
	check_within(12345678, 8, "x12.3M");
	check_within(999999999, 8, "x999M");
	check_within(1000000000, 8, "x1.00G");
	check_within(12345, 5, "x12.3k");
	check_within(999, 5, "x999");
	check_within(INT64_MAX, 12, "x9.22E");
	check_within(INT64_MAX, 25, "x9,223,372,036,854,775,807");
}

static struct summary_sessions sessions_of(int64_t failed, int64_t total)
{
	return (struct summary_sessions){
	    .failed = failed,
	    .successful = total - failed,
	    .failed_sum = (double)failed,
	    .successful_sum = (double)(total - failed),
	};
}

static void check_rate(int64_t failed, int64_t total, const char *expected)
{
	struct summary_sessions sessions = sessions_of(failed, total);
	GString *out = g_string_new(NULL);

	wording_rate(out, &sessions);
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
	/* One that did not fail is lost in a double, but not here. */
	check_rate(INT64_MAX - 1, INT64_MAX, ">99.9%");
}

static void check_trend(int days, struct summary_sessions now,
    struct summary_sessions before, const char *expected)
{
	struct summary summary = {
	    .days = days, .sessions = now, .previous = before};
	GString *out = g_string_new(NULL);

	wording_trend(out, &summary);
	check(out, expected);
}

static void test_trend(void **state)
{
	(void)state;
	check_trend(7, sessions_of(2, 10), sessions_of(1, 10),
	    "up from 10.0% in the 7 days before");
	check_trend(1, sessions_of(0, 10), sessions_of(1, 10),
	    "down from 10.0% the day before");
	check_trend(7, sessions_of(1, 10), sessions_of(2, 20),
	    "still 10.0% in the 7 days before");
	check_trend(7, sessions_of(1, 10), sessions_of(0, 0), "");
	check_trend(7, sessions_of(0, 0), sessions_of(1, 10), "");
}

/* Two reports that claim as much as can be claimed: half failed. */
static void test_huge_sums(void **state)
{
	struct summary_sessions sum = {0};
	const struct summary_sessions claim = {
	    .successful = INT64_MAX,
	    .failed = INT64_MAX,
	    .successful_sum = (double)INT64_MAX,
	    .failed_sum = (double)INT64_MAX,
	};
	const struct summary_sessions good = {
	    .successful = INT64_MAX, .successful_sum = (double)INT64_MAX};

	(void)state;
	assert_true(summary_sessions_rate(&sum) < 0);
	summary_sessions_add(&sum, &claim);
	summary_sessions_add(&sum, &claim);
	assert_true(sum.successful == INT64_MAX && sum.failed == INT64_MAX);
	assert_true(summary_sessions_total(&sum) == INT64_MAX);
	assert_true(summary_sessions_rate(&sum) == 0.5);
	/* What is beyond the counts is not beyond the rate. */
	summary_sessions_add(&sum, &good);
	summary_sessions_add(&sum, &good);
	summary_sessions_add(&sum, &good);
	summary_sessions_add(&sum, &good);
	assert_true(summary_sessions_rate(&sum) == 0.25);
}

static void check_undetailed(
    struct summary_undetailed undetailed, const char *expected)
{
	GString *out = g_string_new(NULL);

	wording_undetailed(out, &undetailed);
	check(out, expected);
}

static void test_undetailed(void **state)
{
	(void)state;
	check_undetailed((struct summary_undetailed){.policy_domain = "q.test",
			     .failed_sessions = 10,
			     .reporters = 2,
			     .reporter_names = "A, B Inc."},
	    "10 sessions failed at q.test, but the reports give no details of "
	    "them: ask whoever reported them (A, B Inc.; see contact_info in "
	    "tlsrpt.report), or look at the documents.");
	check_undetailed(
	    (struct summary_undetailed){
		.failed_sessions = 1, .reporters = 3, .reporter_names = "A, B"},
	    "1 session failed at (domain not named), but the reports give no "
	    "details of it: ask whoever reported it (3 reporters; see "
	    "contact_info in tlsrpt.report), or look at the documents.");
}

static void add_asked(
    struct summary *summary, const char *name, const char *last_report)
{
	struct summary_asked *asked = g_new0(struct summary_asked, 1);

	asked->policy_domain = name;
	asked->last_report = last_report;
	g_ptr_array_add(summary->asked, asked);
}

static void check_asked(
    const struct summary *summary, guint i, const char *expected)
{
	GString *out = g_string_new(NULL);

	wording_asked(out, summary, summary->asked->pdata[i]);
	check(out, expected);
}

static void test_asked(void **state)
{
	struct summary *summary = summary_new(7);
	GString *out = g_string_new(NULL);

	(void)state;
	summary->first_day = "2026-11-18";
	wording_nothing(out, summary);
	assert_non_null(strstr(out->str, "is tlsrpt-loader running?"));
	g_string_truncate(out, 0);

	add_asked(summary, "a.test", "2026-11-18");
	add_asked(summary, "b.test", "2026-11-17");
	check_asked(summary, 0, "");
	check_asked(summary, 1,
	    "No report in this period is about b.test; the last one covers "
	    "2026-11-17.");
	summary->any_domain = true;
	wording_nothing(out, summary);
	assert_string_equal(out->str, "");

	add_asked(summary, "exmaple.tset", NULL);
	check_asked(summary, 2, "No report names exmaple.tset.");
	wording_nothing(out, summary);
	assert_non_null(strstr(out->str, "Is the name right?"));
	g_string_truncate(out, 0);
	/* In an empty database a name is the least of the questions. */
	summary->any_domain = false;
	wording_nothing(out, summary);
	assert_non_null(strstr(out->str, "is tlsrpt-loader running?"));
	g_string_free(out, TRUE);
	summary_free(summary);
}

static void check_span(
    const char *first, const char *last, const char *expected)
{
	GString *out = g_string_new(NULL);

	wording_span(out, first, last);
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

	wording_first_sentence(out, text);
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

	wording_cut(out, text, most);
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
	    .result_type = "certificate-expired",
	    .receiving_mx_hostname = "mx2.example.com",
	    .first_seen = "2026-11-22",
	    .last_seen = "2026-11-23",
	    .failed_sessions = 101,
	    .affected_share = 0.012,
	    .reporters = 4,
	    .reporter_names = "A, B, C Inc.",
	    .side = "ours",
	};
	GString *out = g_string_new(NULL);

	(void)state;
	wording_what(out, &problem);
	g_string_append(out, ": ");
	wording_facts(out, &problem);
	check(out, "certificate-expired at mx2.example.com: 101 sessions "
		   "failed from 2026-11-22 to 2026-11-23, 1.2% of all on "
		   "those days; 4 reporters.");
	assert_string_equal(wording_side(&problem), "our side");

	/* Nothing said twice or left hanging where something is missing. */
	problem = (struct summary_problem){.failed_sessions = 1,
	    .last_seen = "2026-11-23",
	    .affected_share = -1,
	    .reporters = 1,
	    .reporter_names = "C Inc."};
	out = g_string_new(NULL);
	wording_what(out, &problem);
	g_string_append(out, ": ");
	wording_facts(out, &problem);
	check(out, "unnamed failure: 1 session failed on 2026-11-23; reported "
		   "by C Inc.");
	assert_string_equal(wording_side(&problem), "side unclear");

	/* Without a count there is no share either. */
	problem.failed_sessions = 0;
	problem.affected_share = 0;
	out = g_string_new(NULL);
	wording_facts(out, &problem);
	check(out, "an unknown number of sessions failed on 2026-11-23; "
		   "reported by C Inc.");
}

static void check_share_days(
    const char *first, const char *last, const char *expected)
{
	struct summary_problem problem = {
	    .first_seen = first, .last_seen = last};

	assert_string_equal(wording_share_days(&problem), expected);
}

/* As tlsrpt.problem takes the share: of the last seven days at most. */
static void test_share_days(void **state)
{
	(void)state;
	check_share_days("2026-03-01", "2026-03-01", "on that day");
	check_share_days(NULL, "2026-03-01", "on that day");
	check_share_days("2026-02-28", "2026-03-01", "on those days");
	check_share_days("2026-02-23", "2026-03-01", "on those days");
	check_share_days("2026-02-22", "2026-03-01", "in its last week");
	check_share_days("2025-03-01", "2026-03-01", "in its last week");
}

static void test_sums_stay_in_range(void **state)
{
	struct summary *summary = summary_new(31);
	char day[16];

	(void)state;
	assert_true(sessions_add(INT64_MAX, 1) == INT64_MAX);
	assert_true(sessions_add(1, INT64_MAX) == INT64_MAX);
	assert_true(sessions_add(2, 3) == 5);
	summary->first_day = "2024-02-28";
	summary_day(summary, 0, day, sizeof(day));
	assert_string_equal(day, "2024-02-28");
	summary_day(summary, 1, day, sizeof(day));
	assert_string_equal(day, "2024-02-29");
	summary_day(summary, 30, day, sizeof(day));
	assert_string_equal(day, "2024-03-29");
	summary_free(summary);
	summary_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_count),
	    cmocka_unit_test(test_count_within),
	    cmocka_unit_test(test_rate),
	    cmocka_unit_test(test_trend),
	    cmocka_unit_test(test_huge_sums),
	    cmocka_unit_test(test_undetailed),
	    cmocka_unit_test(test_asked),
	    cmocka_unit_test(test_span),
	    cmocka_unit_test(test_first_sentence),
	    cmocka_unit_test(test_cut),
	    cmocka_unit_test(test_facts),
	    cmocka_unit_test(test_share_days),
	    cmocka_unit_test(test_sums_stay_in_range),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
