/* SPDX-License-Identifier: MIT */
/*
 * Thresholds are compared with each domain by itself: a small domain that is
 * broken must not hide behind a large one that is well. A pipe would end the
 * text (Monitoring Plugins Development Guidelines, section 2), so one in a
 * stranger's text becomes a slash.
 */
#include "monitoring.h"

#include <inttypes.h>
#include <string.h>

#include "base/escape.h"
#include "wording.h"

#define WORST_DOMAINS 50
#define LONG_PROBLEMS 20
#define TEXT_CHARS 400

static void put_safe(GString *out, const char *text)
{
	g_autoptr(GString) safe = g_string_new(NULL);

	escape_terminal(safe, text, TEXT_CHARS);
	g_string_append(out, g_strdelimit(safe->str, "|", '/'));
}

/* A line of its own, if there is any text; it is empty then for the next one.
 */
static void put_line(GString *out, GString *line)
{
	if (line->len > 0) {
		put_safe(out, line->str);
		g_string_append_c(out, '\n');
	}
	g_string_truncate(line, 0);
}

static double percent_of(const struct summary_sessions *sessions)
{
	return 100 * MAX(summary_sessions_rate(sessions), 0);
}

static enum monitoring_status judge_percent(
    double percent, const struct monitoring_limits *limits)
{
	if (percent >= limits->critical)
		return MONITORING_CRITICAL;
	return percent >= limits->warning ? MONITORING_WARNING : MONITORING_OK;
}

static bool is_too_old(
    const struct summary *summary, const struct monitoring_limits *limits)
{
	return limits->max_age > 0 &&
	       (summary->age_days < 0 || summary->age_days >= limits->max_age);
}

/* The domain with the highest rate, or NULL without any. */
static const struct summary_domain *find_worst(const struct summary *summary)
{
	const struct summary_domain *worst = NULL;

	for (guint i = 0; i < summary->domains->len; i++) {
		const struct summary_domain *domain =
		    g_ptr_array_index(summary->domains, i);

		if (worst == NULL || percent_of(&domain->sessions) >
					 percent_of(&worst->sessions))
			worst = domain;
	}
	return worst;
}

static void put_age(GString *out, const struct summary *summary)
{
	if (summary->age_days < 0)
		g_string_append(out, "no report came in the last 90 days; ");
	else
		g_string_append_printf(out,
		    "no report came for %" PRId64 " day%s; ", summary->age_days,
		    summary->age_days == 1 ? "" : "s");
}

static void put_sentence(GString *out, const struct summary *summary,
    const struct summary_domain *worst)
{
	if (worst == NULL) {
		g_string_append(out, "no sessions reported");
	} else {
		wording_count(out, summary->sessions.failed);
		g_string_append(out, " of ");
		wording_counted(
		    out, summary_sessions_total(&summary->sessions), "session");
		g_string_append(out, " failed");
	}
	g_string_append_printf(
	    out, " in %d day%s", summary->days, summary->days == 1 ? "" : "s");
	if (worst != NULL && worst->sessions.failed > 0) {
		g_string_append(out, ", worst ");
		put_safe(out, wording_domain(worst->policy_domain));
		g_string_append_c(out, ' ');
		wording_rate(out, &worst->sessions);
	}
}

static void put_number(GString *out, double number)
{
	char digits[G_ASCII_DTOSTR_BUF_SIZE];

	g_string_append(
	    out, g_ascii_formatd(digits, sizeof(digits), "%.4g", number));
}

/* 'label'=12.5%;5;10;0;100 */
static void put_percent(GString *out, const char *label, double percent,
    const struct monitoring_limits *limits)
{
	g_string_append_printf(out, " '%s'=", label);
	put_number(out, percent);
	g_string_append(out, "%;");
	put_number(out, limits->warning);
	g_string_append_c(out, ';');
	put_number(out, limits->critical);
	g_string_append(out, ";0;100");
}

/* With a quote or an equals sign in it a label could forge another value. */
static bool is_label(const char *name)
{
	for (; name != NULL && *name != '\0'; name++)
		if (!g_ascii_isalnum(*name) && strchr(".-_", *name) == NULL)
			return false;
	return name != NULL;
}

