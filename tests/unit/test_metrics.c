/* SPDX-License-Identifier: MIT */
/* The text that node_exporter reads, byte by byte. */
/* cmocka.h needs these four before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/metrics.h"

static char *folder;

static int begin(void **state)
{
	(void)state;
	folder = g_dir_make_tmp("test_metrics_XXXXXX", NULL);
	return folder == NULL ? -1 : 0;
}

static int end(void **state)
{
	char *path = g_build_filename(folder, "test.prom", NULL);

	(void)state;
	g_remove(path);
	g_free(path);
	/* Fails when a temporary file is left. */
	if (g_rmdir(folder) != 0)
		return -1;
	g_free(folder);
	return 0;
}

static char *written(void)
{
	char *path = g_build_filename(folder, "test.prom", NULL);
	char *text = NULL;

	assert_true(metrics_write(folder, "test"));
	assert_true(g_file_get_contents(path, &text, NULL, NULL));
	g_free(path);
	return text;
}

static void assert_written(const char *expected)
{
	char *text = written();

	assert_string_equal(text, expected);
	g_free(text);
}

/* The order of these tests matters: metrics are the process's. */
static void test_untouched(void **state)
{
	(void)state;
	assert_written("# EOF\n");
}

static void test_format(void **state)
{
	(void)state;
	metrics_add(METRICS_MESSAGES, 2);
	metrics_add(METRICS_MESSAGES, 3);
	/* The help of a family comes also when its first counter doesn't. */
	metrics_add(METRICS_REFUSED, 1);
	metrics_add(METRICS_FAILED, 0);
	metrics_set(METRICS_SPOOL_BYTES, 7);
	metrics_set(METRICS_SPOOL_BYTES, UINT64_MAX);
	assert_written(
	    "# HELP tlsrpt_messages_total Messages seen by the milter.\n"
	    "# TYPE tlsrpt_messages_total counter\n"
	    "tlsrpt_messages_total 5\n"
	    "# HELP tlsrpt_reports_total Reports found at intake by what "
	    "became of them.\n"
	    "# TYPE tlsrpt_reports_total counter\n"
	    "tlsrpt_reports_total{outcome=\"refused\"} 1\n"
	    "tlsrpt_reports_total{outcome=\"spool-failed\"} 0\n"
	    "# HELP tlsrpt_spool_bytes Bytes waiting in new.\n"
	    "# TYPE tlsrpt_spool_bytes gauge\n"
	    "tlsrpt_spool_bytes{program=\"test\"} 18446744073709551615\n"
	    "# EOF\n");
}

static void *add_many(void *data)
{
	(void)data;
	for (int i = 0; i < 10000; i++)
		metrics_add(METRICS_BATCHES, 1);
	return NULL;
}

static void test_threads(void **state)
{
	pthread_t threads[4];
	char *text;

	(void)state;
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(
		    pthread_create(&threads[i], NULL, add_many, NULL), 0);
	for (size_t i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	text = written();
	assert_non_null(strstr(text, "\ntlsrpt_batches_total 40000\n"));
	g_free(text);
}

/* Each family's name, help and type stand once, and lines end in LF. */
static void test_families(void **state)
{
	GHashTable *seen = g_hash_table_new(g_str_hash, g_str_equal);
	char *text, **lines;

	(void)state;
	for (int i = 0; i < METRICS_COUNTER_COUNT; i++)
		metrics_add((enum metrics_counter)i, 1);
	for (int i = 0; i < METRICS_GAUGE_COUNT; i++)
		metrics_set((enum metrics_gauge)i, 1);
	text = written();
	lines = g_strsplit(text, "\n", -1);
	for (size_t i = 0; lines[i] != NULL; i++) {
		if (lines[i][0] != '#')
			continue;
		assert_false(g_hash_table_contains(seen, lines[i]));
		g_hash_table_add(seen, lines[i]);
		if (g_str_has_prefix(lines[i], "# HELP "))
			assert_non_null(strchr(lines[i] + 7, ' '));
	}
	g_strfreev(lines);
	g_hash_table_unref(seen);
	g_free(text);
}

static void test_readable(void **state)
{
	char *path = g_build_filename(folder, "test.prom", NULL);
	mode_t mask = umask(0077);
	struct stat status;

	(void)state;
	assert_true(metrics_write(folder, "test"));
	umask(mask);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0644);
	g_free(path);
}

/* A temporary file of a crash, or a link planted there, is not followed. */
static void test_planted(void **state)
{
	char *temporary = g_build_filename(folder, ".test.prom.tmp", NULL);
	char *victim = g_build_filename(folder, "victim", NULL);

	(void)state;
	assert_int_equal(symlink(victim, temporary), 0);
	assert_true(metrics_write(folder, "test"));
	assert_int_equal(access(victim, F_OK), -1);
	assert_int_equal(access(temporary, F_OK), -1);
	g_free(temporary);
	g_free(victim);
}

static void test_failure(void **state)
{
	char *missing = g_build_filename(folder, "missing", NULL);

	(void)state;
	assert_true(metrics_write("", "test"));
	errno = 0;
	assert_false(metrics_write(missing, "test"));
	assert_int_equal(errno, ENOENT);
	g_free(missing);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_untouched, begin, end),
	    cmocka_unit_test_setup_teardown(test_format, begin, end),
	    cmocka_unit_test_setup_teardown(test_threads, begin, end),
	    cmocka_unit_test_setup_teardown(test_families, begin, end),
	    cmocka_unit_test_setup_teardown(test_readable, begin, end),
	    cmocka_unit_test_setup_teardown(test_planted, begin, end),
	    cmocka_unit_test_setup_teardown(test_failure, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
