/* SPDX-License-Identifier: MIT */
/*
 * authres: each file of tests/fixtures/authres is a field body, and behind a
 * line "--" what must be read from it: the authserv-id, then a line "result
 * domain" for each DKIM result; or the one word garbage.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glib.h>
#include <string.h>
#include <time.h>

#include "mail/authres.h"
#include "tree.h"

/* CPU seconds, a thousand times what the work takes: no measure of speed, but
 * what work that grows with the square of its input goes beyond. */
#define HOPELESS 60

/* What was read, in the words of a fixture. */
static char *describe(const char *body)
{
	struct authres *authres = authres_parse(body);
	GString *out = g_string_new(NULL);

	if (authres == NULL) {
		g_string_append(out, "garbage\n");
		return g_string_free(out, FALSE);
	}
	g_string_append_printf(out, "%s\n", authres->authserv_id);
	for (guint i = 0; i < authres->dkim->len; i++) {
		const struct authres_dkim *dkim = authres->dkim->pdata[i];

		g_string_append_printf(out, "%s %s\n", dkim->result,
		    dkim->domain != NULL ? dkim->domain : "-");
	}
	authres_free(authres);
	return g_string_free(out, FALSE);
}

static void check(const char *body, const char *expected)
{
	char *found = describe(body);

	if (strcmp(found, expected) != 0)
		fail_msg("%s\ngave\n%sinstead of\n%s", body, found, expected);
	g_free(found);
}

static void check_file(const char *path)
{
	char *text = NULL;
	char *mark;

	assert_true(g_file_get_contents(path, &text, NULL, NULL));
	mark = strstr(text, "\n--\n");
	if (mark == NULL)
		fail_msg("%s: no line --", path);
	*mark = '\0';
	check(text, mark + 4);
	g_free(text);
}

static void test_fixtures(void **state)
{
	(void)state;
	tree_each(FIXTURES "/authres", "", 10, check_file);
}

static void test_grammar(void **state)
{
	(void)state;
	check("example.org; none", "example.org\n");
	check("example.org 1; none", "example.org\n");
	check(
	    " (c) \"Example.org\" (c) 1 (c) ; (c) none (c) ", "example.org\n");
	check("a; dkim=pass", "a\npass -\n");
	check("a;dkim=pass;", "a\npass -\n");
	check("a; DKIM/1 = Pass (x) reason = \"a;b\" header . d = X.Example",
	    "a\npass x.example\n");
	check("a; dkim=fail header.i=u@b", "a\nfail b\n");
	check("a; dkim=pass header.i=@b header.d=c", "a\npass c\n");
	check("a; dkim=pass header.d=c header.i=@b", "a\npass c\n");
	check("a; dkim=pass header.d=c header.d=d", "a\npass c\n");
	check("a; dkim=pass header.d=\"c\" header.b=a/b+c=", "a\npass c\n");
	check("a; dkim=none; dkim=pass header.d=b", "a\nnone -\npass b\n");
	check("a; spf=pass smtp.mailfrom=x@b", "a\n");
	check("a; dkim=pass header.i=nothing", "a\npass -\n");
	check("a; dkim=pass\r\n\theader.d=b\r\n", "a\npass b\n");
}

static void test_garbage(void **state)
{
	static const char *const bodies[] = {"", ";", "\"\"; none", " ", "a",
	    "a;", "a ;(x)", "; none", "a; dkim", "a; dkim=", "a; =pass",
	    "a; dkim=pass x", "a; dkim=pass header.", "a; dkim=pass header.d",
	    "a; dkim=pass .d=x", "a b; dkim=pass", "a; dkim=pass, spf=pass",
	    "a; none; dkim=pass", "a; dkim=pass (open", "a; dkim=pass \"",
	    "a; dkim=pass header.d=\"b", "\"a; dkim=pass",
	    "spf=pass smtp.mailfrom=x; dkim=pass header.d=b", "a 1x; none",
	    "a; dkim/=pass", "a; dkim=pass)", "(", "a; dkim=pass header.d=b)",
	    "a; dkim=pass header.=b", "a; dkim=pass header.d.(open=b",
	    "a; dkim=pass; (open"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(bodies); i++)
		check(bodies[i], "garbage\n");
}

/* What a sender writes into an address or a comment is not a result. */
static void test_nothing_can_be_brought_along(void **state)
{
	(void)state;
	check("a; spf=pass smtp.mailfrom=\"x; dkim=pass header.d=b\"@evil",
	    "a\n");
	check("a; spf=pass (domain of \\); dkim=pass header.d=b (x))", "a\n");
	check("a; dkim=fail reason=\"x\\\"; dkim=pass header.d=b\" header.d=c",
	    "a\nfail c\n");
	check("a; dkim=fail header.i=\"header.d=b @\"@c", "a\nfail c\n");
}

static void test_bounds(void **state)
{
	static const char *const pieces[] = {
	    "(", "a=b ", "\"", ";", "dkim=pass;", "\\", ".", "x", " "};
	GString *body = g_string_new(NULL);
	clock_t start = clock();

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(pieces); i++) {
		g_string_assign(body, "a; dkim=pass ");
		while (body->len < 256 * 1024 - 16)
			g_string_append(body, pieces[i]);
		authres_free(authres_parse(body->str));
	}
	assert_true(clock() - start < HOPELESS * CLOCKS_PER_SEC);

	g_string_assign(body, "a; dkim=pass");
	while (body->len < 256 * 1024)
		g_string_append_c(body, ' ');
	check(body->str, "a\npass -\n");
	g_string_append_c(body, ' ');
	check(body->str, "garbage\n");
	g_string_free(body, TRUE);
	authres_free(NULL);
}

/* Any bytes at all: nothing to find but a crash. */
static void test_noise(void **state)
{
	static const char alphabet[] = "a;=.\"\\()/ \n@1dkim";
	GRand *random = g_rand_new_with_seed(8601);
	char body[64];

	(void)state;
	for (int i = 0; i < 100000; i++) {
		int length = g_rand_int_range(random, 0, sizeof body);

		for (int j = 0; j < length; j++)
			body[j] = alphabet[g_rand_int_range(
			    random, 0, sizeof alphabet - 1)];
		body[length] = '\0';
		authres_free(authres_parse(body));
	}
	g_rand_free(random);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_fixtures),
	    cmocka_unit_test(test_grammar),
	    cmocka_unit_test(test_garbage),
	    cmocka_unit_test(test_nothing_can_be_brought_along),
	    cmocka_unit_test(test_bounds),
	    cmocka_unit_test(test_noise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
