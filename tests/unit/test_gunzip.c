/* SPDX-License-Identifier: MIT */
/* gzip in whole, in members, cut at every byte, with every bit of it turned. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above before it. */
#include <cmocka.h>
#include <string.h>
#include <zlib.h>

#include "inflate.h"

#define NO_LIMIT ((size_t)1 << 30)

/* Appends bytes as one gzip member. */
static void append_member(GByteArray *out, const void *bytes, size_t length)
{
	z_stream stream = {0};
	uLong bound;
	guint before = out->len;

	assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8,
			     Z_DEFAULT_STRATEGY),
	    Z_OK);
	bound = deflateBound(&stream, (uLong)length);
	g_byte_array_set_size(out, before + (guint)bound);
	stream.next_in = (Bytef *)(uintptr_t)bytes;
	stream.avail_in = (uInt)length;
	stream.next_out = out->data + before;
	stream.avail_out = (uInt)bound;
	assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
	g_byte_array_set_size(out, before + (guint)stream.total_out);
	deflateEnd(&stream);
}

static GByteArray *make(const char *text)
{
	GByteArray *gzip = g_byte_array_new();

	append_member(gzip, text, strlen(text));
	return gzip;
}

static enum gunzip_result run(const GByteArray *gzip, size_t max_size,
    size_t max_members, char **ret_text, struct gunzip_info *ret_info)
{
	GByteArray *bytes = NULL;
	enum gunzip_result result = inflate_all(
	    gzip->data, gzip->len, max_size, max_members, &bytes, ret_info);

	if (result == GUNZIP_OK) {
		g_byte_array_append(bytes, (const guint8 *)"", 1);
		*ret_text = (char *)g_byte_array_free(bytes, FALSE);
	} else {
		assert_null(bytes);
	}
	return result;
}

static void test_one_member(void **state)
{
	GByteArray *gzip = make("a report");
	struct gunzip_info info;
	char *text;

	(void)state;
	assert_int_equal(run(gzip, 8, 1, &text, &info), GUNZIP_OK);
	assert_string_equal(text, "a report");
	assert_int_equal(info.members, 1);
	assert_int_equal(info.offset, gzip->len);
	assert_false(info.data_after_end);
	g_free(text);
	g_byte_array_unref(gzip);
}

static void test_empty_member(void **state)
{
	GByteArray *gzip = make("");
	char *text;

	(void)state;
	assert_int_equal(run(gzip, 0, 1, &text, NULL), GUNZIP_OK);
	assert_string_equal(text, "");
	g_free(text);
	g_byte_array_unref(gzip);
}

static void test_members(void **state)
{
	GByteArray *gzip = make("one ");
	struct gunzip_info info;
	char *text;

	(void)state;
	append_member(gzip, "", 0);
	append_member(gzip, "two", 3);
	assert_int_equal(run(gzip, 7, 3, &text, &info), GUNZIP_OK);
	assert_string_equal(text, "one two");
	assert_int_equal(info.members, 3);
	g_free(text);
	assert_int_equal(
	    run(gzip, 7, 2, &text, &info), GUNZIP_TOO_MANY_MEMBERS);
	assert_int_equal(info.members, 2);
	assert_int_equal(run(gzip, 6, 3, &text, &info), GUNZIP_TOO_LARGE);
	assert_int_equal(
	    run(gzip, 7, 0, &text, &info), GUNZIP_TOO_MANY_MEMBERS);
	g_byte_array_unref(gzip);
}

static void test_data_after_end(void **state)
{
	static const uint8_t zeros[300];
	GByteArray *gzip = make("x");
	guint end = gzip->len;
	struct gunzip_info info;
	char *text;

	(void)state;
	g_byte_array_append(gzip, zeros, sizeof(zeros));
	assert_int_equal(run(gzip, 1, 1, &text, &info), GUNZIP_OK);
	assert_false(info.data_after_end);
	assert_int_equal(info.offset, end);
	g_free(text);
	g_byte_array_append(gzip, (const guint8 *)"\x1f\x8b", 2);
	assert_int_equal(run(gzip, 1, 1, &text, &info), GUNZIP_OK);
	assert_true(info.data_after_end);
	assert_int_equal(info.offset, end);
	g_free(text);
	g_byte_array_unref(gzip);
}

/* A broken second member is no trailing garbage. */
static void test_second_member_broken(void **state)
{
	GByteArray *gzip = make("x");
	guint end = gzip->len;
	struct gunzip_info info;
	char *text;

	(void)state;
	append_member(gzip, "y", 1);
	gzip->data[gzip->len - 5] ^= 0xff; /* checksum */
	assert_int_equal(run(gzip, 9, 9, &text, &info), GUNZIP_DAMAGED);
	assert_int_equal(info.members, 1);
	assert_true(info.offset > end);
	g_byte_array_unref(gzip);
}

