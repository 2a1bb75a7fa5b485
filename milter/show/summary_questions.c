/* SPDX-License-Identifier: MIT */
/*
 * Columns are looked up by their names, so that SQL and C may list them in any
 * order. The SQL compares the days with a parameter in each question, so that
 * only the months needed are read.
 */
#include "summary_questions.h"

#include "problem_questions.h"
#include "show_embedded.h"

/* Both are decimal digits, perhaps more than 64 bits hold. */
static struct summary_sessions parse_sessions(
    const char *successful, const char *failed)
{
	struct summary_sessions sessions = {
	    .successful = MAX(g_ascii_strtoll(successful, NULL, 10), 0),
	    .failed = MAX(g_ascii_strtoll(failed, NULL, 10), 0),
	    .successful_sum = MAX(g_ascii_strtod(successful, NULL), 0),
	    .failed_sum = MAX(g_ascii_strtod(failed, NULL), 0),
	};

	return sessions;
}

int64_t summary_questions_count(
    const struct db_rows *rows, int row, const char *column)
{
	const char *text = db_rows_get(rows, row, column);
	gint64 number = text != NULL ? g_ascii_strtoll(text, NULL, 10) : 0;

	return MAX(number, 0);
}

char *summary_questions_text(
    const struct db_rows *rows, int row, const char *column)
{
	return g_strdup(db_rows_get(rows, row, column));
}

bool summary_questions_flag(
    const struct db_rows *rows, int row, const char *column)
{
	const char *text = db_rows_get(rows, row, column);

	return text != NULL && *text == 't';
}

/* Two columns as sessions. */
static struct summary_sessions get_sessions(const struct db_rows *rows, int row,
    const char *successful, const char *failed)
{
	const char *successful_text = db_rows_get(rows, row, successful);
	const char *failed_text = db_rows_get(rows, row, failed);

	return parse_sessions(successful_text != NULL ? successful_text : "0",
	    failed_text != NULL ? failed_text : "0");
}

/* "2:3:10 0:1:5": two days ago 3 sessions failed and 10 did not, today 1 and 5.
 */
static void spread_days(
    const char *text, int days, struct summary_sessions *by_day)
{
	char **entries = g_strsplit(text != NULL ? text : "", " ", -1);

	for (char **entry = entries; *entry != NULL; entry++) {
		char **parts = g_strsplit(*entry, ":", 3);

		if (g_strv_length(parts) == 3) {
			gint64 ago = g_ascii_strtoll(parts[0], NULL, 10);
			struct summary_sessions sessions =
			    parse_sessions(parts[2], parts[1]);

			/* A day ahead of our clock counts as today. */
			ago = CLAMP(ago, 0, days - 1);
			summary_sessions_add(
			    &by_day[days - 1 - ago], &sessions);
		}
		g_strfreev(parts);
	}
	g_strfreev(entries);
}

static void add_period(
    struct summary *summary, const struct db_rows *rows, int row)
{
	summary->first_day = summary_questions_text(rows, row, "first_day");
	summary->last_day = summary_questions_text(rows, row, "last_day");
	summary->generated_at =
	    summary_questions_text(rows, row, "generated_at");
	summary->rejections =
	    summary_questions_flag(rows, row, "see_rejections") ? 0 : -1;
	summary->any_domain = summary_questions_flag(rows, row, "any_domain");
}

static void add_asked(
    struct summary *summary, const struct db_rows *rows, int row)
{
	struct summary_asked *asked = g_new0(struct summary_asked, 1);

	asked->policy_domain =
	    summary_questions_text(rows, row, "policy_domain");
	asked->last_report = summary_questions_text(rows, row, "last_report");
	g_ptr_array_add(summary->asked, asked);
}

static void add_undetailed(
    struct summary *summary, const struct db_rows *rows, int row)
{
	struct summary_undetailed *undetailed =
	    g_new0(struct summary_undetailed, 1);

