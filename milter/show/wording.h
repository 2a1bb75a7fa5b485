/* SPDX-License-Identifier: MIT */
/*
 * wording: numbers, days and problems as words, the same in every output.
 *
 * Knows how a count, a share and a span of days are written. What a result type
 * means and what to do about it is not here: those sentences stand in the
 * database, in tlsrpt.result_type (schema/001_tables.sql), and
 * schema/006_problem.sql makes a problem's explanation, evidence and action of
 * them. Leaves escaping to escape.c: what comes out may contain a stranger's
 * text. Each function that takes out appends to it. Pure; any thread.
 */
#ifndef SHOW_WORDING_H
#define SHOW_WORDING_H

#include <glib.h>
#include <stdint.h>

#include "summary.h"

/* 1234567 as "1,234,567". */
void wording_count(GString *out, int64_t count);
/* A count with what was counted: "1 session", "2,000 sessions". */
void wording_counted(GString *out, int64_t count, const char *singular);

/* A count in at most so many characters, 5 or more: a longer one is cut to
 * three digits and a unit, "12.3M", which never says more than there are. */
void wording_count_within(GString *out, int64_t count, size_t most);

/* The failure rate as "1.3%": rounded, but never to "0.0%" if something failed,
 * nor to "100.0%" if something did not; "-" if there were no sessions. */
void wording_rate(GString *out, const struct summary_sessions *sessions);
/* A share of 0 to 1 as a percentage, rounded likewise; "-" below 0. */
void wording_share(GString *out, double share);
/* "up from 0.4% in the 7 days before"; nothing if there were no sessions. */
void wording_trend(GString *out, const struct summary *summary);

/* "on 2026-11-22", or "from 2026-11-22 to 2026-11-23". */
void wording_span(GString *out, const char *first, const char *last);

/* The first sentence of a text: up to a full stop before a blank and a capital.
 */
void wording_first_sentence(GString *out, const char *text);

/* A text, cut to so many characters and then "…" if it is longer. */
#define WORDING_NAME 100
#define WORDING_WORDS 1000
void wording_cut(GString *out, const char *text, glong most);

/* What failed: "certificate-expired at mx2.example.com". */
void wording_what(GString *out, const struct summary_problem *problem);
/* Where and what: "example.com: certificate-expired at mx2.example.com". */
void wording_title(GString *out, const struct summary_problem *problem);
/* How much, when, who says so: "101 sessions failed from 2026-11-22 to
 * 2026-11-23, 1.2% of all on those days; reported by Google Inc." */
void wording_facts(GString *out, const struct summary_problem *problem);
/* Failures of which no report gives details, and whom to ask about them. */
void wording_undetailed(
    GString *out, const struct summary_undetailed *undetailed);
/* That there is no report about a domain that was asked for; nothing if there
 * is one. */
void wording_asked(GString *out, const struct summary *summary,
    const struct summary_asked *asked);
/* What to check if there is no report in this period; nothing if
 * wording_asked() has said it all. */
void wording_nothing(GString *out, const struct summary *summary);

/* The days that affected_share is about: "on that day", "on those days", "in
 * its last week". */
const char *wording_share_days(const struct summary_problem *problem);
/* On whose side the problem is: "our side", "the sender's side", "side
 * unclear".
 */
const char *wording_side(const struct summary_problem *problem);

/* A name, or what stands for a missing one. */
const char *wording_domain(const char *policy_domain);
const char *wording_organization(const char *organization_name);

#endif
