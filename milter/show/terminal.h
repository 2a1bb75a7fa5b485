/* SPDX-License-Identifier: MIT */
/*
 * terminal: text for a terminal of 80 columns.
 *
 * Knows columns, colours, and what a locale can show. Leaves to others what is
 * said. Texts are escaped as escape_terminal() does it, and in other locales
 * than UTF-8, all but ASCII as well. Everything is appended to out. Pure; one
 * thread a terminal.
 */
#ifndef SHOW_TERMINAL_H
#define SHOW_TERMINAL_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define TERMINAL_WIDTH 80

struct terminal {
	GString *out; /* the caller's */
	bool colour;  /* ANSI escapes may be used */
	bool utf8;    /* the locale's characters are UTF-8 */
};

enum terminal_ink {
	INK_PLAIN,
	INK_BOLD,
	INK_FAINT,
	INK_BAD,
	INK_WARN,
	INK_GOOD
};

/* Turns a colour on; INK_PLAIN turns all off. */
void terminal_ink(const struct terminal *terminal, enum terminal_ink ink);

/* Our own text, not escaped. */
void terminal_printf(const struct terminal *terminal, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* An empty line and a heading. */
void terminal_heading(const struct terminal *terminal, const char *text);

/* A text cut to width columns and padded with blanks to them. */
void terminal_cell(
    const struct terminal *terminal, const char *text, size_t width);
/* A text cut to width columns and right-aligned in them. */
void terminal_right(
    const struct terminal *terminal, const char *text, size_t width);
/* A count, right-aligned in width columns (6 or more) with at least one blank
 * before it, and shortened if it must be. */
void terminal_count(
    const struct terminal *terminal, int64_t count, size_t width);

/* A bar of width columns, filled up to share (0 to 1); a share above 0 is
 * always visible. */
void terminal_bar(const struct terminal *terminal, double share, size_t width);
/* A bar of one column that grows upwards, for a share of 0 to 1; a blank below
 * 0, for not known. */
void terminal_spark(const struct terminal *terminal, double share);

/* Words filled to the terminal's width, each line after indent. A word longer
 * than a line continues in the next. */
void terminal_paragraph(
    const struct terminal *terminal, const char *indent, const char *text);
/* The lines of a JSON text, however long they are. */
void terminal_json(const struct terminal *terminal, const char *json);

#endif
