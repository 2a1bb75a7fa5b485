/* SPDX-License-Identifier: MIT */
/*
 * From top to bottom: whose side the problem is on, what fails, how much, what
 * to do; behind a click the failures, behind another the report as it came.
 */
#include "problem_html.h"

#include <inttypes.h>

#include "base/escape.h"
#include "html_page.h"
#include "wording.h"

static const char *side_class(const struct summary_problem *problem)
{
	if (g_strcmp0(problem->side, "ours") == 0)
		return "ours";
	return g_strcmp0(problem->side, "sender") == 0 ? "sender" : "unclear";
}

static void put_chips(GString *out, const struct summary_problem *problem)
{
	const char *side = "<li class=\"chip \">Unclear</li>";
	const char *state = "<li class=\"chip \">Ongoing</li>";

	if (g_strcmp0(problem->side, "ours") == 0)
		side = "<li class=\"chip bad\">Our side</li>";
	else if (g_strcmp0(problem->side, "sender") == 0)
		side = "<li class=\"chip warn\">The sender's side</li>";
	if (summary_problem_resolved(problem))
		state = "<li class=\"chip good\">Resolved</li>";
	else if (g_strcmp0(problem->state, "new") == 0)
		state = "<li class=\"chip bad\">New</li>";
	g_string_append_printf(out,
	    "<ul class=\"chips\" aria-label=\"State\">%s%s</ul>\n", side,
	    state);
}

static void put_paragraph(GString *out, const char *class, const char *text)
{
	if (text != NULL && *text != '\0')
		html_put(out, "<p class=\"%s\">%s</p>\n", class, text);
}

static void put_cell(GString *out, const char *class, const char *text)
{
	html_put(out, "<td class=\"%s\">", class);
	html_put_cut(out, text != NULL ? text : "–", WORDING_NAME);
	g_string_append(out, "</td>");
}

static void put_policy(GString *out, const struct summary_failure *failure)
{
	g_autoptr(GString) policy = g_string_new(failure->policy_type);

	if (failure->policy_mode != NULL)
		g_string_append_printf(policy, ", %s", failure->policy_mode);
	put_cell(out, "w", policy->len > 0 ? policy->str : NULL);
}

/* The reporter's own words, and the report that they are from. */
static void put_words(GString *out, const struct summary_failure *failure)
{
	g_string_append(out, "<td class=\"any\">");
	if (failure->failure_reason_code != NULL) {
		html_put_cut(out, failure->failure_reason_code, WORDING_WORDS);
		g_string_append(out, "<br>");
	}
	if (failure->additional_information != NULL) {
		html_put_cut(
		    out, failure->additional_information, WORDING_WORDS);
		g_string_append(out, "<br>");
	}
	g_string_append(out, "<span class=\"soft\">Report ");
	html_put_cut(out,
	    failure->report_id != NULL ? failure->report_id : "without id",
	    WORDING_NAME);
	if (failure->contact_info != NULL) {
		g_string_append(out, ", contact ");
		html_put_cut(out, failure->contact_info, WORDING_NAME);
	}
	g_string_append(out, failure->authenticated
				 ? ", DKIM pass</span></td>"
				 : ", not authenticated</span></td>");
}

static void put_failure(GString *out, const struct summary_failure *failure)
{
	html_put(
	    out, "<tr><th scope=\"row\" class=\"w\">%s</th>", failure->day);
	put_cell(out, "", wording_organization(failure->organization_name));
	html_put_count(out, "n", failure->failed_sessions);
	put_cell(out, "w", failure->sending_mta_ip);
	put_cell(out, "w", failure->receiving_ip);
	put_policy(out, failure);
	put_words(out, failure);
	g_string_append(out, "</tr>\n");
}

