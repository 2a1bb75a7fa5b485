/* SPDX-License-Identifier: MIT */
/*
 * html_page: what every HTML page begins and ends with.
 *
 * Knows the head with the styles (page.css) and with the policy that forbids
 * scripts and whatever is elsewhere. Pure; any thread.
 */
#ifndef SHOW_HTML_PAGE_H
#define SHOW_HTML_PAGE_H

#include <glib.h>

/* Appends all up to <body>. title is text, which is escaped here. */
void html_page_open(GString *out, const char *title);
void html_page_close(GString *out);

#endif
