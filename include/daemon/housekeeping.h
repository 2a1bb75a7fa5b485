/* SPDX-License-Identifier: MIT */
/*
 * house: the housekeeping that both daemons do alike: what they tell the
 * service manager, the log and the metrics' reader about themselves.
 *
 * Knows no mail and no database. Each of these remembers what it has told: one
 * thread a function.
 */
#ifndef DAEMON_HOUSEKEEPING_H
#define DAEMON_HOUSEKEEPING_H

#include "config/config.h"
#include "spool/spool.h"

/* A failure before the work begins: into the log, and onto the terminal of
 * whoever tries. Returns the exit code that it is given. */
int housekeeping_refuse_start(const struct config *config, const char *program,
    int status, const char *reason);

/* Tells that a new configuration is not taken, and why, in a sentence without
 * its stop. */
void housekeeping_refuse_reload(const char *reason);

/* Feeds the watchdog unless stuck: what hangs is to be noticed from outside,
 * and started anew. The log has once that it hangs, and what does. */
void housekeeping_feed_watchdog(bool stuck, const char *what);

/* Writes the metrics with the spool's state, where a directory is configured.
 * The log has once that it can't. */
void housekeeping_write_metrics(
    const struct config *config, struct spool *spool, const char *program);

#endif
