/* SPDX-License-Identifier: MIT */
/*
 * From the sentence that says what to do down to the documents it is taken
 * from: readers who doubt a number can count for themselves.
 */
#include "problem_text.h"

#include "wording.h"

static void put_labelled(
    const struct terminal *terminal, const char *label, const char *text)
{
	if (text == NULL || *text == '\0')
		return;
	terminal_heading(terminal, label);
	terminal_paragraph(terminal, "", text);
}

/* What the reporter says in its own words, if it does. */
static void put_words(
    const struct terminal *terminal, const char *label, const char *text)
{
	g_autoptr(GString) line = g_string_new(label);

	if (text == NULL)
		return;
	wording_cut(line, text, WORDING_WORDS);
	terminal_paragraph(terminal, "            ", line->str);
}

/* "2026-11-23  Google Inc.  30 sessions, 192.0.2.10 to 198.51.100.5". */
static void put_failure(
    const struct terminal *terminal, const struct summary_failure *failure)
{
	g_autoptr(GString) line = g_string_new(NULL);

	terminal_printf(terminal, "%s  ", failure->day);
	terminal_cell(
	    terminal, wording_organization(failure->organization_name), 35);
	terminal_count(terminal, failure->failed_sessions, 12);
	terminal_printf(terminal, " failed%s\n",
	    failure->authenticated ? ", DKIM pass" : "");
	g_string_printf(line, "from %s to %s",
	    failure->sending_mta_ip != NULL ? failure->sending_mta_ip
					    : "an unknown address",
	    failure->receiving_ip != NULL ? failure->receiving_ip
					  : "an unknown address");
	if (failure->receiving_mx_helo != NULL) {
		g_string_append(line, " (HELO ");
		wording_cut(line, failure->receiving_mx_helo, WORDING_NAME);
		g_string_append_c(line, ')');
	}
	if (failure->policy_type != NULL)
		g_string_append_printf(
		    line, ", policy %s", failure->policy_type);
	if (failure->policy_mode != NULL)
		g_string_append_printf(
		    line, " in mode %s", failure->policy_mode);
	terminal_paragraph(terminal, "            ", line->str);
	put_words(terminal, "reason: ", failure->failure_reason_code);
	put_words(terminal, "more: ", failure->additional_information);
}

static void put_document(
    const struct terminal *terminal, const struct summary_document *document)
{
	g_autoptr(GString) line = g_string_new("Report ");

	wording_cut(line,
	    document->report_id != NULL ? document->report_id : "without id",
	    WORDING_NAME);
	g_string_append(line, " of ");
	wording_cut(line, wording_organization(document->organization_name),
	    WORDING_NAME);
	g_string_append_printf(line, " about %s, received %s", document->day,
	    document->received_at);
	terminal_printf(terminal, "\n");
	terminal_ink(terminal, INK_BOLD);
	terminal_paragraph(terminal, "", line->str);
	terminal_ink(terminal, INK_PLAIN);
	terminal_json(terminal, document->document);
}

static void put_title(
    const struct terminal *terminal, const struct summary_problem *problem)
{
	g_autoptr(GString) line = g_string_new(NULL);

	wording_title(line, problem);
	terminal_ink(terminal, INK_BOLD);
	terminal_paragraph(terminal, "", line->str);
	terminal_ink(terminal, INK_PLAIN);
	g_string_truncate(line, 0);
	wording_facts(line, problem);
	line->str[0] = g_ascii_toupper(line->str[0]);
	terminal_paragraph(terminal, "", line->str);
	g_string_printf(line, "State: %s, %s.",
	    problem->state != NULL ? problem->state : "unknown",
	    wording_side(problem));
	terminal_paragraph(terminal, "", line->str);
}

void problem_text(
    const struct terminal *terminal, const struct summary_problem *problem)
{
	put_title(terminal, problem);
	put_labelled(terminal, "What happened", problem->explanation);
	put_labelled(terminal, "Why that side", problem->evidence);
	put_labelled(terminal, "What to do", problem->action);
	terminal_heading(terminal, "Failures, newest first");
	for (guint i = 0; i < problem->failures->len; i++)
		put_failure(terminal, g_ptr_array_index(problem->failures, i));
	if (problem->failures->len == 0)
		terminal_printf(terminal, "No longer in the database.\n");
	if (problem->documents->len > 0)
		terminal_heading(terminal, "Original reports, newest first");
	for (guint i = 0; i < problem->documents->len; i++)
		put_document(
		    terminal, g_ptr_array_index(problem->documents, i));
}
