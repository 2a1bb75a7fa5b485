/* SPDX-License-Identifier: MIT */
/*
 * base64: bytes that are still in base64 (RFC 4648 section 4).
 *
 * Knows nothing of mail: mime.c decodes what a mail declares. This is for what
 * it does not. Pure; any thread.
 */
#ifndef DOCUMENT_BASE64_H
#define DOCUMENT_BASE64_H

#include <glib.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What the bytes stand for, as a new array for the caller (g_byte_array_unref)
 * of three quarters of their length. NULL when they are empty, or there is
 * anything but base64, its padding at the end, and blanks and line ends.
 */
GByteArray *base64_undo(const uint8_t *bytes, size_t length);

#endif
