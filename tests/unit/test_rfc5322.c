/* SPDX-License-Identifier: MIT */
/* rfc5322: fields, folds, comments and addresses from strangers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glib.h>
#include <string.h>
#include <time.h>

#include "cost.h"
#include "mail/rfc5322.h"

static void check_domain(const char *body, const char *expected)
{
	char *domain = rfc5322_first_domain(body);

	if (g_strcmp0(domain, expected) != 0)
		fail_msg("%s: got %s, expected %s", body,
		    domain != NULL ? domain : "NULL",
		    expected != NULL ? expected : "NULL");
	g_free(domain);
}

static void test_first_domain(void **state)
{
	(void)state;
	check_domain("a@example.com", "example.com");
	check_domain(" <a@Example.Com>\r\n", "Example.Com");
	check_domain("\"Reports, TLS\" <a@b.example>, c@d", "b.example");
	check_domain("Doe, John <j@example.com>", "example.com");
	check_domain("x@spoof.example <a@b.example>", "b.example");
	check_domain("\"a@spoof\"@b.example", "b.example");
	check_domain("\"<x@spoof>\" <a@b.example>", "b.example");
	check_domain("(x@spoof) a (y@spoof) @ (z) b.example (w)", "b.example");
	check_domain("Group: a@b.example, c@d.example;", "b.example");
	check_domain("Nobody:; , a@b.example", "b.example");
	check_domain("<@relay.example,@two.example:a@b.example>", "b.example");
	check_domain("a@b.example;", "b.example");
	check_domain("Name\n <a@b.example>", "b.example");
	check_domain("<>, a@b.example", "b.example");
	check_domain("a@[IPv6:2001:db8::1]", "[IPv6:2001:db8::1]");
}

static void test_no_domain(void **state)
{
	static const char *const bodies[] = {"", " ", "a", "a@", "<a@>", "@",
	    "\"a@b", "(a@b", "<>", "undisclosed-recipients:;", "\\", "\"\\",
	    "(\\", "a@,"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(bodies); i++)
		check_domain(bodies[i], NULL);
}

/* GMime's own address parser overflows the stack with the first and takes
 * minutes with the second. */
static void test_hostile_address_lists(void **state)
{
	static const char *const pieces[] = {
	    "a:", "a,", "(", "<", "\"", "<@", "@", "[", "a@b:"};
	GString *body = g_string_new(NULL);
	clock_t start = clock();

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(pieces); i++) {
		g_string_truncate(body, 0);
		while (body->len < 1024 * 1024)
			g_string_append(body, pieces[i]);
		g_free(rfc5322_first_domain(body->str));
	}
	assert_true(clock() - start < HOPELESS * CLOCKS_PER_SEC);
	g_string_free(body, TRUE);
}

static void test_unfold(void **state)
{
	char *line = rfc5322_unfold("  a;\r\n\tb=c\n d \r\n");

	(void)state;
	assert_string_equal(line, "a;\tb=c d");
	g_free(line);
	line = rfc5322_unfold(" \n ");
	assert_string_equal(line, "");
	g_free(line);
}

static void check_id(const char *body, const char *expected)
{
	char *id = rfc5322_message_id(body);

	if (g_strcmp0(id, expected) != 0)
		fail_msg("%s: got %s", body, id != NULL ? id : "NULL");
	g_free(id);
}

static void test_message_id(void **state)
{
	(void)state;
	check_id(" <a@b>\n", "a@b");
	check_id("\n <a@b>", "a@b");
	check_id("bare@id", "bare@id");
	check_id("<unclosed", "<unclosed");
	check_id("<>", NULL);
	check_id(" \n", NULL);
}

static void test_cfws(void **state)
{
	const char *text = " (a(b\\)c)d)\r\n\t(e)f";

	(void)state;
	assert_true(rfc5322_skip_cfws(&text));
	assert_string_equal(text, "f");
	text = " (a(b)";
	assert_false(rfc5322_skip_cfws(&text));
	assert_string_equal(text, "");
	text = "(\\";
	assert_false(rfc5322_skip_cfws(&text));
	assert_string_equal(text, "");
}

/* Fields as "name=whole|", then what is left for the body. The header has a
 * block of memory for itself, so that a byte beyond it is noticed. */
static void check_header(const char *header, const char *expected)
{
	size_t length = strlen(header);
	uint8_t *bytes = g_memdup2(header, length);
	GString *got = g_string_new(NULL);
	struct rfc5322_field field;
	size_t offset = 0;

	while (rfc5322_next_field(bytes, length, &offset, &field)) {
		g_string_append_len(
		    got, field.name.start, (gssize)field.name.length);
		g_string_append_c(got, '=');
		g_string_append_len(
		    got, field.whole.start, (gssize)field.whole.length);
		g_string_append_c(got, '|');
	}
	g_string_append_len(got, header + offset, (gssize)(length - offset));
	assert_string_equal(got->str, expected);
	g_string_free(got, TRUE);
	g_free(bytes);
}

static void test_fields(void **state)
{
	(void)state;
	check_header("A: 1\nB:2\n\nbody", "A=A: 1\n|B=B:2\n|body");
	check_header("A: 1\r\n\r\nbody\r\n", "A=A: 1\r\n|body\r\n");
	check_header("A: 1\n 2\n\t3\nB: 4\n\n", "A=A: 1\n 2\n\t3\n|B=B: 4\n|");
	/* A fold of blanks alone is no end. */
	check_header("A: 1\n \n 2\n\nbody", "A=A: 1\n \n 2\n|body");
	check_header("A : 1\n\nbody", "A=A : 1\n|body");
	/* What ends without a body, or in the middle of something. */
	check_header("A: 1\n", "A=A: 1\n|");
	check_header("A: 1", "A=A: 1|");
	check_header("A:", "A=A:|");
	check_header("A: 1\r", "A=A: 1\r|");
	check_header("A: 1\n\r", "A=A: 1\n|");
	check_header("A: 1\n\r\n", "A=A: 1\n|");
	check_header("\nbody", "body");
	check_header("", "");
	/* Lines that are no field, with the folds behind them. */
	check_header("A: 1\nno field\n:none\n x\nB: 2\n\nC: body",
	    "A=A: 1\n|B=B: 2\n|C: body");
	check_header("no field", "");
	check_header("N\xc3\xa4me: 1\nA: 2\n\n", "A=A: 2\n|");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_first_domain),
	    cmocka_unit_test(test_no_domain),
	    cmocka_unit_test(test_hostile_address_lists),
	    cmocka_unit_test(test_unfold),
	    cmocka_unit_test(test_message_id),
	    cmocka_unit_test(test_cfws),
	    cmocka_unit_test(test_fields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
