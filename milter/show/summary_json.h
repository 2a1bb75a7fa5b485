/* SPDX-License-Identifier: MIT */
/*
 * summary_json: a summary, or one problem, as one JSON object.
 *
 * Knows the members; tlsrpt-report(1) documents them. Names are those of the
 * views' columns. Leaves escaping to escape.c. Pure; one thread.
 */
#ifndef SHOW_SUMMARY_JSON_H
#define SHOW_SUMMARY_JSON_H

#include <glib.h>

#include "summary.h"

void summary_json(GString *out, const struct summary *summary);
void problem_json(GString *out, const struct summary_problem *problem);

#endif
