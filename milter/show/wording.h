/* SPDX-License-Identifier: MIT */
/*
 * phrase: numbers, days and problems as words, the same in every output.
 *
 * Knows how a count, a share and a stretch of days are written. Leaves escaping
 * to escape.c: what comes out may hold a stranger's text. Pure; any thread.
 */
#ifndef SHOW_WORDING_H
#define SHOW_WORDING_H

#include <glib.h>
#include <stdint.h>

#include "summary.h"

/* 1234567 as "1,234,567". */
void wording_count(GString *out, int64_t count);
/* The same with what was counted: "1 session", "2,000 sessions". */
void wording_counted(GString *out, int64_t count, const char *singular);

/* The same within so many characters, 5 or more: what is longer is cut to three
 * digits and a unit, "12.3M", and so never more than it is. */
void wording_count_within(GString *out, int64_t count, size_t most);

/* Failed of all as "1.3%": rounded, but never "0.0%" for what failed nor
 * "100.0%" where something did not; "-" of none. */
void wording_rate(GString *out, const struct summary_sessions *sessions);
/* The same of 0 to 1; "-" below 0. */
void wording_share(GString *out, double share);
/* "up from 0.4% in the 7 days before"; nothing when there were no sessions. */
void wording_trend(GString *out, const struct summary *summary);

/* "on 2026-11-22", or "from 2026-11-22 to 2026-11-23". */
void wording_span(GString *out, const char *first, const char *last);

/* The first sentence of a text: up to a full stop that a blank and a capital
 * follow. */
void wording_first_sentence(GString *out, const char *text);

/* A stranger's text, but no more than so many characters of it and then "…". */
#define WORDING_NAME 100
#define WORDING_WORDS 1000
void wording_cut(GString *out, const char *text, glong most);

/* What failed: "certificate-expired at mx2.example.com". */
void wording_what(GString *out, const struct summary_problem *problem);
/* How much, when, who says so: "101 sessions failed from 2026-11-22 to
 * 2026-11-23, 1.2% of all in these days; reported by Google Inc." */
void wording_facts(GString *out, const struct summary_problem *problem);
/* What no report tells more of, and whom to ask. */
void wording_undetailed(
    GString *out, const struct summary_undetailed *undetailed);
/* That no report of these days is about a domain that was asked for; nothing
 * when there is one. */
void wording_asked(GString *out, const struct summary *summary,
    const struct summary_asked *asked);
/* Where to look when no report is about these days; nothing when the domains
 * that were asked for say it all. */
void wording_nothing(GString *out, const struct summary *summary);

/* What affected_share is the share of: "on that day", "in these days", "in its
 * last week". */
const char *wording_share_days(const struct summary_problem *problem);
/* Whose it is: "ours", "the sender's", "not clear whose". */
const char *wording_side(const struct summary_problem *problem);

/* A name, or what stands for a missing one. */
const char *wording_domain(const char *policy_domain);
const char *wording_organization(const char *organization_name);

#endif
