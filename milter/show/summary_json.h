/* SPDX-License-Identifier: MIT */
/*
 * summary_json: a summary, or one problem, as one JSON object.
 *
 * Knows how tlsrpt-report(1) documents it. Leaves the members of rows to
 * summary_table.c. Pure; any thread.
 */
#ifndef SHOW_SUMMARY_JSON_H
#define SHOW_SUMMARY_JSON_H

#include <glib.h>

#include "summary.h"

/* Appends the object and a line feed. Counts are integers, rates and shares 0
 * to 1, days and times text; what is not known is null. Text is escaped as
 * escape_json() does it, so that the output is safe on a terminal. */
void summary_json(GString *out, const struct summary *summary);

/* Likewise for one problem with its failures and documents. A document is part
 * of the JSON, not a string in it. */
void summary_json_problem(GString *out, const struct summary_problem *problem);

#endif
