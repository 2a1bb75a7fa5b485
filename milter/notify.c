/* SPDX-License-Identifier: MIT */
/*
 * All results are passed over: without NOTIFY_SOCKET there is nobody to tell,
 * and a daemon does not stop working because its manager does not listen.
 */
#include "notify.h"

#include <glib.h>
#include <systemd/sd-daemon.h>

void notify_ready(void)
{
	(void)sd_notify(0, "READY=1");
}

void notify_stopping(void)
{
	(void)sd_notify(0, "STOPPING=1");
}

void notify_reloading(void)
{
	/* Type=notify-reload waits for the time beside it: it tells the answer
	 * to this reload from one to an earlier (systemd 253 on). GLib reads
	 * CLOCK_MONOTONIC, which is the clock asked for. */
	(void)sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" G_GINT64_FORMAT,
	    g_get_monotonic_time());
}

void notify_watchdog(void)
{
	(void)sd_notify(0, "WATCHDOG=1");
}

uint64_t notify_watchdog_interval(void)
{
	uint64_t interval = 0;

	if (sd_watchdog_enabled(0, &interval) <= 0)
		return 0;
	return interval;
}
