/* SPDX-License-Identifier: MIT */
/*
 * The rows of an array stand on lines of their own, for people and for diff.
 */
#include "summary_json.h"

#include <math.h>

#include "base/json_writer.h"
#include "problem_json.h"

static void put_sessions(
    struct json_writer *json, const struct summary_sessions *sessions)
{
	double rate = summary_sessions_rate(sessions);

	json_writer_integer(json, "successful_sessions", sessions->successful);
	json_writer_integer(json, "failed_sessions", sessions->failed);
	json_writer_number(json, "failure_rate", rate < 0 ? NAN : rate);
}

/* The rows of an array, of which put() writes the members. */
static void put_rows(struct json_writer *json, const char *name,
    const GPtrArray *rows,
    void (*put)(struct json_writer *json, const void *row))
{
	json_writer_line(json);
	json_writer_begin_array(json, name);
	for (guint i = 0; i < rows->len; i++) {
		json_writer_line(json);
		json_writer_begin_object(json, NULL);
		put(json, g_ptr_array_index(rows, i));
		json_writer_end_object(json);
	}
	json_writer_end_array(json);
}

static void put_days(struct json_writer *json, const struct summary *summary,
    const struct summary_sessions *by_day)
{
	char text[16];

	json_writer_begin_array(json, "days");
	for (int i = 0; i < summary->days; i++) {
		summary_day(summary, i, text, sizeof(text));
		json_writer_begin_object(json, NULL);
		json_writer_string(json, "day", text);
		put_sessions(json, &by_day[i]);
		json_writer_end_object(json);
	}
	json_writer_end_array(json);
}

static void put_domain(struct json_writer *json, const struct summary *summary,
    const struct summary_domain *domain)
{
	json_writer_line(json);
	json_writer_begin_object(json, NULL);
	json_writer_string(json, "policy_domain", domain->policy_domain);
	put_sessions(json, &domain->sessions);
	json_writer_integer(
	    json, "previous_successful_sessions", domain->previous.successful);
	json_writer_integer(
	    json, "previous_failed_sessions", domain->previous.failed);
	json_writer_integer(json, "reporters", domain->reporters);
	json_writer_string(json, "last_report", domain->last_report);
	put_days(json, summary, domain->by_day);
	json_writer_end_object(json);
}

static void put_problem(struct json_writer *json, const void *row)
{
	problem_json_members(json, row);
}

static void put_undetailed(struct json_writer *json, const void *row)
{
	const struct summary_undetailed *undetailed = row;

	json_writer_string(json, "policy_domain", undetailed->policy_domain);
	json_writer_integer(
	    json, "failed_sessions", undetailed->failed_sessions);
	json_writer_integer(json, "reporters", undetailed->reporters);
}

/* The domains that were asked for and that no report names. */
static void put_unknown(struct json_writer *json, const struct summary *summary)
{
	json_writer_begin_array(json, "unknown_domains");
	for (guint i = 0; i < summary->asked->len; i++) {
		const struct summary_asked *asked =
		    g_ptr_array_index(summary->asked, i);

		if (asked->last_report == NULL)
			json_writer_string(json, NULL, asked->policy_domain);
	}
	json_writer_end_array(json);
}

static void put_share(struct json_writer *json, const char *name,
    const struct summary_share *share)
{
	json_writer_string(json, name, share->name);
	json_writer_integer(json, "failed_sessions", share->failed_sessions);
	json_writer_integer(json, "reporters", share->reporters);
}

static void put_type(struct json_writer *json, const void *row)
{
	put_share(json, "result_type", row);
}

static void put_host(struct json_writer *json, const void *row)
{
	put_share(json, "receiving_mx_hostname", row);
}

static void put_reporter(struct json_writer *json, const void *row)
{
	const struct summary_reporter *reporter = row;

	json_writer_string(
	    json, "organization_name", reporter->organization_name);
	json_writer_integer(json, "reports", reporter->reports);
	put_sessions(json, &reporter->sessions);
	json_writer_string(json, "last_report", reporter->last_report);
	json_writer_integer(json, "silent_domains", reporter->silent_domains);
}

void summary_json(GString *out, const struct summary *summary)
{
	struct json_writer writer = {.out = out, .spaced = true};
	struct json_writer *json = &writer;

	json_writer_begin_object(json, NULL);
	json_writer_integer(json, "version", 1);
	json_writer_string(json, "generated_at", summary->generated_at);
	json_writer_string(json, "first_day", summary->first_day);
	json_writer_string(json, "last_day", summary->last_day);
	json_writer_integer(json, "reports", summary->reports);
	if (summary->rejections < 0)
		json_writer_string(json, "rejections", NULL);
	else
		json_writer_integer(json, "rejections", summary->rejections);
	put_sessions(json, &summary->sessions);
	json_writer_integer(json, "problem_count", summary->problem_count);
	json_writer_integer(json, "open_problem_count", summary->open_count);
	put_unknown(json, summary);
	json_writer_line(json);
	put_days(json, summary, summary->by_day);
	json_writer_line(json);
	json_writer_begin_array(json, "domains");
	for (guint i = 0; i < summary->domains->len; i++)
		put_domain(
		    json, summary, g_ptr_array_index(summary->domains, i));
	json_writer_end_array(json);
	put_rows(json, "problems", summary->problems, put_problem);
	put_rows(json, "undetailed", summary->undetailed, put_undetailed);
	put_rows(json, "result_types", summary->types, put_type);
	put_rows(json, "mx_hosts", summary->hosts, put_host);
	put_rows(json, "reporters", summary->reporters, put_reporter);
	json_writer_end_object(json);
	g_string_append_c(out, '\n');
}
