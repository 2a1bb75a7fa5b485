/* SPDX-License-Identifier: MIT */
/* gunzip and zip: inflating keeps within bounds, and says so when it ends. */
#include "../unit/inflate.h"
#include "base/sniff.h"
#include "document/zip.h"
#include "fuzz.h"

#define SIZE_LIMIT ((size_t)256 * 1024)
#define MEMBER_LIMIT 8

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
	enum gunzip_result result = gunzip(bytes, length, SIZE_LIMIT,
	    MEMBER_LIMIT, stop_at_once, &taken, NULL);

	FUZZ_CHECK((taken > 0) == (result == GUNZIP_STOPPED));
}

static void check_limit(const uint8_t *bytes, size_t length, size_t size)
{
	GByteArray *whole = NULL;

	if (size == 0)
		return;
	FUZZ_CHECK(inflate_all(bytes, length, size, MEMBER_LIMIT, &whole,
		       NULL) == GUNZIP_OK);
	FUZZ_CHECK(whole->len == size);
	g_byte_array_unref(whole);
	FUZZ_CHECK(inflate_all(bytes, length, size - 1, MEMBER_LIMIT, &whole,
		       NULL) == GUNZIP_TOO_LARGE);
}

static void inflate(const uint8_t *bytes, size_t length)
{
	GByteArray *whole = NULL;
	struct gunzip_info info;
	enum gunzip_result result =
	    inflate_all(bytes, length, SIZE_LIMIT, MEMBER_LIMIT, &whole, &info);

	check_info(&info, length);
	check_stop(bytes, length);
	FUZZ_CHECK((whole != NULL) == (result == GUNZIP_OK));
	if (whole == NULL)
		return;
	FUZZ_CHECK(whole->len <= SIZE_LIMIT);
	check_limit(bytes, length, whole->len);
	g_byte_array_unref(whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	GByteArray *member = NULL;

	inflate(bytes, length);
	if (zip_to_gzip(bytes, length, &member) == ZIP_DAMAGED) {
		FUZZ_CHECK(member == NULL);
		return 0;
	}
	FUZZ_CHECK(sniff_gzip(member->data, member->len));
	/* A header and a trailer are added, and nothing is repeated. */
	FUZZ_CHECK(member->len <= length + 32);
	inflate(member->data, member->len);
	g_byte_array_unref(member);
	return 0;
}
