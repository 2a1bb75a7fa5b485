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

static void test_one_foreign_policy_refuses(void **state)
{
	struct config config = bare_config();
	const struct authentication dkim = {NULL, NULL, false};
	struct report *report = make_report("sts", "example.com");
	struct report_policy *other = report_add_policy(report);
	char *reason;

	(void)state;
	config.policy_domains = two;
	other->policy_domain = g_strdup("foreign.example");
	reason = acceptance_refusal(&config, report, &dkim, "a.example");
	assert_string_equal(reason,
	    "accept.policy-domains: policies[1].policy.policy-domain: "
	    "foreign.example is not listed");
	g_free(reason);
	report_free(report);
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
	    cmocka_unit_test(test_one_foreign_policy_refuses),
	    cmocka_unit_test(test_require),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
