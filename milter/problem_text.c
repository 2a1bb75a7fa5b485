/* SPDX-License-Identifier: MIT */
/*
 * One problem, from the sentence that says what to do down to the documents it
 * is taken from: whoever doubts a number can count himself.
 */
#include <inttypes.h>
#include <string.h>

#include "phrase.h"
#include "summary_text.h"

static void put_labelled(
    const struct screen *screen, const char *label, const char *text)
{
	if (text == NULL || *text == '\0')
		return;
	screen_heading(screen, label);
	screen_paragraph(screen, "", text);
}

/* "2026-11-23  Google Inc.  30 sessions, 192.0.2.10 to 198.51.100.5". */
static void put_failure(
    const struct screen *screen, const struct summary_failure *failure)
{
	GString *line = g_string_new(NULL);

	screen_printf(screen, "%s  ", failure->day);
	screen_cell(
	    screen, phrase_organization(failure->organization_name), 35);
	screen_count(screen, failure->failed_sessions, 12);
	screen_put(screen, " failed");
	screen_printf(
	    screen, "%s\n", failure->authenticated ? ", DKIM pass" : "");
	g_string_printf(line, "from %s to %s",
	    failure->sending_mta_ip != NULL ? failure->sending_mta_ip
					    : "an address not given",
	    failure->receiving_ip != NULL ? failure->receiving_ip
					  : "an address not given");
	if (failure->receiving_mx_helo != NULL) {
		g_string_append(line, " (HELO ");
		phrase_cut(line, failure->receiving_mx_helo, PHRASE_NAME);
		g_string_append_c(line, ')');
	}
	if (failure->policy_type != NULL)
		g_string_append_printf(
		    line, ", policy %s", failure->policy_type);
	if (failure->policy_mode != NULL)
		g_string_append_printf(
		    line, " in mode %s", failure->policy_mode);
	screen_paragraph(screen, "            ", line->str);
	if (failure->failure_reason_code != NULL) {
		g_string_assign(line, "reason: ");
		phrase_cut(line, failure->failure_reason_code, PHRASE_WORDS);
		screen_paragraph(screen, "            ", line->str);
	}
	if (failure->additional_information != NULL) {
		g_string_assign(line, "more: ");
		phrase_cut(line, failure->additional_information, PHRASE_WORDS);
		screen_paragraph(screen, "            ", line->str);
	}
	g_string_free(line, TRUE);
}

static void put_document(
    const struct screen *screen, const struct summary_document *document)
{
	GString *line = g_string_new(NULL);

	g_string_assign(line, "Report ");
	phrase_cut(line,
	    document->report_id != NULL ? document->report_id : "without id",
	    PHRASE_NAME);
	g_string_append(line, " of ");
	phrase_cut(line, phrase_organization(document->organization_name),
	    PHRASE_NAME);
	g_string_append_printf(line, " about %s, received %s", document->day,
	    document->received_at);
	screen_put(screen, "\n");
	screen_ink(screen, INK_BOLD);
	screen_paragraph(screen, "", line->str);
	screen_ink(screen, INK_PLAIN);
	screen_json(screen, "", document->document);
	g_string_free(line, TRUE);
}

static void put_title(
    const struct screen *screen, const struct summary_problem *problem)
{
	GString *line = g_string_new(NULL);

	g_string_printf(line, "%s: ", phrase_domain(problem->policy_domain));
	phrase_what(line, problem);
	screen_ink(screen, INK_BOLD);
	screen_paragraph(screen, "", line->str);
	screen_ink(screen, INK_PLAIN);
	g_string_truncate(line, 0);
	phrase_facts(line, problem);
	line->str[0] = g_ascii_toupper(line->str[0]);
	screen_paragraph(screen, "", line->str);
	g_string_printf(line, "State: %s. Whose: %s.",
	    problem->state != NULL ? problem->state : "unknown",
	    phrase_side(problem));
	screen_paragraph(screen, "", line->str);
	g_string_free(line, TRUE);
}

void problem_text(
    const struct screen *screen, const struct summary_problem *problem)
{
	put_title(screen, problem);
	put_labelled(screen, "What happened", problem->explanation);
	put_labelled(screen, "Why that side", problem->evidence);
	put_labelled(screen, "What to do", problem->action);
	screen_heading(screen, "Failures, newest first");
	for (guint i = 0; i < problem->failures->len; i++)
		put_failure(screen, problem->failures->pdata[i]);
	if (problem->failures->len == 0)
		screen_put(screen, "No longer in the database.\n");
	if (problem->documents->len > 0)
		screen_heading(screen, "Reports as they came, newest first");
	for (guint i = 0; i < problem->documents->len; i++)
		put_document(screen, problem->documents->pdata[i]);
}
