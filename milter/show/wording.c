/* SPDX-License-Identifier: MIT */
/*
 * The %f of printf follows LC_NUMERIC; main() sets LC_CTYPE alone, so that the
 * decimal point is a point in every locale.
 */
#include "wording.h"

#include <inttypes.h>
#include <string.h>

#define NAMES_SHOWN 2

void wording_count(GString *out, int64_t count)
{
	gsize start = out->len;

	g_string_append_printf(out, "%" PRId64, count);
	for (gsize at = out->len; at > start + 3;) {
		at -= 3;
		g_string_insert_c(out, (gssize)at, ',');
	}
}

void wording_count_within(GString *out, int64_t count, size_t most)
{
	static const char units[] = " kMGTPE";
	gsize start = out->len;
	int64_t whole = count, rest = 0;
	size_t unit = 0;

	wording_count(out, count);
	if (out->len - start <= most)
		return;
	g_string_truncate(out, start);
	for (; whole >= 1000 && units[unit + 1] != '\0'; unit++) {
		rest = whole % 1000;
		whole /= 1000;
	}
	g_string_append_printf(out, "%" PRId64, whole);
	if (unit > 0 && whole < 10)
		g_string_append_printf(out, ".%02" PRId64, rest / 10);
	else if (unit > 0 && whole < 100)
		g_string_append_printf(out, ".%" PRId64, rest / 100);
	if (unit > 0)
		g_string_append_c(out, units[unit]);
}

void wording_counted(GString *out, int64_t count, const char *singular)
{
	wording_count(out, count);
	g_string_append_printf(out, " %s%s", singular, count == 1 ? "" : "s");
}

void wording_share(GString *out, double share)
{
	double percent = 100 * share;

	if (share < 0)
		g_string_append_c(out, '-');
	else if (share > 0 && percent < 0.1)
		g_string_append(out, "<0.1%");
	else if (share < 1 && percent > 99.9)
		g_string_append(out, ">99.9%");
	else
		g_string_append_printf(out, "%.1f%%", percent);
}

void wording_rate(GString *out, const struct summary_sessions *sessions)
{
	double rate = summary_sessions_rate(sessions);

	/* In a double, one success is lost beside 9 * 10^18 failures. */
	if (rate >= 1 && sessions->successful > 0)
		g_string_append(out, ">99.9%");
	else
		wording_share(out, rate);
}

void wording_trend(GString *out, const struct summary *summary)
{
	double now = summary_sessions_rate(&summary->sessions);
	double before = summary_sessions_rate(&summary->previous);

	if (now < 0 || before < 0)
		return;
	g_string_append(out, now > before   ? "up from "
			     : now < before ? "down from "
					    : "still ");
	wording_rate(out, &summary->previous);
	if (summary->days == 1)
		g_string_append(out, " the day before");
	else
		g_string_append_printf(
		    out, " in the %d days before", summary->days);
}

void wording_span(GString *out, const char *first, const char *last)
{
	if (first == NULL || last == NULL || strcmp(first, last) == 0)
		g_string_append_printf(out, "on %s",
		    first != NULL  ? first
		    : last != NULL ? last
				   : "a day");
	else
		g_string_append_printf(out, "from %s to %s", first, last);
}

void wording_first_sentence(GString *out, const char *text)
{
	const char *end = text;

	while ((end = strstr(end, ". ")) != NULL) {
		/* Not after "Inc." or "e.g." in the middle of a sentence. */
		if (g_ascii_isupper(end[2])) {
			g_string_append_len(out, text, end + 1 - text);
			return;
		}
		end += 2;
	}
	g_string_append(out, text);
}

void wording_cut(GString *out, const char *text, glong most)
{
	/* What the database holds is valid UTF-8. */
	if (g_utf8_strlen(text, -1) <= most) {
		g_string_append(out, text);
		return;
	}
	g_string_append_len(
	    out, text, g_utf8_offset_to_pointer(text, most) - text);
	g_string_append(out, "…");
}

void wording_what(GString *out, const struct summary_problem *problem)
{
	g_string_append(out, problem->result_type != NULL ? problem->result_type
							  : "unnamed failure");
	if (problem->receiving_mx_hostname != NULL)
		g_string_append_printf(
		    out, " at %s", problem->receiving_mx_hostname);
}

