/* SPDX-License-Identifier: MIT */
/*
 * screen: text for a terminal of 80 columns.
 *
 * Knows columns, colours, and what a locale can show. Leaves to others what is
 * said. Every text that is given to it is escaped as escape_terminal() does,
 * and outside UTF-8 what is not ASCII as well. Pure; one thread a screen.
 */
#ifndef SHOW_TERMINAL_H
#define SHOW_TERMINAL_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define TERMINAL_WIDTH 80

struct terminal {
	GString *out;
	bool colour; /* ANSI escapes may be used */
	bool utf8;   /* the locale's characters are UTF-8 */
};

enum terminal_ink {
	INK_PLAIN,
	INK_BOLD,
	INK_FAINT,
	INK_BAD,
	INK_WARN,
	INK_GOOD
};

/* Turns a colour on, or with INK_PLAIN all off. */
void terminal_ink(const struct terminal *terminal, enum terminal_ink ink);

/* Text of our own, as it is. */
void terminal_put(const struct terminal *terminal, const char *text);
void terminal_printf(const struct terminal *terminal, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* An empty line and a heading. */
void terminal_heading(const struct terminal *terminal, const char *text);

/* A text cut to width columns and padded with blanks to them. */
void terminal_cell(
    const struct terminal *terminal, const char *text, size_t width);
/* The same, at the right. */
void terminal_right(
    const struct terminal *terminal, const char *text, size_t width);
/* A count at the right behind at least one blank, shortened where it must be;
 * width is 6 or more. */
void terminal_count(
    const struct terminal *terminal, int64_t count, size_t width);

/* A bar of width columns, filled up to share (0 to 1); something shows of any
 * share above 0. */
void terminal_bar(const struct terminal *terminal, double share, size_t width);
/* One column: how much of 0 to 1; below 0 for nothing known. */
void terminal_spark(const struct terminal *terminal, double share);

/* Words filled to the screen's width, each line behind indent. A word longer
 * than a line goes on in the next. */
void terminal_paragraph(
    const struct terminal *terminal, const char *indent, const char *text);
/* The lines of a JSON text, as long as they are. */
void terminal_json(
    const struct terminal *terminal, const char *indent, const char *json);

#endif
