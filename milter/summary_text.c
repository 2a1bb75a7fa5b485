/* SPDX-License-Identifier: MIT */
/*
 * Made to be skimmed: what is worst comes first, a problem takes three or four
 * lines, and what is over takes one. Everything else is behind --problem.
 */
#include "summary_text.h"

#include <inttypes.h>
#include <string.h>

#include "phrase.h"

/* Columns of a domain's line, 80 in all. */
#define NAME_COLUMNS 27
#define BAR_COLUMNS 8
#define DAY_COLUMNS 7

#define MOST_DOMAINS 25

/* Bars are as long as the worst domain's; of rates below this none is full. */
#define LEAST_FULL_BAR 0.05

static double rate_of(int64_t failed, int64_t total)
{
	return total > 0 ? (double)failed / (double)total : -1;
}

static double worst_rate(const struct summary *summary)
{
	double worst = LEAST_FULL_BAR;

	for (guint i = 0; i < MIN(summary->domains->len, MOST_DOMAINS); i++) {
		const struct summary_domain *domain =
		    summary->domains->pdata[i];

		worst = MAX(worst, rate_of(domain->failed_sessions,
				       summary_add(domain->failed_sessions,
					   domain->successful_sessions)));
	}
	return worst;
}

/* Days are put together where there are more of them than columns. */
static void put_days(const struct screen *screen, const struct summary *summary,
    const struct summary_domain *domain)
{
	int columns = MIN(summary->days, DAY_COLUMNS);
	double rates[DAY_COLUMNS];
	double worst = LEAST_FULL_BAR;

	for (int column = 0; column < columns; column++) {
		int64_t failed = 0, total = 0;
		int from = summary->days * column / columns;
		int to = summary->days * (column + 1) / columns;

		for (int day = from; day < to; day++) {
			failed = summary_add(failed, domain->failed_day[day]);
			total = summary_add(total, domain->total_day[day]);
		}
		rates[column] = rate_of(failed, total);
		worst = MAX(worst, rates[column]);
	}
	for (int column = 0; column < columns; column++)
		screen_spark(screen, rates[column] / worst);
	screen_cell(screen, "", (size_t)(DAY_COLUMNS - columns));
}

static void put_rate(const struct screen *screen, int64_t failed, int64_t total)
{
	GString *rate = g_string_new(NULL);

	phrase_rate(rate, failed, total);
	screen_right(screen, rate->str, 7);
	g_string_free(rate, TRUE);
}

static void put_domain(const struct screen *screen,
    const struct summary *summary, const struct summary_domain *domain,
    double full)
{
	int64_t failed = domain->failed_sessions;
	int64_t total = summary_add(domain->successful_sessions, failed);

	screen_cell(screen, phrase_domain(domain->policy_domain), NAME_COLUMNS);
	screen_count(screen, total, 13);
	screen_ink(screen, failed > 0 ? INK_BAD : INK_GOOD);
	screen_count(screen, failed, 9);
	put_rate(screen, failed, total);
	screen_put(screen, " ");
	screen_bar(screen, rate_of(failed, total) / full, BAR_COLUMNS);
	screen_ink(screen, INK_PLAIN);
	screen_put(screen, " ");
	put_days(screen, summary, domain);
	/* MM-DD is enough for days of which the title has the year. */
	screen_printf(screen, "  %s\n",
	    domain->last_report != NULL && strlen(domain->last_report) == 10
		? domain->last_report + 5
		: "");
}

static void put_domains(
    const struct screen *screen, const struct summary *summary)
{
	double full = worst_rate(summary);
	guint shown = MIN(summary->domains->len, MOST_DOMAINS);

	screen_put(screen, "\n");
	screen_ink(screen, INK_BOLD);
	screen_printf(screen, "%-27s%13s%9s%16s %-7s  %s\n", "Domain",
	    "sessions", "failed", "failure rate", "by day", "last");
	screen_ink(screen, INK_PLAIN);
	for (guint i = 0; i < shown; i++)
		put_domain(screen, summary, summary->domains->pdata[i], full);
	if (shown < summary->domains->len)
		screen_printf(screen,
		    "%u more with fewer failures: --domain, or "
		    "tlsrpt.domain_overview\n",
		    summary->domains->len - shown);
	screen_ink(screen, INK_FAINT);
	screen_printf(screen,
	    "By day, oldest first: the failure rate, %s none failed, blank no "
	    "report\n",
	    screen->utf8 ? "·" : ".");
	screen_ink(screen, INK_PLAIN);
}

static bool is_resolved(const struct summary_problem *problem)
{
	return g_strcmp0(problem->state, "resolved") == 0;
}

/* "1. example.com: certificate-expired at mx2.example.com", and at the right
 * the id that --problem takes. */
static void put_problem_title(const struct screen *screen, guint number,
    const struct summary_problem *problem)
{
	GString *title = g_string_new(NULL);
	size_t id = strlen(problem->problem_id) + 1;

	g_string_printf(
	    title, "%u. %s: ", number, phrase_domain(problem->policy_domain));
	phrase_what(title, problem);
	screen_ink(screen,
	    g_strcmp0(problem->side, "sender") == 0 ? INK_WARN : INK_BAD);
	screen_cell(screen, title->str, SCREEN_WIDTH - id);
	screen_ink(screen, INK_FAINT);
	screen_printf(screen, " %s", problem->problem_id);
	screen_ink(screen, INK_PLAIN);
	screen_put(screen, "\n");
	g_string_free(title, TRUE);
}

