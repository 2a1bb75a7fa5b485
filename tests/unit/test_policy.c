/* SPDX-License-Identifier: MIT */
/* The table of verdicts, and whose reports are taken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above before it. */
#include <cmocka.h>
#include <string.h>

#include "policy.h"

static char *none[] = {NULL};
static char *two[] = {"example.com", "*.wild.example", NULL};
static char *hosts[] = {"mx.example.com", NULL};

static struct config make_config(void)
{
	struct config config;

	memset(&config, 0, sizeof config);
	config.recipients = none;
	config.policy_domains = none;
	config.authserv_ids = none;
	config.add_header = true;
	return config;
}

struct row {
	enum config_disposition disposition;
	enum config_on_refused on_refused;
	enum config_on_spool_error on_spool_error;
	size_t stored, invalid, refused;
	bool spool_failed;
	size_t recipients, report_recipients;
	enum policy_action action;
	const char *header;
	const char *reply;
};

#define K CONFIG_KEEP
#define D CONFIG_DISCARD
#define RK CONFIG_REFUSED_KEEP
#define RR CONFIG_REFUSED_REJECT
#define SD CONFIG_SPOOL_DELIVER
#define ST CONFIG_SPOOL_TEMPFAIL

static const struct row rows[] = {
    /* nothing found */
    {D, RR, ST, 0, 0, 0, false, 1, 1, POLICY_ACCEPT, NULL, NULL},
    /* all stored */
    {K, RK, SD, 2, 0, 0, false, 1, 1, POLICY_HEADER, "stored; reports=2", NULL},
    {D, RK, SD, 1, 0, 0, false, 2, 2, POLICY_DISCARD, NULL, NULL},
    {D, RK, SD, 1, 0, 0, false, 3, 1, POLICY_SPLIT, "stored; reports=1", NULL},
    {D, RK, SD, 1, 0, 0, false, 1, 0, POLICY_HEADER, "stored; reports=1", NULL},
    /* invalid is never discarded nor rejected */
    {D, RR, ST, 0, 1, 0, false, 1, 1, POLICY_HEADER, "invalid; why", NULL},
    {D, RR, ST, 0, 1, 1, false, 1, 1, POLICY_HEADER, "invalid; why", NULL},
    /* refused */
    {D, RK, ST, 0, 0, 1, false, 1, 1, POLICY_HEADER, "refused; why", NULL},
    {D, RR, ST, 0, 0, 2, false, 1, 1, POLICY_REJECT, NULL,
	"TLS report refused: why"},
    {D, RR, ST, 0, 0, 1, false, 2, 1, POLICY_HEADER, "refused; why", NULL},
    {K, RR, ST, 0, 0, 1, false, 1, 0, POLICY_HEADER, "refused; why", NULL},
    /* some stored, some not: kept whole */
    {D, RR, ST, 1, 1, 0, false, 1, 1, POLICY_HEADER,
	"partial; stored=1 invalid=1 refused=0; why", NULL},
    {D, RR, ST, 1, 0, 2, false, 2, 1, POLICY_HEADER,
	"partial; stored=1 invalid=0 refused=2; why", NULL},
    /* the spool */
    {D, RR, SD, 0, 0, 0, true, 1, 1, POLICY_ACCEPT, NULL, NULL},
    {D, RR, SD, 1, 0, 0, true, 1, 1, POLICY_ACCEPT, NULL, NULL},
    {D, RR, ST, 1, 0, 0, true, 1, 1, POLICY_TEMPFAIL, NULL,
	"TLS report can't be stored now, try again later: why"},
};

static void assert_text(const char *got, const char *want)
{
	if (want == NULL) {
		assert_null(got);
	} else {
		assert_non_null(got);
		assert_string_equal(got, want);
	}
}

static void decide(
    const struct row *row, bool add_header, struct policy_verdict *verdict)
{
	struct config config = make_config();
	char why[] = "why";
	const struct policy_tally tally = {
	    .stored = row->stored,
	    .invalid = row->invalid,
	    .refused = row->refused,
	    .spool_failed = row->spool_failed,
	    .reason = why,
	    .recipients = row->recipients,
	    .report_recipients = row->report_recipients,
	};

	config.disposition = row->disposition;
	config.on_refused = row->on_refused;
	config.on_spool_error = row->on_spool_error;
	config.add_header = add_header;
	policy_decide(&config, &tally, verdict);
}

static void test_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct policy_verdict verdict;

		decide(&rows[i], true, &verdict);
		assert_int_equal(verdict.action, rows[i].action);
		assert_text(verdict.header, rows[i].header);
		assert_text(verdict.reply, rows[i].reply);
		policy_verdict_clear(&verdict);
	}
}

