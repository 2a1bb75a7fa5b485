/* SPDX-License-Identifier: MIT */
/*
 * The page is written front to back, as it is read: the figures, the problems,
 * the days, the domains, the reporters.
 */
#include "summary_html.h"

#include <inttypes.h>

#include "html_chart.h"
#include "html_page.h"
#include "problem_html.h"
#include "wording.h"

/* The worst domains that are on the page, and those that have charts. */
#define MOST_DOMAINS 100
#define MOST_CHARTS 20

static void put_rate(
    GString *out, const char *class, const struct summary_sessions *sessions)
{
	g_autoptr(GString) rate = g_string_new(NULL);

	wording_rate(rate, sessions);
	html_put(out, "<td class=\"%s\">%s</td>", class, rate->str);
}

static void put_row_name(GString *out, const char *name)
{
	g_string_append(out, "<tr><th scope=\"row\">");
	html_put_cut(out, name, WORDING_NAME);
	g_string_append(out, "</th>");
}

static void open_section(GString *out, const char *id, const char *title)
{
	html_put(out, "<section aria-labelledby=\"%s\"><h2 id=\"%s\">%s</h2>\n",
	    id, id, title);
}

/* A phone scrolls the region sideways; tabindex makes it reachable by keyboard.
 */
static void open_table(GString *out, const char *caption, const char *columns)
{
	g_string_append_printf(out,
	    "<div class=\"scroll\" tabindex=\"0\" role=\"region\" "
	    "aria-label=\"%s\"><table><caption>%s</caption><thead><tr>%s</tr>"
	    "</thead><tbody>\n",
	    caption, caption, columns);
}

/* Empties value and note for the next tile. */
static void put_tile(GString *out, const char *class, const char *label,
    GString *value, GString *note)
{
	html_put(out,
	    "<li class=\"tile "
	    "%s\"><span>%s</span><b>%s</b><span>%s</span></li>\n",
	    class, label, value->str, note->str);
	g_string_truncate(value, 0);
	g_string_truncate(note, 0);
}

static void put_tiles(GString *out, const struct summary *summary)
{
	const struct summary_sessions *sessions = &summary->sessions;
	g_autoptr(GString) value = g_string_new(NULL);
	g_autoptr(GString) note = g_string_new(NULL);

	g_string_append(out, "<ul class=\"tiles\" aria-label=\"Overview\">\n");
	wording_count(value, summary_sessions_total(sessions));
	wording_counted(note, sessions->failed, "session");
	g_string_append(note, " failed");
	put_tile(out, "", "Sessions", value, note);

	wording_rate(value, sessions);
	wording_trend(note, summary);
	if (note->len == 0)
		g_string_append(note, "no earlier days to compare with");
	put_tile(out,
	    sessions->failed > 0       ? "alarm"
	    : sessions->successful > 0 ? "calm"
				       : "",
	    "Failure rate", value, note);

	wording_count(value, summary->open_problem_count);
	wording_count(note, summary->ours_count);
	g_string_append(note, " on our side");
	put_tile(out, summary->open_problem_count > 0 ? "alarm" : "calm",
	    "Open problems", value, note);

	wording_count(value, summary->reports);
	g_string_append(note, "about ");
	wording_counted(note, summary->domains->len, "domain");
	put_tile(out, "", "Reports", value, note);
	g_string_append(out, "</ul>\n");
}

static void put_header(GString *out, const struct summary *summary)
{
	g_string_append_printf(out,
	    "<header><h1>SMTP TLS reports</h1>\n<p class=\"lead\">%s to %s "
	    "(%d day%s, UTC)",
	    summary->first_day, summary->last_day, summary->days,
	    summary->days == 1 ? "" : "s");
	if (summary->domains->len == 1) {
		const struct summary_domain *domain =
		    g_ptr_array_index(summary->domains, 0);

		html_put(out, ", %s", wording_domain(domain->policy_domain));
	}
	g_string_append(out, "</p>\n");
	put_tiles(out, summary);
	g_string_append(out, "</header>\n");
}

/* Text, if there is any; it is empty then for the next card. */
static void put_card(GString *out, GString *text)
{
	if (text->len > 0)
		html_put(out, "<p class=\"card\">%s</p>\n", text->str);
	g_string_truncate(text, 0);
}

static void put_undetailed(GString *out, const struct summary *summary)
{
	guint shown = MIN(summary->undetailed->len, MOST_DOMAINS);
	g_autoptr(GString) text = g_string_new(NULL);

	for (guint i = 0; i < shown; i++) {
		wording_undetailed(
		    text, g_ptr_array_index(summary->undetailed, i));
		put_card(out, text);
	}
}

/* Which domains that were asked for have no report; and what to check if there
 * is no report at all. */
