/* SPDX-License-Identifier: MIT */
/*
 * Prints the names that the library knows and no program lists, one a line, its
 * members separated by tabs, for tests/test_docs.py:
 *
 *   anomaly      NAME CLAUSE MEANING
 *   event        NAME CONSTANT DAEMONS, of the log
 *   record-line  NAME, of a record in the spool
 *   metric       SERIES, as in the file for node_exporter
 */
#include <glib.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/metrics.h"
#include "spool/record_field.h"

static void print_anomalies(void)
{
#define X(constant, name, clause, meaning) \
	printf("anomaly\t%s\t%s\t%s\n", name, clause, meaning);
#include "document/anomalies.def"
#undef X
}

static void print_events(void)
{
#define X(constant, name, daemons, meaning) \
	printf("event\t%s\tEVENT_%s\t%s\n", name, #constant, daemons);
#include "base/log_events.def"
#undef X
}

static void print_record_lines(void)
{
	for (guint i = 0; i < RECORD_FIELD_COUNT; i++)
		printf("record-line\t%s\n", record_fields[i].name);
}

/* Every metric, by the file in which a program that has them all shows them. */
static char *write_metrics(void)
{
	char *folder = g_dir_make_tmp("tlsrpt-tables-XXXXXX", NULL);
	char *path = g_build_filename(folder, "tables.prom", NULL);
	char *text = NULL;

	for (guint i = 0; i < METRICS_COUNTER_COUNT; i++)
		metrics_add(i, 0);
	for (guint i = 0; i < METRICS_GAUGE_COUNT; i++)
		metrics_set(i, 0);
	if (!metrics_write(folder, "tables") ||
	    !g_file_get_contents(path, &text, NULL, NULL)) {
		perror(path);
		exit(EXIT_FAILURE);
	}
	g_unlink(path);
	g_rmdir(folder);
	g_free(path);
	g_free(folder);
	return text;
}

static void print_metrics(void)
{
	char *text = write_metrics();
	char **lines = g_strsplit(text, "\n", -1);

	for (size_t i = 0; lines[i] != NULL; i++) {
		char *blank = strrchr(lines[i], ' ');

		if (*lines[i] != '#' && blank != NULL)
			printf("metric\t%.*s\n", (int)(blank - lines[i]),
			    lines[i]);
	}
	g_strfreev(lines);
	g_free(text);
}

int main(void)
{
	print_anomalies();
	print_events();
	print_record_lines();
	print_metrics();
	return fflush(stdout) == EOF ? EXIT_FAILURE : EXIT_SUCCESS;
}
