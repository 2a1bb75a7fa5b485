/* SPDX-License-Identifier: MIT */
/*
 * GLib's decoder skips what is not base64, so every byte is checked first: what
 * only resembles base64 must not be decoded to something.
 */
#include "base64.h"

#include <stdbool.h>

#include "base/span.h"

static bool is_base64(const uint8_t *bytes, size_t length)
{
	size_t digits = 0, padding = 0;

	for (size_t i = 0; i < length; i++) {
		if (span_is_blank((char)bytes[i]))
			continue;
		if (bytes[i] == '=')
			padding++;
		else if (padding > 0 || !(g_ascii_isalnum(bytes[i]) ||
					    bytes[i] == '+' || bytes[i] == '/'))
			return false;
		else
			digits++;
	}
	return digits > 0 && digits % 4 != 1 && padding <= 2;
}

GByteArray *base64_undo(const uint8_t *bytes, size_t length)
{
	GByteArray *plain;
	gsize size;
	gint state = 0;
	guint save = 0;

	if (length > G_MAXINT || !is_base64(bytes, length))
		return NULL;
	plain = g_byte_array_new();
	/* The size that g_base64_decode_step() asks for, and what "==" may add.
	 */
	g_byte_array_set_size(plain, (guint)(length / 4 * 3 + 6));
	size = g_base64_decode_step(
	    (const gchar *)bytes, length, plain->data, &state, &save);
	/* Completes digits whose padding is missing. */
	size +=
	    g_base64_decode_step("==", 2, plain->data + size, &state, &save);
	g_byte_array_set_size(plain, (guint)size);
	return plain;
}
