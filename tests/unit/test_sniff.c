/* SPDX-License-Identifier: MIT */
/* What bytes and names are taken for, and by how few bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above before it. */
#include <cmocka.h>
#include <string.h>

#include "base/sniff.h"

static const uint8_t *bytes_of(const char *text)
{
	return (const uint8_t *)text;
}

static bool may_be_report(const char *text)
{
	return sniff_report(bytes_of(text), strlen(text));
}

static void test_gzip(void **state)
{
	static const uint8_t bytes[] = {0x1f, 0x8b, 0x08, 0x00};

	(void)state;
	assert_true(sniff_gzip(bytes, 3));
	assert_true(sniff_gzip(bytes, 4));
	assert_false(sniff_gzip(bytes, 2));
	assert_false(sniff_gzip(bytes, 0));
	assert_false(sniff_gzip(bytes + 1, 3));
}

static void test_zip(void **state)
{
	static const uint8_t bytes[30] = {'P', 'K', 3, 4};
	static const uint8_t empty[30] = {'P', 'K', 5, 6};

	(void)state;
	assert_true(sniff_zip(bytes, sizeof(bytes)));
	assert_false(sniff_zip(bytes, 29));
	assert_false(sniff_zip(empty, sizeof(empty)));
	assert_true(sniff_report(bytes, sizeof(bytes)));
	assert_false(sniff_report(empty, sizeof(empty)));
}

static void test_bom(void **state)
{
	(void)state;
	assert_int_equal(sniff_bom(bytes_of("\xef\xbb\xbf{"), 4), 3);
	assert_int_equal(sniff_bom(bytes_of("\xef\xbb\xbf"), 2), 0);
	assert_int_equal(sniff_bom(bytes_of("{"), 1), 0);
	assert_int_equal(sniff_start(bytes_of(" \xef\xbb\xbf\r\n{"), 7), 6);
	assert_int_equal(sniff_start(bytes_of(" \t\r\n"), 4), 4);
	assert_int_equal(sniff_start(bytes_of(""), 0), 0);
	assert_int_equal(sniff_start(NULL, 0), 0);
	assert_false(sniff_report(NULL, 0));
}

static void test_report(void **state)
{
	(void)state;
	assert_true(may_be_report("{"));
	assert_true(may_be_report(" \r\n\t{}"));
	assert_true(may_be_report("\xef\xbb\xbf{}"));
	assert_true(may_be_report("\n\xef\xbb\xbf\n{}"));
	assert_true(may_be_report("\x1f\x8b\x08"));
	assert_false(may_be_report(""));
	assert_false(may_be_report("[{}]"));
	assert_false(may_be_report("Dear postmaster, {"));
	assert_false(may_be_report(" \x1f\x8b\x08"));
	assert_false(may_be_report("\xef\xbb{}"));
}

static void test_name(void **state)
{
	(void)state;
	assert_true(sniff_name(span_of("a!b!1!2.json")));
	assert_true(sniff_name(span_of("a!b!1!2.JSON.GZ")));
	assert_false(sniff_name(span_of("a.json.txt")));
	assert_false(sniff_name(span_of("json")));
	assert_false(sniff_name(span_of("")));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_gzip),
	    cmocka_unit_test(test_zip),
	    cmocka_unit_test(test_bom),
	    cmocka_unit_test(test_report),
	    cmocka_unit_test(test_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
