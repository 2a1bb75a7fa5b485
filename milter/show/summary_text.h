/* SPDX-License-Identifier: MIT */
/*
 * summary_text: a summary for a terminal of 80 columns.
 *
 * Knows what is said in which order. Leaves columns and escaping to terminal.c,
 * and words to wording.c. Pure; one thread a terminal.
 */
#ifndef SHOW_SUMMARY_TEXT_H
#define SHOW_SUMMARY_TEXT_H

#include "summary.h"
#include "terminal.h"

/* Appends the summary to the terminal's text, in lines of 80 columns at most.
 * Every text of the summary is escaped. */
void summary_text(
    const struct terminal *terminal, const struct summary *summary);

#endif
