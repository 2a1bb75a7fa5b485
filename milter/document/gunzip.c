/* SPDX-License-Identifier: MIT */
/*
 * inflate() ends after one member, so the loop over members is here. Output
 * goes through a piece of fixed size: a bomb costs the time to fill max_size,
 * and never more memory than what has come out.
 */
#include "document/gunzip.h"

#include <limits.h>

/* Input is const. */
#define ZLIB_CONST
#include <zlib.h>

#include "base/sniff.h"

#define PIECE_SIZE 32768
/* MAX_WBITS, and 16 for "gzip format only" (see zlib's manual). */
#define GZIP_WINDOW (15 + 16)

struct inflating {
	z_stream stream;
	size_t left; /* how much may come out yet */
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

/* Inflates a member from its first byte to its last (RFC 1952 section 2.2). */
static enum gunzip_result inflate_member(struct inflating *inflating)
{
	z_stream *stream = &inflating->stream;
	uint8_t piece[PIECE_SIZE];
	int status = inflateReset(stream);

	while (status != Z_STREAM_END) {
		size_t length;

		stream->next_out = piece;
		stream->avail_out = sizeof(piece);
		status = inflate(stream, Z_NO_FLUSH);
		length = sizeof(piece) - stream->avail_out;
		if (length > inflating->left)
			return GUNZIP_TOO_LARGE;
		inflating->left -= length;
		if (length > 0 &&
		    !inflating->sink(inflating->context, piece, length))
			return GUNZIP_STOPPED;
		/* No progress was possible: the input ends too early. */
		if (status != Z_OK && status != Z_STREAM_END)
			return GUNZIP_DAMAGED;
	}
	return GUNZIP_OK;
}

static bool all_zeros(const uint8_t *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (bytes[i] != 0)
			return false;
	return true;
}

enum gunzip_result gunzip(const uint8_t *bytes, size_t length, size_t max_size,
    size_t max_members, gunzip_sink *sink, void *context,
    struct gunzip_info *ret_info)
{
	struct gunzip_info info = {0};
	enum gunzip_result result = GUNZIP_OK;
	struct inflating inflating = {
	    /* No gzip within bounds has more than 4 GiB. */
	    .stream = {.zalloc = zlib_alloc,
		.zfree = zlib_free,
		.next_in = bytes,
		.avail_in = (uInt)MIN(length, UINT_MAX)},
	    .left = max_size,
	    .sink = sink,
	    .context = context,
	};

	if (inflateInit2(&inflating.stream, GZIP_WINDOW) != Z_OK)
		g_error("zlib %s cannot start: %s", zlibVersion(),
		    inflating.stream.msg != NULL ? inflating.stream.msg
						 : "another version");
	do {
		if (info.members == max_members)
			result = GUNZIP_TOO_MANY_MEMBERS;
		else
			result = inflate_member(&inflating);
		info.members += result == GUNZIP_OK;
		info.offset = (size_t)(inflating.stream.next_in - bytes);
	} while (result == GUNZIP_OK &&
		 sniff_gzip(bytes + info.offset, length - info.offset));
	(void)inflateEnd(&inflating.stream);
	info.data_after_end =
	    result == GUNZIP_OK &&
	    !all_zeros(bytes + info.offset, length - info.offset);
	if (ret_info != NULL)
		*ret_info = info;
	return result;
}
