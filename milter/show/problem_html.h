/* SPDX-License-Identifier: MIT */
/*
 * problem_html: one problem in HTML, as a page and as part of a page.
 *
 * Knows what is said of a problem and in which order. Leaves the head to
 * html_page.c, words to wording.c and escaping to escape.c. Pure; any thread.
 */
#ifndef SHOW_PROBLEM_HTML_H
#define SHOW_PROBLEM_HTML_H

#include <glib.h>

#include "summary.h"

/* Appends a whole page about the problem, as summary_html() does it. */
void problem_html(GString *out, const struct summary_problem *problem);

/* Appends the problem with its failures and documents as an <article>, to which
 * #p-ID leads, with a heading of level 3. Every text is escaped. */
void problem_html_article(GString *out, const struct summary_problem *problem);

#endif
