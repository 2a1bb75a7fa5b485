/* SPDX-License-Identifier: MIT */
/*
 * service_manager: what a daemon tells systemd, by sd_notify(3). Without
 * systemd these functions do nothing. Any thread.
 */
#ifndef DAEMON_SERVICE_MANAGER_H
#define DAEMON_SERVICE_MANAGER_H

#include <time.h>

/* The daemon is ready, or has finished a reload. */
void service_manager_ready(void);

/* The daemon has begun to stop. */
void service_manager_stopping(void);

/* A reload begins; service_manager_ready() ends it. */
void service_manager_reloading(void);

/* Sets the line that `systemctl status` shows beside the state. */
void service_manager_status(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/* The daemon is alive. Call it at least twice in WatchdogSec=, after which
 * systemd restarts a silent service. */
void service_manager_watchdog(void);

/* How long to sleep between two calls of service_manager_watchdog(): so many
 * seconds, or half of WatchdogSec= if that is less. */
struct timespec service_manager_pause(unsigned int seconds);

#endif
