/* SPDX-License-Identifier: MIT */
/*
 * authres: each NAME.txt of tests/fixtures/authres is a field body, and
 * NAME.expect says what must be read from it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glib.h>
#include <string.h>
#include <time.h>

#include "cost.h"
#include "fixture.h"
#include "mail/authres.h"

/* What was read, in the words of a fixture. */
static char *describe(const char *body)
{
	GPtrArray *results = authres_dkim(body);
	char *id = authres_authserv_id(body);
	GString *out = g_string_new(NULL);

	if (results == NULL)
		g_string_append(out, "result: garbage\n");
	else
		g_string_append_printf(out, "authserv-id: %s\n", id);
	for (guint i = 0; results != NULL && i < results->len; i++) {
		const struct authres_dkim *dkim = results->pdata[i];

		g_string_append_printf(out, "dkim: %s %s\n", dkim->result,
		    dkim->domain != NULL ? dkim->domain : "-");
	}
	g_clear_pointer(&results, g_ptr_array_unref);
	g_free(id);
	return g_string_free(out, FALSE);
}

static void check(const char *body, const char *expected)
{
	char *found = describe(body);

	if (strcmp(found, expected) != 0)
		fail_msg("%s\ngave\n%sinstead of\n%s", body, found, expected);
	g_free(found);
}

static void check_file(const char *folder, const char *name)
{
	gsize length = 0;
	char *body = fixture_read(folder, name, ".txt", &length);
	char *facts = fixture_facts(folder, name);

	assert_non_null(body);
	/* The file has a line end, the field has none. */
	assert_true(g_str_has_suffix(body, "\n"));
	body[length - 1] = '\0';
	check(body, facts);
	g_free(body);
	g_free(facts);
}

static void test_fixtures(void **state)
{
	(void)state;
	fixture_each(FIXTURES "/authres", 10, check_file);
}

static void test_grammar(void **state)
{
	(void)state;
	check("example.org; none", "authserv-id: example.org\n");
	check("example.org 1; none", "authserv-id: example.org\n");
	check(" (c) \"Example.org\" (c) 1 (c) ; (c) none (c) ",
	    "authserv-id: example.org\n");
	check("a; dkim=pass", "authserv-id: a\ndkim: pass -\n");
	check("a;dkim=pass;", "authserv-id: a\ndkim: pass -\n");
	check("a; DKIM/1 = Pass (x) reason = \"a;b\" header . d = X.Example",
	    "authserv-id: a\ndkim: pass x.example\n");
	check("a; dkim=fail header.i=u@b", "authserv-id: a\ndkim: fail b\n");
	check("a; dkim=pass header.i=@b header.d=c",
	    "authserv-id: a\ndkim: pass c\n");
	check("a; dkim=pass header.d=c header.i=@b",
	    "authserv-id: a\ndkim: pass c\n");
	check("a; dkim=pass header.d=c header.d=d",
	    "authserv-id: a\ndkim: pass c\n");
	check("a; dkim=pass header.d=\"c\" header.b=a/b+c=",
	    "authserv-id: a\ndkim: pass c\n");
	check("a; dkim=none; dkim=pass header.d=b",
	    "authserv-id: a\ndkim: none -\ndkim: pass b\n");
	check("a; spf=pass smtp.mailfrom=x@b", "authserv-id: a\n");
	check(
	    "a; dkim=pass header.i=nothing", "authserv-id: a\ndkim: pass -\n");
	check("a; dkim=pass\r\n\theader.d=b\r\n",
	    "authserv-id: a\ndkim: pass b\n");
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
		check(bodies[i], "result: garbage\n");
}

/* What a sender writes into an address or a comment is not a result. */
static void test_nothing_can_be_brought_along(void **state)
{
	(void)state;
	check("a; spf=pass smtp.mailfrom=\"x; dkim=pass header.d=b\"@evil",
	    "authserv-id: a\n");
	check("a; spf=pass (domain of \\); dkim=pass header.d=b (x))",
	    "authserv-id: a\n");
	check("a; dkim=fail reason=\"x\\\"; dkim=pass header.d=b\" header.d=c",
	    "authserv-id: a\ndkim: fail c\n");
	check("a; dkim=fail header.i=\"header.d=b @\"@c",
	    "authserv-id: a\ndkim: fail c\n");
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
		g_free(describe(body->str));
	}
	assert_true(clock() - start < HOPELESS * CLOCKS_PER_SEC);

	g_string_assign(body, "a; dkim=pass");
	while (body->len < 256 * 1024)
		g_string_append_c(body, ' ');
	check(body->str, "authserv-id: a\ndkim: pass -\n");
	g_string_append_c(body, ' ');
	check(body->str, "result: garbage\n");
	g_string_free(body, TRUE);
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
		g_free(describe(body));
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