void wording_title(GString *out, const struct summary_problem *problem)
{
	g_string_append_printf(
	    out, "%s: ", wording_domain(problem->policy_domain));
	wording_what(out, problem);
}

const char *wording_share_days(const struct summary_problem *problem)
{
	const char *last = problem->last_seen != NULL ? problem->last_seen : "";
	const char *first =
	    problem->first_seen != NULL ? problem->first_seen : last;
	GDate from, to;

	g_date_clear(&from, 1);
	g_date_clear(&to, 1);
	g_date_set_parse(&from, first);
	g_date_set_parse(&to, last);
	if (strcmp(first, last) == 0)
		return "on that day";
	return g_date_valid(&from) && g_date_valid(&to) &&
		       g_date_days_between(&from, &to) < 7
		   ? "on those days"
		   : "in its last week";
}

void wording_facts(GString *out, const struct summary_problem *problem)
{
	/* A failure may be reported without a count. */
	if (problem->failed_sessions == 0)
		g_string_append(out, "an unknown number of sessions");
	else
		wording_counted(out, problem->failed_sessions, "session");
	g_string_append(out, " failed ");
	wording_span(out, problem->first_seen, problem->last_seen);
	if (problem->affected_share > 0) {
		g_string_append(out, ", ");
		wording_share(out, problem->affected_share);
		g_string_append_printf(
		    out, " of all %s", wording_share_days(problem));
	}
	if (problem->reporters > NAMES_SHOWN) {
		g_string_append(out, "; ");
		wording_counted(out, problem->reporters, "reporter");
	} else if (problem->reporter_names != NULL) {
		g_string_append(out, "; reported by ");
		wording_cut(
		    out, problem->reporter_names, NAMES_SHOWN * WORDING_NAME);
	}
	if (out->str[out->len - 1] != '.')
		g_string_append_c(out, '.');
}

void wording_undetailed(
    GString *out, const struct summary_undetailed *undetailed)
{
	const char *what = undetailed->failed_sessions == 1 ? "it" : "them";

	wording_counted(out, undetailed->failed_sessions, "session");
	g_string_append_printf(out,
	    " failed at %s, but the reports give no details of %s: ask whoever "
	    "reported %s (",
	    wording_domain(undetailed->policy_domain), what, what);
	if (undetailed->reporters > NAMES_SHOWN ||
	    undetailed->reporter_names == NULL)
		wording_counted(out, undetailed->reporters, "reporter");
	else
		wording_cut(out, undetailed->reporter_names,
		    NAMES_SHOWN * WORDING_NAME);
	g_string_append(out,
	    "; see contact_info in tlsrpt.report), or look at the documents.");
}

void wording_asked(GString *out, const struct summary *summary,
    const struct summary_asked *asked)
{
	if (asked->last_report == NULL)
		g_string_append_printf(
		    out, "No report names %s.", asked->policy_domain);
	else if (g_strcmp0(asked->last_report, summary->first_day) < 0)
		g_string_append_printf(out,
		    "No report in this period is about %s; the last one covers "
		    "%s.",
		    asked->policy_domain, asked->last_report);
}

void wording_nothing(GString *out, const struct summary *summary)
{
	if (summary->asked->len == 0 || !summary->any_domain) {
		g_string_append(out,
		    "There is no report in this period. Does the milter look "
		    "at mail to the address in your _smtp._tls record, and is "
		    "tlsrpt-loader running?");
		return;
	}
	for (guint i = 0; i < summary->asked->len; i++) {
		const struct summary_asked *asked =
		    g_ptr_array_index(summary->asked, i);

		if (asked->last_report == NULL) {
			g_string_append(out,
			    "Is the name right? Without --domain, all domains "
			    "that reports name are shown.");
			return;
		}
	}
}

const char *wording_side(const struct summary_problem *problem)
{
	if (g_strcmp0(problem->side, "ours") == 0)
		return "our side";
	if (g_strcmp0(problem->side, "sender") == 0)
		return "the sender's side";
	return "side unclear";
}

const char *wording_domain(const char *policy_domain)
{
	return policy_domain != NULL ? policy_domain : "(domain not named)";
}

const char *wording_organization(const char *organization_name)
{
	return organization_name != NULL ? organization_name : "(not named)";
}
