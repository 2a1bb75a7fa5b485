/* SPDX-License-Identifier: MIT */
/*
 * base64: bytes that are still in base64 (RFC 4648 section 4).
 *
 * Knows nothing of mail: mime.c decodes what a mail declares, and this decodes
 * what it does not declare. Pure; any thread.
 */
#ifndef DOCUMENT_BASE64_H
#define DOCUMENT_BASE64_H

#include <glib.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The decoded bytes, as a new array for the caller (g_byte_array_unref). NULL
 * when there are none, or anything but base64, its padding at the end, and
 * blanks and line ends.
 */
GByteArray *base64_undo(const uint8_t *bytes, size_t length);

#endif
