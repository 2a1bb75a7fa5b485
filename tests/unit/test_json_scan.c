/* SPDX-License-Identifier: MIT */
/* One look at a text, in one piece or in many. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above before it. */
#include <cmocka.h>
#include <glib.h>
#include <string.h>

#include "document/json_scan.h"

struct row {
	const char *text;
	size_t max_depth;
	size_t max_string;
	bool is_object;
	bool claims_report;
};

static const struct row rows[] = {
    {"", 0, 0, false, false},
    {" \n", 0, 0, false, false},
    {"{}", 1, 0, true, false},
    {"\xef\xbb\xbf {\"policies\":[]}", 2, 8, true, true},
    {"{\"report-id\":1}", 1, 9, true, true},
    {"{\"a\":\"report-id\"}", 1, 9, true, true},
    {"{\"a\":{\"policies\":[]}}", 3, 8, true, false},
    {"[{\"policies\":[]}]", 3, 8, false, false},
    {"{\"policie\":1,\"policiesx\":2}", 1, 9, true, false},
    {"{\"\\u0070olicies\":[]}", 2, 13, true, true},
    {"{\"a\":{\"\\u0070olicies\":[]}}", 3, 13, true, false},
    {"{\"a\":\"[[[{{{\\\"[[\"}", 1, 10, true, true},
    {"{\"a\":\"\\\\\",\"b\":[[]]}", 3, 2, true, true},
    {"{}[[[[\"policies\"", 1, 0, true, false},
    {"x{\"policies\":[]}", 2, 8, false, false},
    {"]]]{{", 2, 0, false, false},
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct json_scan whole = {0}, pieces = {0};
		const uint8_t *bytes = (const uint8_t *)rows[i].text;
		size_t length = strlen(rows[i].text);

		json_scan_update(&whole, bytes, length);
		if (whole.max_depth != rows[i].max_depth ||
		    whole.max_string != rows[i].max_string ||
		    whole.is_object != rows[i].is_object ||
		    whole.claims_report != rows[i].claims_report)
			fail_msg("%s", rows[i].text);
		assert_int_equal(whole.length, length);
		for (size_t at = 0; at < length; at++)
			json_scan_update(&pieces, bytes + at, 1);
		assert_memory_equal(&whole, &pieces, sizeof(whole));
	}
}

static void test_end(void **state)
{
	static const struct {
		const char *text;
		size_t end;
	} texts[] = {
	    {"", 0}, {"{\"a\":[1]}", 9}, {" [{}] {}", 5}, {"{\"}\"", 0}};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		struct json_scan scan = {0};

		json_scan_update(&scan, (const uint8_t *)texts[i].text,
		    strlen(texts[i].text));
		assert_int_equal(scan.end, texts[i].end);
	}
}

#define NOWHERE SIZE_MAX

static void test_find_report(void **state)
{
	static const struct {
		const char *text;
		size_t at;
	} texts[] = {
	    {"", NOWHERE},
	    {"-- \nscanned [[[ \"policies\"", NOWHERE},
	    {"{\"report-id\":1}", 0},
	    {"\n, {\"report-id\"", 3},
	    {"[{\"a\":1},{\"policies\":[]}]", 9},
	    {"{}{\"a\":{\"policies\":[]}} {\"b\":1", NOWHERE},
	    {"{}\x1e{\"a\":{}}\xef\xbb\xbf{\"policies\":[]}", 14},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		size_t at = NOWHERE;
		bool found = json_scan_find_report(
		    (const uint8_t *)texts[i].text, strlen(texts[i].text), &at);

		assert_int_equal(at, texts[i].at);
		assert_int_equal(found, at != NOWHERE);
	}
}

static void test_controls(void **state)
{
	static const struct {
		const char *text;
		size_t controls;
	} texts[] = {{"\n{\n\t\"a\":\r1}", 0},
	    {"{\"a\tb\":\"\n\x01\x1f \x7f\"}", 4}, {"{\"\\\n\":\"\\\\\n\"}", 1},
	    {"{}\"\n\"", 0}, {"{\"\n", 1}};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		struct json_scan scan = {0};

		json_scan_update(&scan, (const uint8_t *)texts[i].text,
		    strlen(texts[i].text));
		assert_int_equal(scan.controls, texts[i].controls);
	}
}

/* More structure is never estimated at less. */
static void test_estimate_grows(void **state)
{
	static const char text[] =
	    "{\"a\":[1,-2.5e3,true,\"\\n\",{}],\"b\":{\"c\":\"d\"}}";
	struct json_scan scan = {0};
	size_t before = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(text) - 1; i++) {
		json_scan_update(&scan, (const uint8_t *)text + i, 1);
		assert_true(json_scan_estimate(&scan) > before);
		before = json_scan_estimate(&scan);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_rows),
	    cmocka_unit_test(test_end),
	    cmocka_unit_test(test_controls),
	    cmocka_unit_test(test_find_report),
	    cmocka_unit_test(test_estimate_grows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
