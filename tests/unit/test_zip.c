/* SPDX-License-Identifier: MIT */
/* zip archives, whole, cut at every byte, and with every byte changed. */
#include "zip.h"

#include <string.h>

#include "documents.h"
#include "gunzip.h"

static bool unpacks(const uint8_t *bytes, size_t length)
{
	GByteArray *gzip = NULL;
	GByteArray *text = NULL;
	bool ok = false;

	if (zip_to_gzip(bytes, length, &gzip) != ZIP_BROKEN) {
		ok = gunzip(gzip->data, gzip->len, 1 << 20, 1, &text, NULL) ==
			 GUNZIP_OK &&
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

	assert_true((gzip == NULL) == (result == ZIP_BROKEN));
	if (gzip != NULL)
		g_byte_array_unref(gzip);
	return result;
}

static void check_archive(const char *name)
{
	gsize length;
	char *bytes = documents_read(name, ".zip", &length);

	assert_non_null(bytes);
	assert_true(zip_sniff((uint8_t *)bytes, length));
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

static void test_sniff(void **state)
{
	static const uint8_t bytes[30] = {'P', 'K', 3, 4};
	static const uint8_t empty[30] = {'P', 'K', 5, 6};

	(void)state;
	assert_true(zip_sniff(bytes, sizeof(bytes)));
	assert_false(zip_sniff(bytes, 29));
	assert_false(zip_sniff(empty, sizeof(empty)));
	assert_int_equal(result_of(empty, sizeof(empty)), ZIP_BROKEN);
	assert_int_equal(result_of(bytes, sizeof(bytes)), ZIP_BROKEN);
	assert_int_equal(result_of(bytes, 0), ZIP_BROKEN);
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

/* An empty file, and a directory in which count folders and it stand. */
static GByteArray *make_archive(guint count)
{
	GByteArray *archive = g_byte_array_new();
	uint8_t local[30] = {'P', 'K', 3, 4}, entry[46] = {'P', 'K', 1, 2};

	g_byte_array_append(archive, local, sizeof(local));
	entry[28] = 1; /* the length of a name */
	for (guint i = 0; i <= count; i++) {
		g_byte_array_append(archive, entry, sizeof(entry));
		g_byte_array_append(
		    archive, (const guint8 *)(i < count ? "/" : "a"), 1);
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
	    {ZIP_ENTRIES_MAX, ZIP_BROKEN}, /* the file is not reached */
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		GByteArray *archive = make_archive(rows[i].folders);

		assert_int_equal(
		    result_of(archive->data, archive->len), rows[i].result);
		g_byte_array_unref(archive);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_sniff),
	    cmocka_unit_test(test_deflated),
	    cmocka_unit_test(test_stored_with_folder_and_comment),
	    cmocka_unit_test(test_several),
	    cmocka_unit_test(test_entries_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
