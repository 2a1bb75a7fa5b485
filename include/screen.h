/* SPDX-License-Identifier: MIT */
/*
 * screen: text for a terminal of 80 columns.
 *
 * Knows columns, colours, and what a locale can show. Leaves to others what is
 * said. Every text that is given to it is escaped as text_terminal() does, and
 * outside UTF-8 what is not ASCII as well. Pure; one thread a screen.
 */
#ifndef SCREEN_H
#define SCREEN_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define SCREEN_WIDTH 80

struct screen {
	GString *out;
	bool colour; /* ANSI escapes may be used */
	bool utf8;   /* the locale's characters are UTF-8 */
};

enum screen_ink { INK_PLAIN, INK_BOLD, INK_FAINT, INK_BAD, INK_WARN, INK_GOOD };

/* Turns a colour on, or with INK_PLAIN all off. */
void screen_ink(const struct screen *screen, enum screen_ink ink);

/* Text of our own, as it is. */
void screen_put(const struct screen *screen, const char *text);
void screen_printf(const struct screen *screen, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* An empty line and a heading. */
void screen_heading(const struct screen *screen, const char *text);

/* A text cut to width columns and padded with blanks to them. */
void screen_cell(const struct screen *screen, const char *text, size_t width);
/* The same, at the right. */
void screen_right(const struct screen *screen, const char *text, size_t width);
/* A count at the right behind at least one blank, shortened where it must be;
 * width is 6 or more. */
void screen_count(const struct screen *screen, int64_t count, size_t width);

/* A bar of width columns, filled up to share (0 to 1); something shows of any
 * share above 0. */
void screen_bar(const struct screen *screen, double share, size_t width);
/* One column: how much of 0 to 1; below 0 for nothing known. */
void screen_spark(const struct screen *screen, double share);

/* Words filled to the screen's width, each line behind indent. A word longer
 * than a line goes on in the next. */
void screen_paragraph(
    const struct screen *screen, const char *indent, const char *text);
/* The lines of a JSON text, as long as they are. */
void screen_json(
    const struct screen *screen, const char *indent, const char *json);

#endif
