/* SPDX-License-Identifier: MIT */
#include "acceptance.h"

#include <string.h>

#include "base/syntax.h"

/* Whether a domain is listed: "example.com" stands for itself, "*.example.com"
 * for everything below it. */
static bool is_listed(char *const *list, const char *domain)
{
	for (; *list != NULL; list++)
		if (g_str_has_prefix(*list, "*.")
			? syntax_domain_is_below(domain, *list + 2)
			: strcmp(domain, *list) == 0)
			return true;
	return false;
}

/* Whether a domain is below one that is listed. */
static bool is_below_listed(char *const *list, const char *domain)
{
	for (; *list != NULL; list++)
		if (syntax_domain_is_below(domain, *list))
			return true;
	return false;
}

/* Whether a policy is about a domain of ours. That of a TLSA policy may be any
 * MX host below it (RFC 8460 section 4.4: it is the TLSA base domain). */
static bool is_ours(char *const *list, const struct report_policy *policy)
{
	return is_listed(list, policy->policy_domain) ||
	       (g_strcmp0(policy->policy_type, "tlsa") == 0 &&
		   is_below_listed(list, policy->policy_domain));
}

/* Why the report is refused for its domains, or NULL. A report on mail to a
 * domain of ours may name only the host of somebody else that takes the mail,
 * so one domain that is ours is enough. */
static char *foreign_domain(
    const struct config *config, const struct report *report)
{
	char *const *list = config->policy_domains;
	char *reason = NULL;

	if (list[0] == NULL || (report->report_domain != NULL &&
				   is_listed(list, report->report_domain)))
		return NULL;
	for (guint i = 0; i < report->policies->len; i++) {
		const struct report_policy *policy =
		    g_ptr_array_index(report->policies, i);

		if (policy->policy_domain == NULL)
			continue;
		if (is_ours(list, policy)) {
			g_free(reason);
			return NULL;
		}
		if (reason == NULL)
			reason = g_strdup_printf(
			    "accept.policy-domains: policies[%u].policy."
			    "policy-domain: %.253s is not listed",
			    i, policy->policy_domain);
	}
	if (reason != NULL)
		return reason;
	if (report->report_domain != NULL)
		return g_strdup_printf(
		    "accept.policy-domains: the report domain %.253s is not "
		    "listed",
		    report->report_domain);
	return g_strdup("accept.policy-domains: the report names no policy "
			"domain");
}

char *acceptance_refusal(const struct config *config,
    const struct report *report, const struct authentication *dkim,
    const char *submitter)
{
	const char *name =
	    *submitter != '\0' ? submitter : "an unnamed submitter";
	char *reason = foreign_domain(config, report);

	if (reason == NULL && config->submitters[0] != NULL &&
	    !is_listed(config->submitters, submitter))
		reason = g_strdup_printf(
		    "accept.submitters: %.253s is not listed", name);
	if (reason == NULL && config->authentication == CONFIG_AUTH_REQUIRE &&
	    !dkim->authenticated)
		reason = g_strdup_printf(
		    "RFC 8460 section 3: accept.authentication = require, and "
		    "no trusted Authentication-Results field has a DKIM pass "
		    "for %.253s",
		    name);
	return reason;
}
