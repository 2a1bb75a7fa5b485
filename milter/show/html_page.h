/* SPDX-License-Identifier: MIT */
/*
 * html_page: what every HTML page begins and ends with, and text in HTML.
 *
 * Knows the head with the styles (page.css) and with the policy that forbids
 * scripts and whatever is elsewhere. Leaves escaping to escape.c. Pure; any
 * thread.
 */
#ifndef SHOW_HTML_PAGE_H
#define SHOW_HTML_PAGE_H

#include <glib.h>
#include <stdint.h>

/* Appends all up to <body>. title is text, which is escaped here. */
void html_page_open(GString *out, const char *title);
void html_page_close(GString *out);

/* Appends our own HTML, in which each %s stands for a text, which is escaped
 * here; nothing for NULL. There are no other conversions. */
void html_put(GString *out, const char *html, ...)
    __attribute__((format(printf, 2, 3)));
/* Appends a text cut as wording_cut() does it, and escaped. */
void html_put_cut(GString *out, const char *text, glong most);
/* Appends a cell of a table with a count. */
void html_put_count(GString *out, const char *class, int64_t count);

#endif
