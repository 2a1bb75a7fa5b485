/* SPDX-License-Identifier: MIT */
/*
 * A writer of a few lines is enough, since a summary has no cycles and no
 * depth; jansson would be one more library in a program that reads no JSON.
 */
#include "summary_json.h"

#include <inttypes.h>

#include "base/escape.h"

/* A member of the object that out ends with. */
static void put_name(GString *out, const char *name)
{
	if (out->len > 0 && out->str[out->len - 1] != '{')
		g_string_append(out, ", ");
	escape_json(out, name);
	g_string_append(out, ": ");
}

static void put_text(GString *out, const char *name, const char *value)
{
	put_name(out, name);
	escape_json(out, value);
}

static void put_count(GString *out, const char *name, int64_t value)
{
	put_name(out, name);
	if (value < 0)
		g_string_append(out, "null");
	else
		g_string_append_printf(out, "%" PRId64, value);
}

static void put_real(GString *out, const char *name, double value)
{
	char digits[G_ASCII_DTOSTR_BUF_SIZE];

	put_name(out, name);
	if (value < 0)
		g_string_append(out, "null");
	else
		g_string_append(
		    out, g_ascii_dtostr(digits, sizeof digits, value));
}

static void put_sessions(GString *out, const struct summary_sessions *sessions)
{
	put_count(out, "successful_sessions", sessions->successful);
	put_count(out, "failed_sessions", sessions->failed);
	put_real(out, "failure_rate", summary_sessions_rate(sessions));
}

/* The rows of an array, each on a line of its own. */
static void put_rows(GString *out, const char *name, const GPtrArray *rows,
    void (*put)(GString *out, const void *row, const struct summary *summary),
    const struct summary *summary)
{
	put_name(out, name);
	g_string_append_c(out, '[');
	for (guint i = 0; i < rows->len; i++) {
		g_string_append(out, i == 0 ? "\n {" : ",\n {");
		put(out, rows->pdata[i], summary);
		g_string_append_c(out, '}');
	}
	g_string_append_c(out, ']');
}

static void put_days(GString *out, const struct summary *summary,
    const struct summary_sessions *by_day)
{
	char text[16];

	put_name(out, "days");
	g_string_append_c(out, '[');
	for (int i = 0; i < summary->days; i++) {
		summary_day(summary, i, text, sizeof text);
		g_string_append(out, i == 0 ? "{" : ", {");
		put_text(out, "day", text);
		put_sessions(out, &by_day[i]);
		g_string_append_c(out, '}');
	}
	g_string_append_c(out, ']');
}

static void put_domain(
    GString *out, const void *row, const struct summary *summary)
{
	const struct summary_domain *domain = row;

	put_text(out, "policy_domain", domain->policy_domain);
	put_sessions(out, &domain->sessions);
	put_count(
	    out, "previous_successful_sessions", domain->previous.successful);
	put_count(out, "previous_failed_sessions", domain->previous.failed);
	put_count(out, "reporters", domain->reporters);
	put_text(out, "last_report", domain->last_report);
	put_days(out, summary, domain->by_day);
}

static void put_problem(
    GString *out, const void *row, const struct summary *summary)
{
	const struct summary_problem *problem = row;

	(void)summary;
	put_text(out, "problem_id", problem->problem_id);
	put_text(out, "policy_domain", problem->policy_domain);
	put_text(out, "result_type", problem->result_type);
	put_text(out, "receiving_mx_hostname", problem->receiving_mx_hostname);
	put_text(out, "state", problem->state);
	put_text(out, "first_seen", problem->first_seen);
	put_text(out, "last_seen", problem->last_seen);
	put_count(out, "failed_sessions", problem->failed_sessions);
	put_real(out, "affected_share", problem->affected_share);
	put_count(out, "reporters", problem->reporters);
	put_text(out, "side", problem->side);
	put_text(out, "evidence", problem->evidence);
	put_text(out, "explanation", problem->explanation);
	put_text(out, "action", problem->action);
	put_count(out, "urgency", problem->urgency);
}

static void put_undetailed(
    GString *out, const void *row, const struct summary *summary)
{
	const struct summary_undetailed *undetailed = row;

	(void)summary;
	put_text(out, "policy_domain", undetailed->policy_domain);
	put_count(out, "failed_sessions", undetailed->failed_sessions);
	put_count(out, "reporters", undetailed->reporters);
}

