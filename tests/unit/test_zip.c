/* SPDX-License-Identifier: MIT */
/* zip archives, whole, cut at every byte, and with every byte changed. */
#include "base/sniff.h"
#include "document/zip.h"

#include <string.h>

#include "documents.h"
#include "inflate.h"

static bool unpacks(const uint8_t *bytes, size_t length)
{
	GByteArray *gzip = NULL;
	GByteArray *text = NULL;
	bool ok = false;

	if (zip_to_gzip(bytes, length, &gzip) != ZIP_DAMAGED) {
		ok = inflate_all(gzip->data, gzip->len, 1 << 20, 1, &text,
			 NULL) == GUNZIP_OK &&
		     text->len > 0 && text->data[0] == '{';
		g_byte_array_unref(gzip);
	}
	if (text != NULL)
		g_byte_array_unref(text);
	return ok;
}

static enum zip_result result_of(const void *bytes, size_t length)
{
	GByteArray *gzip = NULL;
	enum zip_result result = zip_to_gzip(bytes, length, &gzip);

	assert_true((gzip == NULL) == (result == ZIP_DAMAGED));
	if (gzip != NULL)
		g_byte_array_unref(gzip);
	return result;
}

static void check_archive(const char *name)
{
	gsize length;
	char *bytes = documents_read(name, ".zip", &length);

	assert_non_null(bytes);
	assert_true(sniff_zip((uint8_t *)bytes, length));
	assert_true(unpacks((uint8_t *)bytes, length));
	/* At its own size, so that a step over the end is seen. */
	for (gsize cut = 0; cut < length; cut++) {
		uint8_t *copy = g_memdup2(bytes, cut);

		(void)unpacks(copy, cut);
		g_free(copy);
	}
	for (gsize i = 0; i < length; i++) {
		for (unsigned int value = 0; value < 256; value += 51) {
			char old = bytes[i];

			bytes[i] = (char)value;
			(void)unpacks((uint8_t *)bytes, length);
			bytes[i] = old;
		}
	}
	g_free(bytes);
}

static void test_deflated(void **state)
{
	(void)state;
	check_archive("zip");
}

static void test_stored_with_folder_and_comment(void **state)
{
	(void)state;
	check_archive("zip-stored-folder");
}

static void test_no_archive(void **state)
{
	static const uint8_t bytes[30] = {'P', 'K', 3, 4};
	static const uint8_t empty[30] = {'P', 'K', 5, 6};

	(void)state;
	assert_int_equal(result_of(empty, sizeof(empty)), ZIP_DAMAGED);
	assert_int_equal(result_of(bytes, sizeof(bytes)), ZIP_DAMAGED);
	assert_int_equal(result_of(bytes, 0), ZIP_DAMAGED);
}

/* Which names are passed over or preferred is in tests/fixtures/documents. */
static void test_several(void **state)
{
	(void)state;
	check_archive("zip-several");
	check_archive("zip-beside");
}

static void append_number(GByteArray *archive, uint32_t number, guint size)
{
	for (guint i = 0; i < size; i++, number >>= 8) {
		uint8_t byte = (uint8_t)number;

		g_byte_array_append(archive, &byte, 1);
	}
}

/* An empty file, and a directory in which count folders and it stand, each with
 * an extra field and a comment. */
static GByteArray *make_archive(guint count)
{
	GByteArray *archive = g_byte_array_new();
	uint8_t local[30] = {'P', 'K', 3, 4}, entry[46] = {'P', 'K', 1, 2};

	g_byte_array_append(archive, local, sizeof(local));
	entry[28] = 1; /* the lengths of name, extra field and comment */
	entry[30] = 5;
	entry[32] = 3;
	for (guint i = 0; i <= count; i++) {
		g_byte_array_append(archive, entry, sizeof(entry));
		g_byte_array_append(
		    archive, (const guint8 *)(i < count ? "/" : "a"), 1);
		g_byte_array_append(archive, (const guint8 *)"extracom", 5 + 3);
	}
	g_byte_array_append(archive, (const guint8 *)"PK\5\6", 4);
	append_number(archive, 0, 6);
	append_number(archive, count + 1, 2);
	append_number(archive, 0, 4);
	append_number(archive, sizeof(local), 4);
	append_number(archive, 0, 2);
	return archive;
}

static void test_entries_are_bounded(void **state)
{
	static const struct {
		guint folders;
		enum zip_result result;
	} rows[] = {
	    {0, ZIP_OK}, {ZIP_ENTRIES_MAX - 1, ZIP_OK},
	    {ZIP_ENTRIES_MAX, ZIP_DAMAGED}, /* the file is not reached */
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		GByteArray *archive = make_archive(rows[i].folders);

		assert_int_equal(
		    result_of(archive->data, archive->len), rows[i].result);
		g_byte_array_unref(archive);
	}
}

/* One member of the only entry, changed. */
static void test_what_an_entry_points_at(void **state)
{
	static const struct {
		guint at, size;
		uint32_t value;
		enum zip_result result;
	} rows[] = {
	    {8, 2, 1, ZIP_DAMAGED},            /* encrypted */
	    {8, 2, 2, ZIP_OK},                 /* deflated with more patience */
	    {10, 2, 8, ZIP_OK},                /* deflated */
	    {10, 2, 9, ZIP_DAMAGED},           /* by another method */
	    {20, 4, 46 + 9 + 22, ZIP_OK},      /* all that follows */
	    {20, 4, 46 + 9 + 23, ZIP_DAMAGED}, /* more than that */
	    {20, 4, UINT32_MAX, ZIP_DAMAGED},
	    {42, 4, 1, ZIP_DAMAGED}, /* no file is there */
	    {42, 4, 30 + 46 + 9 + 22, ZIP_DAMAGED},
	    {42, 4, UINT32_MAX, ZIP_DAMAGED},
	    {0, 4, 0, ZIP_DAMAGED},           /* not an entry */
	    {28, 2, 1 + 22 + 8, ZIP_OK},      /* a name to the end */
	    {28, 2, 1 + 22 + 9, ZIP_DAMAGED}, /* beyond it */
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		GByteArray *archive = make_archive(0);
		uint32_t value = rows[i].value;
		uint8_t *copy;

		for (guint k = 0; k < rows[i].size; k++, value >>= 8)
			archive->data[30 + rows[i].at + k] = (uint8_t)value;
		/* At its own size, so that a step over the end is seen. */
		copy = g_memdup2(archive->data, archive->len);
		if (result_of(copy, archive->len) != rows[i].result)
			fail_msg("row %zu", i);
		g_free(copy);
		g_byte_array_unref(archive);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_no_archive),
	    cmocka_unit_test(test_deflated),
	    cmocka_unit_test(test_stored_with_folder_and_comment),
	    cmocka_unit_test(test_several),
	    cmocka_unit_test(test_entries_are_bounded),
	    cmocka_unit_test(test_what_an_entry_points_at),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
