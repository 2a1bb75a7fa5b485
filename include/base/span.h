/* SPDX-License-Identifier: MIT */
/*
 * span: a part of another text, without a NUL at its end.
 *
 * For code that looks at text without copying it. Case is ignored in ASCII
 * only. Pure; any thread.
 */
#ifndef BASE_SPAN_H
#define BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>

struct span {
	const char *start;
	size_t length;
};

/* A whole string as a span. */
struct span span_of(const char *text);

/* Whether a byte is a blank or part of a line end: ' ', \t, \r, \n. */
static inline bool span_is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The span without the blanks and line ends around it. */
struct span span_trim(struct span span);

/* The decimal number that a span is, but for blanks around it; false when it is
 * none, or too large for a size_t. */
bool span_number(struct span span, size_t *ret_number);

/* Whether two spans hold the same text, in any case. */
bool span_same(struct span a, struct span b);

/* Whether a span is a text, begins or ends with it, in any case. */
bool span_equals(struct span span, const char *text);
bool span_begins(struct span span, const char *text);
bool span_ends(struct span span, const char *text);

#endif
