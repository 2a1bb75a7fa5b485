/* SPDX-License-Identifier: MIT */
/*
 * Columns are looked up by their names, as in summary_questions.c.
 */
#include "problem_questions.h"

#include "summary_questions.h"

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

void problem_questions_add(
    struct summary *summary, const struct db_rows *rows, int row)
{
	struct summary_problem *problem = problem_questions_new(rows, row);

	summary->problem_count =
	    summary_questions_count(rows, row, "problem_count");
	summary->open_count = summary_questions_count(rows, row, "open_count");
	summary->ours_count = summary_questions_count(rows, row, "ours_count");
	g_ptr_array_add(summary->problems, problem);
}

void problem_questions_add_failure(
    struct summary_problem *problem, const struct db_rows *rows, int row)
{
	struct summary_failure *failure = g_new0(struct summary_failure, 1);

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
	failure->authenticated =
	    summary_questions_flag(rows, row, "authenticated");
	g_ptr_array_add(problem->failures, failure);
}

void problem_questions_add_document(
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
