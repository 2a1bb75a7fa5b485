/* SPDX-License-Identifier: MIT */
/*
 * A problem is known by three columns of which each may be NULL. They are
 * compared as one array: equal where both are NULL, and unlike IS NOT DISTINCT
 * FROM something that PostgreSQL can hash.
 */
#include "problem_questions.h"

#include <string.h>

#include "summary_questions.h"

/* The names of who saw it, the one with the most failures first. */
#define COLUMNS                                                             \
	"p.*, (SELECT array_to_string((array_agg(coalesce("                 \
	"   h.organization_name, '(not named)') ORDER BY"                   \
	"   h.failed_sessions DESC, h.organization_name))[1:2], ', ')"      \
	"  FROM tlsrpt.problem_history h WHERE h.problem_id = p.problem_id" \
	"   AND h.policy_domain IS NOT DISTINCT FROM p.policy_domain)"      \
	"  AS reporter_names"

/*
 * Which ones is found out first: problem_fact has no sentences to make. Both
 * views work domain by domain, so each question names those it is about.
 */
const char problem_questions_list[] =
    "WITH f AS MATERIALIZED (SELECT problem_id, policy_domain,"
    "  count(*) OVER () AS n,"
    "  count(*) FILTER (WHERE state <> 'resolved') OVER () AS open,"
    "  count(*) FILTER (WHERE state <> 'resolved' AND side = 'ours') OVER ()"
    "   AS ours FROM tlsrpt.problem_fact WHERE " SQL_DOMAINS
    "  AND coalesce(policy_domain, '') IN ("
    "   SELECT coalesce(policy_domain, '') FROM tlsrpt.problem_history"
    "   WHERE last_seen > " SQL_TODAY " - $1::int)"
    "  AND last_seen > " SQL_TODAY " - $1::int"
    "  ORDER BY urgency DESC, failed_sessions DESC, problem_id"
    "  LIMIT $3::int)"
    " SELECT " COLUMNS ", (SELECT max(n) FROM f) AS problem_count,"
    "  (SELECT max(open) FROM f) AS open_count,"
    "  (SELECT max(ours) FROM f) AS ours_count"
    " FROM tlsrpt.problem p"
    " WHERE coalesce(p.policy_domain, '') = ANY (ARRAY("
    "   SELECT coalesce(policy_domain, '') FROM f))"
    "  AND p.problem_id = ANY (ARRAY(SELECT problem_id FROM f))"
    " ORDER BY p.urgency DESC, p.failed_sessions DESC, p.problem_id";

const char problem_questions_one[] =
    "SELECT " COLUMNS " FROM tlsrpt.problem p WHERE p.problem_id = $1"
    " AND coalesce(p.policy_domain, '') = (SELECT coalesce(policy_domain, '')"
    "  FROM tlsrpt.problem_day WHERE problem_id = $1 LIMIT 1)";

/*
 * The days of the problems, at most $3 before the last of each, bound the
 * months that are read, and their domains the rows of them.
 */
#define FAILURES                                                             \
	"WITH p AS MATERIALIZED (SELECT problem_id, max(day) AS last_seen,"  \
	"  greatest(min(day), max(day) - $3::int) AS first_seen,"            \
	"  min(policy_domain) AS policy_domain,"                             \
	"  ARRAY[min(policy_domain), min(result_type),"                      \
	"   min(receiving_mx_hostname)] AS key"                              \
	"  FROM tlsrpt.problem_day WHERE problem_id = ANY ($1::text[])"      \
	"  GROUP BY problem_id),"                                            \
	" f AS (SELECT p.problem_id, d.* FROM (SELECT *,"                    \
	"   ARRAY[policy_domain, result_type, receiving_mx_hostname] AS key" \
	"   FROM tlsrpt.failure"                                             \
	"   WHERE day BETWEEN (SELECT min(first_seen) FROM p)"               \
	"    AND (SELECT max(last_seen) FROM p)"                             \
	"   AND (policy_domain = ANY (ARRAY(SELECT policy_domain FROM p))"   \
	"    OR policy_domain IS NULL)) d JOIN p USING (key)"                \
	"  WHERE d.day >= p.first_seen)"

/* Only the rows that are wanted are looked up in policy and report. */
const char problem_questions_failures[] = FAILURES
    ", n AS MATERIALIZED (SELECT * FROM (SELECT f.*, row_number() OVER ("
    "   PARTITION BY problem_id ORDER BY day DESC,"
    "   failed_session_count DESC, failure_key) AS place FROM f) w"
    "  WHERE place <= $2::int)"
    " SELECT n.problem_id, n.day, n.organization_name,"
    "  n.failed_session_count AS failed_sessions,"
    "  host(n.sending_mta_ip) AS sending_mta_ip,"
    "  host(n.receiving_ip) AS receiving_ip, n.receiving_mx_helo,"
    "  q.policy_type, q.policy_mode, n.failure_reason_code,"
    "  n.additional_information, q.report_key, r.report_id,"
    "  r.contact_info, r.authenticated"
    " FROM n CROSS JOIN LATERAL (SELECT policy_type, policy_mode, report_key"
    "  FROM tlsrpt.policy WHERE policy_key = n.policy_key AND day = n.day"
    "  LIMIT 1) q"
    " CROSS JOIN LATERAL (SELECT report_id, contact_info, authenticated"
    "  FROM tlsrpt.report WHERE report_key = q.report_key AND day = n.day"
    "  LIMIT 1) r"
    " ORDER BY n.problem_id, n.place";

/* A policy's failures are one report's: of the policies the newest, and of
 * those the reports. */
