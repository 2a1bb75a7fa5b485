/* SPDX-License-Identifier: MIT */
/*
 * line_fold: a text whose long lines a mail server folded.
 *
 * Knows the ways: after as many bytes as a line may have comes a line end and
 * mostly a blank (Postfix), or an exclamation mark before the line end as well
 * (sendmail). Leaves to decode.c whether what comes out is a report. Pure; any
 * thread.
 */
#ifndef DOCUMENT_LINE_FOLD_H
#define DOCUMENT_LINE_FOLD_H

#include <glib.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The text with its lines joined again, as a new array for the caller
 * (g_byte_array_unref). NULL when no line looks folded: the longest lines must
 * be as long as a mail server's limit, and all of them go on in the same way.
 */
GByteArray *line_fold_undo(const uint8_t *bytes, size_t length);

#endif
