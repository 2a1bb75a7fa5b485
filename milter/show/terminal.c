/* SPDX-License-Identifier: MIT */
/*
 * Plain columns, so that the text can be read in a mail and on a serial
 * console, too.
 */
#include "terminal.h"

#include <stdarg.h>
#include <string.h>

#include "base/escape.h"
#include "wording.h"

#define EIGHTHS 8

void terminal_ink(const struct terminal *terminal, enum terminal_ink ink)
{
	static const char *const codes[] = {
	    [INK_PLAIN] = "\x1b[0m",
	    [INK_BOLD] = "\x1b[1m",
	    [INK_FAINT] = "\x1b[2m",
	    [INK_BAD] = "\x1b[31m",
	    [INK_WARN] = "\x1b[33m",
	    [INK_GOOD] = "\x1b[32m",
	};

	if (terminal->colour)
		g_string_append(terminal->out, codes[ink]);
}

void terminal_printf(const struct terminal *terminal, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	g_string_append_vprintf(terminal->out, format, arguments);
	va_end(arguments);
}

void terminal_heading(const struct terminal *terminal, const char *text)
{
	g_string_append(terminal->out, "\n");
	terminal_ink(terminal, INK_BOLD);
	g_string_append(terminal->out, text);
	terminal_ink(terminal, INK_PLAIN);
	g_string_append(terminal->out, "\n");
}

/* The text escaped (g_string_free), and in ASCII if the locale has no more. */
static GString *escape_text(const struct terminal *terminal, const char *text)
{
	g_autoptr(GString) safe = g_string_new(NULL);
	GString *shown = g_string_new(NULL);

	escape_terminal(safe, text, 0);
	for (const char *p = safe->str; *p != '\0'; p = g_utf8_next_char(p))
		if (terminal->utf8 || (guchar)*p < 0x80)
			g_string_append_unichar(shown, g_utf8_get_char(p));
		else
			g_string_append_printf(
			    shown, "\\u{%04x}", g_utf8_get_char(p));
	return shown;
}

static size_t char_width(gunichar c)
{
	if (g_unichar_iszerowidth(c))
		return 0;
	return g_unichar_iswide(c) ? 2 : 1;
}

/* Columns that a text takes on a terminal. */
static size_t display_width(const char *text)
{
	size_t width = 0;

	for (; *text != '\0'; text = g_utf8_next_char(text))
		width += char_width(g_utf8_get_char(text));
	return width;
}

/* The last character boundary up to which the text fits into width columns. */
static const char *find_column(const char *text, size_t width)
{
	size_t used = 0;

	for (; *text != '\0'; text = g_utf8_next_char(text)) {
		used += char_width(g_utf8_get_char(text));
		if (used > width)
			break;
	}
	return text;
}

/* Cuts a text to width columns, the dots that stand for the rest included. */
static void cut(const struct terminal *terminal, GString *text, size_t width)
{
	const char *dots = terminal->utf8 ? "…" : "...";
	size_t room = width - MIN(width, terminal->utf8 ? 1 : 3);

	if (display_width(text->str) <= width)
		return;
	g_string_truncate(
	    text, (gsize)(find_column(text->str, room) - text->str));
	g_string_append(text, dots);
}

static void pad(const struct terminal *terminal, size_t used, size_t width)
{
	for (; used < width; used++)
		g_string_append_c(terminal->out, ' ');
}

void terminal_cell(
    const struct terminal *terminal, const char *text, size_t width)
{
	g_autoptr(GString) cell = escape_text(terminal, text);

	cut(terminal, cell, width);
	g_string_append(terminal->out, cell->str);
	pad(terminal, display_width(cell->str), width);
}

void terminal_right(
    const struct terminal *terminal, const char *text, size_t width)
{
	g_autoptr(GString) cell = escape_text(terminal, text);

	cut(terminal, cell, width);
	pad(terminal, display_width(cell->str), width);
	g_string_append(terminal->out, cell->str);
}

void terminal_count(
    const struct terminal *terminal, int64_t count, size_t width)
{
	g_autoptr(GString) text = g_string_new(NULL);

	wording_count_within(text, count, width - 1);
	terminal_right(terminal, text->str, width);
}

/* U+2588 is a full block, U+2589 seven eighths of it and so on. */
static void put_block(const struct terminal *terminal, size_t eighths)
{
	g_string_append_unichar(
	    terminal->out, 0x2588 + EIGHTHS - (gunichar)eighths);
}

void terminal_bar(const struct terminal *terminal, double share, size_t width)
{
	size_t units = terminal->utf8 ? EIGHTHS : 1;
	size_t filled =
	    (size_t)(CLAMP(share, 0, 1) * (double)(width * units) + 0.5);
	size_t used = 0;

	if (filled == 0 && share > 0)
		filled = 1;
	for (; filled >= units; filled -= units, used++) {
		if (terminal->utf8)
			put_block(terminal, EIGHTHS);
		else
			g_string_append(terminal->out, "#");
	}
	if (filled > 0) {
		put_block(terminal, filled);
		used++;
	}
	pad(terminal, used, width);
}

void terminal_spark(const struct terminal *terminal, double share)
{
	static const char ascii[] = "+*#";

	if (share < 0) {
		g_string_append(terminal->out, " ");
	} else if (share <= 0) {
		g_string_append(terminal->out, terminal->utf8 ? "·" : ".");
	} else if (terminal->utf8) {
		/* U+2581 is an eighth from below, U+2588 all. */
		g_string_append_unichar(terminal->out,
		    0x2581 + (gunichar)MIN(share * EIGHTHS, EIGHTHS - 1));
	} else {
		g_string_append_c(
		    terminal->out, ascii[(size_t)MIN(share * 3, 2)]);
	}
}

void terminal_paragraph(
    const struct terminal *terminal, const char *indent, const char *text)
{
	g_autoptr(GString) safe = escape_text(terminal, text);
	g_auto(GStrv) words = g_strsplit(safe->str, " ", -1);
	size_t room = TERMINAL_WIDTH - strlen(indent);
	size_t column = 0;

	for (char **word = words; *word != NULL; word++) {
		const char *rest = *word;
		size_t width = display_width(rest);

		if (width == 0)
			continue;
		if (column > 0 && column + 1 + width > TERMINAL_WIDTH) {
			g_string_append(terminal->out, "\n");
			column = 0;
		}
		g_string_append(terminal->out, column == 0 ? indent : " ");
		column += column == 0 ? strlen(indent) : 1;
		for (; width > room; width = display_width(rest)) {
			const char *end = find_column(rest, room);

			g_string_append_len(terminal->out, rest, end - rest);
			g_string_append(terminal->out, "\n");
			g_string_append(terminal->out, indent);
			rest = end;
		}
		g_string_append(terminal->out, rest);
		column += width;
	}
	g_string_append(terminal->out, "\n");
}

void terminal_json(const struct terminal *terminal, const char *json)
{
	g_autoptr(GString) safe = g_string_new(NULL);
	g_auto(GStrv) lines = NULL;

	escape_json_document(safe, json);
	lines = g_strsplit(safe->str, "\n", -1);
	for (char **line = lines; *line != NULL; line++) {
		for (const char *p = *line; *p != '\0';
		     p = g_utf8_next_char(p)) {
			if (terminal->utf8 || (guchar)*p < 0x80)
				g_string_append_unichar(
				    terminal->out, g_utf8_get_char(p));
			else
				escape_json_code(
				    terminal->out, g_utf8_get_char(p));
		}
		g_string_append(terminal->out, "\n");
	}
}
