/* SPDX-License-Identifier: MIT */
#include "acceptance.h"

#include <string.h>

#include "base/syntax.h"

/*
 * Whether accept.policy-domains lists a policy's domain. "example.com" stands
 * for itself, and in a TLSA policy for any MX host below it (RFC 8460 section
 * 4.4: the policy domain is the TLSA base domain); "*.example.com" stands for
 * everything below it.
 */
static bool domain_is_ours(
    const struct config *config, const struct report_policy *policy)
{
	bool tlsa = g_strcmp0(policy->policy_type, "tlsa") == 0;

	for (char *const *p = config->policy_domains; *p != NULL; p++) {
		bool wild = strncmp(*p, "*.", 2) == 0;
		const char *listed = wild ? *p + 2 : *p;

		if (!wild && strcmp(policy->policy_domain, listed) == 0)
			return true;
		if ((wild || tlsa) &&
		    syntax_domain_is_below(policy->policy_domain, listed))
			return true;
	}
	return false;
}

/* Why the report is refused for its policies' domains, or NULL. */
static char *foreign_domain(
    const struct config *config, const struct report *report)
{
	bool named = false;

	if (config->policy_domains[0] == NULL)
		return NULL;
	for (guint i = 0; i < report->policies->len; i++) {
		const struct report_policy *policy =
		    g_ptr_array_index(report->policies, i);

		if (policy->policy_domain == NULL)
			continue;
		if (!domain_is_ours(config, policy))
			return g_strdup_printf(
			    "accept.policy-domains: policies[%u].policy."
			    "policy-domain: %.253s is not listed",
			    i, policy->policy_domain);
		named = true;
	}
	if (named)
		return NULL;
	return g_strdup("accept.policy-domains: the report names no policy "
			"domain");
}

char *acceptance_refusal(const struct config *config,
    const struct report *report, const struct authentication *dkim,
    const char *submitter)
{
	char *reason = foreign_domain(config, report);

	if (reason == NULL && config->authentication == CONFIG_AUTH_REQUIRE &&
	    !dkim->authenticated)
		reason = g_strdup_printf(
		    "RFC 8460 section 3: accept.authentication = require, and "
		    "no trusted Authentication-Results field has a DKIM pass "
		    "for %.253s",
		    *submitter != '\0' ? submitter : "an unnamed submitter");
	return reason;
}
