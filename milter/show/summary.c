/* SPDX-License-Identifier: MIT */
/*
 * What is in a summary comes from strangers: sums stay in range whatever they
 * claim.
 */
#include "summary.h"

#include "base/sessions.h"
#include "db/db.h"

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
	g_date_strftime(buffer, size, "%Y-%m-%d", &day);
}

static void domain_free(void *data)
{
	struct summary_domain *domain = data;

	g_free(domain->by_day);
	g_free(domain);
}

static void problem_free(void *data)
{
	struct summary_problem *problem = data;

	g_ptr_array_unref(problem->failures);
	g_ptr_array_unref(problem->documents);
	g_free(problem);
}

static void rows_free(void *data)
{
	db_rows_free(data);
}

struct summary *summary_new(int days)
{
	struct summary *summary = g_new0(struct summary, 1);

	summary->rows = g_ptr_array_new_with_free_func(rows_free);
	summary->days = days;
	summary->by_day = g_new0(struct summary_sessions, (gsize)days);
	summary->asked = g_ptr_array_new_with_free_func(g_free);
	summary->undetailed = g_ptr_array_new_with_free_func(g_free);
	summary->domains = g_ptr_array_new_with_free_func(domain_free);
	summary->problems = g_ptr_array_new_with_free_func(problem_free);
	summary->result_types = g_ptr_array_new_with_free_func(g_free);
	summary->mx_hosts = g_ptr_array_new_with_free_func(g_free);
	summary->reporters = g_ptr_array_new_with_free_func(g_free);
	return summary;
}

void summary_free(struct summary *summary)
{
	if (summary == NULL)
		return;
	g_free(summary->by_day);
	g_ptr_array_unref(summary->asked);
	g_ptr_array_unref(summary->undetailed);
	g_ptr_array_unref(summary->domains);
	g_ptr_array_unref(summary->problems);
	g_ptr_array_unref(summary->result_types);
	g_ptr_array_unref(summary->mx_hosts);
	g_ptr_array_unref(summary->reporters);
	g_ptr_array_unref(summary->rows);
	g_free(summary);
}
