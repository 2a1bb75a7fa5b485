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
#define NAME_COLUMNS 26
#define TOTAL_COLUMNS 13
#define FAILED_COLUMNS 10
#define BAR_COLUMNS 8
#define DAY_COLUMNS 7

#define MOST_DOMAINS 25

/* Bars are as long as the worst domain's; of rates below this none is full. */
#define LEAST_FULL_BAR 0.05

static double worst_rate(const struct summary *summary)
{
	double worst = LEAST_FULL_BAR;

	for (guint i = 0; i < MIN(summary->domains->len, MOST_DOMAINS); i++) {
		const struct summary_domain *domain =
		    summary->domains->pdata[i];

		worst = MAX(worst, summary_sessions_rate(&domain->sessions));
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
		struct summary_sessions sessions = {0};
		int from = summary->days * column / columns;
		int to = summary->days * (column + 1) / columns;

		for (int day = from; day < to; day++)
			summary_sessions_add(&sessions, &domain->by_day[day]);
		rates[column] = summary_sessions_rate(&sessions);
		worst = MAX(worst, rates[column]);
	}
	for (int column = 0; column < columns; column++)
		screen_spark(screen, rates[column] / worst);
	screen_cell(screen, "", (size_t)(DAY_COLUMNS - columns));
}

static void put_rate(
    const struct screen *screen, const struct summary_sessions *sessions)
{
	GString *rate = g_string_new(NULL);

	phrase_rate(rate, sessions);
	screen_right(screen, rate->str, 7);
	g_string_free(rate, TRUE);
}

static void put_domain(const struct screen *screen,
    const struct summary *summary, const struct summary_domain *domain,
    double full)
{
	const struct summary_sessions *sessions = &domain->sessions;

	screen_cell(screen, phrase_domain(domain->policy_domain), NAME_COLUMNS);
	screen_count(screen, summary_sessions_total(sessions), TOTAL_COLUMNS);
	screen_ink(screen, sessions->failed > 0 ? INK_BAD : INK_GOOD);
	screen_count(screen, sessions->failed, FAILED_COLUMNS);
	put_rate(screen, sessions);
	screen_put(screen, " ");
	screen_bar(screen, summary_sessions_rate(sessions) / full, BAR_COLUMNS);
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
	screen_printf(screen, "%-*s%*s%*s%16s %-7s  %s\n", NAME_COLUMNS,
	    "Domain", TOTAL_COLUMNS, "sessions", FAILED_COLUMNS, "failed",
	    "failure rate", "by day", "last");
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

/* What no problem stands for. */
static void put_all_undetailed(
    const struct screen *screen, const struct summary *summary)
{
	GString *line = g_string_new(NULL);
	guint shown = MIN(summary->undetailed->len, MOST_DOMAINS);

	for (guint i = 0; i < shown; i++) {
		g_string_truncate(line, 0);
		phrase_undetailed(line, summary->undetailed->pdata[i]);
		screen_paragraph(screen, "", line->str);
	}
	g_string_free(line, TRUE);
}

static void put_all_resolved(
    const struct screen *screen, const struct summary *summary)
{
	bool any = false;

	for (guint i = 0; i < summary->problems->len; i++) {
		const struct summary_problem *problem =
		    summary->problems->pdata[i];

		if (!summary_problem_resolved(problem))
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

		if (!summary_problem_resolved(problem))
			put_problem(screen, ++number, problem);
	}
	put_all_undetailed(screen, summary);
	if (number == 0 && summary->undetailed->len == 0)
		screen_put(screen, summary->problems->len > 0
				       ? "None that goes on.\n"
				       : "None in these days.\n");
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
	const struct summary_sessions *sessions = &reporter->sessions;

	screen_cell(screen, phrase_organization(reporter->organization_name),
	    NAME_COLUMNS);
	screen_count(screen, summary_sessions_total(sessions), TOTAL_COLUMNS);
	screen_count(screen, sessions->failed, FAILED_COLUMNS);
	put_rate(screen, sessions);
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
	screen_printf(screen, "%-*s%*s%*s%7s%9s  %s\n", NAME_COLUMNS,
	    "Reporter", TOTAL_COLUMNS, "sessions", FAILED_COLUMNS, "failed",
	    "rate", "reports", "last");
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

/* " (1.4%, up from 0.4% in the 7 days before)". */
static void put_title_rate(GString *line, const struct summary *summary)
{
	GString *trend = g_string_new(NULL);

	if (summary_sessions_rate(&summary->sessions) >= 0) {
		g_string_append(line, " (");
		phrase_rate(line, &summary->sessions);
		phrase_trend(trend, summary);
		g_string_append_printf(
		    line, "%s%s)", trend->len > 0 ? ", " : "", trend->str);
	}
	g_string_free(trend, TRUE);
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
	phrase_counted(
	    line, summary_sessions_total(&summary->sessions), "session");
	g_string_append(line, ", ");
	phrase_count(line, summary->sessions.failed);
	g_string_append(line, " failed");
	put_title_rate(line, summary);
	g_string_append_c(line, '.');
	if (summary->rejections > 0) {
		g_string_append_c(line, ' ');
		phrase_counted(line, summary->rejections, "report");
		g_string_append(line, " not taken (tlsrpt.rejection).");
	}
	screen_paragraph(screen, "", line->str);
	g_string_free(line, TRUE);
}

/* Where there is nothing, why. */
static void put_asked(
    const struct screen *screen, const struct summary *summary)
{
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < summary->asked->len; i++) {
		phrase_asked(text, summary, summary->asked->pdata[i]);
		g_string_append_c(text, ' ');
	}
	if (summary->domains->len == 0)
		phrase_nothing(text, summary);
	g_strchomp(text->str);
	if (*text->str != '\0') {
		screen_put(screen, "\n");
		screen_paragraph(screen, "", text->str);
	}
	g_string_free(text, TRUE);
}

void summary_text(const struct screen *screen, const struct summary *summary)
{
	put_title(screen, summary);
	put_asked(screen, summary);
	if (summary->domains->len > 0) {
		put_domains(screen, summary);
		put_problems(screen, summary);
	}
	if (summary->reporters->len > 0)
		put_reporters(screen, summary);
}
