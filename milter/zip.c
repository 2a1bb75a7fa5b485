/* SPDX-License-Identifier: MIT */
/*
 * Sizes are taken from the directory at the archive's end, because the header
 * in front of a file may leave them out (APPNOTE.TXT 4.4.4, bit 3). Numbers are
 * little-endian in zip and in gzip alike, so the checksum goes over as it is.
 */
#include "zip.h"

#include <string.h>

#define LOCAL_SIZE 30     /* 4.3.7 */
#define DIRECTORY_SIZE 46 /* 4.3.12 */
#define END_SIZE 22       /* 4.3.16 */
#define COMMENT_MAX 65535
#define FLAG_ENCRYPTED 1
#define METHOD_STORED 0
#define METHOD_DEFLATED 8
#define STORED_MAX 65535 /* RFC 1951 section 3.2.4 */

struct zip_file {
	const uint8_t *data;
	size_t length;
	unsigned int method;
	const uint8_t *crc;  /* four bytes in the directory */
	const uint8_t *size; /* the same, before it was compressed */
};

static unsigned int two_bytes(const uint8_t *bytes)
{
	return bytes[0] | (unsigned int)bytes[1] << 8;
}

static size_t four_bytes(const uint8_t *bytes)
{
	return two_bytes(bytes) | (size_t)two_bytes(bytes + 2) << 16;
}

bool zip_sniff(const uint8_t *bytes, size_t length)
{
	return length >= LOCAL_SIZE && memcmp(bytes, "PK\3\4", 4) == 0;
}

/* The end of the central directory; a comment may follow it. */
static const uint8_t *find_end(const uint8_t *bytes, size_t length)
{
	size_t last, first;

	if (length < END_SIZE)
		return NULL;
	last = length - END_SIZE;
	first = last > COMMENT_MAX ? last - COMMENT_MAX : 0;
	for (size_t at = last + 1; at-- > first;)
		if (memcmp(bytes + at, "PK\5\6", 4) == 0)
			return bytes + at;
	return NULL;
}

/* What a directory entry of a file points at. */
static bool locate(const uint8_t *bytes, size_t length, const uint8_t *entry,
    struct zip_file *ret_file)
{
	size_t at = four_bytes(entry + 42);
	struct zip_file file = {
	    .length = four_bytes(entry + 20),
	    .method = two_bytes(entry + 10),
	    .crc = entry + 16,
	    .size = entry + 24,
	};

	if ((two_bytes(entry + 8) & FLAG_ENCRYPTED) != 0 ||
	    (file.method != METHOD_STORED && file.method != METHOD_DEFLATED))
		return false;
	if (at > length || length - at < LOCAL_SIZE ||
	    memcmp(bytes + at, "PK\3\4", 4) != 0)
		return false;
	at += LOCAL_SIZE + two_bytes(bytes + at + 26) +
	      two_bytes(bytes + at + 28);
	if (at > length || file.length > length - at)
		return false;
	file.data = bytes + at;
	*ret_file = file;
	return true;
}

static bool find_file(
    const uint8_t *bytes, size_t length, struct zip_file *ret_file)
{
	const uint8_t *end = find_end(bytes, length);
	size_t at, entries;

	if (end == NULL)
		return false;
	entries = two_bytes(end + 10);
	at = four_bytes(end + 16);
	for (size_t i = 0; i < entries; i++) {
		const uint8_t *entry = bytes + at;
		size_t name;

		if (at > length || length - at < DIRECTORY_SIZE ||
		    memcmp(entry, "PK\1\2", 4) != 0)
			return false;
		name = two_bytes(entry + 28);
		if (name > length - at - DIRECTORY_SIZE)
			return false;
		if (name == 0 || entry[DIRECTORY_SIZE + name - 1] != '/')
			return locate(bytes, length, entry, ret_file);
		at += DIRECTORY_SIZE + name + two_bytes(entry + 30) +
		      two_bytes(entry + 32);
	}
	return false;
}

/* Stored bytes as deflate's stored blocks (RFC 1951 section 3.2.4). */
static void append_stored(GByteArray *gzip, const struct zip_file *file)
{
	size_t at = 0;

	do {
		size_t part = MIN(file->length - at, STORED_MAX);
		uint8_t header[5] = {
		    at + part == file->length,
		    (uint8_t)(part & 0xff),
		    (uint8_t)(part >> 8),
		    (uint8_t)(~part & 0xff),
		    (uint8_t)(~part >> 8 & 0xff),
		};

		g_byte_array_append(gzip, header, sizeof(header));
		g_byte_array_append(gzip, file->data + at, (guint)part);
		at += part;
	} while (at < file->length);
}

GByteArray *zip_to_gzip(const uint8_t *bytes, size_t length)
{
	/* RFC 1952 section 2.3: deflate, no flags, no time, unknown system. */
	static const uint8_t header[10] = {
	    0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255};
	struct zip_file file;
	GByteArray *gzip;

	if (!find_file(bytes, length, &file) || file.length > G_MAXUINT / 2)
		return NULL;
	gzip = g_byte_array_new();
	g_byte_array_append(gzip, header, sizeof(header));
	if (file.method == METHOD_STORED)
		append_stored(gzip, &file);
	else
		g_byte_array_append(gzip, file.data, (guint)file.length);
	g_byte_array_append(gzip, file.crc, 4);
	g_byte_array_append(gzip, file.size, 4);
	return gzip;
}
