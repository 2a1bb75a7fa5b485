/* SPDX-License-Identifier: MIT */
/* Whose reports are accepted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above before it. */
#include <cmocka.h>
#include <string.h>

#include "bare_config.h"
#include "intake/acceptance.h"

static char *two[] = {"example.com", "*.wild.example", NULL};

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
	const struct authentication dkim = {NULL, NULL, false};
	struct report *report = make_report(type, domain);
	char *reason = acceptance_refusal(config, report, &dkim, "a.example");
	bool taken = reason == NULL;

	g_free(reason);
	report_free(report);
	return taken;
}

static void test_policy_domains(void **state)
{
	struct config config = bare_config();

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

static char *refusal(const struct config *config, const struct report *report)
{
	const struct authentication dkim = {NULL, NULL, false};

	return acceptance_refusal(config, report, &dkim, "a.example");
}

static void test_one_policy_of_ours_is_enough(void **state)
{
	struct config config = bare_config();
	struct report *report = make_report("sts", "foreign.example");
	struct report_policy *other = report_add_policy(report);
	char *reason;

	(void)state;
	config.policy_domains = two;
	other->policy_domain = g_strdup("another.example");
	reason = refusal(&config, report);
	assert_string_equal(reason,
	    "accept.policy-domains: policies[0].policy.policy-domain: "
	    "foreign.example is not listed");
	g_free(reason);
	report_add_policy(report)->policy_domain = g_strdup("example.com");
	assert_null(refusal(&config, report));
	report_free(report);
}

/* A DANE report of a domain whose mail somebody else's host takes. */
static void test_report_domain_of_ours_is_enough(void **state)
{
	struct config config = bare_config();
	struct report *report = make_report("tlsa", "mx.hoster.example");
	char *reason;

	(void)state;
	config.policy_domains = two;
	report->report_domain = g_strdup("example.com");
	assert_null(refusal(&config, report));
	g_free(report->report_domain);
	report->report_domain = g_strdup("a.wild.example");
	assert_null(refusal(&config, report));
	/* Only the host of a TLSA policy may be below a domain. */
	g_free(report->report_domain);
	report->report_domain = g_strdup("sub.example.com");
	reason = refusal(&config, report);
	assert_string_equal(reason,
	    "accept.policy-domains: policies[0].policy.policy-domain: "
	    "mx.hoster.example is not listed");
	g_free(reason);
	report_free(report);

	report = report_new();
	reason = refusal(&config, report);
	assert_string_equal(
	    reason, "accept.policy-domains: the report names no policy domain");
	g_free(reason);
	report->report_domain = g_strdup("other.example");
	reason = refusal(&config, report);
	assert_string_equal(reason,
	    "accept.policy-domains: the report domain other.example is not "
	    "listed");
	g_free(reason);
	report_free(report);
}

static bool may_report(const char *submitter)
{
	static char *listed[] = {"google.com", "*.outlook.com", NULL};
	const struct authentication dkim = {NULL, NULL, false};
	struct config config = bare_config();
	struct report *report = make_report("sts", "example.com");
	char *reason;
	bool may;

	config.submitters = listed;
	reason = acceptance_refusal(&config, report, &dkim, submitter);
	may = reason == NULL;
	if (!may)
		assert_true(g_str_has_prefix(reason, "accept.submitters: "));
	g_free(reason);
	report_free(report);
	return may;
}

static void test_submitters(void **state)
{
	(void)state;
	assert_true(may_report("google.com"));
	assert_true(may_report("protection.outlook.com"));
	assert_true(may_report("a.b.outlook.com"));
	assert_false(may_report("outlook.com"));
	assert_false(may_report("mail.google.com"));
	assert_false(may_report("notgoogle.com"));
	assert_false(may_report("Google Inc."));
	assert_false(may_report(""));
}

static void test_require(void **state)
{
	struct config config = bare_config();
	struct authentication dkim = {NULL, NULL, false};
	struct report *report = make_report("sts", "example.com");
	char *reason;

	(void)state;
	config.authentication = CONFIG_AUTH_REQUIRE;
	reason = acceptance_refusal(&config, report, &dkim, "sender.example");
	assert_non_null(reason);
	assert_non_null(strstr(reason, "sender.example"));
	g_free(reason);
	dkim.authenticated = true;
	assert_null(
	    acceptance_refusal(&config, report, &dkim, "sender.example"));
	report_free(report);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_policy_domains),
	    cmocka_unit_test(test_one_policy_of_ours_is_enough),
	    cmocka_unit_test(test_report_domain_of_ours_is_enough),
	    cmocka_unit_test(test_submitters),
	    cmocka_unit_test(test_require),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
