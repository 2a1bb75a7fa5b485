/* SPDX-License-Identifier: MIT */
/* What foreign text looks like where it is shown: nothing that a terminal, a
 * log or a header obeys may come through. */
/* cmocka.h needs these four before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glib.h>
#include <jansson.h>
#include <string.h>

#include "base/escape.h"

#define DOTS "\xe2\x80\xa6"

struct row {
	const char *text;
	const char *expected;
};

static void check_terminal(const char *text, size_t max, const char *expected)
{
	GString *out = g_string_new("<");

	escape_terminal(out, text, max);
	assert_string_equal(out->str + 1, expected);
	assert_true(g_utf8_validate(out->str, -1, NULL));
	g_string_free(out, TRUE);
}

static void test_terminal(void **state)
{
	static const struct row rows[] = {
	    {"", ""},
	    {"plain ~ text", "plain ~ text"},
	    {"Gr\xc3\xbc\xc3\x9f"
	     "e \xe6\x97\xa5 \xf0\x9f\x93\xa7",
		"Gr\xc3\xbc\xc3\x9f"
		"e \xe6\x97\xa5 \xf0\x9f\x93\xa7"},
	    {"a\\b", "a\\\\b"},
	    {"a\nb\tc\r", "a\\x0ab\\x09c\\x0d"},
	    {"\033[31m", "\\x1b[31m"},
	    {"\x7f", "\\x7f"},
	    /* C1, which some terminals take like ESC and a letter */
	    {"\xc2\x80\xc2\x9b"
	     "31m\xc2\x9f",
		"\\u{0080}\\u{009b}31m\\u{009f}"},
	    {"\xc2\xa0", "\xc2\xa0"},
	    /* bidi: U+061C, U+200E, U+200F, U+202A, U+202E, U+2066, U+2069 */
	    {"\xd8\x9c", "\\u{061c}"},
	    {"\xe2\x80\x8e\xe2\x80\x8f", "\\u{200e}\\u{200f}"},
	    {"\xe2\x80\xaa\xe2\x80\xae", "\\u{202a}\\u{202e}"},
	    {"\xe2\x81\xa6\xe2\x81\xa9", "\\u{2066}\\u{2069}"},
	    /* separators of lines and paragraphs */
	    {"\xe2\x80\xa8\xe2\x80\xa9", "\\u{2028}\\u{2029}"},
	    /* invisible: U+200B-200D, U+2060, U+FEFF, tags */
	    {"\xe2\x80\x8b\xe2\x80\x8c\xe2\x80\x8d",
		"\\u{200b}\\u{200c}\\u{200d}"},
	    {"\xe2\x81\xa0\xef\xbb\xbf", "\\u{2060}\\u{feff}"},
	    {"\xf3\xa0\x80\x80\xf3\xa0\x81\xbf", "\\u{e0000}\\u{e007f}"},
	    /* just outside of those ranges */
	    {"\xe2\x80\x8a\xe2\x80\x90\xf3\xa0\x84\x80",
		"\xe2\x80\x8a\xe2\x80\x90\xf3\xa0\x84\x80"},
	    /* not UTF-8: a lone continuation, overlong, a surrogate, beyond
	     * U+10FFFF, cut off, a byte that never occurs */
	    {"a\x80z", "a\\x80z"},
	    {"\xc0\xaf", "\\xc0\\xaf"},
	    {"\xe0\x80\xaf", "\\xe0\\x80\\xaf"},
	    {"\xf0\x80\x80\xaf", "\\xf0\\x80\\x80\\xaf"},
	    {"\xed\xa0\x80", "\\xed\\xa0\\x80"},
	    {"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"},
	    {"x\xe2\x82", "x\\xe2\\x82"},
	    {"\xe2\x82z", "\\xe2\\x82z"},
	    {"\xf0\x9f\x93", "\\xf0\\x9f\\x93"},
	    {"\xff\xfe", "\\xff\\xfe"},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
		check_terminal(rows[i].text, 0, rows[i].expected);
	check_terminal(NULL, 0, "");
}

