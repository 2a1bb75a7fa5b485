/* SPDX-License-Identifier: MIT */
/*
 * A question is a text of SQL and a function that takes one row of its answer.
 * The days are compared with a parameter in each question, so that only the
 * months needed are read.
 */
#include "summary_questions.h"

#include <string.h>

#include "problem_questions.h"

/* Days that are looked back for who has fallen silent; those of
 * tlsrpt.silent_reporter. */
#define LOOK_BACK "greatest($1::int, 60)"

static const char ask_days[] =
    "SELECT " SQL_TODAY " - $1::int + 1 AS first_day,"
    " " SQL_TODAY " AS last_day,"
    " to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
    "  AS generated_at,"
    " has_table_privilege('tlsrpt.rejection', 'SELECT')"
    "  AND $2::text[] IS NULL AND $3::int IS NOT NULL AS see_rejections,"
    " EXISTS (SELECT FROM tlsrpt.domain) AS any_domain";

/* Without a list of names no row. */
static const char ask_asked[] =
    "SELECT n.policy_domain, (SELECT max(d.day) FROM tlsrpt.domain_day AS d"
    "  WHERE d.policy_domain = n.policy_domain) AS last_report"
    " FROM (SELECT DISTINCT unnest($2::text[]) AS policy_domain) AS n"
    " WHERE $1::int IS NOT NULL AND $3::int IS NOT NULL"
    " ORDER BY n.policy_domain";

/* Where a problem goes on somebody gave details, and it is plain what to do; so
 * only domains without one. */
static const char ask_undetailed[] =
    "WITH u AS MATERIALIZED (SELECT policy_domain, organization_name,"
    "  sum(total_failure_session_count) AS failed"
    "  FROM tlsrpt.policy AS p WHERE " SQL_LAST_DAYS " AND " SQL_DOMAINS
    "   AND total_failure_session_count > 0"
    "   AND NOT EXISTS (SELECT FROM tlsrpt.failure AS f"
    "    WHERE f.policy_key = p.policy_key AND f.day = p.day"
    "     AND f." SQL_LAST_DAYS ")"
    "  GROUP BY policy_domain, organization_name),"
    " s AS MATERIALIZED (SELECT policy_domain, sum(failed) AS failed_sessions,"
    "  count(*) AS reporters, array_to_string((array_agg(coalesce("
    "   organization_name, '(not named)') ORDER BY failed DESC,"
    "   organization_name))[1:2], ', ') AS reporter_names"
    "  FROM u GROUP BY policy_domain)"
    " SELECT s.* FROM s WHERE NOT EXISTS (SELECT FROM tlsrpt.problems_of("
    "   s.policy_domain, " SQL_TODAY " - $1::int + 1) AS p"
    "  WHERE p.state <> 'resolved')"
    " ORDER BY s.failed_sessions DESC, s.policy_domain LIMIT $3::int";

/* A tenant may not read report.policy_domains, so domains are looked for in
 * policy. */
static const char ask_reports[] =
    "SELECT count(*) FILTER (WHERE " SQL_LAST_DAYS ") AS reports,"
    " floor(extract(epoch FROM now() - max(received_at)) / 86400)::bigint"
    "  AS age_days"
    " FROM tlsrpt.report"
    " WHERE day > " SQL_TODAY " - greatest($1::int, 90)"
    "  AND ($2::text[] IS NULL OR report_key IN ("
    "   SELECT report_key FROM tlsrpt.policy"
    "   WHERE day > " SQL_TODAY " - greatest($1::int, 90)"
    "   AND " SQL_DOMAINS "))"
    "  AND $3::int IS NOT NULL";

static const char ask_rejections[] =
    "SELECT count(*) AS rejections FROM tlsrpt.rejection"
    " WHERE received_at > now() - make_interval(days => $1::int)"
    "  AND $2::text[] IS NULL AND $3::int IS NOT NULL";

static const char ask_domains[] =
    "WITH d AS (SELECT policy_domain, day,"
    "  sum(successful_sessions) AS ok, sum(failed_sessions) AS failed"
    "  FROM tlsrpt.daily WHERE day > " SQL_TODAY " - 2 * $1::int"
    "   AND " SQL_DOMAINS " AND $3::int IS NOT NULL"
    "  GROUP BY policy_domain, day),"
    " r AS (SELECT policy_domain,"
    "  count(DISTINCT coalesce(organization_name, '')) AS reporters"
    "  FROM tlsrpt.daily WHERE " SQL_LAST_DAYS " AND " SQL_DOMAINS
    "  GROUP BY policy_domain),"
    " s AS (SELECT policy_domain,"
    "  coalesce(sum(ok) FILTER (WHERE " SQL_LAST_DAYS "), 0)"
    "   AS successful_sessions,"
    "  coalesce(sum(failed) FILTER (WHERE " SQL_LAST_DAYS "), 0)"
    "   AS failed_sessions,"
    "  coalesce(sum(ok) FILTER (WHERE NOT " SQL_LAST_DAYS "), 0)"
    "   AS previous_successful_sessions,"
    "  coalesce(sum(failed) FILTER (WHERE NOT " SQL_LAST_DAYS "), 0)"
    "   AS previous_failed_sessions,"
    "  max(day) AS last_report,"
    "  string_agg((" SQL_TODAY " - day) || ':' || failed || ':' || ok, ' ')"
    "   FILTER (WHERE " SQL_LAST_DAYS ") AS by_day"
    "  FROM d GROUP BY policy_domain)"
    " SELECT s.*, coalesce(r.reporters, 0) AS reporters FROM s"
    " LEFT JOIN r ON r.policy_domain IS NOT DISTINCT FROM s.policy_domain"
    " WHERE s.by_day IS NOT NULL"
    " ORDER BY failed_sessions DESC, successful_sessions DESC,"
    "  s.policy_domain";

