/* SPDX-License-Identifier: MIT */
/*
 * inflate() ends after one member, so the loop over members is here. Output
 * goes through a piece of fixed size: a bomb costs the time to fill max_size,
 * and never more memory than what has come out.
 */
#include "document/gunzip.h"

#include <string.h>

/* Input is const. */
#define ZLIB_CONST
#include <zlib.h>

#include "base/sniff.h"

#define PIECE_SIZE 32768
/* avail_in is an unsigned int; longer input is fed in parts. */
#define INPUT_PART ((size_t)1 << 30)
/* MAX_WBITS, and 16 for "gzip format only" (see zlib's manual). */
#define GZIP_WINDOW (15 + 16)

struct inflating {
	z_stream stream;
	const uint8_t *bytes;
	size_t length;
	size_t fed; /* how much of bytes the stream has been handed */
	size_t size;
	size_t max_size;
	gunzip_sink *sink;
	void *context;
};

/* zlib allocates by GLib: running out of memory ends the process as it does
 * elsewhere, and is never mistaken for a damaged file. */
static voidpf zlib_alloc(voidpf opaque, uInt items, uInt size)
{
	(void)opaque;
	return g_malloc_n(items, size);
}

static void zlib_free(voidpf opaque, voidpf address)
{
	(void)opaque;
	g_free(address);
}

static size_t input_offset(const struct inflating *inflating)
{
	return inflating->fed - inflating->stream.avail_in;
}

static void feed(struct inflating *inflating)
{
	size_t part = inflating->length - inflating->fed;

	if (inflating->stream.avail_in > 0)
		return;
	if (part > INPUT_PART)
		part = INPUT_PART;
	inflating->stream.next_in = inflating->bytes + inflating->fed;
	inflating->stream.avail_in = (uInt)part;
	inflating->fed += part;
}

static enum gunzip_result pour(
    struct inflating *inflating, const uint8_t *piece, size_t length)
{
	if (length > inflating->max_size - inflating->size)
		return GUNZIP_TOO_LARGE;
	inflating->size += length;
	if (length > 0 && !inflating->sink(inflating->context, piece, length))
		return GUNZIP_STOPPED;
	return GUNZIP_OK;
}

/* Inflates a member from its first byte to its last (RFC 1952 section 2.2). */
static enum gunzip_result inflate_member(struct inflating *inflating)
{
	uint8_t piece[PIECE_SIZE];
	enum gunzip_result result = GUNZIP_OK;
	int status = Z_OK;

	while (status != Z_STREAM_END && result == GUNZIP_OK) {
		feed(inflating);
		inflating->stream.next_out = piece;
		inflating->stream.avail_out = sizeof(piece);
		status = inflate(&inflating->stream, Z_NO_FLUSH);
		/* No progress was possible: the input ends too early. */
		if (status != Z_OK && status != Z_STREAM_END)
			return GUNZIP_DAMAGED;
		result = pour(inflating, piece,
		    sizeof(piece) - inflating->stream.avail_out);
	}
	return result;
}

static bool all_zeros(const uint8_t *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (bytes[i] != 0)
			return false;
	return true;
}

static enum gunzip_result inflate_members(
    struct inflating *inflating, size_t max_members, struct gunzip_info *info)
{
	const uint8_t *rest;
	size_t left;

	do {
		enum gunzip_result result;

		if (info->members == max_members)
			return GUNZIP_TOO_MANY_MEMBERS;
		if (inflateReset(&inflating->stream) != Z_OK)
			return GUNZIP_DAMAGED;
		result = inflate_member(inflating);
		info->offset = input_offset(inflating);
		if (result != GUNZIP_OK)
			return result;
		info->members++;
		rest = inflating->bytes + info->offset;
		left = inflating->length - info->offset;
	} while (sniff_gzip(rest, left));
	info->data_after_end = !all_zeros(rest, left);
	return GUNZIP_OK;
}

enum gunzip_result gunzip(const uint8_t *bytes, size_t length, size_t max_size,
    size_t max_members, gunzip_sink *sink, void *context,
    struct gunzip_info *ret_info)
{
	struct gunzip_info info = {0};
	enum gunzip_result result;
	struct inflating inflating = {
	    .stream = {.zalloc = zlib_alloc, .zfree = zlib_free},
	    .bytes = bytes,
	    .length = length,
	    .max_size = max_size,
	    .sink = sink,
	    .context = context,
	};

	if (inflateInit2(&inflating.stream, GZIP_WINDOW) != Z_OK)
		g_error("zlib %s cannot start: %s", zlibVersion(),
		    inflating.stream.msg != NULL ? inflating.stream.msg
						 : "another version");
	result = inflate_members(&inflating, max_members, &info);
	(void)inflateEnd(&inflating.stream);
	if (ret_info != NULL)
		*ret_info = info;
	return result;
}
