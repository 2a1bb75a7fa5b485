/* SPDX-License-Identifier: MIT */
/* What is base64 to the last byte, and what is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above before it. */
#include <cmocka.h>
#include <glib.h>
#include <stdbool.h>
#include <string.h>

#include "document/base64.h"

static void check(const char *text, const char *expected)
{
	/* At its own size, so that a step over the end is seen. */
	uint8_t *copy = g_memdup2(text, strlen(text));
	GByteArray *plain = base64_undo(copy, strlen(text));

	if ((plain == NULL) != (expected == NULL))
		fail_msg("%s", text);
	if (plain != NULL) {
		assert_int_equal(plain->len, strlen(expected));
		assert_memory_equal(plain->data, expected, plain->len);
		g_byte_array_unref(plain);
	}
	g_free(copy);
}

static void test_texts(void **state)
{
	(void)state;
	check("e30=", "{}");
	check(" e\r\n3\t0=\n", "{}");
	check("e30", "{}");
	check("ew==", "{");
	check("ew", "{");
	check("e319", "{}}");
	check("", NULL);
	check(" \n", NULL);
	check("e", NULL);
	check("e319e", NULL);
	check("e30=e30=", NULL);
	check("e30===", NULL);
	check("==", NULL);
	check("e3_=", NULL);
	check("{\"a\":1}", NULL);
	check("e30=\n-- \nfooter", NULL);
}

static void test_nul_and_every_length(void **state)
{
	uint8_t bytes[64];

	(void)state;
	memset(bytes, 'A', sizeof(bytes));
	for (size_t length = 0; length < sizeof(bytes); length++) {
		GByteArray *plain = base64_undo(bytes, length);
		bool whole = length > 0 && length % 4 != 1;

		assert_int_equal(plain != NULL, whole);
		if (plain == NULL)
			continue;
		assert_int_equal(plain->len, length * 3 / 4);
		g_byte_array_unref(plain);
	}
	bytes[3] = '\0';
	assert_null(base64_undo(bytes, 4));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_texts),
	    cmocka_unit_test(test_nul_and_every_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