#define SHARE(column)                                                   \
	"SELECT " column " AS name, sum(failed_session_count)"          \
	" AS failed_sessions,"                                          \
	" count(DISTINCT coalesce(organization_name, '')) AS reporters" \
	" FROM tlsrpt.failure WHERE " SQL_LAST_DAYS " AND " SQL_DOMAINS \
	" GROUP BY " column " ORDER BY failed_sessions DESC, " column   \
	" LIMIT $3::int"

static const char ask_types[] = SHARE("result_type");
static const char ask_hosts[] = SHARE("receiving_mx_hostname");

#define SUM(column) \
	"coalesce(sum(" column ") FILTER (WHERE " SQL_LAST_DAYS "), 0)"

/* clang-format would draw the pieces around SUM() apart. */
/* clang-format off */
static const char ask_reporters[] =
    "WITH n AS (SELECT organization_name,"
    "  count(DISTINCT report_key) FILTER (WHERE " SQL_LAST_DAYS ") AS reports,"
    "  max(day) AS last_report,"
    "  " SUM("total_successful_session_count") " AS successful_sessions,"
    "  " SUM("total_failure_session_count") " AS failed_sessions"
    "  FROM tlsrpt.policy WHERE day > " SQL_TODAY " - " LOOK_BACK
    "  AND " SQL_DOMAINS " GROUP BY organization_name),"
    " q AS (SELECT organization_name, count(*) AS silent_domains"
    "  FROM tlsrpt.silent_reporter WHERE " SQL_DOMAINS
    "  GROUP BY organization_name)"
    " SELECT n.*, q.silent_domains FROM n LEFT JOIN q"
    "  ON q.organization_name IS NOT DISTINCT FROM n.organization_name"
    " ORDER BY n.successful_sessions + n.failed_sessions DESC,"
    "  n.organization_name LIMIT $3::int";
/* clang-format on */

/* Decimal digits, as many as there are. */
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

			/* A sender ahead of our clock counts as today. */
			ago = CLAMP(ago, 0, days - 1);
			summary_sessions_add(
			    &by_day[days - 1 - ago], &sessions);
		}
		g_strfreev(parts);
	}
	g_strfreev(entries);
}

static void take_days(
    struct summary *summary, const struct db_rows *rows, int row)
{
	const char *see = db_rows_get(rows, row, "see_rejections");
	const char *any = db_rows_get(rows, row, "any_domain");

	summary->first_day = summary_questions_text(rows, row, "first_day");
	summary->last_day = summary_questions_text(rows, row, "last_day");
	summary->generated_at =
	    summary_questions_text(rows, row, "generated_at");
	summary->rejections = see != NULL && *see == 't' ? 0 : -1;
	summary->any_domain = any != NULL && *any == 't';
}

static void take_asked(
    struct summary *summary, const struct db_rows *rows, int row)
{
	struct summary_asked *asked = g_new0(struct summary_asked, 1);

	asked->policy_domain =
	    summary_questions_text(rows, row, "policy_domain");
	asked->last_report = summary_questions_text(rows, row, "last_report");
	g_ptr_array_add(summary->asked, asked);
}

static void take_undetailed(
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

static void take_reports(
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

static void take_rejections(
    struct summary *summary, const struct db_rows *rows, int row)
{
	summary->rejections = summary_questions_count(rows, row, "rejections");
}

/* A domain's numbers are part of the whole's. */
static void add_domain(
    struct summary *summary, const struct summary_domain *domain)
{
	summary_sessions_add(&summary->sessions, &domain->sessions);
	summary_sessions_add(&summary->previous, &domain->previous);
	for (int day = 0; day < summary->days; day++)
		summary_sessions_add(
		    &summary->by_day[day], &domain->by_day[day]);
}

static void take_domain(
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
	add_domain(summary, domain);
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

static void take_type(
    struct summary *summary, const struct db_rows *rows, int row)
{
	g_ptr_array_add(summary->types, new_share(rows, row));
}

static void take_host(
    struct summary *summary, const struct db_rows *rows, int row)
{
	g_ptr_array_add(summary->hosts, new_share(rows, row));
}

static void take_reporter(
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
    {ask_days, take_days, NULL},
    {ask_asked, take_asked, NULL},
    {ask_reports, take_reports, NULL},
    {ask_rejections, take_rejections, may_see_rejections},
    {ask_domains, take_domain, NULL},
    {problem_questions_list, problem_questions_take, NULL},
    {ask_undetailed, take_undetailed, NULL},
    {ask_types, take_type, NULL},
    {ask_hosts, take_host, NULL},
    {ask_reporters, take_reporter, NULL},
    {NULL, NULL, NULL},
};
