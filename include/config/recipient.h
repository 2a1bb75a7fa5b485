/* SPDX-License-Identifier: MIT */
/*
 * recipient: the patterns of milter.recipients, and which addresses they match.
 *
 * Pure; any thread.
 */
#ifndef CONFIG_RECIPIENT_H
#define CONFIG_RECIPIENT_H

#include <stdbool.h>

/*
 * Whether an RCPT argument ("<a@b>" or "a@b", any case) is matched by one of
 * the NULL-terminated patterns: exact, "*@domain", or "local+*@domain". The
 * domain of a pattern is as syntax_domain() gives it, or an address literal;
 * that of the argument may have U-labels (RFC 6531) or a final dot.
 */
bool recipient_matches(char *const *patterns, const char *rcpt);

/* Whether a pattern is valid: NULL, or a static sentence that goes on after it:
 * "can't be a recipient: …". */
const char *recipient_pattern_error(const char *pattern);

#endif
