/* SPDX-License-Identifier: MIT */
/* Values of each kind, nested, with their commas. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "base/json_writer.h"

static GString *out;
static struct json_writer json;

static void begin(bool spaced)
{
	out = g_string_new(NULL);
	json = (struct json_writer){.out = out, .spaced = spaced};
}

static void check(const char *expected)
{
	assert_string_equal(out->str, expected);
	g_string_free(out, TRUE);
}

static void test_object(void **state)
{
	(void)state;
	begin(false);
	json_writer_begin_object(&json, NULL);
	json_writer_string(&json, "text", "a\"b\n\xff");
	json_writer_string(&json, "none", NULL);
	json_writer_integer(&json, "count", 7);
	json_writer_number(&json, "share", 0.5);
	json_writer_boolean(&json, "yes", true);
	json_writer_boolean(&json, "no", false);
	json_writer_raw(&json, "raw", "[1, 2]!", 6);
	json_writer_end_object(&json);
	check("{\"text\":\"a\\\"b\\u000a\xef\xbf\xbd\",\"none\":null,"
	      "\"count\":7,\"share\":0.5,\"yes\":true,\"no\":false,"
	      "\"raw\":[1, 2]}");
}

static void write_nested(void)
{
	json_writer_begin_object(&json, NULL);
	json_writer_begin_array(&json, "empty");
	json_writer_end_array(&json);
	json_writer_begin_array(&json, "rows");
	for (int i = 0; i < 2; i++) {
		json_writer_begin_object(&json, NULL);
		json_writer_integer(&json, "i", i);
		json_writer_begin_object(&json, "o");
		json_writer_end_object(&json);
		json_writer_end_object(&json);
	}
	json_writer_integer(&json, NULL, 3);
	json_writer_end_array(&json);
	json_writer_string(&json, "last", "");
	json_writer_end_object(&json);
}

static void test_nested(void **state)
{
	(void)state;
	begin(false);
	write_nested();
	check("{\"empty\":[],\"rows\":[{\"i\":0,\"o\":{}},{\"i\":1,\"o\":{}},3]"
	      ",\"last\":\"\"}");
}

static void test_spaced(void **state)
{
	(void)state;
	begin(true);
	write_nested();
	check("{\"empty\": [], \"rows\": [{\"i\": 0, \"o\": {}}, {\"i\": 1, "
	      "\"o\": {}}, 3], \"last\": \"\"}");
}

/* Only the first value on a line has no comma before it. */
static void test_lines(void **state)
{
	(void)state;
	begin(true);
	json_writer_begin_array(&json, NULL);
	json_writer_line(&json);
	json_writer_integer(&json, NULL, 1);
	json_writer_integer(&json, NULL, 2);
	json_writer_line(&json);
	json_writer_integer(&json, NULL, 3);
	json_writer_end_array(&json);
	check("[\n 1, 2,\n 3]");
}

static void test_integers(void **state)
{
	static const int64_t values[] = {0, 9, 10, -1, INT64_MAX, INT64_MIN};

	(void)state;
	begin(false);
	json_writer_begin_array(&json, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(values); i++)
		json_writer_integer(&json, NULL, values[i]);
	json_writer_end_array(&json);
	check("[0,9,10,-1,9223372036854775807,-9223372036854775808]");
}

/* The same double comes back; JSON has no infinity. */
static void test_numbers(void **state)
{
	static const double values[] = {0, -1.5, 0.1, 1.0 / 3, 9.2e18, 5e-324};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(values); i++) {
		begin(false);
		json_writer_number(&json, NULL, values[i]);
		assert_true(g_ascii_strtod(out->str, NULL) == values[i]);
		g_string_free(out, TRUE);
	}
	begin(false);
	json_writer_begin_array(&json, NULL);
	json_writer_number(&json, NULL, NAN);
	json_writer_number(&json, NULL, INFINITY);
	json_writer_number(&json, NULL, -INFINITY);
	json_writer_end_array(&json);
	check("[null,null,null]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_object),
	    cmocka_unit_test(test_nested),
	    cmocka_unit_test(test_spaced),
	    cmocka_unit_test(test_lines),
	    cmocka_unit_test(test_integers),
	    cmocka_unit_test(test_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
