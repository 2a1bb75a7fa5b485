/* SPDX-License-Identifier: MIT */
/*
 * No failure in here stops a daemon: what can't be told now is told next time.
 */
#include "daemon/housekeeping.h"

#include <errno.h>
#include <glib.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/log.h"
#include "daemon/service_manager.h"

int housekeeping_refuse_start(const struct config *config, const char *program,
    int status, const char *format, ...)
{
	g_autofree char *reason = NULL;
	va_list arguments;

	va_start(arguments, format);
	reason = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	log_failure(LOG_ERR, EVENT_START_FAILED, "%s", reason);
	if (config->log_target == LOG_TARGET_SYSLOG)
		fprintf(stderr, "%s: %s\n", program, reason);
	return status;
}

struct config *housekeeping_reload(const struct command_line *command_line,
    const char *path, const struct config *old,
    housekeeping_fixed_key fixed_key)
{
	const char *program = command_line->program;
	g_autofree char *error = NULL;
	struct config *config = command_line_load(command_line, path, &error);
	const char *key = config == NULL ? NULL : fixed_key(old, config);

	if (key != NULL)
		error = g_strdup_printf("%s: %s can't change while running; "
					"restart %s to change it",
		    path, key, program);
	if (config == NULL || key != NULL) {
		log_failure(LOG_ERR, EVENT_RELOAD_REFUSED,
		    "%s; the old configuration stays in use", error);
		/* systemctl reload only sends a signal and shows nothing. */
		service_manager_status(
		    "reload refused: %s; the old configuration stays in use",
		    error);
		config_unref(config);
		return NULL;
	}
	log_open(program, config->log_target, config->log_level);
	return config;
}

void housekeeping_begin_counters(
    const enum metrics_counter *counters, size_t count)
{
	for (size_t i = 0; i < count; i++)
		metrics_add(counters[i], 0);
}

void housekeeping_feed_watchdog(bool stuck, const char *what)
{
	static bool told;

	if (!stuck)
		service_manager_watchdog();
	else if (!told)
		log_failure(LOG_ERR, EVENT_STUCK, "%s", what);
	told = stuck;
}

static void set_spool_gauges(const struct config *config, struct spool *spool)
{
	struct spool_status status;

	metrics_set(METRICS_SPOOL_QUOTA, config->spool_quota);
	if (spool_status(spool, &status) != SPOOL_OK)
		return;
	metrics_set(METRICS_SPOOL_RECORDS, status.records);
	metrics_set(METRICS_SPOOL_BYTES, status.bytes);
	metrics_set(METRICS_SPOOL_BAD, status.bad);
	metrics_set(METRICS_SPOOL_BAD_BYTES, status.bad_bytes);
	metrics_set(METRICS_SPOOL_OLDEST, (uint64_t)MAX(status.oldest, 0));
}

/* Counts the rejections that the spool dropped since it was opened. A program
 * that drops none leaves the counter alone: it is the other's. */
static void count_dropped(struct spool *spool)
{
	static uint64_t counted;
	uint64_t dropped = spool_dropped(spool);

	if (dropped > counted)
		metrics_add(METRICS_DROPPED, dropped - counted);
	counted = dropped;
}

void housekeeping_write_metrics(
    const struct config *config, struct spool *spool, const char *program)
{
	static bool told;
	const char *directory = config->metrics_directory;
	bool written;

	if (directory[0] == '\0')
		return;
	set_spool_gauges(config, spool);
	count_dropped(spool);
	written = metrics_write(directory, program);
	if (!written && !told)
		log_failure(LOG_WARNING, EVENT_METRICS_NOT_WRITTEN,
		    "metrics.directory: %s: %s", directory, g_strerror(errno));
	told = !written;
}
