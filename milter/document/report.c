/* SPDX-License-Identifier: MIT */
/*
 * The model is plain data: strings that may be NULL, and lists that own their
 * elements.
 */
#include "document/report.h"

#include <stdbool.h>
#include <string.h>

#include "base/sessions.h"
#include "base/syntax.h"

static void free_failure(void *element)
{
	struct report_failure *failure = element;

	g_free(failure->result_type);
	g_free(failure->sending_mta_ip);
	g_free(failure->receiving_mx_hostname);
	g_free(failure->receiving_mx_helo);
	g_free(failure->receiving_ip);
	g_free(failure->additional_information);
	g_free(failure->failure_reason_code);
	g_free(failure);
}

static void free_policy(void *element)
{
	struct report_policy *policy = element;

	g_free(policy->policy_type);
	g_free(policy->policy_mode);
	g_free(policy->policy_domain);
	g_ptr_array_unref(policy->policy_string);
	g_ptr_array_unref(policy->mx_host);
	g_ptr_array_unref(policy->failures);
	g_free(policy);
}

struct report *report_new(void)
{
	struct report *report = g_new0(struct report, 1);

	report->policies = g_ptr_array_new_with_free_func(free_policy);
	return report;
}

void report_free(struct report *report)
{
	if (report == NULL)
		return;
	g_free(report->organization_name);
	g_free(report->contact_info);
	g_free(report->report_id);
	g_free(report->report_domain);
	g_ptr_array_unref(report->policies);
	g_free(report->document);
	g_free(report);
}

struct report_policy *report_add_policy(struct report *report)
{
	struct report_policy *policy = g_new0(struct report_policy, 1);

	policy->policy_string = g_ptr_array_new_with_free_func(g_free);
	policy->mx_host = g_ptr_array_new_with_free_func(g_free);
	policy->failures = g_ptr_array_new_with_free_func(free_failure);
	g_ptr_array_add(report->policies, policy);
	return policy;
}

struct report_failure *report_add_failure(struct report_policy *policy)
{
	struct report_failure *failure = g_new0(struct report_failure, 1);

	g_ptr_array_add(policy->failures, failure);
	return failure;
}

void report_note(struct report *report, enum anomaly anomaly)
{
	report->anomalies |= UINT64_C(1) << anomaly;
}

/* The second part of "sender!policy-domain!begin!end[!unique-id].json[.gz]"
 * (RFC 8460 section 5.1), or NULL. */
static char *domain_of_filename(const char *filename)
{
	const char *base = strrchr(filename, '/');
	char **parts = g_strsplit(base != NULL ? base + 1 : filename, "!", 6);
	char *domain = NULL;

	if (g_strv_length(parts) >= 4)
		(void)syntax_domain(parts[1], false, &domain);
	g_strfreev(parts);
	return domain;
}

/* Gives a domain to each policy that has none. */
static void complete_policies(
    struct report *report, const char *domain, enum anomaly anomaly)
{
	for (guint i = 0; i < report->policies->len; i++) {
		struct report_policy *policy =
		    g_ptr_array_index(report->policies, i);

		if (policy->policy_domain != NULL)
			continue;
		policy->policy_domain = g_strdup(domain);
		report_note(report, anomaly);
	}
}

/* The only domain of the policies, or NULL. */
static const char *only_policy_domain(const struct report *report)
{
	const char *only = NULL;

	for (guint i = 0; i < report->policies->len; i++) {
		const struct report_policy *policy =
		    g_ptr_array_index(report->policies, i);

		if (policy->policy_domain == NULL)
			continue;
		if (only != NULL && strcmp(only, policy->policy_domain) != 0)
			return NULL;
		only = policy->policy_domain;
	}
	return only;
}

/* Whether a policy is about another domain than the report. That of a TLSA
 * policy is the TLSA base domain, mostly an MX host's name. */
static bool has_other_policy(const struct report *report)
{
	for (guint i = 0; i < report->policies->len; i++) {
		const struct report_policy *policy =
		    g_ptr_array_index(report->policies, i);

		if (g_strcmp0(policy->policy_type, "tlsa") != 0 &&
		    g_strcmp0(policy->policy_domain, report->report_domain) !=
			0)
			return true;
	}
	return false;
}

void report_complete(
    struct report *report, const char *tls_report_domain, const char *filename)
{
	g_autofree char *by_field = NULL;
	g_autofree char *by_name =
	    filename != NULL ? domain_of_filename(filename) : NULL;

	if (tls_report_domain != NULL)
		(void)syntax_domain(tls_report_domain, false, &by_field);
	if (by_field != NULL)
		complete_policies(
		    report, by_field, ANOMALY_POLICY_DOMAIN_FROM_HEADER);
	else if (by_name != NULL)
		complete_policies(
		    report, by_name, ANOMALY_POLICY_DOMAIN_FROM_FILENAME);
	else
		complete_policies(report, NULL, ANOMALY_POLICY_DOMAIN_MISSING);

	if (by_field == NULL && by_name == NULL) {
		report->report_domain = g_strdup(only_policy_domain(report));
		return;
	}
	report->report_domain = g_strdup(by_field != NULL ? by_field : by_name);
	if ((by_name != NULL && strcmp(by_name, report->report_domain) != 0) ||
	    has_other_policy(report))
		report_note(report, ANOMALY_REPORT_DOMAIN_MISMATCH);
}

int64_t report_failed_sessions(const struct report_policy *policy)
{
	int64_t sum = 0;

	for (guint i = 0; i < policy->failures->len; i++) {
		const struct report_failure *failure =
		    g_ptr_array_index(policy->failures, i);

		sum = sessions_add(sum, failure->failed_session_count);
	}
	return sum;
}

size_t report_failure_count(const struct report *report)
{
	size_t count = 0;

	for (guint i = 0; i < report->policies->len; i++) {
		struct report_policy *policy =
		    g_ptr_array_index(report->policies, i);

		count += policy->failures->len;
	}
	return count;
}

int64_t report_session_count(const struct report *report)
{
	int64_t sum = 0;

	for (guint i = 0; i < report->policies->len; i++) {
		struct report_policy *policy =
		    g_ptr_array_index(report->policies, i);

		sum = sessions_add(sum, policy->total_successful_session_count);
		sum = sessions_add(sum, policy->total_failure_session_count);
	}
	return sum;
}

gboolean report_sums_agree(const struct report *report)
{
	static const anomaly_set missing =
	    UINT64_C(1) << ANOMALY_SUMMARY_MISSING |
	    UINT64_C(1) << ANOMALY_SESSION_COUNT_MISSING |
	    UINT64_C(1) << ANOMALY_FAILED_SESSION_COUNT_MISSING;

	for (guint i = 0; i < report->policies->len; i++) {
		const struct report_policy *policy =
		    g_ptr_array_index(report->policies, i);

		if (policy->failures->len > 0 &&
		    report_failed_sessions(policy) !=
			policy->total_failure_session_count)
			return FALSE;
	}
	return (report->anomalies & missing) == 0;
}

gboolean report_result_type_known(const char *result_type)
{
	/* The registry "STARTTLS Validation Result Types" of RFC 8460 section
	 * 6.6, as IANA lists it. */
	static const char *const known[] = {
	    "starttls-not-supported",
	    "certificate-host-mismatch",
	    "certificate-expired",
	    "certificate-not-trusted",
	    "validation-failure",
	    "tlsa-invalid",
	    "dnssec-invalid",
	    "dane-required",
	    "sts-policy-fetch-error",
	    "sts-policy-invalid",
	    "sts-webpki-invalid",
	    NULL,
	};

	return g_strv_contains(known, result_type);
}
