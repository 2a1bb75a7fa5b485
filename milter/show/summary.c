/* SPDX-License-Identifier: MIT */
/*
 * What is in a summary comes from strangers: sums stay in range whatever they
 * claim.
 */
#include "summary.h"

#include "base/sessions.h"

void summary_sessions_add(
    struct summary_sessions *sessions, const struct summary_sessions *more)
{
	sessions->successful =
	    sessions_add(sessions->successful, more->successful);
	sessions->failed = sessions_add(sessions->failed, more->failed);
	sessions->successful_sum += more->successful_sum;
	sessions->failed_sum += more->failed_sum;
}

int64_t summary_sessions_total(const struct summary_sessions *sessions)
{
	return sessions_add(sessions->successful, sessions->failed);
}

double summary_sessions_rate(const struct summary_sessions *sessions)
{
	double sum = sessions->successful_sum + sessions->failed_sum;

	return sum > 0 ? sessions->failed_sum / sum : -1;
}

bool summary_problem_resolved(const struct summary_problem *problem)
{
	return g_strcmp0(problem->state, "resolved") == 0;
}

void summary_day(
    const struct summary *summary, int index, char *buffer, size_t size)
{
	GDate day;

	g_date_clear(&day, 1);
	g_date_set_parse(&day, summary->first_day);
	*buffer = '\0';
	if (!g_date_valid(&day))
		return;
	g_date_add_days(&day, (guint)index);
	g_snprintf(buffer, size, "%04d-%02d-%02d", g_date_get_year(&day),
	    g_date_get_month(&day), g_date_get_day(&day));
}

static void failure_free(void *data)
{
	struct summary_failure *failure = data;

	g_free(failure->day);
	g_free(failure->organization_name);
	g_free(failure->sending_mta_ip);
	g_free(failure->receiving_ip);
	g_free(failure->receiving_mx_helo);
	g_free(failure->policy_type);
	g_free(failure->policy_mode);
	g_free(failure->failure_reason_code);
	g_free(failure->additional_information);
	g_free(failure->report_key);
	g_free(failure->report_id);
	g_free(failure->contact_info);
	g_free(failure);
}

static void document_free(void *data)
{
	struct summary_document *document = data;

	g_free(document->report_key);
	g_free(document->day);
	g_free(document->organization_name);
	g_free(document->report_id);
	g_free(document->received_at);
	g_free(document->document);
	g_free(document);
}

static void domain_free(void *data)
{
	struct summary_domain *domain = data;

	g_free(domain->policy_domain);
	g_free(domain->last_report);
	g_free(domain->by_day);
	g_free(domain);
}

static void asked_free(void *data)
{
	struct summary_asked *asked = data;

	g_free(asked->policy_domain);
	g_free(asked->last_report);
	g_free(asked);
}

static void undetailed_free(void *data)
{
	struct summary_undetailed *undetailed = data;

	g_free(undetailed->policy_domain);
	g_free(undetailed->reporter_names);
	g_free(undetailed);
}

static void share_free(void *data)
{
	struct summary_share *share = data;

	g_free(share->name);
	g_free(share);
}

static void reporter_free(void *data)
{
	struct summary_reporter *reporter = data;

	g_free(reporter->organization_name);
	g_free(reporter->last_report);
	g_free(reporter);
}

void summary_problem_free(struct summary_problem *problem)
{
	if (problem == NULL)
		return;
	g_free(problem->problem_id);
	g_free(problem->policy_domain);
	g_free(problem->result_type);
	g_free(problem->receiving_mx_hostname);
	g_free(problem->state);
	g_free(problem->first_seen);
	g_free(problem->last_seen);
	g_free(problem->reporter_names);
	g_free(problem->side);
	g_free(problem->evidence);
	g_free(problem->explanation);
	g_free(problem->action);
	g_ptr_array_unref(problem->failures);
	g_ptr_array_unref(problem->documents);
	g_free(problem);
}

static void problem_free(void *data)
{
	summary_problem_free(data);
}

struct summary_problem *summary_problem_new(void)
{
	struct summary_problem *problem = g_new0(struct summary_problem, 1);

	problem->failures = g_ptr_array_new_with_free_func(failure_free);
	problem->documents = g_ptr_array_new_with_free_func(document_free);
	return problem;
}

struct summary *summary_new(int days)
{
	struct summary *summary = g_new0(struct summary, 1);

	summary->days = days;
	summary->age_days = -1;
	summary->by_day = g_new0(struct summary_sessions, (gsize)days);
	summary->asked = g_ptr_array_new_with_free_func(asked_free);
	summary->undetailed = g_ptr_array_new_with_free_func(undetailed_free);
	summary->domains = g_ptr_array_new_with_free_func(domain_free);
	summary->problems = g_ptr_array_new_with_free_func(problem_free);
	summary->types = g_ptr_array_new_with_free_func(share_free);
	summary->hosts = g_ptr_array_new_with_free_func(share_free);
	summary->reporters = g_ptr_array_new_with_free_func(reporter_free);
	return summary;
}

void summary_free(struct summary *summary)
{
	if (summary == NULL)
		return;
	g_free(summary->generated_at);
	g_free(summary->first_day);
	g_free(summary->last_day);
	g_free(summary->by_day);
	g_ptr_array_unref(summary->asked);
	g_ptr_array_unref(summary->undetailed);
	g_ptr_array_unref(summary->domains);
	g_ptr_array_unref(summary->problems);
	g_ptr_array_unref(summary->types);
	g_ptr_array_unref(summary->hosts);
	g_ptr_array_unref(summary->reporters);
	g_free(summary);
}
