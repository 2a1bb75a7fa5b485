/* SPDX-License-Identifier: MIT */
/*
 * utf8: which bytes are a character, and what becomes of bytes that are not.
 *
 * The one place that decides this: a byte that no character begins with stands
 * for itself, and is shown as U+FFFD where the output must be UTF-8. Leaves to
 * escape.c how a character is written. Pure; any thread.
 */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

/* U+FFFD REPLACEMENT CHARACTER. */
#define UTF8_REPLACEMENT "\xef\xbf\xbd"

/* A code point, or a byte that begins none. */
struct utf8_char {
	gunichar code;
	size_t length; /* in bytes of the text: 1 for an invalid one */
	bool valid;
};

/* The first character of a text that is not empty. */
struct utf8_char utf8_next(const char *text);

/* Whether a code point shows as itself: it is not a control or format
 * character, a line or paragraph separator, or an invisible tag of plane 14. */
bool utf8_is_visible(gunichar code);

/* How many bytes of a text to keep, so that they are at most `most` and no
 * character is split. */
size_t utf8_cut(const char *text, size_t most);

#endif
