/* SPDX-License-Identifier: MIT */
/* gunzip and zip: the two ways of inflating agree, and keep within bounds. */
#include "base/sniff.h"
#include "document/gunzip.h"
#include "document/zip.h"
#include "fuzz.h"

#define SIZE_LIMIT ((size_t)256 * 1024)
#define MEMBER_LIMIT 8

static bool append(void *context, const uint8_t *bytes, size_t length)
{
	FUZZ_CHECK(length > 0);
	g_byte_array_append(context, bytes, (guint)length);
	return true;
}

static bool stop_at_once(void *context, const uint8_t *bytes, size_t length)
{
	(void)bytes;
	*(size_t *)context += length;
	return false;
}

static void check_info(const struct gunzip_info *info, size_t length)
{
	FUZZ_CHECK(info->offset <= length);
	FUZZ_CHECK(info->members <= MEMBER_LIMIT + 1);
}

static void check_stop(const uint8_t *bytes, size_t length)
{
	size_t taken = 0;
	enum gunzip_result result = gunzip_each(bytes, length, SIZE_LIMIT,
	    MEMBER_LIMIT, stop_at_once, &taken, NULL);

	FUZZ_CHECK((taken > 0) == (result == GUNZIP_STOPPED));
}

static void check_limit(const uint8_t *bytes, size_t length, size_t size)
{
	GByteArray *whole = NULL;

	if (size == 0)
		return;
	FUZZ_CHECK(gunzip(bytes, length, size, MEMBER_LIMIT, &whole, NULL) ==
		   GUNZIP_OK);
	g_byte_array_unref(whole);
	FUZZ_CHECK(gunzip(bytes, length, size - 1, MEMBER_LIMIT, &whole,
		       NULL) == GUNZIP_TOO_LARGE);
}

static void inflate_both_ways(const uint8_t *bytes, size_t length)
{
	GByteArray *pieces = g_byte_array_new();
	GByteArray *whole = NULL;
	struct gunzip_info each, once;
	enum gunzip_result result = gunzip_each(
	    bytes, length, SIZE_LIMIT, MEMBER_LIMIT, append, pieces, &each);

	FUZZ_CHECK(gunzip(bytes, length, SIZE_LIMIT, MEMBER_LIMIT, &whole,
		       &once) == result);
	check_info(&each, length);
	FUZZ_CHECK(each.members == once.members);
	FUZZ_CHECK(each.offset == once.offset);
	FUZZ_CHECK(each.data_after_end == once.data_after_end);
	FUZZ_CHECK(pieces->len <= SIZE_LIMIT);
	check_stop(bytes, length);
	FUZZ_CHECK((whole != NULL) == (result == GUNZIP_OK));
	if (whole != NULL) {
		FUZZ_CHECK(whole->len == pieces->len);
		FUZZ_CHECK(whole->data[whole->len] == '\0');
		if (pieces->len > 0)
			FUZZ_CHECK(
			    memcmp(whole->data, pieces->data, whole->len) == 0);
		check_limit(bytes, length, whole->len);
		g_byte_array_unref(whole);
	}
	g_byte_array_unref(pieces);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	GByteArray *member = NULL;

	inflate_both_ways(bytes, length);
	if (zip_to_gzip(bytes, length, &member) == ZIP_DAMAGED) {
		FUZZ_CHECK(member == NULL);
		return 0;
	}
	FUZZ_CHECK(sniff_gzip(member->data, member->len));
	/* A header and a trailer are added, and nothing is repeated. */
	FUZZ_CHECK(member->len <= length + 32);
	inflate_both_ways(member->data, member->len);
	g_byte_array_unref(member);
	return 0;
}