static void put_asked(GString *out, const struct summary *summary)
{
	g_autoptr(GString) text = g_string_new(NULL);

	for (guint i = 0; i < summary->asked->len; i++) {
		wording_asked(
		    text, summary, g_ptr_array_index(summary->asked, i));
		put_card(out, text);
	}
	if (summary->domains->len == 0)
		wording_nothing(text, summary);
	put_card(out, text);
}

/* Those of the problems that are resolved, or those that are not. Returns how
 * many there are. */
static guint put_articles(
    GString *out, const struct summary *summary, bool resolved)
{
	guint count = 0;

	for (guint i = 0; i < summary->problems->len; i++) {
		const struct summary_problem *problem =
		    g_ptr_array_index(summary->problems, i);

		if (summary_problem_resolved(problem) == resolved) {
			problem_html_article(out, problem);
			count++;
		}
	}
	return count;
}

static void put_problems(GString *out, const struct summary *summary)
{
	g_autoptr(GString) resolved = g_string_new(NULL);
	guint count = put_articles(resolved, summary, true);

	open_section(out, "problems", "Problems, most urgent first");
	put_undetailed(out, summary);
	if (summary->open_problem_count == 0 && summary->undetailed->len == 0)
		g_string_append(
		    out, "<p class=\"card\">There is no open problem.</p>\n");
	put_articles(out, summary, false);
	if (count > 0)
		g_string_append_printf(out,
		    "<details class=\"over card\"><summary>Resolved: %u "
		    "problem%s</summary>\n%s</details>\n",
		    count, count == 1 ? "" : "s", resolved->str);
	if (summary->problem_count > summary->problems->len)
		g_string_append_printf(out,
		    "<p class=\"soft\">%" PRId64
		    " less urgent ones are not shown.</p>\n",
		    summary->problem_count - summary->problems->len);
	g_string_append(out, "</section>\n");
}

static void put_days(GString *out, const struct summary *summary)
{
	open_section(out, "days", "Day by day");
	g_string_append(out, "<div class=\"two\"><div class=\"card\">");
	html_chart(out, CHART_SESSIONS, summary, summary->by_day, "all domains",
	    "all-s");
	g_string_append(out, "</div><div class=\"card\">");
	html_chart(
	    out, CHART_RATE, summary, summary->by_day, "all domains", "all-r");
	g_string_append(out, "</div></div></section>\n");
}

static void put_domain_row(GString *out, const struct summary *summary,
    const struct summary_domain *domain)
{
	const char *name = wording_domain(domain->policy_domain);

	put_row_name(out, name);
	html_put_count(out, "n", summary_sessions_total(&domain->sessions));
	html_put_count(out, "n", domain->sessions.failed);
	put_rate(out, "n", &domain->sessions);
	put_rate(out, "n wide", &domain->previous);
	g_string_append(out, "<td class=\"wide\">");
	html_chart_spark(out, summary, domain->by_day, name);
	g_string_append(out, "</td>");
	html_put_count(out, "n wide", domain->reporters);
	html_put(
	    out, "<td class=\"w wide\">%s</td></tr>\n", domain->last_report);
}

static void put_domain_charts(GString *out, const struct summary *summary,
    const struct summary_domain *domain, guint number)
{
	const char *name = wording_domain(domain->policy_domain);
	char id[32];

	html_put(out,
	    "<details class=\"domain\"><summary>%s, day by day</summary>"
	    "<div class=\"two\">",
	    name);
	g_snprintf(id, sizeof(id), "d%u-s", number);
	html_chart(out, CHART_SESSIONS, summary, domain->by_day, name, id);
	g_snprintf(id, sizeof(id), "d%u-r", number);
	html_chart(out, CHART_RATE, summary, domain->by_day, name, id);
	g_string_append(out, "</div></details>\n");
}

static void put_domains(GString *out, const struct summary *summary)
{
	guint shown = MIN(summary->domains->len, MOST_DOMAINS);

	open_section(out, "domains", "Domains");
	g_string_append(out, "<div class=\"card\">");
	open_table(out, "Most failed sessions first",
	    "<th scope=\"col\">Domain</th><th scope=\"col\" "
	    "class=\"n\">Sessions</th><th scope=\"col\" class=\"n\">Failed"
	    "</th><th scope=\"col\" class=\"n\">Failure rate</th><th "
	    "scope=\"col\" class=\"n wide\">Before</th><th scope=\"col\" "
	    "class=\"wide\">By day</th><th scope=\"col\" class=\"n wide\">"
	    "Reporters</th><th scope=\"col\" class=\"wide\">Last report</th>");
	for (guint i = 0; i < shown; i++)
		put_domain_row(
		    out, summary, g_ptr_array_index(summary->domains, i));
	g_string_append(out, "</tbody></table></div>\n");
	if (shown < summary->domains->len)
		g_string_append_printf(out,
		    "<p class=\"soft\">%u more are not shown.</p>\n",
		    summary->domains->len - shown);
	for (guint i = 0;
	     i < MIN(shown, MOST_CHARTS) && summary->domains->len > 1; i++)
		put_domain_charts(
		    out, summary, g_ptr_array_index(summary->domains, i), i);
	g_string_append(out, "</div></section>\n");
}

