/* SPDX-License-Identifier: MIT */
/*
 * summary_json: a summary as one JSON object.
 *
 * Knows the members, which tlsrpt-report(1) documents; those that are a view's
 * columns have the column's name. Leaves the problems' members to
 * problem_json.c. Pure; any thread.
 */
#ifndef SHOW_SUMMARY_JSON_H
#define SHOW_SUMMARY_JSON_H

#include <glib.h>

#include "summary.h"

/* Appends the object and a line feed. Counts are integers, rates and shares 0
 * to 1, days and times text; what is not known is null. Text is escaped as
 * escape_json() does it, so that the output is safe on a terminal. */
void summary_json(GString *out, const struct summary *summary);

#endif
