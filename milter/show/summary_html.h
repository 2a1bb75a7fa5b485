/* SPDX-License-Identifier: MIT */
/*
 * summary_html: a summary, or one problem, as one self-contained HTML page.
 *
 * Knows what is on the page. No script, nothing from elsewhere: a policy in the
 * page forbids both. Leaves charts to html_chart.c, problems to problem_html.c
 * and escaping to escape.c. Pure; one thread.
 */
#ifndef SHOW_SUMMARY_HTML_H
#define SHOW_SUMMARY_HTML_H

#include <glib.h>

#include "summary.h"

void summary_html(GString *out, const struct summary *summary);
void problem_html(GString *out, const struct summary_problem *problem);

/* problem_html.c: a problem as an article of a page; level is its heading's. */
void problem_html_article(
    GString *out, const struct summary_problem *problem, int level);

#endif
