/* SPDX-License-Identifier: MIT */
/*
 * Made to be skimmed: the worst comes first, an open problem takes three or
 * four lines, and a resolved one takes one. Everything else is behind
 * --problem.
 */
#include "summary_text.h"

#include <inttypes.h>
#include <string.h>

#include "wording.h"

/* Widths in a domain's line, which has 80 columns in all. */
#define NAME_COLUMNS 26
#define TOTAL_COLUMNS 13
#define FAILED_COLUMNS 10
#define BAR_COLUMNS 8
#define DAY_COLUMNS 7

#define MOST_DOMAINS 25

/* A full bar is the worst domain's rate, but at least this one. */
#define LEAST_FULL_BAR 0.05

static double worst_rate(const struct summary *summary)
{
	double worst = LEAST_FULL_BAR;

	for (guint i = 0; i < MIN(summary->domains->len, MOST_DOMAINS); i++) {
		const struct summary_domain *domain =
		    g_ptr_array_index(summary->domains, i);

		worst = MAX(worst, summary_sessions_rate(&domain->sessions));
	}
	return worst;
}

/* If there are more days than columns, a column stands for several. */
static void put_days(const struct terminal *terminal,
    const struct summary *summary, const struct summary_domain *domain)
{
	int columns = MIN(summary->days, DAY_COLUMNS);
	double rates[DAY_COLUMNS];
	double worst = LEAST_FULL_BAR;

	for (int column = 0; column < columns; column++) {
		struct summary_sessions sessions = {0};
		int from = summary->days * column / columns;
		int to = summary->days * (column + 1) / columns;

		for (int day = from; day < to; day++)
			summary_sessions_add(&sessions, &domain->by_day[day]);
		rates[column] = summary_sessions_rate(&sessions);
		worst = MAX(worst, rates[column]);
	}
	for (int column = 0; column < columns; column++)
		terminal_spark(terminal, rates[column] / worst);
	terminal_cell(terminal, "", (size_t)(DAY_COLUMNS - columns));
}

static void put_rate(
    const struct terminal *terminal, const struct summary_sessions *sessions)
{
	g_autoptr(GString) rate = g_string_new(NULL);

	wording_rate(rate, sessions);
	terminal_right(terminal, rate->str, 7);
}

static void put_domain(const struct terminal *terminal,
    const struct summary *summary, const struct summary_domain *domain,
    double full)
{
	const struct summary_sessions *sessions = &domain->sessions;

	terminal_cell(
	    terminal, wording_domain(domain->policy_domain), NAME_COLUMNS);
	terminal_count(
	    terminal, summary_sessions_total(sessions), TOTAL_COLUMNS);
	terminal_ink(terminal, sessions->failed > 0 ? INK_BAD : INK_GOOD);
	terminal_count(terminal, sessions->failed, FAILED_COLUMNS);
	put_rate(terminal, sessions);
	terminal_printf(terminal, " ");
	terminal_bar(
	    terminal, summary_sessions_rate(sessions) / full, BAR_COLUMNS);
	terminal_ink(terminal, INK_PLAIN);
	terminal_printf(terminal, " ");
	put_days(terminal, summary, domain);
	/* MM-DD is enough, since the title has the year. */
	terminal_printf(terminal, "  %s\n",
	    domain->last_report != NULL && strlen(domain->last_report) == 10
		? domain->last_report + 5
		: "");
}

static void put_domains(
    const struct terminal *terminal, const struct summary *summary)
{
	double full = worst_rate(summary);
	guint shown = MIN(summary->domains->len, MOST_DOMAINS);

	terminal_printf(terminal, "\n");
	terminal_ink(terminal, INK_BOLD);
	terminal_printf(terminal, "%-*s%*s%*s%16s %-7s  %s\n", NAME_COLUMNS,
	    "Domain", TOTAL_COLUMNS, "sessions", FAILED_COLUMNS, "failed",
	    "failure rate", "by day", "last");
	terminal_ink(terminal, INK_PLAIN);
	for (guint i = 0; i < shown; i++)
		put_domain(terminal, summary,
		    g_ptr_array_index(summary->domains, i), full);
	if (shown < summary->domains->len)
		terminal_printf(terminal,
		    "%u more with fewer failures: see --domain or "
		    "tlsrpt.domain_overview\n",
		    summary->domains->len - shown);
	terminal_ink(terminal, INK_FAINT);
	terminal_printf(terminal,
	    "By day, oldest first: the failure rate; %s no failure, blank no "
	    "report\n",
	    terminal->utf8 ? "·" : ".");
	terminal_ink(terminal, INK_PLAIN);
}

