/* SPDX-License-Identifier: MIT */
/*
 * summary_text: a summary, or one problem, for a terminal of 80 columns.
 *
 * Knows what is said in which order. Leaves columns and escaping to terminal.c,
 * and words to wording.c. Pure; one thread.
 */
#ifndef SHOW_SUMMARY_TEXT_H
#define SHOW_SUMMARY_TEXT_H

#include "summary.h"
#include "terminal.h"

void summary_text(
    const struct terminal *terminal, const struct summary *summary);

/* problem_text.c: one problem down to the documents, of which the lines are as
 * long as they are. */
void problem_text(
    const struct terminal *terminal, const struct summary_problem *problem);

#endif
