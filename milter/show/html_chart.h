/* SPDX-License-Identifier: MIT */
/*
 * html_chart: days as inline SVG.
 *
 * Knows columns, scales and what a screen reader is told. Labels stand beside
 * the SVG, so that they stay readable when it is stretched.
 * about is text, which is escaped here; an id is written as it is. Each
 * function appends to out. Pure; any thread.
 */
#ifndef SHOW_HTML_CHART_H
#define SHOW_HTML_CHART_H

#include <glib.h>

#include "summary.h"

enum chart_kind { CHART_SESSIONS, CHART_RATE };

/* A figure with its caption: sessions that succeeded and failed, or the failure
 * rate, by day. about is what it is about, "example.com" or "all domains"; id
 * is unique on the page. */
void html_chart(GString *out, enum chart_kind kind,
    const struct summary *summary, const struct summary_sessions *by_day,
    const char *about, const char *id);

/* The failure rate by day in a cell of a table. */
void html_chart_spark(GString *out, const struct summary *summary,
    const struct summary_sessions *by_day, const char *about);

/* A bar for a share of 0 to 1; the number has to stand beside it, since a
 * screen reader skips the bar. */
void html_chart_bar(GString *out, double share);

#endif
