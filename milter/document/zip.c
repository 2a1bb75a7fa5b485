/* SPDX-License-Identifier: MIT */
/*
 * Sizes are read from the directory at the archive's end, because the header in
 * front of a file may omit them (APPNOTE.TXT 4.4.4, bit 3). Numbers are
 * little-endian in both zip and gzip, so the checksum is copied as it is.
 */
#include "document/zip.h"

#include <string.h>

#include "base/sniff.h"
#include "base/span.h"

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
	const uint8_t *size; /* four bytes too: the size before compression */
};

static unsigned int two_bytes(const uint8_t *bytes)
{
	return bytes[0] | (unsigned int)bytes[1] << 8;
}

static size_t four_bytes(const uint8_t *bytes)
{
	return two_bytes(bytes) | (size_t)two_bytes(bytes + 2) << 16;
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

/* Finds the data that a directory entry points at. */
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

/* Whether an entry is not a file of the sender's: a folder, or what an
 * operating system keeps beside one. */
static bool is_passed_over(struct span name)
{
	const char *slash = memrchr(name.start, '/', name.length);
	const char *last = slash != NULL ? slash + 1 : name.start;

	return last == name.start + name.length || *last == '.' ||
	       span_begins(name, "__MACOSX/");
}

/* The entries that may be meant: those with a report's name, or else all. */
struct choice {
	const uint8_t *first;
	size_t count;
	bool named;
};

static void choose(
    struct choice *choice, const uint8_t *entry, struct span name)
{
	bool named = sniff_name(name);

	if (is_passed_over(name) || (choice->named && !named))
		return;
	if (named && !choice->named)
		*choice = (struct choice){.named = true};
	if (choice->count++ == 0)
		choice->first = entry;
}

/* False when the directory is damaged. */
static bool read_directory(const uint8_t *bytes, size_t length,
    const uint8_t *end, struct choice *choice)
{
	size_t entries = MIN(two_bytes(end + 10), ZIP_ENTRIES_MAX);
	size_t at = four_bytes(end + 16);

	for (size_t i = 0; i < entries; i++) {
		const uint8_t *entry = bytes + at;
		struct span name;

		if (at > length || length - at < DIRECTORY_SIZE ||
		    memcmp(entry, "PK\1\2", 4) != 0)
			return false;
		name.start = (const char *)entry + DIRECTORY_SIZE;
		name.length = two_bytes(entry + 28);
		if (name.length > length - at - DIRECTORY_SIZE)
			return false;
		choose(choice, entry, name);
		at += DIRECTORY_SIZE + name.length + two_bytes(entry + 30) +
		      two_bytes(entry + 32);
	}
	return true;
}

static enum zip_result find_file(
    const uint8_t *bytes, size_t length, struct zip_file *ret_file)
{
	const uint8_t *end = find_end(bytes, length);
	struct choice choice = {0};

	if (end == NULL || !read_directory(bytes, length, end, &choice) ||
	    choice.first == NULL ||
	    !locate(bytes, length, choice.first, ret_file))
		return ZIP_DAMAGED;
	return choice.count > 1 || two_bytes(end + 10) > ZIP_ENTRIES_MAX
		   ? ZIP_SEVERAL
		   : ZIP_OK;
}

/* Appends stored bytes as stored blocks of deflate (RFC 1951 section 3.2.4). */
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

enum zip_result zip_to_gzip(
    const uint8_t *bytes, size_t length, GByteArray **ret_gzip)
{
	/* RFC 1952 section 2.3: deflate, no flags, no time, unknown system. */
	static const uint8_t header[10] = {
	    0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255};
	struct zip_file file;
	enum zip_result result = find_file(bytes, length, &file);
	GByteArray *gzip;

	if (result == ZIP_DAMAGED || file.length > G_MAXUINT / 2)
		return ZIP_DAMAGED;
	gzip = g_byte_array_new();
	g_byte_array_append(gzip, header, sizeof(header));
	if (file.method == METHOD_STORED)
		append_stored(gzip, &file);
	else
		g_byte_array_append(gzip, file.data, (guint)file.length);
	g_byte_array_append(gzip, file.crc, 4);
	g_byte_array_append(gzip, file.size, 4);
	*ret_gzip = gzip;
	return result;
}
