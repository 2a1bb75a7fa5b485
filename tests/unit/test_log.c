/* SPDX-License-Identifier: MIT */
/* Lines on stderr, which is a pipe here. */
/* cmocka.h needs these four before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glib.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"

static int saved_stderr;
static int reading;

static int begin(void **state)
{
	int ends[2];

	(void)state;
	saved_stderr = dup(STDERR_FILENO);
	if (saved_stderr < 0 || pipe(ends) != 0 ||
	    dup2(ends[1], STDERR_FILENO) < 0)
		return -1;
	close(ends[1]);
	reading = ends[0];
	unsetenv("JOURNAL_STREAM");
	return 0;
}

static int end(void **state)
{
	(void)state;
	dup2(saved_stderr, STDERR_FILENO);
	close(saved_stderr);
	close(reading);
	return 0;
}

/* All that was written; the pipe has no writer after it. */
static char *read_lines(void)
{
	GString *lines = g_string_new(NULL);
	char chunk[4096];
	ssize_t got;

	dup2(saved_stderr, STDERR_FILENO);
	while ((got = read(reading, chunk, sizeof(chunk))) > 0)
		g_string_append_len(lines, chunk, got);
	return g_string_free(lines, FALSE);
}

static void assert_lines(const char *expected)
{
	char *lines = read_lines();

	assert_string_equal(lines, expected);
	g_free(lines);
}

static void test_event(void **state)
{
	(void)state;
	log_open("test", LOG_TARGET_STDERR, LOG_INFO);
	log_event(LOG_INFO, EVENT_SPOOLED, "organization", "Google Inc.",
	    "queue-id", "4XyZ12", "nothing", NULL, "empty", "", NULL);
	log_event(LOG_INFO, EVENT_SPOOLED, "report-id", "1\n2\" x=\"", NULL);
	log_event(LOG_INFO, EVENT_STARTED, NULL);
	assert_lines("queue-id=4XyZ12 event=spooled "
		     "organization=\"Google Inc.\" empty=\"\"\n"
		     "event=spooled report-id=\"1\\x0a2\\\" x=\\\"\"\n"
		     "event=started\n");
}

static void test_failure(void **state)
{
	(void)state;
	log_open("test", LOG_TARGET_STDERR, LOG_INFO);
	log_failure(LOG_ERR, EVENT_SPOOL_UNREADABLE, "%s: %d %% full",
	    "/var/\033x", 100);
	assert_lines(
	    "event=spool-unreadable reason=\"/var/\\x1bx: 100 % full\"\n");
}

static void test_level(void **state)
{
	(void)state;
	log_open("test", LOG_TARGET_STDERR, LOG_WARNING);
	log_event(LOG_ERR, EVENT_STARTED, NULL);
	log_event(LOG_NOTICE, EVENT_STOPPED, NULL);
	log_failure(LOG_DEBUG, EVENT_STOPPED, "no");
	log_event(LOG_WARNING, EVENT_STARTED, NULL);
	log_open("test", LOG_TARGET_STDERR, LOG_DEBUG);
	log_event(LOG_DEBUG, EVENT_STARTED, NULL);
	assert_lines("event=started\nevent=started\nevent=started\n");
}

/* Priorities only when stderr is the journal's stream itself. */
static void test_journal(void **state)
{
	struct stat status;
	char *stream;

	(void)state;
	assert_int_equal(fstat(STDERR_FILENO, &status), 0);
	stream = g_strdup_printf(
	    "%ju:%ju", (uintmax_t)status.st_dev, (uintmax_t)status.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	log_open("test", LOG_TARGET_STDERR, LOG_DEBUG);
	log_event(LOG_ERR, EVENT_DATABASE_DOWN, NULL);
	log_event(LOG_DEBUG, EVENT_DATABASE_UP, NULL);
	setenv("JOURNAL_STREAM", "1:2", 1);
	log_open("test", LOG_TARGET_STDERR, LOG_DEBUG);
	log_event(LOG_ERR, EVENT_LOADED, NULL);
	setenv("JOURNAL_STREAM", "rubbish", 1);
	log_open("test", LOG_TARGET_STDERR, LOG_DEBUG);
	log_event(LOG_ERR, EVENT_DRAINED, NULL);
	unsetenv("JOURNAL_STREAM");
	log_open("test", LOG_TARGET_STDERR, LOG_INFO);
	g_free(stream);
	assert_lines("<3>event=database-down\n<7>event=database-up\nevent="
		     "loaded\nevent=drained\n");
}

static void *write_many(void *data)
{
	(void)data;
	for (int i = 0; i < 100; i++)
		log_event(
		    LOG_INFO, EVENT_LIBRARY, "value", "some words here", NULL);
	return NULL;
}

static void test_threads(void **state)
{
	pthread_t threads[4];
	char *lines;
	char **split;
	int count = 0;

	(void)state;
	log_open("test", LOG_TARGET_STDERR, LOG_INFO);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(
		    pthread_create(&threads[i], NULL, write_many, NULL), 0);
	for (size_t i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	lines = read_lines();
	split = g_strsplit(lines, "\n", -1);
	for (; split[count] != NULL && split[count][0] != '\0'; count++)
		assert_string_equal(
		    split[count], "event=library value=\"some words here\"");
	assert_int_equal(count, 400);
	g_strfreev(split);
	g_free(lines);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_event, begin, end),
	    cmocka_unit_test_setup_teardown(test_failure, begin, end),
	    cmocka_unit_test_setup_teardown(test_level, begin, end),
	    cmocka_unit_test_setup_teardown(test_journal, begin, end),
	    cmocka_unit_test_setup_teardown(test_threads, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
