/* SPDX-License-Identifier: MIT */
/*
 * summary_check: a summary for Nagios, Icinga and their like.
 *
 * Knows the output of a monitoring plugin (status, text, performance data, long
 * text) and what is a warning. Pure; one thread.
 */
#ifndef SUMMARY_CHECK_H
#define SUMMARY_CHECK_H

#include <glib.h>

#include "summary.h"

/* Exit codes of a plugin. */
enum check_status { CHECK_OK, CHECK_WARNING, CHECK_CRITICAL, CHECK_UNKNOWN };

struct check_limits {
	double warning;  /* a domain's failure rate in percent, or above */
	double critical; /* likewise */
	int max_age;     /* days since a report came; 0: whatever */
};

/* Appends the output. */
enum check_status summary_check(GString *out, const struct summary *summary,
    const struct check_limits *limits);

/* The output when nothing is known, with why. */
enum check_status summary_check_unknown(GString *out, const char *why);

#endif
