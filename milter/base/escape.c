/* SPDX-License-Identifier: MIT */
/*
 * Text is walked character by character by utf8_next(), so that every output
 * agrees on what is valid UTF-8 and what may not be shown (Unicode Technical
 * Report 36, "Trojan Source": bidi controls reorder a line).
 */
#include "base/escape.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/utf8.h"

#define LOGFMT_MAX_CHARS 1000
#define ELLIPSIS "\xe2\x80\xa6"

/* Writes how one character looks on a terminal into buf, and returns its width
 * there; an escape is as wide as the characters it has. backslash is what is
 * written for a backslash. */
static size_t show_char(const char *at, const struct utf8_char *c,
    const char *backslash, char *buf, size_t size)
{
	if (c->valid && c->code == '\\') {
		g_strlcpy(buf, backslash, size);
	} else if (c->valid && utf8_is_visible(c->code)) {
		memcpy(buf, at, c->length);
		buf[c->length] = '\0';
		return 1;
	} else if (!c->valid || c->code < 0x80) {
		g_snprintf(buf, size, "\\x%02x", c->code);
	} else {
		g_snprintf(buf, size, "\\u{%04x}", c->code);
	}
	return strlen(buf);
}

/* How many bytes from here on are ASCII that stands for itself, up to a
 * backslash or the one given: nearly all of most texts, and copied at once. */
static size_t plain_length(const char *text, char but)
{
	size_t length = 0;

	while (text[length] >= 0x20 && text[length] < 0x7f &&
	       text[length] != '\\' && text[length] != but)
		length++;
	return length;
}

/* Appends text as show_char() shows it, at most max_chars wide; 0 for no
 * maximum. */
static void show_text(
    GString *out, const char *text, const char *backslash, size_t max_chars)
{
	size_t left = max_chars > 0 ? max_chars : SIZE_MAX;

	while (text != NULL && *text != '\0') {
		struct utf8_char c;
		char shown[16];
		size_t width = MIN(plain_length(text, '\\'), left);

		g_string_append_len(out, text, (gssize)width);
		text += width;
		left -= width;
		if (*text == '\0')
			return;
		c = utf8_next(text);
		width = show_char(text, &c, backslash, shown, sizeof(shown));
		if (width > left) {
			g_string_append(out, ELLIPSIS);
			return;
		}
		g_string_append(out, shown);
		left -= width;
		text += c.length;
	}
}

void escape_terminal(GString *out, const char *text, size_t max_chars)
{
	show_text(out, text, "\\\\", max_chars);
}

void escape_logfmt(GString *out, const char *text)
{
	size_t start = out->len;
	bool quote;

	if (text == NULL)
		text = "";
	escape_terminal(out, text, LOGFMT_MAX_CHARS);
	quote = out->len == start || strpbrk(out->str + start, " \"=") != NULL;
	if (!quote)
		return;
	for (size_t i = start; i < out->len; i++) {
		if (out->str[i] == '"')
			g_string_insert_c(out, (gssize)i++, '\\');
	}
	g_string_insert_c(out, (gssize)start, '"');
	g_string_append_c(out, '"');
}

void escape_header(GString *out, const char *text, size_t max_bytes)
{
	for (; text != NULL && *text != '\0'; text++) {
		struct utf8_char c = {(guchar)*text, 1, g_ascii_isprint(*text)};
		char shown[16];
		size_t width =
		    show_char(text, &c, "\\\\", shown, sizeof(shown));

		if (width > max_bytes) {
			g_string_append(out, "...");
			return;
		}
		g_string_append(out, shown);
		max_bytes -= width;
	}
}

/* RFC 8259 section 7. */
void escape_json_code(GString *out, gunichar code)
{
	if (code < 0x10000) {
		g_string_append_printf(out, "\\u%04x", code);
		return;
	}
	code -= 0x10000;
	g_string_append_printf(out, "\\u%04x\\u%04x", 0xd800 + (code >> 10),
	    0xdc00 + (code & 0x3ff));
}

/* A string's inside, or a document: there quotes and backslashes mean what they
 * say, lines are kept, and \t and \r can only stand outside of strings. */
static void append_json(GString *out, const char *text, bool document)
{
	while (*text != '\0') {
		size_t plain = plain_length(text, '"');
		struct utf8_char c = utf8_next(text + plain);

		g_string_append_len(out, text, (gssize)plain);
		text += plain;
		if (*text == '\0')
			break;
		if (!c.valid)
			g_string_append(out, UTF8_REPLACEMENT);
		else if (!document && (c.code == '"' || c.code == '\\'))
			g_string_append_printf(out, "\\%c", (char)c.code);
		else if (utf8_is_visible(c.code) ||
			 (document && c.code == '\n'))
			g_string_append_len(out, text, (gssize)c.length);
		else if (document && (c.code == '\t' || c.code == '\r'))
			g_string_append_c(out, ' ');
		else
			escape_json_code(out, c.code);
		text += c.length;
	}
}

void escape_json(GString *out, const char *text)
{
	if (text == NULL) {
		g_string_append(out, "null");
		return;
	}
	g_string_append_c(out, '"');
	append_json(out, text, false);
	g_string_append_c(out, '"');
}

void escape_json_document(GString *out, const char *json)
{
	if (json != NULL)
		append_json(out, json, true);
}

/* The reference for a character that means something in HTML, or NULL. */
static const char *html_reference(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

void escape_html(GString *out, const char *text)
{
	g_autoptr(GString) shown = g_string_new(NULL);

	show_text(shown, text, "\\", 0);
	for (const char *at = shown->str; *at != '\0'; at++) {
		const char *reference = html_reference(*at);

		if (reference != NULL)
			g_string_append(out, reference);
		else
			g_string_append_c(out, *at);
	}
}
