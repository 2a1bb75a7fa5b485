/* SPDX-License-Identifier: MIT */
/*
 * summary_text: a summary, or one problem, for a terminal of 80 columns.
 *
 * Knows what is said in which order. Leaves columns and escaping to screen.c,
 * and words to phrase.c. Pure; one thread.
 */
#ifndef SUMMARY_TEXT_H
#define SUMMARY_TEXT_H

#include "screen.h"
#include "summary.h"

void summary_text(const struct screen *screen, const struct summary *summary);

/* problem_text.c: one problem down to the documents, of which the lines are as
 * long as they are. */
void problem_text(
    const struct screen *screen, const struct summary_problem *problem);

#endif
