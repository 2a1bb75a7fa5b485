/* SPDX-License-Identifier: MIT */
/*
 * Results of sd_notify(3) are ignored: without NOTIFY_SOCKET there is nobody to
 * tell, and a daemon goes on working when its manager doesn't listen.
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
	/* Type=notify-reload (systemd 253 and later) wants the time of
	 * CLOCK_MONOTONIC, which is GLib's, to tell the answer to this reload
	 * from that to an earlier one. */
	(void)sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" G_GINT64_FORMAT,
	    g_get_monotonic_time());
}

void service_manager_status(const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list values;

	va_start(values, format);
	text = g_strdup_vprintf(format, values);
	va_end(values);
	/* A second line would be another assignment. */
	g_strdelimit(text, "\r\n", ' ');
	(void)sd_notifyf(0, "STATUS=%s", text);
}

void service_manager_watchdog(void)
{
	(void)sd_notify(0, "WATCHDOG=1");
}

struct timespec service_manager_pause(unsigned int seconds)
{
	uint64_t most = (uint64_t)seconds * G_USEC_PER_SEC;
	uint64_t interval = 0;

	if (sd_watchdog_enabled(0, &interval) > 0)
		most = MIN(most, interval / 2);
	return (struct timespec){.tv_sec = (time_t)(most / G_USEC_PER_SEC),
	    .tv_nsec = (long)(most % G_USEC_PER_SEC) * 1000};
}