static void put_failures(GString *out, const struct summary_problem *problem)
{
	if (problem->failures->len == 0) {
		put_paragraph(out, "soft", problem->evidence);
		return;
	}
	g_string_append_printf(out,
	    "<details class=\"failures\"><summary>Evidence: %u failure%s, "
	    "newest first</summary>",
	    problem->failures->len, problem->failures->len == 1 ? "" : "s");
	put_paragraph(out, "soft", problem->evidence);
	html_put(out,
	    "<div class=\"scroll\" tabindex=\"0\" role=\"region\" "
	    "aria-label=\"Failures of %s, %s\"><table><caption "
	    "class=\"vh\">Failures, newest first</caption>"
	    "<thead><tr><th scope=\"col\">Day</th><th "
	    "scope=\"col\">Reporter</th><th scope=\"col\" class=\"n\">Failed"
	    "</th><th scope=\"col\">From</th><th scope=\"col\">To</th><th "
	    "scope=\"col\">Policy</th><th scope=\"col\">In the reporter's words"
	    "</th></tr></thead><tbody>\n",
	    wording_domain(problem->policy_domain), problem->problem_id);
	for (guint i = 0; i < problem->failures->len; i++)
		put_failure(out, g_ptr_array_index(problem->failures, i));
	g_string_append(out, "</tbody></table></div></details>\n");
}

/* Line by line, since escape_html() shows a line feed as an escape. */
static void put_json(GString *out, const char *json)
{
	g_autoptr(GString) safe = g_string_new(NULL);
	g_auto(GStrv) lines = NULL;

	escape_json_document(safe, json);
	lines = g_strsplit(safe->str, "\n", -1);
	for (char **line = lines; *line != NULL; line++) {
		escape_html(out, *line);
		g_string_append_c(out, '\n');
	}
}

static void put_document(GString *out, const struct summary_document *document)
{
	g_string_append(
	    out, "<details class=\"document\"><summary>Original report of ");
	html_put_cut(out, wording_organization(document->organization_name),
	    WORDING_NAME);
	html_put(out,
	    " about %s</summary><p class=\"soft\">Received %s, report_key "
	    "%s</p><pre tabindex=\"0\" role=\"region\" aria-label=\"Document "
	    "of report %s\">",
	    document->day, document->received_at, document->report_key,
	    document->report_key);
	put_json(out, document->document);
	g_string_append(out, "</pre></details>\n");
}

/* The numbers by which problems are compared, in a line. */
static void put_facts(GString *out, const struct summary_problem *problem)
{
	g_autoptr(GString) share = g_string_new(NULL);

	g_string_append(out, "<ul class=\"numbers\"><li><b>");
	if (problem->failed_sessions == 0)
		g_string_append(out, "unknown number");
	else
		wording_count(out, problem->failed_sessions);
	g_string_append(out, "</b> failed</li>");
	if (problem->affected_share > 0) {
		wording_share(share, problem->affected_share);
		html_put(out, "<li><b>%s</b> of all %s</li>", share->str,
		    wording_share_days(problem));
	}
	g_string_append_printf(out,
	    "<li><b>%" PRId64 "</b> reporter%s</li><li>", problem->reporters,
	    problem->reporters == 1 ? "" : "s");
	g_string_truncate(share, 0);
	wording_span(share, problem->first_seen, problem->last_seen);
	html_put(out, "%s</li></ul>\n", share->str);
}

void problem_html_article(GString *out, const struct summary_problem *problem)
{
	g_autoptr(GString) title = g_string_new(NULL);

	html_put(out, "<article class=\"problem %s %s\" id=\"p-%s\">",
	    side_class(problem),
	    summary_problem_resolved(problem) ? "resolved" : "",
	    problem->problem_id);
	put_chips(out, problem);
	wording_title(title, problem);
	html_put(out, "<h3>%s</h3>\n", title->str);
	put_facts(out, problem);
	put_paragraph(out, "why", problem->explanation);
	if (problem->action != NULL)
		html_put(out, "<p class=\"do\"><b>What to do</b>%s</p>\n",
		    problem->action);
	put_failures(out, problem);
	for (guint i = 0; i < problem->documents->len; i++)
		put_document(out, g_ptr_array_index(problem->documents, i));
	g_string_append(out, "</article>\n");
}

void problem_html(GString *out, const struct summary_problem *problem)
{
	html_page_open(out, "SMTP TLS reports: a problem");
	g_string_append(out, "<header><h1>SMTP TLS reports</h1></header>\n"
			     "<main>\n<h2>One problem</h2>\n");
	problem_html_article(out, problem);
	g_string_append(out, "</main>\n");
	html_page_close(out);
}
