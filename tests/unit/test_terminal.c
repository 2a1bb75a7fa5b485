/* SPDX-License-Identifier: MIT */
/* Columns, bars and paragraphs: never wider than promised, never a control
 * character. */
/* cmocka.h needs these four before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "show/terminal.h"

#define DOTS "\xe2\x80\xa6"

static void check(struct terminal *terminal, const char *expected)
{
	assert_string_equal(terminal->out->str, expected);
	g_string_truncate(terminal->out, 0);
}

static void test_cells(void **state)
{
	struct terminal terminal = {g_string_new(NULL), false, true};

	(void)state;
	terminal_cell(&terminal, "abc", 5);
	check(&terminal, "abc  ");
	terminal_cell(&terminal, "abcdef", 5);
	check(&terminal, "abcd" DOTS);
	terminal_cell(&terminal, "abcdef", 0);
	check(&terminal, DOTS);
	terminal_right(&terminal, "abc", 5);
	check(&terminal, "  abc");
	terminal_cell(&terminal, "a\x1b[m", 8);
	check(&terminal, "a\\x1b[m ");
	/* A wide character that would stand half outside is left out. */
	terminal_cell(&terminal, "\xe6\x97\xa5\xe6\x9c\xac", 3);
	check(&terminal, "\xe6\x97\xa5" DOTS);
	terminal_cell(&terminal, "\xe6\x97\xa5\xe6\x9c\xac", 4);
	check(&terminal, "\xe6\x97\xa5\xe6\x9c\xac");
	terminal_count(&terminal, 1234567, 10);
	check(&terminal, " 1,234,567");
	/* Never without a blank before it, however large. */
	terminal_count(&terminal, 1234567, 9);
	check(&terminal, "    1.23M");
	terminal_count(&terminal, INT64_MAX, 9);
	check(&terminal, "    9.22E");

	terminal.utf8 = false;
	terminal_cell(&terminal, "\xc3\xbc and more", 10);
	check(&terminal, "\\u{00fc...");
	g_string_free(terminal.out, TRUE);
}

static void test_bars(void **state)
{
	struct terminal terminal = {g_string_new(NULL), false, true};

	(void)state;
	terminal_bar(&terminal, 0, 4);
	check(&terminal, "    ");
	terminal_bar(&terminal, 0.0001, 4);
	check(&terminal, "\xe2\x96\x8f   ");
	terminal_bar(&terminal, 0.5, 4);
	check(&terminal, "\xe2\x96\x88\xe2\x96\x88  ");
	terminal_bar(&terminal, 7, 2);
	check(&terminal, "\xe2\x96\x88\xe2\x96\x88");
	terminal_spark(&terminal, -1);
	terminal_spark(&terminal, 0);
	terminal_spark(&terminal, 0.0001);
	terminal_spark(&terminal, 1);
	terminal_spark(&terminal, 2);
	check(&terminal, " \xc2\xb7\xe2\x96\x81\xe2\x96\x88\xe2\x96\x88");

	terminal.utf8 = false;
	terminal_bar(&terminal, 0.0001, 4);
	check(&terminal, "#   ");
	terminal_spark(&terminal, -1);
	terminal_spark(&terminal, 0);
	terminal_spark(&terminal, 0.0001);
	terminal_spark(&terminal, 0.5);
	terminal_spark(&terminal, 1);
	check(&terminal, " .+*#");
	g_string_free(terminal.out, TRUE);
}

static void test_colours(void **state)
{
	struct terminal terminal = {g_string_new(NULL), true, true};

	(void)state;
	terminal_ink(&terminal, INK_BAD);
	terminal_printf(&terminal, "x");
	terminal_ink(&terminal, INK_PLAIN);
	check(&terminal, "\x1b[31mx\x1b[0m");
	terminal.colour = false;
	terminal_ink(&terminal, INK_BAD);
	terminal_printf(&terminal, "x");
	check(&terminal, "x");
	g_string_free(terminal.out, TRUE);
}

static void test_paragraph(void **state)
{
	struct terminal terminal = {g_string_new(NULL), false, true};
	char *words = g_strnfill(200, 'x');
	char **lines;

	(void)state;
	terminal_paragraph(&terminal, "  ", "one  two");
	check(&terminal, "  one two\n");
	terminal_paragraph(&terminal, "  ", "");
	check(&terminal, "\n");

	/* 25 words of 7 and one that fits on no line. */
	for (int i = 6; i < 200; i += 8)
		words[i] = ' ';
	terminal_paragraph(&terminal, "   ", words);
	memset(words, 'y', 200);
	terminal_paragraph(&terminal, "   ", words);
	lines = g_strsplit(terminal.out->str, "\n", -1);
	for (char **line = lines; *line != NULL; line++) {
		assert_true(g_utf8_strlen(*line, -1) <= TERMINAL_WIDTH);
		assert_true(**line == '\0' || g_str_has_prefix(*line, "   "));
	}
	g_strfreev(lines);
	g_string_truncate(terminal.out, 0);

	/* A long word loses nothing, and what follows it stays on its line. */
	memset(words, 'z', 200);
	words[1] = ' ';
	words[80] = ' ';
	words[160] = '\0';
	terminal_paragraph(&terminal, "   ", words);
	check(&terminal,
	    "   z\n"
	    "   zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"
	    "zzzzzzzzzzzzzz\n"
	    "   z\n"
	    "   zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"
	    "zzzzzzzzzzzzzz\n"
	    "   zz\n");
	g_free(words);
	g_string_free(terminal.out, TRUE);
}

static void test_json(void **state)
{
	struct terminal terminal = {g_string_new(NULL), false, true};

	(void)state;
	terminal_json(&terminal, "{\n \"\xc3\xbc\xe2\x80\xae\": \"\\n\"\n}");
	check(&terminal, "{\n \"\xc3\xbc\\u202e\": \"\\n\"\n}\n");
	terminal.utf8 = false;
	terminal_json(&terminal, "\"\xc3\xbc\xf0\x9f\x93\xa7\"");
	check(&terminal, "\"\\u00fc\\ud83d\\udce7\"\n");
	g_string_free(terminal.out, TRUE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_cells),
	    cmocka_unit_test(test_bars),
	    cmocka_unit_test(test_colours),
	    cmocka_unit_test(test_paragraph),
	    cmocka_unit_test(test_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
