/* SPDX-License-Identifier: MIT */
/*
 * A page holds nothing that a browser would load or run. The policy in the head
 * forbids it as well, should an escape ever be missed.
 */
#include "html_page.h"

#include <stdarg.h>

#include "base/escape.h"
#include "show_embedded.h"
#include "wording.h"

void html_put(GString *out, const char *html, ...)
{
	g_auto(GStrv) parts = g_strsplit(html, "%s", -1);
	va_list texts;

	va_start(texts, html);
	g_string_append(out, parts[0]);
	for (char **part = parts + 1; *part != NULL; part++) {
		escape_html(out, va_arg(texts, const char *));
		g_string_append(out, *part);
	}
	va_end(texts);
}

void html_put_cut(GString *out, const char *text, glong most)
{
	g_autoptr(GString) cut = g_string_new(NULL);

	wording_cut(cut, text, most);
	escape_html(out, cut->str);
}

void html_put_count(GString *out, const char *class, int64_t count)
{
	html_put(out, "<td class=\"%s\">", class);
	wording_count(out, count);
	g_string_append(out, "</td>");
}

void html_page_open(GString *out, const char *title)
{
	html_put(out,
	    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
	    "<meta charset=\"utf-8\">\n"
	    "<meta http-equiv=\"Content-Security-Policy\" content=\""
	    "default-src 'none'; style-src 'unsafe-inline'\">\n"
	    "<meta name=\"viewport\" content=\"width=device-width, "
	    "initial-scale=1\">\n"
	    "<meta name=\"referrer\" content=\"no-referrer\">\n"
	    "<meta name=\"generator\" content=\"tlsrpt-report " VERSION "\">\n"
	    "<title>%s</title>\n<style>\n",
	    title);
	g_string_append(out, css_page);
	g_string_append(out, "</style>\n</head>\n<body>\n");
}

void html_page_close(GString *out)
{
	g_string_append(out, "</body>\n</html>\n");
}
