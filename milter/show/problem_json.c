/* SPDX-License-Identifier: MIT */
/*
 * A document is what a stranger sent, but PostgreSQL has read and written it as
 * jsonb: it is valid JSON, and only has to be safe on a terminal.
 */
#include "problem_json.h"

#include <math.h>

#include "base/escape.h"

void problem_json_members(
    struct json_writer *json, const struct summary_problem *problem)
{
	json_writer_string(json, "problem_id", problem->problem_id);
	json_writer_string(json, "policy_domain", problem->policy_domain);
	json_writer_string(json, "result_type", problem->result_type);
	json_writer_string(
	    json, "receiving_mx_hostname", problem->receiving_mx_hostname);
	json_writer_string(json, "state", problem->state);
	json_writer_string(json, "first_seen", problem->first_seen);
	json_writer_string(json, "last_seen", problem->last_seen);
	json_writer_integer(json, "failed_sessions", problem->failed_sessions);
	json_writer_number(json, "affected_share",
	    problem->affected_share < 0 ? NAN : problem->affected_share);
	json_writer_integer(json, "reporters", problem->reporters);
	json_writer_string(json, "side", problem->side);
	json_writer_string(json, "evidence", problem->evidence);
	json_writer_string(json, "explanation", problem->explanation);
	json_writer_string(json, "action", problem->action);
	json_writer_integer(json, "urgency", problem->urgency);
}

static void put_failure(
    struct json_writer *json, const struct summary_failure *failure)
{
	json_writer_line(json);
	json_writer_begin_object(json, NULL);
	json_writer_string(json, "day", failure->day);
	json_writer_string(
	    json, "organization_name", failure->organization_name);
	json_writer_integer(json, "failed_sessions", failure->failed_sessions);
	json_writer_string(json, "sending_mta_ip", failure->sending_mta_ip);
	json_writer_string(json, "receiving_ip", failure->receiving_ip);
	json_writer_string(
	    json, "receiving_mx_helo", failure->receiving_mx_helo);
	json_writer_string(json, "policy_type", failure->policy_type);
	json_writer_string(json, "policy_mode", failure->policy_mode);
	json_writer_string(
	    json, "failure_reason_code", failure->failure_reason_code);
	json_writer_string(
	    json, "additional_information", failure->additional_information);
	json_writer_string(json, "report_key", failure->report_key);
	json_writer_string(json, "report_id", failure->report_id);
	json_writer_string(json, "contact_info", failure->contact_info);
	json_writer_boolean(json, "authenticated", failure->authenticated);
	json_writer_end_object(json);
}

static void put_document(
    struct json_writer *json, const struct summary_document *document)
{
	GString *safe = g_string_new(NULL);

	escape_json_document(safe, document->document);
	json_writer_line(json);
	json_writer_begin_object(json, NULL);
	json_writer_string(json, "report_key", document->report_key);
	json_writer_string(json, "day", document->day);
	json_writer_string(json, "received_at", document->received_at);
	json_writer_raw(json, "document", safe->str, safe->len);
	json_writer_end_object(json);
	g_string_free(safe, TRUE);
}

void problem_json(GString *out, const struct summary_problem *problem)
{
	struct json_writer json = {.out = out, .spaced = true};

	json_writer_begin_object(&json, NULL);
	json_writer_integer(&json, "version", 1);
	problem_json_members(&json, problem);
	json_writer_line(&json);
	json_writer_begin_array(&json, "failures");
	for (guint i = 0; i < problem->failures->len; i++)
		put_failure(&json, g_ptr_array_index(problem->failures, i));
	json_writer_end_array(&json);
	json_writer_line(&json);
	json_writer_begin_array(&json, "documents");
	for (guint i = 0; i < problem->documents->len; i++)
		put_document(&json, g_ptr_array_index(problem->documents, i));
	json_writer_end_array(&json);
	json_writer_end_object(&json);
	g_string_append_c(out, '\n');
}
