/* SPDX-License-Identifier: MIT */
/*
 * A page holds nothing that a browser would load or run. The policy in the head
 * forbids it as well, should an escape ever be missed.
 */
#include "html_page.h"

#include "base/escape.h"
#include "show_embedded.h"

void html_page_open(GString *out, const char *title)
{
	g_string_append(out,
	    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
	    "<meta charset=\"utf-8\">\n"
	    "<meta http-equiv=\"Content-Security-Policy\" content=\""
	    "default-src 'none'; style-src 'unsafe-inline'\">\n"
	    "<meta name=\"viewport\" content=\"width=device-width, "
	    "initial-scale=1\">\n"
	    "<meta name=\"referrer\" content=\"no-referrer\">\n"
	    "<meta name=\"generator\" content=\"tlsrpt-report " VERSION "\">\n"
	    "<title>");
	escape_html(out, title);
	g_string_append(out, "</title>\n<style>\n");
	g_string_append(out, css_page);
	g_string_append(out, "</style>\n</head>\n<body>\n");
}

void html_page_close(GString *out)
{
	g_string_append(out, "</body>\n</html>\n");
}