static void put_problem(const struct screen *screen, guint number,
    const struct summary_problem *problem)
{
	GString *line = g_string_new(NULL);

	put_problem_title(screen, number, problem);
	g_string_append_printf(line, "%s, %s: ",
	    g_strcmp0(problem->state, "new") == 0 ? "New" : "Ongoing",
	    phrase_side(problem));
	phrase_facts(line, problem);
	screen_paragraph(screen, "   ", line->str);
	if (problem->action != NULL) {
		g_string_assign(line, screen->utf8 ? "→ " : "-> ");
		phrase_first_sentence(line, problem->action);
		screen_paragraph(screen, "   ", line->str);
	}
	g_string_free(line, TRUE);
}

static void put_resolved(
    const struct screen *screen, const struct summary_problem *problem)
{
	GString *line = g_string_new(NULL);

	g_string_append_printf(
	    line, "%s: ", phrase_domain(problem->policy_domain));
	phrase_what(line, problem);
	screen_cell(screen, line->str, 45);
	g_string_truncate(line, 0);
	screen_printf(screen, "  last %s", problem->last_seen);
	screen_right(screen, problem->problem_id, 18);
	screen_put(screen, "\n");
	g_string_free(line, TRUE);
}

static void put_all_resolved(
    const struct screen *screen, const struct summary *summary)
{
	bool any = false;

	for (guint i = 0; i < summary->problems->len; i++) {
		const struct summary_problem *problem =
		    summary->problems->pdata[i];

		if (!is_resolved(problem))
			continue;
		if (!any)
			screen_heading(screen, "Over");
		any = true;
		put_resolved(screen, problem);
	}
}

static void put_problems(
    const struct screen *screen, const struct summary *summary)
{
	guint number = 0;

	screen_heading(screen, "Problems, most urgent first");
	for (guint i = 0; i < summary->problems->len; i++) {
		const struct summary_problem *problem =
		    summary->problems->pdata[i];

		if (!is_resolved(problem))
			put_problem(screen, ++number, problem);
	}
	if (number == 0)
		screen_put(screen, "None in these days.\n");
	put_all_resolved(screen, summary);
	if (summary->problem_count > summary->problems->len)
		screen_printf(screen,
		    "%" PRId64 " more, less urgent: --domain, or "
		    "tlsrpt.problem\n",
		    summary->problem_count - summary->problems->len);
	if (summary->problems->len > 0)
		screen_put(screen,
		    "Why, and the reports themselves: tlsrpt-report --problem "
		    "ID\n");
}

static void put_reporter(
    const struct screen *screen, const struct summary_reporter *reporter)
{
	int64_t total = summary_add(
	    reporter->successful_sessions, reporter->failed_sessions);

	screen_cell(screen, phrase_organization(reporter->organization_name),
	    NAME_COLUMNS);
	screen_count(screen, total, 13);
	screen_count(screen, reporter->failed_sessions, 9);
	put_rate(screen, reporter->failed_sessions, total);
	screen_count(screen, reporter->reports, 9);
	screen_printf(screen, "  %s", reporter->last_report);
	if (reporter->silent_domains > 0) {
		screen_ink(screen, INK_WARN);
		screen_put(screen, "  !");
		screen_ink(screen, INK_PLAIN);
	}
	screen_put(screen, "\n");
}

static void put_reporters(
    const struct screen *screen, const struct summary *summary)
{
	bool silent = false;

	screen_put(screen, "\n");
	screen_ink(screen, INK_BOLD);
	screen_printf(screen, "%-27s%13s%9s%7s%9s  %s\n", "Reporter",
	    "sessions", "failed", "rate", "reports", "last");
	screen_ink(screen, INK_PLAIN);
	for (guint i = 0; i < summary->reporters->len; i++) {
		const struct summary_reporter *reporter =
		    summary->reporters->pdata[i];

		silent = silent || reporter->silent_domains > 0;
		put_reporter(screen, reporter);
	}
	if (silent)
		screen_put(screen, "! has stopped to report on a domain, see "
				   "tlsrpt.silent_reporter\n");
}

static void put_title(
    const struct screen *screen, const struct summary *summary)
{
	GString *line = g_string_new(NULL);

	screen_ink(screen, INK_BOLD);
	screen_printf(screen, "SMTP TLS reports, %s to %s (%d day%s, UTC)\n",
	    summary->first_day, summary->last_day, summary->days,
	    summary->days == 1 ? "" : "s");
	screen_ink(screen, INK_PLAIN);
	phrase_counted(line, summary->reports, "report");
	g_string_append(line, " about ");
	phrase_counted(line, summary->domains->len, "domain");
	g_string_append(line, ": ");
	phrase_counted(line,
	    summary_add(summary->successful_sessions, summary->failed_sessions),
	    "session");
	g_string_append(line, ", ");
	phrase_count(line, summary->failed_sessions);
	g_string_append(line, " failed.");
	if (summary->rejections > 0) {
		g_string_append_c(line, ' ');
		phrase_counted(line, summary->rejections, "report");
		g_string_append(line, " not taken (tlsrpt.rejection).");
	}
	screen_paragraph(screen, "", line->str);
	g_string_free(line, TRUE);
}

void summary_text(const struct screen *screen, const struct summary *summary)
{
	put_title(screen, summary);
	if (summary->domains->len == 0) {
		screen_put(screen,
		    "\nNo report is about these days. Is the address in the "
		    "_smtp._tls record one\nthat the milter looks at, and is "
		    "tlsrpt-loader running?\n");
	} else {
		put_domains(screen, summary);
		put_problems(screen, summary);
	}
	if (summary->reporters->len > 0)
		put_reporters(screen, summary);
}
