/* SPDX-License-Identifier: MIT */
/*
 * Plain columns, so that it can be read in a mail and on a serial console, too.
 */
#include "screen.h"

#include <stdarg.h>
#include <string.h>

#include "phrase.h"
#include "text.h"

#define EIGHTHS 8

void screen_ink(const struct screen *screen, enum screen_ink ink)
{
	static const char *const codes[] = {
	    [INK_PLAIN] = "\x1b[0m",
	    [INK_BOLD] = "\x1b[1m",
	    [INK_FAINT] = "\x1b[2m",
	    [INK_BAD] = "\x1b[31m",
	    [INK_WARN] = "\x1b[33m",
	    [INK_GOOD] = "\x1b[32m",
	};

	if (screen->colour)
		g_string_append(screen->out, codes[ink]);
}

void screen_put(const struct screen *screen, const char *text)
{
	g_string_append(screen->out, text);
}

void screen_printf(const struct screen *screen, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	g_string_append_vprintf(screen->out, format, arguments);
	va_end(arguments);
}

void screen_heading(const struct screen *screen, const char *text)
{
	screen_put(screen, "\n");
	screen_ink(screen, INK_BOLD);
	screen_put(screen, text);
	screen_ink(screen, INK_PLAIN);
	screen_put(screen, "\n");
}

/* Escaped, and in ASCII where nothing else can be shown. */
static GString *escape_text(const struct screen *screen, const char *text)
{
	GString *safe = g_string_new(NULL);
	GString *ascii;

	text_terminal(safe, text, 0);
	if (screen->utf8)
		return safe;
	ascii = g_string_new(NULL);
	for (const char *p = safe->str; *p != '\0'; p = g_utf8_next_char(p)) {
		if ((guchar)*p < 0x80)
			g_string_append_c(ascii, *p);
		else
			g_string_append_printf(
			    ascii, "\\u{%04x}", g_utf8_get_char(p));
	}
	g_string_free(safe, TRUE);
	return ascii;
}

/* Columns that a text takes on a terminal. */
static size_t display_width(const char *text)
{
	size_t width = 0;

	for (; *text != '\0'; text = g_utf8_next_char(text)) {
		gunichar c = g_utf8_get_char(text);

		if (!g_unichar_iszerowidth(c))
			width += g_unichar_iswide(c) ? 2 : 1;
	}
	return width;
}

/* The last character boundary that leaves what is before it within width
 * columns. */
static const char *find_column(const char *text, size_t width)
{
	size_t used = 0;

	for (; *text != '\0'; text = g_utf8_next_char(text)) {
		gunichar c = g_utf8_get_char(text);

		if (!g_unichar_iszerowidth(c))
			used += g_unichar_iswide(c) ? 2 : 1;
		if (used > width)
			break;
	}
	return text;
}

/* There, with dots behind. */
static void cut(const struct screen *screen, GString *text, size_t width)
{
	const char *dots = screen->utf8 ? "…" : "...";
	size_t room = width - MIN(width, screen->utf8 ? 1 : 3);

	if (display_width(text->str) <= width)
		return;
	g_string_truncate(
	    text, (gsize)(find_column(text->str, room) - text->str));
	g_string_append(text, dots);
}

static void pad(const struct screen *screen, size_t used, size_t width)
{
	for (; used < width; used++)
		g_string_append_c(screen->out, ' ');
}

void screen_cell(const struct screen *screen, const char *text, size_t width)
{
	GString *cell = escape_text(screen, text);

	cut(screen, cell, width);
	g_string_append(screen->out, cell->str);
	pad(screen, display_width(cell->str), width);
	g_string_free(cell, TRUE);
}

void screen_right(const struct screen *screen, const char *text, size_t width)
{
	GString *cell = escape_text(screen, text);

	cut(screen, cell, width);
	pad(screen, display_width(cell->str), width);
	g_string_append(screen->out, cell->str);
	g_string_free(cell, TRUE);
}

void screen_count(const struct screen *screen, int64_t count, size_t width)
{
	GString *text = g_string_new(NULL);

	phrase_count_within(text, count, width - 1);
	pad(screen, text->len, width);
	g_string_append(screen->out, text->str);
	g_string_free(text, TRUE);
}

/* U+2588 is a full block, U+2589 seven eighths of it and so on. */
static void put_block(const struct screen *screen, size_t eighths)
{
	g_string_append_unichar(
	    screen->out, 0x2588 + EIGHTHS - (gunichar)eighths);
}

void screen_bar(const struct screen *screen, double share, size_t width)
{
	size_t units = screen->utf8 ? EIGHTHS : 1;
	size_t filled =
	    (size_t)(CLAMP(share, 0, 1) * (double)(width * units) + 0.5);
	size_t used = 0;

	if (filled == 0 && share > 0)
		filled = 1;
	for (; filled >= units; filled -= units, used++) {
		if (screen->utf8)
			put_block(screen, EIGHTHS);
		else
			screen_put(screen, "#");
	}
	if (filled > 0) {
		put_block(screen, filled);
		used++;
	}
	pad(screen, used, width);
}

void screen_spark(const struct screen *screen, double share)
{
	static const char ascii[] = "+*#";

	if (share < 0) {
		screen_put(screen, " ");
	} else if (share <= 0) {
		screen_put(screen, screen->utf8 ? "·" : ".");
	} else if (screen->utf8) {
		/* U+2581 is an eighth from below, U+2588 all. */
		g_string_append_unichar(screen->out,
		    0x2581 + (gunichar)MIN(share * EIGHTHS, EIGHTHS - 1));
	} else {
		g_string_append_c(
		    screen->out, ascii[(size_t)MIN(share * 3, 2)]);
	}
}

void screen_paragraph(
    const struct screen *screen, const char *indent, const char *text)
{
	GString *safe = escape_text(screen, text);
	char **words = g_strsplit(safe->str, " ", -1);
	size_t room = SCREEN_WIDTH - strlen(indent);
	size_t column = 0;

	for (char **word = words; *word != NULL; word++) {
		const char *rest = *word;
		size_t width = display_width(rest);

		if (width == 0)
			continue;
		if (column > 0 && column + 1 + width > SCREEN_WIDTH) {
			screen_put(screen, "\n");
			column = 0;
		}
		screen_put(screen, column == 0 ? indent : " ");
		column += column == 0 ? strlen(indent) : 1;
		for (; width > room; width = display_width(rest)) {
			const char *end = find_column(rest, room);

			g_string_append_len(screen->out, rest, end - rest);
			screen_put(screen, "\n");
			screen_put(screen, indent);
			rest = end;
		}
		screen_put(screen, rest);
		column += width;
	}
	screen_put(screen, "\n");
	g_strfreev(words);
	g_string_free(safe, TRUE);
}

void screen_json(
    const struct screen *screen, const char *indent, const char *json)
{
	GString *safe = g_string_new(NULL);
	char **lines;

	text_json_document(safe, json);
	lines = g_strsplit(safe->str, "\n", -1);
	for (char **line = lines; *line != NULL; line++) {
		screen_put(screen, indent);
		for (const char *p = *line; *p != '\0';
		     p = g_utf8_next_char(p)) {
			if (screen->utf8 || (guchar)*p < 0x80)
				g_string_append_unichar(
				    screen->out, g_utf8_get_char(p));
			else
				text_json_escape(
				    screen->out, g_utf8_get_char(p));
		}
		screen_put(screen, "\n");
	}
	g_strfreev(lines);
	g_string_free(safe, TRUE);
}