	undetailed->policy_domain =
	    summary_questions_text(rows, row, "policy_domain");
	undetailed->failed_sessions =
	    summary_questions_count(rows, row, "failed_sessions");
	undetailed->reporters = summary_questions_count(rows, row, "reporters");
	undetailed->reporter_names =
	    summary_questions_text(rows, row, "reporter_names");
	g_ptr_array_add(summary->undetailed, undetailed);
}

static void add_reports(
    struct summary *summary, const struct db_rows *rows, int row)
{
	summary->reports = summary_questions_count(rows, row, "reports");
	summary->age_days = db_rows_get(rows, row, "age_days") != NULL
				? summary_questions_count(rows, row, "age_days")
				: -1;
}

static bool may_see_rejections(const struct summary *summary)
{
	return summary->rejections >= 0;
}

static void add_rejections(
    struct summary *summary, const struct db_rows *rows, int row)
{
	summary->rejections = summary_questions_count(rows, row, "rejections");
}

/* Adds a domain's numbers to those of the whole. */
static void add_to_whole(
    struct summary *summary, const struct summary_domain *domain)
{
	summary_sessions_add(&summary->sessions, &domain->sessions);
	summary_sessions_add(&summary->previous, &domain->previous);
	for (int day = 0; day < summary->days; day++)
		summary_sessions_add(
		    &summary->by_day[day], &domain->by_day[day]);
}

static void add_domain(
    struct summary *summary, const struct db_rows *rows, int row)
{
	struct summary_domain *domain = g_new0(struct summary_domain, 1);

	domain->policy_domain =
	    summary_questions_text(rows, row, "policy_domain");
	domain->sessions =
	    get_sessions(rows, row, "successful_sessions", "failed_sessions");
	domain->previous = get_sessions(rows, row,
	    "previous_successful_sessions", "previous_failed_sessions");
	domain->reporters = summary_questions_count(rows, row, "reporters");
	domain->last_report = summary_questions_text(rows, row, "last_report");
	domain->by_day = g_new0(struct summary_sessions, (gsize)summary->days);
	spread_days(
	    db_rows_get(rows, row, "by_day"), summary->days, domain->by_day);
	add_to_whole(summary, domain);
	g_ptr_array_add(summary->domains, domain);
}

static struct summary_share *new_share(const struct db_rows *rows, int row)
{
	struct summary_share *share = g_new0(struct summary_share, 1);

	share->name = summary_questions_text(rows, row, "name");
	share->failed_sessions =
	    summary_questions_count(rows, row, "failed_sessions");
	share->reporters = summary_questions_count(rows, row, "reporters");
	return share;
}

static void add_type(
    struct summary *summary, const struct db_rows *rows, int row)
{
	g_ptr_array_add(summary->types, new_share(rows, row));
}

static void add_host(
    struct summary *summary, const struct db_rows *rows, int row)
{
	g_ptr_array_add(summary->hosts, new_share(rows, row));
}

static void add_reporter(
    struct summary *summary, const struct db_rows *rows, int row)
{
	struct summary_reporter *reporter = g_new0(struct summary_reporter, 1);

	reporter->organization_name =
	    summary_questions_text(rows, row, "organization_name");
	reporter->reports = summary_questions_count(rows, row, "reports");
	reporter->sessions =
	    get_sessions(rows, row, "successful_sessions", "failed_sessions");
	reporter->last_report =
	    summary_questions_text(rows, row, "last_report");
	reporter->silent_domains =
	    summary_questions_count(rows, row, "silent_domains");
	g_ptr_array_add(summary->reporters, reporter);
}

const struct summary_question summary_questions[] = {
    {sql_period, 2, add_period, NULL},
    {sql_asked, 1, add_asked, NULL},
    {sql_reports, 2, add_reports, NULL},
    {sql_rejections, 2, add_rejections, may_see_rejections},
    {sql_domains, 2, add_domain, NULL},
    {sql_problems, 3, problem_questions_add, NULL},
    {sql_undetailed, 3, add_undetailed, NULL},
    {sql_result_types, 3, add_type, NULL},
    {sql_mx_hosts, 3, add_host, NULL},
    {sql_reporters, 3, add_reporter, NULL},
    {NULL, 0, NULL, NULL},
};
