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

#include "screen.h"

#define DOTS "\xe2\x80\xa6"

static void check(struct screen *screen, const char *expected)
{
	assert_string_equal(screen->out->str, expected);
	g_string_truncate(screen->out, 0);
}

static void test_cells(void **state)
{
	struct screen screen = {g_string_new(NULL), false, true};

	(void)state;
	screen_cell(&screen, "abc", 5);
	check(&screen, "abc  ");
	screen_cell(&screen, "abcdef", 5);
	check(&screen, "abcd" DOTS);
	screen_cell(&screen, "abcdef", 0);
	check(&screen, DOTS);
	screen_right(&screen, "abc", 5);
	check(&screen, "  abc");
	screen_cell(&screen, "a\x1b[m", 8);
	check(&screen, "a\\x1b[m ");
	/* A wide character that would stand half outside is left out. */
	screen_cell(&screen, "\xe6\x97\xa5\xe6\x9c\xac", 3);
	check(&screen, "\xe6\x97\xa5" DOTS);
	screen_cell(&screen, "\xe6\x97\xa5\xe6\x9c\xac", 4);
	check(&screen, "\xe6\x97\xa5\xe6\x9c\xac");
	screen_count(&screen, 1234567, 10);
	check(&screen, " 1,234,567");
	/* Never without a blank before it, however large. */
	screen_count(&screen, 1234567, 9);
	check(&screen, "    1.23M");
	screen_count(&screen, INT64_MAX, 9);
	check(&screen, "    9.22E");

	screen.utf8 = false;
	screen_cell(&screen, "\xc3\xbc and more", 10);
	check(&screen, "\\u{00fc...");
	g_string_free(screen.out, TRUE);
}

static void test_bars(void **state)
{
	struct screen screen = {g_string_new(NULL), false, true};

	(void)state;
	screen_bar(&screen, 0, 4);
	check(&screen, "    ");
	screen_bar(&screen, 0.0001, 4);
	check(&screen, "\xe2\x96\x8f   ");
	screen_bar(&screen, 0.5, 4);
	check(&screen, "\xe2\x96\x88\xe2\x96\x88  ");
	screen_bar(&screen, 7, 2);
	check(&screen, "\xe2\x96\x88\xe2\x96\x88");
	screen_spark(&screen, -1);
	screen_spark(&screen, 0);
	screen_spark(&screen, 0.0001);
	screen_spark(&screen, 1);
	screen_spark(&screen, 2);
	check(&screen, " \xc2\xb7\xe2\x96\x81\xe2\x96\x88\xe2\x96\x88");

	screen.utf8 = false;
	screen_bar(&screen, 0.0001, 4);
	check(&screen, "#   ");
	screen_spark(&screen, -1);
	screen_spark(&screen, 0);
	screen_spark(&screen, 0.0001);
	screen_spark(&screen, 0.5);
	screen_spark(&screen, 1);
	check(&screen, " .+*#");
	g_string_free(screen.out, TRUE);
}

static void test_colours(void **state)
{
	struct screen screen = {g_string_new(NULL), true, true};

	(void)state;
	screen_ink(&screen, INK_BAD);
	screen_put(&screen, "x");
	screen_ink(&screen, INK_PLAIN);
	check(&screen, "\x1b[31mx\x1b[0m");
	screen.colour = false;
	screen_ink(&screen, INK_BAD);
	screen_put(&screen, "x");
	check(&screen, "x");
	g_string_free(screen.out, TRUE);
}

static void test_paragraph(void **state)
{
	struct screen screen = {g_string_new(NULL), false, true};
	char *words = g_strnfill(200, 'x');
	char **lines;

	(void)state;
	screen_paragraph(&screen, "  ", "one  two");
	check(&screen, "  one two\n");
	screen_paragraph(&screen, "  ", "");
	check(&screen, "\n");

	/* 25 words of 7 and one that fits on no line. */
	for (int i = 6; i < 200; i += 8)
		words[i] = ' ';
	screen_paragraph(&screen, "   ", words);
	memset(words, 'y', 200);
	screen_paragraph(&screen, "   ", words);
	lines = g_strsplit(screen.out->str, "\n", -1);
	for (char **line = lines; *line != NULL; line++) {
		assert_true(g_utf8_strlen(*line, -1) <= SCREEN_WIDTH);
		assert_true(**line == '\0' || g_str_has_prefix(*line, "   "));
	}
	g_strfreev(lines);
	g_string_truncate(screen.out, 0);

	/* A long word loses nothing, and what follows it stays on its line. */
	memset(words, 'z', 200);
	words[1] = ' ';
	words[80] = ' ';
	words[160] = '\0';
	screen_paragraph(&screen, "   ", words);
	check(&screen,
	    "   z\n"
	    "   zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"
	    "zzzzzzzzzzzzzz\n"
	    "   z\n"
	    "   zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"
	    "zzzzzzzzzzzzzz\n"
	    "   zz\n");
	g_free(words);
	g_string_free(screen.out, TRUE);
}

static void test_json(void **state)
{
	struct screen screen = {g_string_new(NULL), false, true};

	(void)state;
	screen_json(&screen, "  ", "{\n \"\xc3\xbc\xe2\x80\xae\": \"\\n\"\n}");
	check(&screen, "  {\n   \"\xc3\xbc\\u202e\": \"\\n\"\n  }\n");
	screen.utf8 = false;
	screen_json(&screen, "", "\"\xc3\xbc\xf0\x9f\x93\xa7\"");
	check(&screen, "\"\\u00fc\\ud83d\\udce7\"\n");
	g_string_free(screen.out, TRUE);
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
