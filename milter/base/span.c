/* SPDX-License-Identifier: MIT */
#include "base/span.h"

#include <glib.h>
#include <string.h>

struct span span_of(const char *text)
{
	return (struct span){text, strlen(text)};
}

struct span span_trim(struct span span)
{
	while (span.length > 0 && span_is_blank(span.start[0])) {
		span.start++;
		span.length--;
	}
	while (span.length > 0 && span_is_blank(span.start[span.length - 1]))
		span.length--;
	return span;
}

bool span_number(struct span span, size_t *ret_number)
{
	size_t number = 0;

	span = span_trim(span);
	for (size_t i = 0; i < span.length; i++)
		if (!g_ascii_isdigit(span.start[i]) ||
		    __builtin_mul_overflow(number, 10, &number) ||
		    __builtin_add_overflow(
			number, (size_t)(span.start[i] - '0'), &number))
			return false;
	if (span.length > 0)
		*ret_number = number;
	return span.length > 0;
}

bool span_same(struct span a, struct span b)
{
	return a.length == b.length &&
	       g_ascii_strncasecmp(a.start, b.start, a.length) == 0;
}

bool span_equals(struct span span, const char *text)
{
	return span_same(span, span_of(text));
}

bool span_begins(struct span span, const char *text)
{
	struct span prefix = span_of(text);

	return span.length >= prefix.length &&
	       g_ascii_strncasecmp(span.start, text, prefix.length) == 0;
}

bool span_ends(struct span span, const char *text)
{
	struct span suffix = span_of(text);

	return span.length >= suffix.length &&
	       g_ascii_strncasecmp(span.start + span.length - suffix.length,
		   text, suffix.length) == 0;
}
