/* SPDX-License-Identifier: MIT */
/* zip archives, whole, cut at every byte, and with every byte changed. */
#include "zip.h"

#include <string.h>

#include "documents.h"
#include "gunzip.h"

static bool unpacks(const uint8_t *bytes, size_t length)
{
	GByteArray *gzip = zip_to_gzip(bytes, length);
	GByteArray *text = NULL;
	bool ok = false;

	if (gzip != NULL) {
		ok = gunzip(gzip->data, gzip->len, 1 << 20, 1, &text, NULL) ==
			 GUNZIP_OK &&
		     text->len > 0 && text->data[0] == '{';
		g_byte_array_unref(gzip);
	}
	if (text != NULL)
		g_byte_array_unref(text);
	return ok;
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
	assert_null(zip_to_gzip(empty, sizeof(empty)));
	assert_null(zip_to_gzip(bytes, sizeof(bytes)));
	assert_null(zip_to_gzip(bytes, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_sniff),
	    cmocka_unit_test(test_deflated),
	    cmocka_unit_test(test_stored_with_folder_and_comment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
