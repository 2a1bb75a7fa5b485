/* SPDX-License-Identifier: MIT */
/*
 * Nothing here stops a daemon: what can't be told is told the next time.
 */
#include "house.h"

#include <errno.h>
#include <glib.h>

#include "log.h"
#include "metrics.h"
#include "notify.h"

/* systemctl reload only sends a signal: who asked for it looks at the status.
 */
void house_refuse_reload(const char *reason)
{
	log_failure(LOG_ERR, "reload-refused",
	    "%s; the old configuration stays in use", reason);
	notify_status(
	    "reload refused: %s; the old configuration stays in use", reason);
}

void house_feed_watchdog(bool stuck, const char *what)
{
	static bool told;

	if (!stuck)
		notify_watchdog();
	else if (!told)
		log_failure(LOG_ERR, "stuck", "%s", what);
	told = stuck;
}

static void set_spool_gauges(struct spool *spool)
{
	struct spool_status status;

	if (spool_status(spool, &status) != SPOOL_OK)
		return;
	metrics_set(METRICS_SPOOL_RECORDS, status.records);
	metrics_set(METRICS_SPOOL_BYTES, status.bytes);
	metrics_set(METRICS_SPOOL_BAD, status.bad);
	metrics_set(METRICS_SPOOL_OLDEST, (uint64_t)MAX(status.oldest, 0));
}

void house_write_metrics(
    const struct config *config, struct spool *spool, const char *program)
{
	static bool told;
	const char *directory = config->metrics_directory;
	bool written;

	if (directory[0] == '\0')
		return;
	set_spool_gauges(spool);
	written = metrics_write(directory, program);
	if (!written && !told)
		log_failure(LOG_WARNING, "metrics-not-written",
		    "metrics.directory: %s: %s", directory, g_strerror(errno));
	told = !written;
}
