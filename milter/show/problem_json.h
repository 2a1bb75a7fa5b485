/* SPDX-License-Identifier: MIT */
/*
 * problem_json: one problem as a JSON object.
 *
 * Knows its members, which tlsrpt-report(1) documents; they have the names of
 * the columns of tlsrpt.problem and tlsrpt.failure_detail. Pure; any thread.
 */
#ifndef SHOW_PROBLEM_JSON_H
#define SHOW_PROBLEM_JSON_H

#include <glib.h>

#include "base/json_writer.h"
#include "summary.h"

/* Appends the object with the problem's failures and documents and a line feed;
 * values and escaping as summary_json() has them. A document is part of the
 * JSON, not a string in it. */
void problem_json(GString *out, const struct summary_problem *problem);

/* Appends the members alone, without failures and documents, to the object that
 * is open. */
void problem_json_members(
    struct json_writer *json, const struct summary_problem *problem);

#endif
