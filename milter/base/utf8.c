/* SPDX-License-Identifier: MIT */
#include "base/utf8.h"

#include <string.h>

struct utf8_char utf8_next(const char *text)
{
	struct utf8_char c = {(guchar)*text, 1, false};
	gunichar code = g_utf8_get_char_validated(text, -1);

	/* (gunichar)-1 is invalid, (gunichar)-2 cut off at the end. */
	if (code >= (gunichar)-2)
		return c;
	c.code = code;
	c.length = (size_t)g_unichar_to_utf8(code, NULL);
	c.valid = true;
	return c;
}

bool utf8_is_visible(gunichar code)
{
	if (code < 0x80)
		return code >= 0x20 && code != 0x7f;
	if (code >= 0xe0000 && code <= 0xe007f)
		return false;
	switch (g_unichar_type(code)) {
	case G_UNICODE_CONTROL:
	case G_UNICODE_FORMAT:
	case G_UNICODE_LINE_SEPARATOR:
	case G_UNICODE_PARAGRAPH_SEPARATOR:
		return false;
	default:
		return true;
	}
}

size_t utf8_cut(const char *text, size_t most)
{
	size_t length = strnlen(text, most + 1);

	if (length <= most)
		return length;
	/* Back over bytes that continue a character, which has four at most. */
	for (length = most; length > 0 && length + 4 > most &&
			    ((guchar)text[length] & 0xc0) == 0x80;)
		length--;
	return length;
}