/* "1. example.com: certificate-expired at mx2.example.com", and on the right
 * the id that --problem takes. */
static void put_problem_title(const struct terminal *terminal, guint number,
    const struct summary_problem *problem)
{
	g_autoptr(GString) title = g_string_new(NULL);
	size_t id = strlen(problem->problem_id) + 1;

	g_string_printf(title, "%u. ", number);
	wording_title(title, problem);
	terminal_ink(terminal,
	    g_strcmp0(problem->side, "sender") == 0 ? INK_WARN : INK_BAD);
	terminal_cell(terminal, title->str, TERMINAL_WIDTH - id);
	terminal_ink(terminal, INK_FAINT);
	terminal_printf(terminal, " %s", problem->problem_id);
	terminal_ink(terminal, INK_PLAIN);
	terminal_printf(terminal, "\n");
}

static void put_problem(const struct terminal *terminal, guint number,
    const struct summary_problem *problem)
{
	g_autoptr(GString) line = g_string_new(NULL);

	put_problem_title(terminal, number, problem);
	g_string_append_printf(line, "%s, %s: ",
	    g_strcmp0(problem->state, "new") == 0 ? "New" : "Ongoing",
	    wording_side(problem));
	wording_facts(line, problem);
	terminal_paragraph(terminal, "   ", line->str);
	if (problem->action != NULL) {
		g_string_assign(line, terminal->utf8 ? "→ " : "-> ");
		wording_first_sentence(line, problem->action);
		terminal_paragraph(terminal, "   ", line->str);
	}
}

static void put_resolved(
    const struct terminal *terminal, const struct summary_problem *problem)
{
	g_autoptr(GString) line = g_string_new(NULL);

	wording_title(line, problem);
	terminal_cell(terminal, line->str, 45);
	terminal_printf(terminal, "  last %s", problem->last_seen);
	terminal_right(terminal, problem->problem_id, 18);
	terminal_printf(terminal, "\n");
}

/* Failures that belong to no problem, since there are no details of them. */
static void put_all_undetailed(
    const struct terminal *terminal, const struct summary *summary)
{
	g_autoptr(GString) line = g_string_new(NULL);
	guint shown = MIN(summary->undetailed->len, MOST_DOMAINS);

	for (guint i = 0; i < shown; i++) {
		g_string_truncate(line, 0);
		wording_undetailed(
		    line, g_ptr_array_index(summary->undetailed, i));
		terminal_paragraph(terminal, "", line->str);
	}
}

static void put_all_resolved(
    const struct terminal *terminal, const struct summary *summary)
{
	bool any = false;

	for (guint i = 0; i < summary->problems->len; i++) {
		const struct summary_problem *problem =
		    g_ptr_array_index(summary->problems, i);

		if (!summary_problem_resolved(problem))
			continue;
		if (!any)
			terminal_heading(terminal, "Resolved");
		any = true;
		put_resolved(terminal, problem);
	}
}

static void put_problems(
    const struct terminal *terminal, const struct summary *summary)
{
	guint number = 0;

	terminal_heading(terminal, "Problems, most urgent first");
	for (guint i = 0; i < summary->problems->len; i++) {
		const struct summary_problem *problem =
		    g_ptr_array_index(summary->problems, i);

		if (!summary_problem_resolved(problem))
			put_problem(terminal, ++number, problem);
	}
	put_all_undetailed(terminal, summary);
	if (number == 0 && summary->undetailed->len == 0)
		terminal_printf(terminal, summary->problems->len > 0
					      ? "No open problem.\n"
					      : "No problem in this period.\n");
	put_all_resolved(terminal, summary);
	if (summary->problem_count > summary->problems->len)
		terminal_printf(terminal,
		    "%" PRId64 " more, less urgent: see --domain or "
		    "tlsrpt.problem\n",
		    summary->problem_count - summary->problems->len);
	if (summary->problems->len > 0)
		terminal_printf(terminal,
		    "Details and the original reports: tlsrpt-report --problem "
		    "ID\n");
}

