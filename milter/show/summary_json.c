/* SPDX-License-Identifier: MIT */
/*
 * The rows of an array stand on lines of their own, for people and for diff.
 *
 * A document is what a stranger sent, but PostgreSQL has read and written it as
 * jsonb: it is valid JSON, and only has to be safe on a terminal.
 */
#include "summary_json.h"

#include <math.h>

#include "base/escape.h"
#include "base/json_writer.h"
#include "summary_table.h"

static void put_sessions(
    struct json_writer *json, const struct summary_sessions *sessions)
{
	double rate = summary_sessions_rate(sessions);

	json_writer_integer(json, "successful_sessions", sessions->successful);
	json_writer_integer(json, "failed_sessions", sessions->failed);
	json_writer_number(json, "failure_rate", rate < 0 ? NAN : rate);
}

static void put_previous(
    struct json_writer *json, const struct summary_sessions *sessions)
{
	json_writer_integer(
	    json, "previous_successful_sessions", sessions->successful);
	json_writer_integer(json, "previous_failed_sessions", sessions->failed);
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

static void put_document(
    struct json_writer *json, const char *name, const char *document)
{
	g_autoptr(GString) safe = g_string_new(NULL);

	escape_json_document(safe, document);
	json_writer_raw(json, name, safe->str, safe->len);
}

static void put_column(struct json_writer *json, const struct summary *summary,
    const struct summary_column *column, const void *member)
{
	const char *name = column->name;
	int64_t count;
	double share;

	switch (column->type) {
	case SUMMARY_TEXT:
		json_writer_string(json, name, *(char *const *)member);
		break;
	case SUMMARY_DOCUMENT:
		put_document(json, name, *(char *const *)member);
		break;
	case SUMMARY_COUNT:
	case SUMMARY_KNOWN:
		count = *(const int64_t *)member;
		if (count < 0)
			json_writer_string(json, name, NULL);
		else
			json_writer_integer(json, name, count);
		break;
	case SUMMARY_SHARE:
		share = *(const double *)member;
		json_writer_number(json, name, share < 0 ? NAN : share);
		break;
	case SUMMARY_FLAG:
		json_writer_boolean(json, name, *(const bool *)member);
		break;
	case SUMMARY_SESSIONS:
		put_sessions(json, member);
		break;
	case SUMMARY_PREVIOUS:
		put_previous(json, member);
		break;
	case SUMMARY_DAYS:
		put_days(
		    json, summary, *(struct summary_sessions *const *)member);
		break;
	case SUMMARY_ROWS:
		break;
	}
}

/* The members of an object, which is a row of the table or the summary. The
 * summary is needed for days alone. */
static void put_members(struct json_writer *json, const struct summary *summary,
    const struct summary_table *table, const void *object)
{
	for (const struct summary_column *column = table->columns;
	     column->name != NULL; column++)
		if (!column->hidden)
			put_column(json, summary, column,
			    G_STRUCT_MEMBER_P(object, column->offset));
}

/* The table's rows, which parent has. */
static void put_rows(struct json_writer *json, const struct summary *summary,
    const struct summary_table *table, const void *parent)
{
	const GPtrArray *rows =
	    G_STRUCT_MEMBER(GPtrArray *, parent, table->place);

	json_writer_line(json);
	json_writer_begin_array(json, table->name);
	for (guint i = 0; i < rows->len; i++) {
		json_writer_line(json);
		json_writer_begin_object(json, NULL);
		put_members(json, summary, table, g_ptr_array_index(rows, i));
		json_writer_end_object(json);
	}
	json_writer_end_array(json);
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

void summary_json(GString *out, const struct summary *summary)
{
	static const struct summary_table *const tables[] = {&summary_domains,
	    &summary_problems, &summary_undetailed, &summary_types,
	    &summary_hosts, &summary_reporters};
	struct json_writer json = {.out = out, .spaced = true};

	json_writer_begin_object(&json, NULL);
	json_writer_integer(&json, "version", 1);
	put_members(&json, summary, &summary_period, summary);
	put_members(&json, summary, &summary_reports, summary);
	put_members(&json, summary, &summary_rejections, summary);
	put_sessions(&json, &summary->sessions);
	put_members(&json, summary, &summary_counts, summary);
	put_unknown(&json, summary);
	json_writer_line(&json);
	put_days(&json, summary, summary->by_day);
	for (size_t i = 0; i < G_N_ELEMENTS(tables); i++)
		put_rows(&json, summary, tables[i], summary);
	json_writer_end_object(&json);
	g_string_append_c(out, '\n');
}

void summary_json_problem(GString *out, const struct summary_problem *problem)
{
	static const struct summary no_days;
	struct json_writer json = {.out = out, .spaced = true};

	json_writer_begin_object(&json, NULL);
	json_writer_integer(&json, "version", 1);
	put_members(&json, &no_days, &summary_problems, problem);
	put_rows(&json, &no_days, &summary_failures, problem);
	put_rows(&json, &no_days, &summary_documents, problem);
	json_writer_end_object(&json);
	g_string_append_c(out, '\n');
}