static void put_shares(GString *out, const char *caption, const char *column,
    const GPtrArray *shares, const char *unnamed)
{
	int64_t most = 1;
	g_autofree char *columns = g_strdup_printf(
	    "<th scope=\"col\">%s</th><th scope=\"col\" class=\"n\">Failed"
	    "</th><th scope=\"col\" class=\"n wide\">Reporters</th><td "
	    "class=\"wide\"></td>",
	    column);

	g_string_append(out, "<div class=\"card\">");
	open_table(out, caption, columns);
	for (guint i = 0; i < shares->len; i++) {
		const struct summary_share *share =
		    g_ptr_array_index(shares, i);

		most = MAX(most, share->failed_sessions);
		put_row_name(out, share->name != NULL ? share->name : unnamed);
		html_put_count(out, "n", share->failed_sessions);
		html_put_count(out, "n wide", share->reporters);
		g_string_append(out, "<td class=\"wide\">");
		html_chart_bar(
		    out, (double)share->failed_sessions / (double)most);
		g_string_append(out, "</td></tr>\n");
	}
	g_string_append(out, "</tbody></table></div>\n</div>\n");
}

static void put_failures(GString *out, const struct summary *summary)
{
	if (summary->result_types->len == 0)
		return;
	open_section(out, "failures", "What fails, and where");
	g_string_append(out, "<div class=\"two\">");
	put_shares(out, "Failed sessions by type", "Type",
	    summary->result_types, "(no type given)");
	put_shares(out, "Failed sessions by MX host", "MX host",
	    summary->mx_hosts, "(no host named)");
	g_string_append(out, "</div></section>\n");
}

static void put_reporter(GString *out, const struct summary_reporter *reporter)
{
	const struct summary_sessions *sessions = &reporter->sessions;

	put_row_name(out, wording_organization(reporter->organization_name));
	html_put_count(out, "n wide", reporter->reports);
	html_put_count(out, "n", summary_sessions_total(sessions));
	html_put_count(out, "n", sessions->failed);
	put_rate(out, "n wide", sessions);
	html_put(out, "<td class=\"w\">%s", reporter->last_report);
	if (reporter->silent_domains > 0)
		g_string_append(
		    out, " <span class=\"chip warn\">silent</span>");
	g_string_append(out, "</td></tr>\n");
}

static void put_reporters(GString *out, const struct summary *summary)
{
	bool silent = false;

	if (summary->reporters->len == 0)
		return;
	open_section(out, "reporters", "Who reports");
	g_string_append(out, "<div class=\"card\">");
	open_table(out, "Most sessions first",
	    "<th scope=\"col\">Sender</th><th scope=\"col\" class=\"n wide\">"
	    "Reports</th><th scope=\"col\" class=\"n\">Sessions</th><th "
	    "scope=\"col\" class=\"n\">Failed</th><th scope=\"col\" class=\"n "
	    "wide\">Failure rate</th><th scope=\"col\">Last report about</th>");
	for (guint i = 0; i < summary->reporters->len; i++) {
		const struct summary_reporter *reporter =
		    g_ptr_array_index(summary->reporters, i);

		silent = silent || reporter->silent_domains > 0;
		put_reporter(out, reporter);
	}
	g_string_append(out, "</tbody></table></div>\n");
	if (silent)
		g_string_append(out,
		    "<p class=\"soft\">Silent: has stopped reporting on a "
		    "domain, see tlsrpt.silent_reporter.</p>\n");
	g_string_append(out, "</div></section>\n");
}

static void put_footer(GString *out, const struct summary *summary)
{
	g_string_append(out, "<footer><p>");
	if (summary->rejections > 0)
		g_string_append_printf(out,
		    "%" PRId64
		    " report%s in this period could not be accepted: "
		    "see tlsrpt.rejection. ",
		    summary->rejections, summary->rejections == 1 ? "" : "s");
	html_put(out,
	    "Days are in UTC; most reports arrive the day after. One session "
	    "may fail in several ways.</p><p>Written %s by "
	    "tlsrpt-report " VERSION ".</p></footer>\n",
	    summary->generated_at);
}

void summary_html(GString *out, const struct summary *summary)
{
	html_page_open(out, "SMTP TLS reports");
	put_header(out, summary);
	g_string_append(out, "<main>\n");
	put_asked(out, summary);
	if (summary->domains->len > 0) {
		put_days(out, summary);
		put_problems(out, summary);
		put_domains(out, summary);
		put_failures(out, summary);
	}
	put_reporters(out, summary);
	g_string_append(out, "</main>\n");
	put_footer(out, summary);
	html_page_close(out);
}
