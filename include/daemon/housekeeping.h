/* SPDX-License-Identifier: MIT */
/*
 * housekeeping: what both daemons do alike: refusing to start, reloading, and
 * what they tell the service manager, the log and Prometheus about themselves.
 *
 * Knows no mail and no database. Functions remember what was logged, so one
 * thread uses each.
 */
#ifndef DAEMON_HOUSEKEEPING_H
#define DAEMON_HOUSEKEEPING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/metrics.h"
#include "config/config.h"
#include "daemon/command_line.h"
#include "spool/spool.h"

/*
 * Tells why a daemon doesn't start: in the log, and on stderr too when the log
 * goes to syslog, since somebody may have started it by hand. Returns status,
 * the exit code.
 */
int housekeeping_refuse_start(const struct config *config, const char *program,
    int status, const char *format, ...) __attribute__((format(printf, 4, 5)));

/* The key that differs between two configurations although the daemon can't
 * change it while it runs, or NULL. */
typedef const char *(*housekeeping_fixed_key)(
    const struct config *old, const struct config *new);

/*
 * Loads the configuration again and reopens the log by it. Returns it, the
 * caller's (config_unref). NULL when it is wrong or changes a fixed key: then
 * old stays in use, and log and service manager say why.
 */
struct config *housekeeping_reload(const struct command_line *command_line,
    const char *path, const struct config *old,
    housekeeping_fixed_key fixed_key);

/* Sets the counters of a program to 0, before it counts: Prometheus sees the
 * first event only as a rise from there. */
void housekeeping_begin_counters(
    const enum metrics_counter *counters, size_t count);

/* Tells the service manager's watchdog that the daemon is alive, unless it is
 * stuck: then systemd restarts it. what, a sentence, is logged once. */
void housekeeping_feed_watchdog(bool stuck, const char *what);

/* Writes the metrics and the spool's state, if metrics.directory is configured.
 * A failure is logged once. */
void housekeeping_write_metrics(
    const struct config *config, struct spool *spool, const char *program);

#endif
