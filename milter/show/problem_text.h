/* SPDX-License-Identifier: MIT */
/*
 * problem_text: one problem for a terminal, down to the reports that tell of
 * it.
 *
 * Knows what is said in which order. Leaves columns and escaping to terminal.c,
 * and words to wording.c. Pure; one thread a terminal.
 */
#ifndef SHOW_PROBLEM_TEXT_H
#define SHOW_PROBLEM_TEXT_H

#include "summary.h"
#include "terminal.h"

/* Appends the problem with its failures and documents to the terminal's text.
 * Lines have 80 columns at most, but for those of the documents. Every text of
 * the problem is escaped. */
void problem_text(
    const struct terminal *terminal, const struct summary_problem *problem);

#endif
