/* SPDX-License-Identifier: MIT */
/* Connection strings that libpq takes, and those with a secret. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above before it. */
#include <cmocka.h>
#include <glib.h>
#include <string.h>

#include "db/conninfo.h"

#define NO_STRING "[database] conninfo: is not a connection string of libpq; "
#define A_SECRET "[database] conninfo: holds a password, "

static char *check(const char *conninfo)
{
	char *copy = g_strdup(conninfo), *error = NULL;
	const struct config config = {.conninfo = copy};
	bool good = conninfo_check(&config, &error);

	assert_true(good == (error == NULL));
	g_free(copy);
	return error;
}

static void test_good(void **state)
{
	static const char *const good[] = {"service=tlsrpt",
	    "host=/run/postgresql dbname=tlsrpt", "host = 'a b' user = 'x\\'y'",
	    "application_name='password=x'", "passfile=/etc/x", "postgresql://",
	    "postgres://loader@db/tlsrpt",
	    ("postgresql://loader@db1,db2:5433/tlsrpt?"
	     "target_session_attrs=read-write&passfile=/etc/x")};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(good); i++)
		assert_null(check(good[i]));
}

static void assert_refused(const char *conninfo, const char *problem)
{
	char *error = check(conninfo);

	if (error == NULL)
		fail_msg("taken: %s", conninfo);
	if (!g_str_has_prefix(error, problem))
		fail_msg("\"%s\" instead of \"%s\"", error, problem);
	/* It may end in a log. */
	assert_null(strstr(error, "hunter2"));
	g_free(error);
}

static void test_no_string(void **state)
{
	static const char *const bad[] = {"tlsrpt", "host='hunter2", "=hunter2",
	    "hots=hunter2", "host=db hunter2", "password='hunter2",
	    "postgresql://[::1/hunter2", "postgresql://db/?hunter2"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
		assert_refused(bad[i], NO_STRING);
}

static void test_secret(void **state)
{
	static const char *const bad[] = {"host=db password=hunter2",
	    "sslpassword=hunter2", "host = 'a b' password = 'hunter2'",
	    "postgresql://loader:hunter2@db/tlsrpt",
	    "postgres://loader:hun?ter2@db/tlsrpt",
	    "postgresql://db/tlsrpt?sslmode=require&p%61ssword=hunter2"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
		assert_refused(bad[i], A_SECRET);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_good),
	    cmocka_unit_test(test_no_string),
	    cmocka_unit_test(test_secret),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
