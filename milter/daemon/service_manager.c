/* SPDX-License-Identifier: MIT */
/*
 * All results are passed over: without NOTIFY_SOCKET there is nobody to tell,
 * and a daemon does not stop working because its manager does not listen.
 */
#include "daemon/service_manager.h"

#include <glib.h>
#include <stdarg.h>
#include <systemd/sd-daemon.h>

void service_manager_ready(void)
{
	(void)sd_notify(0, "READY=1");
}

void service_manager_stopping(void)
{
	(void)sd_notify(0, "STOPPING=1");
}

void service_manager_reloading(void)
{
	/* Type=notify-reload waits for the time beside it: it tells the answer
	 * to this reload from one to an earlier (systemd 253 on). GLib reads
	 * CLOCK_MONOTONIC, which is the clock asked for. */
	(void)sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" G_GINT64_FORMAT,
	    g_get_monotonic_time());
}

void service_manager_status(const char *format, ...)
{
	va_list values;
	char *text;

	va_start(values, format);
	text = g_strdup_vprintf(format, values);
	va_end(values);
	/* A line more would be another assignment. */
	g_strdelimit(text, "\r\n", ' ');
	(void)sd_notifyf(0, "STATUS=%s", text);
	g_free(text);
}

void service_manager_watchdog(void)
{
	(void)sd_notify(0, "WATCHDOG=1");
}

uint64_t service_manager_watchdog_interval(void)
{
	uint64_t interval = 0;

	if (sd_watchdog_enabled(0, &interval) <= 0)
		return 0;
	return interval;
}

struct timespec service_manager_pause(unsigned int seconds)
{
	uint64_t most = (uint64_t)seconds * G_USEC_PER_SEC;
	uint64_t half = service_manager_watchdog_interval() / 2;

	if (half > 0 && half < most)
		most = half;
	return (struct timespec){.tv_sec = (time_t)(most / G_USEC_PER_SEC),
	    .tv_nsec = (long)(most % G_USEC_PER_SEC) * 1000};
}
