/* SPDX-License-Identifier: MIT */
/*
 * monitoring: a summary for Nagios, Icinga and their like.
 *
 * Knows the output of a monitoring plugin (status, text, performance data, long
 * text) and what is a warning. Pure; any thread.
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
	double critical; /* a domain's failure rate in percent, or above */
	int max_age;     /* days since a report came; 0: any */
};

/* Appends the output: a line with performance data, then a line for each open
 * problem. A stranger's text is escaped, cut and without a pipe. Returns the
 * exit code. */
enum monitoring_status monitoring_output(GString *out,
    const struct summary *summary, const struct monitoring_limits *limits);

/* Appends the output for when nothing is known, with the reason. */
enum monitoring_status monitoring_unknown(GString *out, const char *why);

#endif
