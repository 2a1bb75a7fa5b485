/* SPDX-License-Identifier: MIT */
/*
 * Counters are single atomics without order between them: a scrape may see one
 * event in one counter and not yet in another, which is what every scrape of a
 * running process sees.
 *
 * The temporary file has a fixed name, so that a crash leaves at most one
 * behind, and one that does not end in .prom, so that node_exporter never reads
 * half a file. Its textfile collector reads Prometheus' text format, in which
 * HELP and TYPE name a counter as its samples do, with _total; otherwise both
 * would be lost.
 * "# EOF" says in OpenMetrics that nothing is cut off, and is a comment to the
 * collector.
 */
#include "base/metrics.h"

#include <fcntl.h>
#include <glib.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/folder.h"

struct metric {
	const char *name;
	const char *labels;
	const char *help;
};

static const struct metric counters[] = {
#define X(constant, name, labels, help) {name, labels, help},
    METRICS_COUNTERS(X)
#undef X
};

static const struct metric gauges[] = {
#define X(constant, name, help) {name, "", help},
    METRICS_GAUGES(X)
#undef X
};

struct cell {
	atomic_uint_fast64_t value;
	atomic_bool touched;
};

static struct cell counter_cells[METRICS_COUNTER_COUNT];
static struct cell gauge_cells[METRICS_GAUGE_COUNT];
static pthread_mutex_t write_lock = PTHREAD_MUTEX_INITIALIZER;

void metrics_add(enum metrics_counter counter, uint64_t amount)
{
	struct cell *cell = &counter_cells[counter];

	atomic_fetch_add_explicit(&cell->value, amount, memory_order_relaxed);
	atomic_store_explicit(&cell->touched, true, memory_order_release);
}

void metrics_set(enum metrics_gauge gauge, uint64_t value)
{
	struct cell *cell = &gauge_cells[gauge];

	atomic_store_explicit(&cell->value, value, memory_order_relaxed);
	atomic_store_explicit(&cell->touched, true, memory_order_release);
}

/* Appends the samples of one kind, each family with its HELP and TYPE first.
 * The help is that of the family's first metric, touched or not. labels is for
 * a metric that has none of its own. */
static void append_metrics(GString *out, const struct metric *metrics,
    struct cell *cells, size_t count, const char *type, const char *suffix,
    const char *labels)
{
	const struct metric *family = NULL;
	bool announced = false;

	for (size_t i = 0; i < count; i++) {
		const struct metric *metric = &metrics[i];

		if (family == NULL || strcmp(family->name, metric->name) != 0) {
			family = metric;
			announced = false;
		}
		if (!atomic_load_explicit(
			&cells[i].touched, memory_order_acquire))
			continue;
		if (!announced)
			g_string_append_printf(out,
			    "# HELP %s%s %s\n# TYPE %s%s %s\n", family->name,
			    suffix, family->help, family->name, suffix, type);
		announced = true;
		g_string_append_printf(out, "%s%s", metric->name, suffix);
		if (metric->labels[0] != '\0')
			g_string_append_printf(out, "{%s}", metric->labels);
		else
			g_string_append(out, labels);
		g_string_append_printf(out, " %" G_GUINT64_FORMAT "\n",
		    (guint64)atomic_load_explicit(
			&cells[i].value, memory_order_relaxed));
	}
}

/* The whole file. Milter and loader both look at the spool, so the label of a
 * gauge says whose view it is: node_exporter refuses a series that two files
 * have. */
static GString *make_text(const char *program)
{
	GString *text = g_string_sized_new(2048);
	char *labels = g_strdup_printf("{program=\"%s\"}", program);

	append_metrics(text, counters, counter_cells, METRICS_COUNTER_COUNT,
	    "counter", "_total", "");
	append_metrics(text, gauges, gauge_cells, METRICS_GAUGE_COUNT, "gauge",
	    "", labels);
	g_string_append(text, "# EOF\n");
	g_free(labels);
	return text;
}

bool metrics_write(const char *directory, const char *program)
{
	g_autoptr(GString) text = make_text(program);
	g_autofree char *path =
	    g_strdup_printf("%s/%s.prom", directory, program);
	g_autofree char *temporary =
	    g_strdup_printf("%s/.%s.prom.tmp", directory, program);
	bool good;

	if (directory[0] == '\0')
		return true;
	pthread_mutex_lock(&write_lock);
	folder_discard(AT_FDCWD, temporary);
	good = folder_create(
	    AT_FDCWD, temporary, text->str, text->len, NULL, 0, false);
	/* Everybody may read it: node_exporter has another user and group. */
	if (good &&
	    (chmod(temporary, 0644) != 0 || rename(temporary, path) != 0)) {
		folder_discard(AT_FDCWD, temporary);
		good = false;
	}
	pthread_mutex_unlock(&write_lock);
	return good;
}