static void test_terminal_width(void **state)
{
	(void)state;
	check_terminal("abc", 3, "abc");
	check_terminal("abcd", 3, "abc" DOTS);
	check_terminal("\xc3\xbc\xc3\xbc\xc3\xbc", 2, "\xc3\xbc\xc3\xbc" DOTS);
	/* An escape is never cut, and counts as wide as it is. */
	check_terminal("ab\033", 6, "ab\\x1b");
	check_terminal("ab\033", 5, "ab" DOTS);
	check_terminal("\033\033", 1, DOTS);
	check_terminal("\\\\", 3, "\\\\" DOTS);
	check_terminal("", 1, "");
}

/* Every byte and every code point: the output has no control character and is
 * UTF-8. */
static void test_terminal_all(void **state)
{
	(void)state;
	for (gunichar code = 1; code <= 0x10ffff; code++) {
		char text[8] = {0};
		GString *out;

		if (code >= 0xd800 && code <= 0xdfff)
			continue;
		g_unichar_to_utf8(code, text);
		out = g_string_new(NULL);
		escape_terminal(out, text, 0);
		assert_true(out->len > 0);
		for (const char *at = out->str; *at != '\0';
		     at = g_utf8_next_char(at)) {
			GUnicodeType type = g_unichar_type(g_utf8_get_char(at));

			assert_true(type != G_UNICODE_CONTROL &&
				    type != G_UNICODE_FORMAT &&
				    type != G_UNICODE_LINE_SEPARATOR &&
				    type != G_UNICODE_PARAGRAPH_SEPARATOR);
		}
		g_string_free(out, TRUE);
	}
	for (int byte = 0x80; byte <= 0xff; byte++) {
		char text[] = {(char)byte, '\0'};
		char *expected = g_strdup_printf("\\x%02x", (unsigned int)byte);

		check_terminal(text, 0, expected);
		g_free(expected);
	}
}

static void check_logfmt(const char *text, const char *expected)
{
	GString *out = g_string_new("a=");

	escape_logfmt(out, text);
	assert_string_equal(out->str + 2, expected);
	g_string_free(out, TRUE);
}

static void test_logfmt(void **state)
{
	GString *expected = g_string_new(NULL);
	char *text;

	(void)state;
	check_logfmt("plain", "plain");
	check_logfmt("", "\"\"");
	check_logfmt(NULL, "\"\"");
	check_logfmt("Google Inc.", "\"Google Inc.\"");
	check_logfmt("a=b", "\"a=b\"");
	check_logfmt("\"", "\"\\\"\"");
	check_logfmt("x\" event=stored \"", "\"x\\\" event=stored \\\"\"");
	check_logfmt("a\\\"b", "\"a\\\\\\\"b\"");
	check_logfmt("a\nb", "a\\x0ab");

	text = g_strnfill(1001, '"');
	for (int i = 0; i < 1000; i++)
		g_string_append(expected, "\\\"");
	g_string_prepend_c(expected, '"');
	g_string_append(expected, DOTS "\"");
	check_logfmt(text, expected->str);
	g_string_free(expected, TRUE);
	g_free(text);
}

static void check_header(const char *text, size_t max, const char *expected)
{
	GString *out = g_string_new(NULL);

	escape_header(out, text, max);
	assert_string_equal(out->str, expected);
	g_string_free(out, TRUE);
}

static void test_header(void **state)
{
	(void)state;
	check_header("plain ~", 100, "plain ~");
	check_header("a\r\nBcc: x", 100, "a\\x0d\\x0aBcc: x");
	check_header("\xc3\xbc\x7f\t\\", 100, "\\xc3\\xbc\\x7f\\x09\\\\");
	check_header("abc", 3, "abc");
	check_header("abcd", 3, "abc...");
	check_header("a\n", 4, "a...");
	check_header("a\n", 5, "a\\x0a");
	check_header("a", 0, "...");
	check_header("", 0, "");
	check_header(NULL, 5, "");
}

