/* SPDX-License-Identifier: MIT */
#include "base/sniff.h"

#include <string.h>

/* A zip archive's local file header (APPNOTE.TXT 4.3.7). */
#define ZIP_HEADER_SIZE 30

static bool begins(
    const uint8_t *bytes, size_t length, const char *magic, size_t size)
{
	return length >= size && memcmp(bytes, magic, size) == 0;
}

bool sniff_gzip(const uint8_t *bytes, size_t length)
{
	return begins(bytes, length, "\x1f\x8b\x08", 3);
}

bool sniff_zip(const uint8_t *bytes, size_t length)
{
	return length >= ZIP_HEADER_SIZE && begins(bytes, length, "PK\3\4", 4);
}

size_t sniff_bom(const uint8_t *bytes, size_t length)
{
	return begins(bytes, length, "\xef\xbb\xbf", 3) ? 3 : 0;
}

static size_t skip_blanks(const uint8_t *bytes, size_t length, size_t at)
{
	while (at < length && span_is_blank((char)bytes[at]))
		at++;
	return at;
}

size_t sniff_start(const uint8_t *bytes, size_t length)
{
	size_t at = skip_blanks(bytes, length, 0);

	if (at < length)
		at += sniff_bom(bytes + at, length - at);
	return skip_blanks(bytes, length, at);
}

bool sniff_report(const uint8_t *bytes, size_t length)
{
	size_t start = sniff_start(bytes, length);

	return sniff_gzip(bytes, length) || sniff_zip(bytes, length) ||
	       (start < length && bytes[start] == '{');
}

bool sniff_name(struct span name)
{
	return span_ends(name, ".json") || span_ends(name, ".gz");
}