static void test_table_without_header(void **state)
{
	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct policy_verdict verdict;

		decide(&rows[i], false, &verdict);
		assert_null(verdict.header);
		assert_int_equal(verdict.action, rows[i].action == POLICY_HEADER
						     ? POLICY_ACCEPT
						     : rows[i].action);
		policy_verdict_clear(&verdict);
	}
}

static void test_header_is_safe(void **state)
{
	struct config config = make_config();
	char evil[] = "x\r\nX-Injected: 1\x1b[31m 100% \xe2\x80\xae";
	const struct policy_tally tally = {.invalid = 1, .reason = evil};
	const struct policy_tally failed = {
	    .spool_failed = true, .reason = evil};
	struct policy_verdict verdict;

	(void)state;
	policy_decide(&config, &tally, &verdict);
	assert_null(strpbrk(verdict.header, "\r\n\x1b"));
	policy_verdict_clear(&verdict);

	config.on_spool_error = CONFIG_SPOOL_TEMPFAIL;
	policy_decide(&config, &failed, &verdict);
	assert_null(strpbrk(verdict.reply, "\r\n\x1b%"));
	policy_verdict_clear(&verdict);
}

static void test_header_is_short(void **state)
{
	struct config config = make_config();
	char *longer = g_strnfill(100000, 'x');
	const struct policy_tally tally = {.invalid = 1, .reason = longer};
	struct policy_verdict verdict;

	(void)state;
	policy_decide(&config, &tally, &verdict);
	assert_int_equal(strlen(verdict.header), 900);
	policy_verdict_clear(&verdict);
	g_free(longer);
}

static struct report *make_report(const char *type, const char *domain)
{
	struct report *report = report_new();
	struct report_policy *policy = report_add_policy(report);

	policy->policy_type = g_strdup(type);
	policy->policy_domain = g_strdup(domain);
	return report;
}

static bool is_taken(
    const struct config *config, const char *type, const char *domain)
{
	const struct policy_dkim dkim = {NULL, NULL, false};
	struct report *report = make_report(type, domain);
	char *reason = policy_refusal(config, report, &dkim, "a.example");
	bool taken = reason == NULL;

	g_free(reason);
	report_free(report);
	return taken;
}

static void test_policy_domains(void **state)
{
	struct config config = make_config();

	(void)state;
	assert_true(is_taken(&config, "sts", "anything.example"));
	config.policy_domains = two;
	assert_true(is_taken(&config, "sts", "example.com"));
	assert_false(is_taken(&config, "sts", "mx.example.com"));
	assert_true(is_taken(&config, "tlsa", "mx.example.com"));
	assert_false(is_taken(&config, "tlsa", "evilexample.com"));
	assert_true(is_taken(&config, "sts", "a.b.wild.example"));
	assert_false(is_taken(&config, "sts", "wild.example"));
	assert_false(is_taken(&config, "sts", "notwild.example"));
	assert_false(is_taken(&config, "sts", NULL));
}

static void test_one_foreign_policy_refuses(void **state)
{
	struct config config = make_config();
	const struct policy_dkim dkim = {NULL, NULL, false};
	struct report *report = make_report("sts", "example.com");
	struct report_policy *other = report_add_policy(report);
	char *reason;

	(void)state;
	config.policy_domains = two;
	other->policy_domain = g_strdup("foreign.example");
	reason = policy_refusal(&config, report, &dkim, "a.example");
	assert_string_equal(reason,
	    "accept.policy-domains: policies[1].policy.policy-domain: "
	    "foreign.example is not listed");
	g_free(reason);
	report_free(report);
}

static void test_require(void **state)
{
	struct config config = make_config();
	struct policy_dkim dkim = {NULL, NULL, false};
	struct report *report = make_report("sts", "example.com");
	char *reason;

	(void)state;
	config.authentication = CONFIG_AUTH_REQUIRE;
	reason = policy_refusal(&config, report, &dkim, "sender.example");
	assert_non_null(reason);
	assert_non_null(strstr(reason, "sender.example"));
	g_free(reason);
	dkim.authenticated = true;
	assert_null(policy_refusal(&config, report, &dkim, "sender.example"));
	report_free(report);
}

struct dkim_case {
	const char *field;
	const char *submitter;
	const char *result;
	const char *domain;
	bool authenticated;
};

