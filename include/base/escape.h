/* SPDX-License-Identifier: MIT */
/*
 * escape: foreign text made safe for where it is shown.
 *
 * Knows what may stand in a log line, a header field, on a terminal, in JSON
 * and in HTML. Leaves what is a character to utf8.c. All functions are pure,
 * accept any bytes up to NUL, valid UTF-8 or not, append to a GString of the
 * caller's, and may be called from any thread.
 */
#ifndef BASE_ESCAPE_H
#define BASE_ESCAPE_H

#include <glib.h>

/*
 * For one line on a terminal: C0, C1 and DEL, bidi controls (U+061C, U+200E,
 * U+200F, U+202A-202E, U+2066-2069), line and paragraph separators, other
 * invisible format characters (all of Unicode's category Cf, such as
 * U+200B-200D, U+2060, U+FEFF, U+E0000-E007F) and invalid UTF-8 become \xNN or
 * \u{NNNN}; a backslash becomes \\. At most max_chars characters are written
 * (an escape counts as many as it has, and is never cut), then "…"; 0 for no
 * maximum.
 */
void escape_terminal(GString *out, const char *text, size_t max_chars);

/* For a logfmt value: as escape_terminal with at most 1000 characters, quoted
 * ("") when empty or when it holds a blank, '"' or '='; '"' becomes \". */
void escape_logfmt(GString *out, const char *text);

/* For the body of a header field: printable ASCII only, everything else as
 * \xNN per byte and a backslash as \\, at most max_bytes bytes of output, then
 * "...". */
void escape_header(GString *out, const char *text, size_t max_bytes);

/* A JSON string with its quotes (RFC 8259 section 7); what escape_terminal()
 * escapes is written as \uNNNN, so that JSON is safe on a terminal and the same
 * to a parser; each byte of invalid UTF-8 becomes U+FFFD. NULL gives null. */
void escape_json(GString *out, const char *text);

/* A code point as \uNNNN, or as two of them beyond the basic plane. */
void escape_json_code(GString *out, gunichar code);

/* A whole JSON text that was written by somebody else, line by line as it is;
 * in its strings what escape_terminal() escapes is written as \uNNNN, so that
 * it is safe on a terminal and the same to a parser. Backslashes stay. */
void escape_json_document(GString *out, const char *json);

/* For HTML, between tags and in a quoted attribute: & < > " ' as references,
 * what escape_terminal() escapes in the same way (but for backslashes). */
void escape_html(GString *out, const char *text);

#endif