/* What a JSON parser makes of the output is what went in. */
static void check_json(const char *text, const char *expected)
{
	GString *out = g_string_new(NULL);
	json_t *json;

	escape_json(out, text);
	json = json_loads(out->str, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
	assert_non_null(json);
	assert_string_equal(json_string_value(json), expected);
	for (size_t i = 0; i < out->len; i++)
		assert_true((guchar)out->str[i] >= 0x20 && out->str[i] != 0x7f);
	json_decref(json);
	g_string_free(out, TRUE);
}

static void test_json(void **state)
{
	GString *out = g_string_new(NULL);

	(void)state;
	escape_json(out, NULL);
	assert_string_equal(out->str, "null");
	g_string_assign(out, "");
	escape_json(out, "\n\xf3\xa0\x80\x81</\xe2\x80\xae");
	assert_string_equal(out->str, "\"\\u000a\\udb40\\udc01</\\u202e\"");
	g_string_free(out, TRUE);

	check_json("", "");
	check_json(
	    "\"\\/\b\f\n\r\t\x01\x1f\x7f", "\"\\/\b\f\n\r\t\x01\x1f\x7f");
	check_json("\xc2\x9b\xe2\x80\xa8\xef\xbb\xbf",
	    "\xc2\x9b\xe2\x80\xa8\xef\xbb\xbf");
	check_json("\xf0\x9f\x93\xa7\xf3\xa0\x81\xbf",
	    "\xf0\x9f\x93\xa7\xf3\xa0\x81\xbf");
	check_json("a\xffz\xed\xa0\x80\xe2\x82",
	    "a\xef\xbf\xbdz\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
	    "\xef\xbf\xbd\xef\xbf\xbd");
}

static void test_json_all(void **state)
{
	(void)state;
	for (gunichar code = 1; code <= 0x10ffff;
	     code += code < 0x3000 ? 1 : 97) {
		char text[8] = {0};

		if (code >= 0xd800 && code <= 0xdfff)
			continue;
		g_unichar_to_utf8(code, text);
		check_json(text, text);
	}
}

/* A document of somebody else's: the same to a parser, safe to look at. */
static void test_json_document(void **state)
{
	static const struct row rows[] = {
	    {"{\n \"a\": [1, \"x\"]\n}", "{\n \"a\": [1, \"x\"]\n}"},
	    {"\"\xe2\x80\xae\\n\"", "\"\\u202e\\n\""},
	    {"\"\xc2\x9b\x7f\"", "\"\\u009b\\u007f\""},
	    {"\"\xf3\xa0\x81\xbf\"", "\"\\udb40\\udc7f\""},
	    {"\"\xff\"", "\"\xef\xbf\xbd\""},
	    {"{\t\"a\":\r1}", "{ \"a\": 1}"},
	    {"", ""},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		GString *out = g_string_new(NULL);

		escape_json_document(out, rows[i].text);
		assert_string_equal(out->str, rows[i].expected);
		g_string_free(out, TRUE);
	}
	escape_json_document(NULL, NULL);
}

static void test_html(void **state)
{
	static const struct row rows[] = {
	    {"plain \xc3\xbc \\ \xe2\x82\xac",
		"plain \xc3\xbc \\ \xe2\x82\xac"},
	    {"<b a=\"1\" c='2'>&amp;</b>",
		"&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;amp;&lt;/b&gt;"},
	    {"\xe2\x80\xae\xe2\x80\x8b\r\n\t\x1b",
		"\\u{202e}\\u{200b}\\x0d\\x0a\\x09\\x1b"},
	    {"a\xffz\xc0\xbc", "a\\xffz\\xc0\\xbc"},
	    {"", ""},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		GString *out = g_string_new(NULL);

		escape_html(out, rows[i].text);
		assert_string_equal(out->str, rows[i].expected);
		g_string_free(out, TRUE);
	}
	escape_html(NULL, NULL);
}

/* Of all bytes and characters only references have a meaning in HTML. */
static void test_html_all(void **state)
{
	(void)state;
	for (gunichar code = 1; code <= 0x10ffff;
	     code += code < 0x3000 ? 1 : 97) {
		char text[8] = {0};
		GString *out = g_string_new(NULL);

		if (code < 0xd800 || code > 0xdfff)
			g_unichar_to_utf8(code, text);
		escape_html(out, text);
		assert_null(strpbrk(out->str, "<>\"'\r\n\t"));
		assert_true(strchr(out->str, '&') == NULL ||
			    g_str_has_suffix(out->str, ";"));
		assert_true(g_utf8_validate(out->str, -1, NULL));
		g_string_free(out, TRUE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_terminal),
	    cmocka_unit_test(test_terminal_width),
	    cmocka_unit_test(test_terminal_all),
	    cmocka_unit_test(test_logfmt),
	    cmocka_unit_test(test_header),
	    cmocka_unit_test(test_json),
	    cmocka_unit_test(test_json_all),
	    cmocka_unit_test(test_json_document),
	    cmocka_unit_test(test_html),
	    cmocka_unit_test(test_html_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