static void test_cut_at_every_byte(void **state)
{
	GByteArray *gzip = make("a report, a report, a report and a report");
	GByteArray cut = *gzip;

	(void)state;
	for (cut.len = 0; cut.len < gzip->len; cut.len++) {
		struct gunzip_info info;
		char *text;

		assert_int_equal(
		    run(&cut, NO_LIMIT, 9, &text, &info), GUNZIP_DAMAGED);
		assert_true(info.offset <= cut.len);
	}
	g_byte_array_unref(gzip);
}

/* Whatever bit is turned: the same text (where a header's bit means nothing),
 * or it is noticed. */
static void test_every_bit_turned(void **state)
{
	static const char wanted[] = "a report, a report, and more of it";
	GByteArray *gzip = make(wanted);

	(void)state;
	for (guint bit = 0; bit < gzip->len * 8; bit++) {
		enum gunzip_result result;
		char *text = NULL;

		gzip->data[bit / 8] ^= (guint8)(1 << bit % 8);
		result = run(gzip, NO_LIMIT, 9, &text, NULL);
		if (result == GUNZIP_OK)
			assert_string_equal(text, wanted);
		g_free(text);
		gzip->data[bit / 8] ^= (guint8)(1 << bit % 8);
	}
	g_byte_array_unref(gzip);
}

static void test_bomb(void **state)
{
	size_t size = 8 << 20;
	uint8_t *zeros = g_malloc0(size);
	GByteArray *gzip = g_byte_array_new();
	GByteArray *bytes = NULL;

	(void)state;
	append_member(gzip, zeros, size);
	assert_true(gzip->len < size / 900);
	assert_int_equal(
	    inflate_all(gzip->data, gzip->len, size - 1, 1, &bytes, NULL),
	    GUNZIP_TOO_LARGE);
	assert_null(bytes);
	assert_int_equal(
	    inflate_all(gzip->data, gzip->len, size, 1, &bytes, NULL),
	    GUNZIP_OK);
	assert_int_equal(bytes->len, size);
	assert_memory_equal(bytes->data, zeros, size);
	g_byte_array_unref(bytes);
	g_byte_array_unref(gzip);
	g_free(zeros);
}

static bool count_piece(void *context, const uint8_t *bytes, size_t length)
{
	size_t *sum = context;

	(void)bytes;
	*sum += length;
	return *sum < 100000;
}

static void test_each(void **state)
{
	size_t size = 1 << 20, sum = 0;
	uint8_t *zeros = g_malloc0(size);
	GByteArray *gzip = g_byte_array_new();

	(void)state;
	append_member(gzip, zeros, 99999);
	assert_int_equal(
	    gunzip(gzip->data, gzip->len, size, 1, count_piece, &sum, NULL),
	    GUNZIP_OK);
	assert_int_equal(sum, 99999);
	append_member(gzip, zeros, size);
	sum = 0;
	assert_int_equal(
	    gunzip(gzip->data, gzip->len, NO_LIMIT, 2, count_piece, &sum, NULL),
	    GUNZIP_STOPPED);
	assert_true(sum >= 100000 && sum < 200000);
	g_byte_array_unref(gzip);
	g_free(zeros);
}

/* zlib's own format and bare deflate are not gzip. */
static void test_other_formats(void **state)
{
	uint8_t bytes[64] = {0};
	uLongf length = sizeof(bytes);
	GByteArray *out = NULL;

	(void)state;
	assert_int_equal(compress(bytes, &length, (const Bytef *)"x", 1), Z_OK);
	assert_int_equal(inflate_all(bytes, length, NO_LIMIT, 1, &out, NULL),
	    GUNZIP_DAMAGED);
	assert_int_equal(
	    inflate_all(bytes + 2, length - 2, NO_LIMIT, 1, &out, NULL),
	    GUNZIP_DAMAGED);
	assert_int_equal(
	    inflate_all(bytes, 0, NO_LIMIT, 1, &out, NULL), GUNZIP_DAMAGED);
	assert_null(out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_one_member),
	    cmocka_unit_test(test_empty_member),
	    cmocka_unit_test(test_members),
	    cmocka_unit_test(test_data_after_end),
	    cmocka_unit_test(test_second_member_broken),
	    cmocka_unit_test(test_cut_at_every_byte),
	    cmocka_unit_test(test_every_bit_turned),
	    cmocka_unit_test(test_bomb),
	    cmocka_unit_test(test_each),
	    cmocka_unit_test(test_other_formats),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
