/* SPDX-License-Identifier: MIT */
/* What is said once, and again when it happens again. stderr is a file here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/housekeeping.h"
#include "tree.h"

struct place {
	char *folder;
	char *metrics; /* the folder that they go to */
	char *lines;   /* the file that stderr is */
	int saved_stderr;
	struct spool *spool;
};

static int set_up(void **state)
{
	struct place *place = g_new0(struct place, 1);
	char *spool, *error = NULL;

	place->folder = g_dir_make_tmp("house-XXXXXX", NULL);
	assert_non_null(place->folder);
	place->metrics = g_build_filename(place->folder, "metrics", NULL);
	place->lines = g_build_filename(place->folder, "lines", NULL);
	spool = g_build_filename(place->folder, "spool", NULL);
	place->spool = spool_open(spool, 1 << 20, &error);
	assert_non_null(place->spool);
	g_free(spool);
	place->saved_stderr = dup(STDERR_FILENO);
	assert_non_null(freopen(place->lines, "w", stderr));
	g_unsetenv("JOURNAL_STREAM");
	*state = place;
	return 0;
}

static int tear_down(void **state)
{
	struct place *place = *state;

	dup2(place->saved_stderr, STDERR_FILENO);
	close(place->saved_stderr);
	spool_close(place->spool);
	tree_remove(place->folder);
	g_free(place->folder);
	g_free(place->metrics);
	g_free(place->lines);
	g_free(place);
	return 0;
}

/* How often it stands in the log up to now. */
static guint times_said(const struct place *place, const char *words)
{
	char *text, **parts;
	guint times;

	fflush(stderr);
	assert_true(g_file_get_contents(place->lines, &text, NULL, NULL));
	parts = g_strsplit(text, words, -1);
	times = g_strv_length(parts);
	g_strfreev(parts);
	g_free(text);
	return times == 0 ? 0 : times - 1;
}

static void test_metrics(void **state)
{
	const struct place *place = *state;
	const struct config config = {
	    .metrics_directory = place->metrics, .spool_quota = 4096};
	char *file = g_build_filename(place->metrics, "program.prom", NULL);
	char *text;

	for (int i = 0; i < 3; i++)
		housekeeping_write_metrics(&config, place->spool, "program");
	assert_int_equal(times_said(place, "event=metrics-not-written"), 1);
	assert_int_equal(g_mkdir(place->metrics, 0700), 0);
	housekeeping_write_metrics(&config, place->spool, "program");
	assert_int_equal(times_said(place, "event=metrics-not-written"), 1);
	assert_true(g_file_get_contents(file, &text, NULL, NULL));
	assert_non_null(
	    strstr(text, "tlsrpt_spool_records{program=\"program\"} 0"));
	assert_non_null(
	    strstr(text, "tlsrpt_spool_quota_bytes{program=\"program\"} 4096"));
	assert_non_null(
	    strstr(text, "tlsrpt_spool_bad_bytes{program=\"program\"} 0"));
	/* One that nobody counts is not there. */
	assert_null(strstr(text, "tlsrpt_rejections_dropped"));
	g_free(text);
	g_free(file);
	tree_remove(place->metrics);
	housekeeping_write_metrics(&config, place->spool, "program");
	assert_int_equal(times_said(place, "event=metrics-not-written"), 2);
}

static void test_dropped_rejections_are_counted(void **state)
{
	const struct place *place = *state;
	const struct config config = {.metrics_directory = place->metrics};
	char *file = g_build_filename(place->metrics, "program.prom", NULL);
	struct record *record = record_new();
	char *text;

	record->kind = RECORD_REJECTION;
	record->reason = RECORD_INVALID;
	record->detail = g_strdup("no report");
	assert_int_equal(g_mkdir(place->metrics, 0700), 0);
	spool_set_quota(place->spool, 10);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(
		    spool_put(place->spool, record, NULL), SPOOL_DROPPED);
		housekeeping_write_metrics(&config, place->spool, "program");
	}
	record_free(record);
	assert_true(g_file_get_contents(file, &text, NULL, NULL));
	assert_non_null(strstr(text, "\ntlsrpt_rejections_dropped_total 3\n"));
	g_free(text);
	g_free(file);
}

static void test_refused_start(void **state)
{
	const struct place *place = *state;
	const struct config by_hand = {.log_target = LOG_TARGET_STDERR};
	const struct config as_daemon = {.log_target = LOG_TARGET_SYSLOG};

	assert_int_equal(
	    housekeeping_refuse_start(&by_hand, "program", 73, "no spool"), 73);
	assert_int_equal(times_said(place, "event=start-failed"), 1);
	assert_int_equal(times_said(place, "program: no spool\n"), 0);
	housekeeping_refuse_start(&as_daemon, "program", 73, "no spool");
	assert_int_equal(times_said(place, "program: no spool\n"), 1);
}

static void test_no_metrics(void **state)
{
	const struct place *place = *state;
	const struct config config = {.metrics_directory = (char[]){""}};

	housekeeping_write_metrics(&config, place->spool, "program");
	assert_int_equal(times_said(place, "event="), 0);
}

static void test_watchdog(void **state)
{
	const struct place *place = *state;

	housekeeping_feed_watchdog(true, "no step further");
	housekeeping_feed_watchdog(true, "no step further");
	assert_int_equal(times_said(place, "event=stuck"), 1);
	housekeeping_feed_watchdog(false, "no step further");
	housekeeping_feed_watchdog(true, "no step further");
	assert_int_equal(times_said(place, "event=stuck"), 2);
}

static const char *fixed_key(const struct config *old, const struct config *new)
{
	return strcmp(old->socket, new->socket) == 0 ? NULL : "milter.socket";
}

static void test_reload(void **state)
{
	const struct place *place = *state;
	char *path = g_build_filename(place->folder, "conf", NULL);
	const struct command_line line = {.program = "program"};
	struct config old = {.socket = (char[]){"inet:1@127.0.0.1"}};
	struct config *config;

	assert_true(g_file_set_contents(path, "what is this?\n", -1, NULL));
	assert_null(housekeeping_reload(&line, path, &old, fixed_key));
	assert_int_equal(
	    times_said(place, "; the old configuration stays in use"), 1);
	assert_true(g_file_set_contents(path, "", -1, NULL));
	assert_null(housekeeping_reload(&line, path, &old, fixed_key));
	assert_int_equal(times_said(place, "milter.socket can't change"), 1);
	assert_int_equal(
	    times_said(place, "; the old configuration stays in use"), 2);
	config = config_load(path, NULL);
	assert_non_null(config);
	old.socket = config->socket;
	config_unref(housekeeping_reload(&line, path, &old, fixed_key));
	config_unref(config);
	assert_int_equal(times_said(place, "event=reload-refused"), 2);
	g_free(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_metrics, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		test_dropped_rejections_are_counted, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		test_refused_start, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_no_metrics, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_watchdog, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_reload, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
