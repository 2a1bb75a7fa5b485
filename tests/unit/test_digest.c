/* SPDX-License-Identifier: MIT */
/* FIPS 180-4's examples. */
/* cmocka.h needs these four before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glib.h>
#include <string.h>

#include "base/digest.h"

static void assert_digest(
    const void *bytes, size_t length, const char *expected)
{
	uint8_t digest[DIGEST_SIZE];
	char hex[DIGEST_HEX_SIZE];

	memset(hex, 'x', sizeof(hex));
	digest_of(bytes, length, digest);
	digest_hex(digest, hex);
	assert_string_equal(hex, expected);
}

static void test_known(void **state)
{
	(void)state;
	assert_digest("", 0,
	    "e3b0c44298fc1c149afbf4c8996fb924"
	    "27ae41e4649b934ca495991b7852b855");
	assert_digest("abc", 3,
	    "ba7816bf8f01cfea414140de5dae2223"
	    "b00361a396177a9cb410ff61f20015ad");
	assert_digest(
	    "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56,
	    "248d6a61d20638b8e5c026930c3e6039"
	    "a33ce45964ff2167f6ecedd419db06c1");
	/* NUL bytes count like others. */
	assert_digest("\0", 1,
	    "6e340b9cffb37a989ca544e6bb780a2c"
	    "78901d3fb33738768511a30617afa01d");
}

static void test_million(void **state)
{
	char *text = g_strnfill(1000000, 'a');

	(void)state;
	assert_digest(text, 1000000,
	    "cdc76e5c9914fb9281a1c7e284d73e67"
	    "f1809a48a497200e046d39ccc7112cd0");
	g_free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_known),
	    cmocka_unit_test(test_million),

	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
