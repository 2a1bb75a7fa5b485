/* SPDX-License-Identifier: MIT */
/* With what libpq is asked to connect. PQconnectdbParams() is played by this
 * test, and connects to nothing; so are those that change the environment,
 * which other threads may read, and socket(2). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "db/db.h"

static GHashTable *asked; /* the last value of each keyword */
static int changes;       /* of the environment */
static int sockets;

PGconn *PQconnectdbParams(
    const char *const *keywords, const char *const *values, int expand_dbname)
{
	assert_int_equal(expand_dbname, 0);
	g_hash_table_remove_all(asked);
	for (; *keywords != NULL; keywords++, values++)
		g_hash_table_insert(
		    asked, g_strdup(*keywords), g_strdup(*values));
	return NULL;
}

int setenv(const char *name, const char *value, int replace)
{
	(void)name;
	(void)value;
	(void)replace;
	changes++;
	return 0;
}

int socket(int domain, int type, int protocol)
{
	(void)domain;
	(void)type;
	(void)protocol;
	sockets++;
	errno = EMFILE;
	return -1;
}

int unsetenv(const char *name)
{
	(void)name;
	changes++;
	return 0;
}

static void connect_by(const char *conninfo, bool primary)
{
	struct db *db = NULL;
	char *error = NULL;

	assert_int_equal(db_connect(conninfo, primary, &db, &error), DB_RETRY);
	g_free(error);
}

static const char *asked_for(const char *keyword)
{
	return g_hash_table_lookup(asked, keyword);
}

static void assert_asked(const char *keyword, const char *value)
{
	assert_non_null(asked_for(keyword));
	assert_string_equal(asked_for(keyword), value);
}

static void test_defaults(void **state)
{
	(void)state;
	connect_by("host=/nonexistent dbname=x sslmode=disable", true);
	assert_asked("host", "/nonexistent");
	assert_asked("dbname", "x");
	assert_asked("sslmode", "disable");
	assert_asked("connect_timeout", "10");
	assert_asked("keepalives_idle", "30");
	assert_asked("client_encoding", "UTF8");
	/* What only the trial had. */
	assert_null(asked_for("password"));
	assert_null(asked_for("target_session_attrs"));
}

static void test_own_values(void **state)
{
	(void)state;
	connect_by("host=a,b connect_timeout=3 target_session_attrs=standby "
		   "client_encoding=LATIN1",
	    true);
	assert_asked("connect_timeout", "3");
	assert_asked("target_session_attrs", "standby");
	assert_asked("client_encoding", "UTF8");
}

static void test_several_hosts(void **state)
{
	(void)state;
	connect_by("postgresql://a,b/x", true);
	assert_asked("target_session_attrs", "read-write");
	connect_by("postgresql://a,b/x", false);
	assert_null(asked_for("target_session_attrs"));
	connect_by("hostaddr=192.0.2.1,192.0.2.2", true);
	assert_asked("target_session_attrs", "read-write");
}

/* What stands in the service file goes before our defaults, and it counts for
 * the number of hosts. */
static void test_service(void **state)
{
	(void)state;
	connect_by("service=two", true);
	assert_asked("service", "two");
	assert_null(asked_for("host"));
	assert_null(asked_for("connect_timeout"));
	assert_asked("tcp_user_timeout", "10000");
	assert_asked("target_session_attrs", "read-write");
	connect_by("service=one", true);
	assert_asked("connect_timeout", "10");
	assert_null(asked_for("tcp_user_timeout"));
	assert_null(asked_for("target_session_attrs"));
	connect_by("service=missing", true);
	assert_asked("service", "missing");
}

/* So does the environment, but after the service. */
static void test_environment(void **state)
{
	static char timeout[] = "PGCONNECT_TIMEOUT=7", host[] = "PGHOST=a,b";

	(void)state;
	assert_int_equal(putenv(timeout) | putenv(host), 0);
	connect_by("dbname=x", true);
	assert_null(asked_for("connect_timeout"));
	assert_asked("target_session_attrs", "read-write");
	connect_by("service=one", true);
	assert_null(asked_for("target_session_attrs"));
}

/* By all of the above: neither was anything set, nor a host looked at. */
static void test_nothing_else_happens(void **state)
{
	(void)state;
	assert_int_equal(changes, 0);
	assert_int_equal(sockets, 0);
}

static void test_no_conninfo(void **state)
{
	struct db *db = NULL;
	char *error = NULL;

	(void)state;
	assert_int_equal(
	    db_connect("password='secret", false, &db, &error), DB_OPERATOR);
	assert_null(strstr(error, "secret"));
	g_free(error);
}

int main(void)
{
	static const char services[] =
	    "[two]\nhost=a,b\nconnect_timeout=4\n"
	    "[one]\nhost=/nonexistent\ntcp_user_timeout=1\n";
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_defaults),
	    cmocka_unit_test(test_own_values),
	    cmocka_unit_test(test_several_hosts),
	    cmocka_unit_test(test_service),
	    cmocka_unit_test(test_environment),
	    cmocka_unit_test(test_nothing_else_happens),
	    cmocka_unit_test(test_no_conninfo),
	};
	static char setting[4096]; /* the environment's from then on */
	char *path = NULL;
	int fd = g_file_open_tmp("services-XXXXXX", &path, NULL), failed;

	if (fd < 0 || !g_file_set_contents(path, services, -1, NULL))
		return 1;
	close(fd);
	g_snprintf(setting, sizeof(setting), "PGSERVICEFILE=%s", path);
	putenv(setting);
	asked = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	g_hash_table_unref(asked);
	g_unlink(path);
	g_free(path);
	return failed;
}