static void put_reporter(
    const struct terminal *terminal, const struct summary_reporter *reporter)
{
	const struct summary_sessions *sessions = &reporter->sessions;

	terminal_cell(terminal,
	    wording_organization(reporter->organization_name), NAME_COLUMNS);
	terminal_count(
	    terminal, summary_sessions_total(sessions), TOTAL_COLUMNS);
	terminal_count(terminal, sessions->failed, FAILED_COLUMNS);
	put_rate(terminal, sessions);
	terminal_count(terminal, reporter->reports, 9);
	terminal_printf(terminal, "  %s", reporter->last_report);
	if (reporter->silent_domains > 0) {
		terminal_ink(terminal, INK_WARN);
		terminal_printf(terminal, "  !");
		terminal_ink(terminal, INK_PLAIN);
	}
	terminal_printf(terminal, "\n");
}

static void put_reporters(
    const struct terminal *terminal, const struct summary *summary)
{
	bool silent = false;

	terminal_printf(terminal, "\n");
	terminal_ink(terminal, INK_BOLD);
	terminal_printf(terminal, "%-*s%*s%*s%7s%9s  %s\n", NAME_COLUMNS,
	    "Reporter", TOTAL_COLUMNS, "sessions", FAILED_COLUMNS, "failed",
	    "rate", "reports", "last");
	terminal_ink(terminal, INK_PLAIN);
	for (guint i = 0; i < summary->reporters->len; i++) {
		const struct summary_reporter *reporter =
		    g_ptr_array_index(summary->reporters, i);

		silent = silent || reporter->silent_domains > 0;
		put_reporter(terminal, reporter);
	}
	if (silent)
		terminal_printf(terminal,
		    "! has stopped reporting on a domain, see "
		    "tlsrpt.silent_reporter\n");
}

/* " (1.4%, up from 0.4% in the 7 days before)". */
static void put_title_rate(GString *line, const struct summary *summary)
{
	g_autoptr(GString) trend = g_string_new(NULL);

	if (summary_sessions_rate(&summary->sessions) < 0)
		return;
	wording_trend(trend, summary);
	g_string_append(line, " (");
	wording_rate(line, &summary->sessions);
	g_string_append_printf(
	    line, "%s%s)", trend->len > 0 ? ", " : "", trend->str);
}

static void put_title(
    const struct terminal *terminal, const struct summary *summary)
{
	g_autoptr(GString) line = g_string_new(NULL);

	terminal_ink(terminal, INK_BOLD);
	terminal_printf(terminal,
	    "SMTP TLS reports, %s to %s (%d day%s, UTC)\n", summary->first_day,
	    summary->last_day, summary->days, summary->days == 1 ? "" : "s");
	terminal_ink(terminal, INK_PLAIN);
	wording_counted(line, summary->reports, "report");
	g_string_append(line, " about ");
	wording_counted(line, summary->domains->len, "domain");
	g_string_append(line, ": ");
	wording_counted(
	    line, summary_sessions_total(&summary->sessions), "session");
	g_string_append(line, ", ");
	wording_count(line, summary->sessions.failed);
	g_string_append(line, " failed");
	put_title_rate(line, summary);
	g_string_append_c(line, '.');
	if (summary->rejections > 0) {
		g_string_append_c(line, ' ');
		wording_counted(line, summary->rejections, "report");
		g_string_append(line, " not accepted (see tlsrpt.rejection).");
	}
	terminal_paragraph(terminal, "", line->str);
}

/* Why there is nothing to show, of a domain or at all. */
static void put_asked(
    const struct terminal *terminal, const struct summary *summary)
{
	g_autoptr(GString) text = g_string_new(NULL);

	for (guint i = 0; i < summary->asked->len; i++) {
		wording_asked(
		    text, summary, g_ptr_array_index(summary->asked, i));
		g_string_append_c(text, ' ');
	}
	if (summary->domains->len == 0)
		wording_nothing(text, summary);
	g_strchomp(text->str);
	if (*text->str != '\0') {
		terminal_printf(terminal, "\n");
		terminal_paragraph(terminal, "", text->str);
	}
}

void summary_text(
    const struct terminal *terminal, const struct summary *summary)
{
	put_title(terminal, summary);
	put_asked(terminal, summary);
	if (summary->domains->len > 0) {
		put_domains(terminal, summary);
		put_problems(terminal, summary);
	}
	if (summary->reporters->len > 0)
		put_reporters(terminal, summary);
}