#define DOCUMENTS(document)                                                    \
	FAILURES                                                               \
	", u AS (SELECT DISTINCT problem_id, policy_key, day FROM f),"         \
	" n AS MATERIALIZED (SELECT * FROM (SELECT u.*, row_number() OVER ("   \
	"   PARTITION BY problem_id ORDER BY day DESC, policy_key DESC)"       \
	"   AS place FROM u) w WHERE place <= $2::int),"                       \
	" r AS MATERIALIZED (SELECT n.problem_id, n.place, r.*, n.day"         \
	"  FROM n CROSS JOIN LATERAL (SELECT report_key FROM tlsrpt.policy"    \
	"   WHERE policy_key = n.policy_key AND day = n.day LIMIT 1) q"        \
	"  CROSS JOIN LATERAL (SELECT r.report_key, r.organization_name,"      \
	"    r.report_id, r.received_at, jsonb_pretty(" document ") AS pretty" \
	"   FROM tlsrpt.report r WHERE r.report_key = q.report_key"            \
	"    AND r.day = n.day LIMIT 1) r),"                                   \
	" o AS (SELECT DISTINCT ON (problem_id, report_key) * FROM r"          \
	"  ORDER BY problem_id, report_key, place)"                            \
	" SELECT problem_id, report_key, day, organization_name, report_id,"   \
	"  to_char(received_at AT TIME ZONE 'UTC',"                            \
	"   'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') AS received_at,"                 \
	"  pretty AS document"                                                 \
	" FROM o WHERE length(pretty) <= $4::int ORDER BY problem_id, place"

const char problem_questions_documents[] = DOCUMENTS("r.document");
const char problem_questions_own_documents[] =
    DOCUMENTS("tlsrpt.tenant_document(r.report_key, r.day)");

const char problem_questions_rights[] =
    "SELECT has_column_privilege('tlsrpt.report', 'document', 'SELECT')"
    "  AS all_documents,"
    " has_function_privilege('tlsrpt.tenant_document(bigint, date)',"
    "  'EXECUTE') AS own_documents";

static double get_share(const struct db_rows *rows, int row, const char *column)
{
	const char *text = db_rows_get(rows, row, column);

	return text != NULL ? CLAMP(g_ascii_strtod(text, NULL), 0, 1) : -1;
}

struct summary_problem *problem_questions_new(
    const struct db_rows *rows, int row)
{
	const struct {
		const char *column;
		size_t offset;
	} texts[] = {
#define TEXT(name) {#name, G_STRUCT_OFFSET(struct summary_problem, name)}
	    TEXT(problem_id),
	    TEXT(policy_domain),
	    TEXT(result_type),
	    TEXT(receiving_mx_hostname),
	    TEXT(state),
	    TEXT(first_seen),
	    TEXT(last_seen),
	    TEXT(reporter_names),
	    TEXT(side),
	    TEXT(evidence),
	    TEXT(explanation),
	    TEXT(action),
#undef TEXT
	};
	struct summary_problem *problem = summary_problem_new();

	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
		G_STRUCT_MEMBER(char *, problem, texts[i].offset) =
		    summary_questions_text(rows, row, texts[i].column);
	problem->failed_sessions =
	    summary_questions_count(rows, row, "failed_sessions");
	problem->affected_share = get_share(rows, row, "affected_share");
	problem->reporters = summary_questions_count(rows, row, "reporters");
	problem->urgency = summary_questions_count(rows, row, "urgency");
	return problem;
}

void problem_questions_take(
    struct summary *summary, const struct db_rows *rows, int row)
{
	struct summary_problem *problem = problem_questions_new(rows, row);

	summary->problem_count =
	    summary_questions_count(rows, row, "problem_count");
	summary->open_count = summary_questions_count(rows, row, "open_count");
	summary->ours_count = summary_questions_count(rows, row, "ours_count");
	g_ptr_array_add(summary->problems, problem);
}

void problem_questions_take_failure(
    struct summary_problem *problem, const struct db_rows *rows, int row)
{
	struct summary_failure *failure = g_new0(struct summary_failure, 1);
	const char *authenticated = db_rows_get(rows, row, "authenticated");

	failure->day = summary_questions_text(rows, row, "day");
	failure->organization_name =
	    summary_questions_text(rows, row, "organization_name");
	failure->failed_sessions =
	    summary_questions_count(rows, row, "failed_sessions");
	failure->sending_mta_ip =
	    summary_questions_text(rows, row, "sending_mta_ip");
	failure->receiving_ip =
	    summary_questions_text(rows, row, "receiving_ip");
	failure->receiving_mx_helo =
	    summary_questions_text(rows, row, "receiving_mx_helo");
	failure->policy_type = summary_questions_text(rows, row, "policy_type");
	failure->policy_mode = summary_questions_text(rows, row, "policy_mode");
	failure->failure_reason_code =
	    summary_questions_text(rows, row, "failure_reason_code");
	failure->additional_information =
	    summary_questions_text(rows, row, "additional_information");
	failure->report_key = summary_questions_text(rows, row, "report_key");
	failure->report_id = summary_questions_text(rows, row, "report_id");
	failure->contact_info =
	    summary_questions_text(rows, row, "contact_info");
	failure->authenticated = authenticated != NULL && *authenticated == 't';
	g_ptr_array_add(problem->failures, failure);
}

void problem_questions_take_document(
    struct summary_problem *problem, const struct db_rows *rows, int row)
{
	struct summary_document *document = g_new0(struct summary_document, 1);

	document->report_key = summary_questions_text(rows, row, "report_key");
	document->day = summary_questions_text(rows, row, "day");
	document->organization_name =
	    summary_questions_text(rows, row, "organization_name");
	document->report_id = summary_questions_text(rows, row, "report_id");
	document->received_at =
	    summary_questions_text(rows, row, "received_at");
	document->document = summary_questions_text(rows, row, "document");
	g_ptr_array_add(problem->documents, document);
}