static void put_numbers(GString *out, const struct summary *summary,
    const struct monitoring_limits *limits)
{
	guint shown = MIN(summary->domains->len, WORST_DOMAINS);

	g_string_append(out, " |");
	put_percent(
	    out, "failure_rate", percent_of(&summary->sessions), limits);
	g_string_append_printf(out,
	    " 'failed_sessions'=%" PRId64 ";;;0 'sessions'=%" PRId64
	    ";;;0 'reports'=%" PRId64 ";;;0 'problems'=%" PRId64 ";;;0",
	    summary->sessions.failed,
	    summary_sessions_total(&summary->sessions), summary->reports,
	    summary->open_problem_count);
	if (summary->age_days >= 0) {
		g_string_append_printf(
		    out, " 'age_days'=%" PRId64 ";", summary->age_days);
		if (limits->max_age > 0)
			g_string_append_printf(out, "%d", limits->max_age);
		g_string_append(out, ";;0");
	}
	for (guint i = 0; i < shown; i++) {
		const struct summary_domain *domain =
		    g_ptr_array_index(summary->domains, i);

		if (is_label(domain->policy_domain))
			put_percent(out, domain->policy_domain,
			    percent_of(&domain->sessions), limits);
	}
}

static void put_problems(GString *out, const struct summary *summary)
{
	g_autoptr(GString) line = g_string_new(NULL);
	guint shown = 0;

	for (guint i = 0; i < summary->problems->len; i++) {
		const struct summary_problem *problem =
		    g_ptr_array_index(summary->problems, i);

		if (summary_problem_resolved(problem) ||
		    shown++ >= LONG_PROBLEMS)
			continue;
		wording_title(line, problem);
		g_string_append(line, ": ");
		wording_facts(line, problem);
		g_string_append_printf(line, " (%s)", wording_side(problem));
		put_line(out, line);
	}
}

/* What is not in the problems: failures without details, and domains that were
 * asked for but have no report in this period. */
static void put_others(GString *out, const struct summary *summary)
{
	g_autoptr(GString) line = g_string_new(NULL);
	guint shown = MIN(summary->undetailed->len, LONG_PROBLEMS);

	for (guint i = 0; i < shown; i++) {
		wording_undetailed(
		    line, g_ptr_array_index(summary->undetailed, i));
		put_line(out, line);
	}
	for (guint i = 0; i < summary->asked->len; i++) {
		wording_asked(
		    line, summary, g_ptr_array_index(summary->asked, i));
		put_line(out, line);
	}
}

/* "no report names exmaple.test, exmaple.net; ": a mistyped name must not be
 * called well for ever. */
static bool put_unknown(GString *out, const struct summary *summary)
{
	const char *before = "no report names ";

	for (guint i = 0; i < summary->asked->len; i++) {
		const struct summary_asked *asked =
		    g_ptr_array_index(summary->asked, i);

		if (asked->last_report != NULL)
			continue;
		g_string_append(out, before);
		put_safe(out, asked->policy_domain);
		before = ", ";
	}
	if (*before != ',')
		return false;
	g_string_append(out, "; ");
	return true;
}

enum monitoring_status monitoring_output(GString *out,
    const struct summary *summary, const struct monitoring_limits *limits)
{
	static const char *const names[] = {
	    "OK", "WARNING", "CRITICAL", "UNKNOWN"};
	const struct summary_domain *worst = find_worst(summary);
	enum monitoring_status status =
	    worst != NULL ? judge_percent(percent_of(&worst->sessions), limits)
			  : MONITORING_OK;
	bool too_old = is_too_old(summary, limits);
	g_autoptr(GString) text = g_string_new(NULL);

	if (put_unknown(text, summary) && status == MONITORING_OK)
		status = MONITORING_UNKNOWN;
	else if (too_old && status == MONITORING_OK)
		status = MONITORING_WARNING;
	if (too_old)
		put_age(text, summary);
	put_sentence(text, summary, worst);
	g_string_append_printf(out, "TLSRPT %s: %s", names[status], text->str);
	put_numbers(out, summary, limits);
	g_string_append_c(out, '\n');
	put_problems(out, summary);
	put_others(out, summary);
	return status;
}

enum monitoring_status monitoring_unknown(GString *out, const char *why)
{
	g_string_append(out, "TLSRPT UNKNOWN: ");
	put_safe(out, why);
	g_string_append_c(out, '\n');
	return MONITORING_UNKNOWN;
}
