/* SPDX-License-Identifier: MIT */
/* What an SQLSTATE means, and how it is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <glib.h>

#include "db/sqlstate.h"

static void test_judge(void **state)
{
	(void)state;
	assert_int_equal(sqlstate_judge(NULL), DB_RETRY);
	assert_int_equal(sqlstate_judge("08006"), DB_RETRY);
	assert_int_equal(sqlstate_judge("22P02"), DB_REFUSED);
	/* A state of its own goes before its class. */
	assert_int_equal(sqlstate_judge("23505"), DB_RETRY);
	assert_int_equal(sqlstate_judge("23514"), DB_REFUSED);
	assert_int_equal(sqlstate_judge("42501"), DB_OPERATOR);
	assert_int_equal(sqlstate_judge("55P03"), DB_WAIT);
	assert_int_equal(sqlstate_judge("55000"), DB_RETRY);
	assert_int_equal(sqlstate_judge("57P01"), DB_WAIT);
	assert_int_equal(sqlstate_judge("57014"), DB_RETRY);
}

static void check(char *sentence, const char *expected)
{
	assert_string_equal(sentence, expected);
	g_free(sentence);
}

static void test_describe(void **state)
{
	(void)state;
	check(sqlstate_describe("22P02", "bad value", "line 1"),
	    "bad value (line 1) (SQLSTATE 22P02)");
	/* Not the row that a constraint refused. */
	check(sqlstate_describe("23514", "refused", "(a, b, c)"),
	    "refused (SQLSTATE 23514)");
	check(sqlstate_describe("42501", "permission denied", NULL),
	    "permission denied (SQLSTATE 42501); the role has to be a member "
	    "of tlsrpt_loader or tlsrpt_reader");
}

static void test_join_lines(void **state)
{
	(void)state;
	check(sqlstate_join_lines("one\n\n\ttwo \n"), "one; two");
	check(sqlstate_join_lines("\n"), "unknown failure in libpq");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_judge),
	    cmocka_unit_test(test_describe),
	    cmocka_unit_test(test_join_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
