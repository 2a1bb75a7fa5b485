/* SPDX-License-Identifier: MIT */
/*
 * summary_html: a summary as one self-contained HTML page.
 *
 * Knows what is on the page and in which order. Leaves the head to html_page.c,
 * charts to html_chart.c, each problem to problem_html.c, words to wording.c
 * and escaping to escape.c. Pure; any thread.
 */
#ifndef SHOW_SUMMARY_HTML_H
#define SHOW_SUMMARY_HTML_H

#include <glib.h>

#include "summary.h"

/* Appends the whole page, in UTF-8. Every text of the summary is escaped; the
 * page has no script and loads nothing. */
void summary_html(GString *out, const struct summary *summary);

#endif