/* The domains that were asked for and that no report names. */
static void put_unknown(GString *out, const struct summary *summary)
{
	bool any = false;

	put_name(out, "unknown_domains");
	g_string_append_c(out, '[');
	for (guint i = 0; i < summary->asked->len; i++) {
		const struct summary_asked *asked = summary->asked->pdata[i];

		if (asked->last_report != NULL)
			continue;
		if (any)
			g_string_append(out, ", ");
		any = true;
		escape_json(out, asked->policy_domain);
	}
	g_string_append_c(out, ']');
}

static void put_type(
    GString *out, const void *row, const struct summary *summary)
{
	const struct summary_share *share = row;

	(void)summary;
	put_text(out, "result_type", share->name);
	put_count(out, "failed_sessions", share->failed_sessions);
	put_count(out, "reporters", share->reporters);
}

static void put_host(
    GString *out, const void *row, const struct summary *summary)
{
	const struct summary_share *share = row;

	(void)summary;
	put_text(out, "receiving_mx_hostname", share->name);
	put_count(out, "failed_sessions", share->failed_sessions);
	put_count(out, "reporters", share->reporters);
}

static void put_reporter(
    GString *out, const void *row, const struct summary *summary)
{
	const struct summary_reporter *reporter = row;

	(void)summary;
	put_text(out, "organization_name", reporter->organization_name);
	put_count(out, "reports", reporter->reports);
	put_sessions(out, &reporter->sessions);
	put_text(out, "last_report", reporter->last_report);
	put_count(out, "silent_domains", reporter->silent_domains);
}

void summary_json(GString *out, const struct summary *summary)
{
	g_string_append_c(out, '{');
	put_count(out, "version", 1);
	put_text(out, "generated_at", summary->generated_at);
	put_text(out, "first_day", summary->first_day);
	put_text(out, "last_day", summary->last_day);
	put_count(out, "reports", summary->reports);
	put_count(out, "rejections", summary->rejections);
	put_sessions(out, &summary->sessions);
	put_count(out, "problem_count", summary->problem_count);
	put_count(out, "open_problem_count", summary->open_count);
	put_unknown(out, summary);
	put_days(out, summary, summary->by_day);
	put_rows(out, "domains", summary->domains, put_domain, summary);
	put_rows(out, "problems", summary->problems, put_problem, summary);
	put_rows(
	    out, "undetailed", summary->undetailed, put_undetailed, summary);
	put_rows(out, "result_types", summary->types, put_type, summary);
	put_rows(out, "mx_hosts", summary->hosts, put_host, summary);
	put_rows(out, "reporters", summary->reporters, put_reporter, summary);
	g_string_append(out, "}\n");
}

static void put_failure(
    GString *out, const void *row, const struct summary *summary)
{
	const struct summary_failure *failure = row;

	(void)summary;
	put_text(out, "day", failure->day);
	put_text(out, "organization_name", failure->organization_name);
	put_count(out, "failed_sessions", failure->failed_sessions);
	put_text(out, "sending_mta_ip", failure->sending_mta_ip);
	put_text(out, "receiving_ip", failure->receiving_ip);
	put_text(out, "receiving_mx_helo", failure->receiving_mx_helo);
	put_text(out, "policy_type", failure->policy_type);
	put_text(out, "policy_mode", failure->policy_mode);
	put_text(out, "failure_reason_code", failure->failure_reason_code);
	put_text(
	    out, "additional_information", failure->additional_information);
	put_text(out, "report_key", failure->report_key);
	put_text(out, "report_id", failure->report_id);
	put_text(out, "contact_info", failure->contact_info);
	put_name(out, "authenticated");
	g_string_append(out, failure->authenticated ? "true" : "false");
}

static void put_document(
    GString *out, const void *row, const struct summary *summary)
{
	const struct summary_document *document = row;

	(void)summary;
	put_text(out, "report_key", document->report_key);
	put_text(out, "day", document->day);
	put_text(out, "received_at", document->received_at);
	put_name(out, "document");
	escape_json_document(out, document->document);
}

void problem_json(GString *out, const struct summary_problem *problem)
{
	g_string_append_c(out, '{');
	put_count(out, "version", 1);
	put_problem(out, problem, NULL);
	put_rows(out, "failures", problem->failures, put_failure, NULL);
	put_rows(out, "documents", problem->documents, put_document, NULL);
	g_string_append(out, "}\n");
}
