/* SPDX-License-Identifier: MIT */
/*
 * Columns are looked up by their names, so that SQL and C may list them in any
 * order. The order here is that of JSON.
 */
#include "summary_table.h"

#define MEMBER(kind, row, member)                \
	.name = #member, .type = SUMMARY_##kind, \
	.offset = offsetof(struct row, member)
#define ROWS(row, parent, member)                                  \
	.name = #member, .place = offsetof(struct parent, member), \
	.size = sizeof(struct row)

const struct summary_table summary_period = {
    .columns = {
	{MEMBER(TEXT, summary, generated_at)},
	{MEMBER(TEXT, summary, first_day)},
	{MEMBER(TEXT, summary, last_day)},
	{MEMBER(KNOWN, summary, rejections), .hidden = true},
	{MEMBER(FLAG, summary, any_domain), .hidden = true},
	{MEMBER(FLAG, summary, all_documents), .hidden = true},
	{MEMBER(FLAG, summary, own_documents), .hidden = true},
    }};

const struct summary_table summary_reports = {
    .columns = {
	{MEMBER(COUNT, summary, reports)},
	{MEMBER(KNOWN, summary, age_days), .hidden = true},
    }};

const struct summary_table summary_rejections = {
    .columns = {
	{MEMBER(KNOWN, summary, rejections)},
    }};

const struct summary_table summary_counts = {
    .columns = {
	{MEMBER(COUNT, summary, problem_count)},
	{MEMBER(COUNT, summary, open_problem_count)},
	{MEMBER(COUNT, summary, ours_count), .hidden = true},
    }};

const struct summary_table summary_asked = {
    ROWS(summary_asked, summary, asked),
    .columns =
	{
	    {MEMBER(TEXT, summary_asked, policy_domain)},
	    {MEMBER(TEXT, summary_asked, last_report)},
	},
};

const struct summary_table summary_domains = {
    ROWS(summary_domain, summary, domains),
    .columns =
	{
	    {MEMBER(TEXT, summary_domain, policy_domain)},
	    {MEMBER(SESSIONS, summary_domain, sessions)},
	    {MEMBER(PREVIOUS, summary_domain, previous)},
	    {MEMBER(COUNT, summary_domain, reporters)},
	    {MEMBER(TEXT, summary_domain, last_report)},
	    {MEMBER(DAYS, summary_domain, by_day)},
	},
};

const struct summary_table summary_problems = {
    ROWS(summary_problem, summary, problems),
    .columns =
	{
	    {MEMBER(TEXT, summary_problem, problem_id)},
	    {MEMBER(TEXT, summary_problem, policy_domain)},
	    {MEMBER(TEXT, summary_problem, result_type)},
	    {MEMBER(TEXT, summary_problem, receiving_mx_hostname)},
	    {MEMBER(TEXT, summary_problem, state)},
	    {MEMBER(TEXT, summary_problem, first_seen)},
	    {MEMBER(TEXT, summary_problem, last_seen)},
	    {MEMBER(COUNT, summary_problem, failed_sessions)},
	    {MEMBER(SHARE, summary_problem, affected_share)},
	    {MEMBER(COUNT, summary_problem, reporters)},
	    {MEMBER(TEXT, summary_problem, reporter_names), .hidden = true},
	    {MEMBER(TEXT, summary_problem, side)},
	    {MEMBER(TEXT, summary_problem, evidence)},
	    {MEMBER(TEXT, summary_problem, explanation)},
	    {MEMBER(TEXT, summary_problem, action)},
	    {MEMBER(COUNT, summary_problem, urgency)},
	    {MEMBER(ROWS, summary_problem, failures), .hidden = true},
	    {MEMBER(ROWS, summary_problem, documents), .hidden = true},
	},
};

const struct summary_table summary_undetailed = {
    ROWS(summary_undetailed, summary, undetailed),
    .columns =
	{
	    {MEMBER(TEXT, summary_undetailed, policy_domain)},
	    {MEMBER(COUNT, summary_undetailed, failed_sessions)},
	    {MEMBER(COUNT, summary_undetailed, reporters)},
	    {MEMBER(TEXT, summary_undetailed, reporter_names), .hidden = true},
	},
};

const struct summary_table summary_types = {
    ROWS(summary_share, summary, result_types),
    .columns =
	{
	    {.name = "result_type",
		.type = SUMMARY_TEXT,
		.offset = offsetof(struct summary_share, name)},
	    {MEMBER(COUNT, summary_share, failed_sessions)},
	    {MEMBER(COUNT, summary_share, reporters)},
	},
};

const struct summary_table summary_hosts = {
    ROWS(summary_share, summary, mx_hosts),
    .columns =
	{
	    {.name = "receiving_mx_hostname",
		.type = SUMMARY_TEXT,
		.offset = offsetof(struct summary_share, name)},
	    {MEMBER(COUNT, summary_share, failed_sessions)},
	    {MEMBER(COUNT, summary_share, reporters)},
	},
};

const struct summary_table summary_reporters = {
    ROWS(summary_reporter, summary, reporters),
    .columns =
	{
	    {MEMBER(TEXT, summary_reporter, organization_name)},
	    {MEMBER(COUNT, summary_reporter, reports)},
	    {MEMBER(SESSIONS, summary_reporter, sessions)},
	    {MEMBER(TEXT, summary_reporter, last_report)},
	    {MEMBER(COUNT, summary_reporter, silent_domains)},
	},
};

