/* SPDX-License-Identifier: MIT */
/* All that gunzip() gives, in one piece. */
#ifndef INFLATE_H
#define INFLATE_H

#include "document/gunzip.h"

static inline bool inflate_piece(
    void *context, const uint8_t *bytes, size_t length)
{
	g_byte_array_append(context, bytes, (guint)length);
	return true;
}

/* As gunzip(); on GUNZIP_OK *ret_bytes is for g_byte_array_unref(). */
static inline enum gunzip_result inflate_all(const uint8_t *bytes,
    size_t length, size_t max_size, size_t max_members, GByteArray **ret_bytes,
    struct gunzip_info *ret_info)
{
	GByteArray *out = g_byte_array_new();
	enum gunzip_result result = gunzip(
	    bytes, length, max_size, max_members, inflate_piece, out, ret_info);

	if (result == GUNZIP_OK)
		*ret_bytes = out;
	else
		g_byte_array_unref(out);
	return result;
}

#endif
