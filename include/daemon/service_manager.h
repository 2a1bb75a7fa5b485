/* SPDX-License-Identifier: MIT */
/*
 * notify: what systemd is told (sd_notify(3)). Nothing when it did not start
 * us. Any thread.
 */
#ifndef DAEMON_SERVICE_MANAGER_H
#define DAEMON_SERVICE_MANAGER_H

#include <stdint.h>
#include <time.h>

void service_manager_ready(void);
void service_manager_stopping(void);

/* A reload begins; service_manager_ready() tells that it is over. */
void service_manager_reloading(void);

/* What `systemctl status` shows beside the state: one line, made of a format.
 */
void service_manager_status(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/* Still alive. To be called at least twice an interval, which is the time in
 * microseconds after which systemd kills a silent service, or 0 when it
 * doesn't (WatchdogSec=). */
void service_manager_watchdog(void);
uint64_t service_manager_watchdog_interval(void);

/* How long a housekeeper may sleep between two of these: that many seconds, or
 * half the interval when that is less. */
struct timespec service_manager_pause(unsigned int seconds);

#endif
