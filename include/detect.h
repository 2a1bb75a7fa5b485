/* SPDX-License-Identifier: MIT */
/*
 * detect: could this message carry a report? By envelope and header alone.
 *
 * Pure; any thread.
 */
#ifndef DETECT_H
#define DETECT_H

#include <stdbool.h>

/*
 * Whether an RCPT argument ("<a@b>" or "a@b", any case) is matched by one of
 * the NULL-terminated patterns: exact, "*@domain", or "local+*@domain".
 */
bool detect_recipient(char *const *patterns, const char *rcpt);

/*
 * Whether a configured pattern can be one: NULL, or a static sentence that says
 * what is wrong with it.
 */
const char *detect_pattern_error(const char *pattern);

/*
 * Whether one header field makes a message a candidate (RFC 8460 section 5.3):
 * Content-Type multipart/report with report-type tlsrpt or application/tlsrpt*,
 * or any TLS-Report-Domain or TLS-Report-Submitter field. Values may be folded.
 */
bool detect_header(const char *name, const char *value);

#endif
