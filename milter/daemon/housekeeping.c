/* SPDX-License-Identifier: MIT */
/*
 * Nothing here stops a daemon: what can't be told is told the next time.
 */
#include "daemon/housekeeping.h"

#include <errno.h>
#include <glib.h>
#include <stdio.h>

#include "base/log.h"
#include "base/metrics.h"
#include "daemon/service_manager.h"

int housekeeping_refuse_start(const struct config *config, const char *program,
    int status, const char *reason)
{
	log_failure(LOG_ERR, "start-failed", "%s", reason);
	if (config->log_target == LOG_TARGET_SYSLOG)
		fprintf(stderr, "%s: %s\n", program, reason);
	return status;
}

/* systemctl reload only sends a signal: who asked for it looks at the status.
 */
void housekeeping_refuse_reload(const char *reason)
{
	log_failure(LOG_ERR, "reload-refused",
	    "%s; the old configuration stays in use", reason);
	service_manager_status(
	    "reload refused: %s; the old configuration stays in use", reason);
}

void housekeeping_feed_watchdog(bool stuck, const char *what)
{
	static bool told;

	if (!stuck)
		service_manager_watchdog();
	else if (!told)
		log_failure(LOG_ERR, "stuck", "%s", what);
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

/* The spool counts them from its opening on. Not touched by who drops none: a
 * counter is one program's. */
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
		log_failure(LOG_WARNING, "metrics-not-written",
		    "metrics.directory: %s: %s", directory, g_strerror(errno));
	told = !written;
}