static const struct dkim_case dkim_cases[] = {
    {"mx.example.com; dkim=pass header.d=google.com", "google.com", "pass",
	"google.com", true},
    {"mx.example.com; dkim=pass header.d=google.com", "mail.google.com", "pass",
	"google.com", true},
    {"mx.example.com; dkim=pass header.d=mail.google.com", "google.com", "pass",
	"mail.google.com", false},
    {"mx.example.com; dkim=pass header.d=com", "google.com", "pass", "com",
	false},
    {"mx.example.com; dkim=pass header.d=evilgoogle.com", "google.com", "pass",
	"evilgoogle.com", false},
    {"mx.example.com; dkim=pass header.d=evil.example; dkim=pass "
     "header.d=google.com",
	"google.com", "pass", "google.com", true},
    {"mx.example.com; dkim=fail header.d=google.com", "google.com", "fail",
	"google.com", false},
    {"mx.example.com; dkim=temperror header.d=google.com", "google.com", "fail",
	"google.com", false},
    {"other.example; dkim=pass header.d=google.com", "google.com", "none", NULL,
	false},
    {"mx.example.com; none", "google.com", "none", NULL, false},
    {";;;", "google.com", "none", NULL, false},
    {"mx.example.com; dkim=pass header.d=google.com", "", "pass", "google.com",
	false},
};

static void test_dkim(void **state)
{
	struct config config = make_config();

	(void)state;
	config.authserv_ids = hosts;
	for (size_t i = 0; i < G_N_ELEMENTS(dkim_cases); i++) {
		const struct dkim_case *c = &dkim_cases[i];
		GPtrArray *fields = g_ptr_array_new();
		struct policy_dkim dkim;

		g_ptr_array_add(fields, (char *)c->field);
		policy_judge_dkim(&config, fields, c->submitter, &dkim);
		assert_string_equal(dkim.result, c->result);
		assert_text(dkim.domain, c->domain);
		assert_int_equal(dkim.authenticated, c->authenticated);
		policy_dkim_clear(&dkim);
		g_ptr_array_unref(fields);
	}
}

/* Several fields, the topmost first. */
struct order_case {
	const char *fields[4];
	const char *result;
	bool authenticated;
};

#define TRUE_PASS "mx.example.com; dkim=pass header.d=google.com"
#define TRUE_NONE "mx.example.com; dkim=none"

static const struct order_case order_cases[] = {
    /* What a verifier puts on top counts, whatever came with the message. */
    {{TRUE_NONE, TRUE_PASS}, "none", false},
    {{TRUE_PASS, TRUE_NONE}, "pass", true},
    {{"mx.example.com; dkim=pass header.d=evil.example", TRUE_PASS}, "pass",
	false},
    /* Another name, or another method, is no word on DKIM. */
    {{"other.example; dkim=none", TRUE_PASS}, "pass", true},
    {{"mx.example.com; spf=pass smtp.mailfrom=a@b.example", TRUE_PASS}, "pass",
	true},
    {{"mx.example.com; none", TRUE_PASS}, "pass", true},
    {{"OTHER.example; dkim=pass header.d=google.com"}, "none", false},
    /* One that can't be read is not stepped over. */
    {{"mx.example.com; dkim=fail header.i=\"@x", TRUE_PASS}, "none", false},
    {{"mx.example.com 1 (open", TRUE_PASS}, "none", false},
    {{"\"mx.example.com\"; ???", TRUE_PASS}, "none", false},
    {{"other.example; ???", TRUE_PASS}, "pass", true},
};

static void test_dkim_topmost(void **state)
{
	struct config config = make_config();

	(void)state;
	config.authserv_ids = hosts;
	for (size_t i = 0; i < G_N_ELEMENTS(order_cases); i++) {
		const struct order_case *c = &order_cases[i];
		GPtrArray *fields = g_ptr_array_new();
		struct policy_dkim dkim;

		for (size_t j = 0; c->fields[j] != NULL; j++)
			g_ptr_array_add(fields, (gpointer)c->fields[j]);
		policy_judge_dkim(&config, fields, "google.com", &dkim);
		assert_string_equal(dkim.result, c->result);
		assert_int_equal(dkim.authenticated, c->authenticated);
		policy_dkim_clear(&dkim);
		g_ptr_array_unref(fields);
	}
}

static void test_dkim_without_fields(void **state)
{
	struct config config = make_config();
	struct policy_dkim dkim;

	(void)state;
	policy_judge_dkim(&config, NULL, "google.com", &dkim);
	assert_string_equal(dkim.result, "none");
	assert_false(dkim.authenticated);
	policy_dkim_clear(&dkim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_table),
	    cmocka_unit_test(test_table_without_header),
	    cmocka_unit_test(test_header_is_safe),
	    cmocka_unit_test(test_header_is_short),
	    cmocka_unit_test(test_policy_domains),
	    cmocka_unit_test(test_one_foreign_policy_refuses),
	    cmocka_unit_test(test_require),
	    cmocka_unit_test(test_dkim),
	    cmocka_unit_test(test_dkim_topmost),
	    cmocka_unit_test(test_dkim_without_fields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