const struct summary_table summary_failures = {
    ROWS(summary_failure, summary_problem, failures),
    .of_problem = true,
    .columns =
	{
	    {MEMBER(TEXT, summary_failure, day)},
	    {MEMBER(TEXT, summary_failure, organization_name)},
	    {MEMBER(COUNT, summary_failure, failed_sessions)},
	    {MEMBER(TEXT, summary_failure, sending_mta_ip)},
	    {MEMBER(TEXT, summary_failure, receiving_ip)},
	    {MEMBER(TEXT, summary_failure, receiving_mx_helo)},
	    {MEMBER(TEXT, summary_failure, policy_type)},
	    {MEMBER(TEXT, summary_failure, policy_mode)},
	    {MEMBER(TEXT, summary_failure, failure_reason_code)},
	    {MEMBER(TEXT, summary_failure, additional_information)},
	    {MEMBER(TEXT, summary_failure, report_key)},
	    {MEMBER(TEXT, summary_failure, report_id)},
	    {MEMBER(TEXT, summary_failure, contact_info)},
	    {MEMBER(FLAG, summary_failure, authenticated)},
	},
};

const struct summary_table summary_documents = {
    ROWS(summary_document, summary_problem, documents),
    .of_problem = true,
    .columns =
	{
	    {MEMBER(TEXT, summary_document, report_key)},
	    {MEMBER(TEXT, summary_document, day)},
	    {MEMBER(TEXT, summary_document, organization_name), .hidden = true},
	    {MEMBER(TEXT, summary_document, report_id), .hidden = true},
	    {MEMBER(TEXT, summary_document, received_at)},
	    {MEMBER(DOCUMENT, summary_document, document)},
	},
};

/* Decimal digits, perhaps more than 64 bits hold. */
static int64_t parse_count(const char *text)
{
	return text != NULL ? MAX(g_ascii_strtoll(text, NULL, 10), 0) : 0;
}

/* Sums, which are NULL in no answer. */
static struct summary_sessions parse_sessions(
    const char *successful, const char *failed)
{
	struct summary_sessions sessions = {
	    .successful = parse_count(successful),
	    .failed = parse_count(failed),
	    .successful_sum = MAX(g_ascii_strtod(successful, NULL), 0),
	    .failed_sum = MAX(g_ascii_strtod(failed, NULL), 0),
	};

	return sessions;
}

/* "2:3:10 0:1:5": two days ago 3 sessions failed and 10 did not, today 1 and 5.
 */
static struct summary_sessions *parse_days(const char *text, int days)
{
	struct summary_sessions *by_day =
	    g_new0(struct summary_sessions, (gsize)days);
	g_auto(GStrv) entries = g_strsplit(text, " ", -1);

	for (char **entry = entries; *entry != NULL; entry++) {
		g_auto(GStrv) parts = g_strsplit(*entry, ":", 3);

		if (g_strv_length(parts) == 3) {
			gint64 ago = g_ascii_strtoll(parts[0], NULL, 10);
			struct summary_sessions sessions =
			    parse_sessions(parts[2], parts[1]);

			/* A day ahead of our clock counts as today. */
			ago = CLAMP(ago, 0, days - 1);
			summary_sessions_add(
			    &by_day[days - 1 - ago], &sessions);
		}
	}
	return by_day;
}

static void read_column(const struct summary_column *column,
    const struct db_rows *rows, int row, int days, void *ret_member)
{
	const char *text = db_rows_get(rows, row, column->name);

	switch (column->type) {
	case SUMMARY_TEXT:
	case SUMMARY_DOCUMENT:
		*(const char **)ret_member = text;
		break;
	case SUMMARY_COUNT:
		*(int64_t *)ret_member = parse_count(text);
		break;
	case SUMMARY_KNOWN:
		*(int64_t *)ret_member = text != NULL ? parse_count(text) : -1;
		break;
	case SUMMARY_SHARE:
		*(double *)ret_member =
		    text != NULL ? CLAMP(g_ascii_strtod(text, NULL), 0, 1) : -1;
		break;
	case SUMMARY_FLAG:
		*(bool *)ret_member = text != NULL && *text == 't';
		break;
	case SUMMARY_SESSIONS:
		*(struct summary_sessions *)ret_member = parse_sessions(
		    db_rows_get(rows, row, "successful_sessions"),
		    db_rows_get(rows, row, "failed_sessions"));
		break;
	case SUMMARY_PREVIOUS:
		*(struct summary_sessions *)ret_member = parse_sessions(
		    db_rows_get(rows, row, "previous_successful_sessions"),
		    db_rows_get(rows, row, "previous_failed_sessions"));
		break;
	case SUMMARY_DAYS:
		*(struct summary_sessions **)ret_member =
		    parse_days(text, days);
		break;
	case SUMMARY_ROWS:
		*(GPtrArray **)ret_member =
		    g_ptr_array_new_with_free_func(g_free);
		break;
	}
}

void summary_table_read(const struct summary_table *table,
    const struct db_rows *rows, int row, int days, void *ret_members)
{
	for (const struct summary_column *column = table->columns;
	     column->name != NULL; column++)
		read_column(column, rows, row, days,
		    G_STRUCT_MEMBER_P(ret_members, column->offset));
}
