/* SPDX-License-Identifier: MIT */
/*
 * monitoring_output: a summary for Nagios, Icinga and their like.
 *
 * Knows the output of a monitoring plugin (status, text, performance data, long
 * text) and what is a warning. Pure; one thread.
 */
#ifndef SHOW_MONITORING_H
#define SHOW_MONITORING_H

#include <glib.h>

#include "summary.h"

/* Exit codes of a plugin. */
enum monitoring_status {
	MONITORING_OK,
	MONITORING_WARNING,
	MONITORING_CRITICAL,
	MONITORING_UNKNOWN
};

struct monitoring_limits {
	double warning;  /* a domain's failure rate in percent, or above */
	double critical; /* likewise */
	int max_age;     /* days since a report came; 0: whatever */
};

/* Appends the output. */
enum monitoring_status monitoring_output(GString *out,
    const struct summary *summary, const struct monitoring_limits *limits);

/* The output when nothing is known, with why. */
enum monitoring_status monitoring_unknown(GString *out, const char *why);

#endif
