/* SPDX-License-Identifier: MIT */
/*
 * policy_line: the lines of an STS policy that matter here (RFC 8461 section
 * 3.2), as reports quote them in policy-string and mx-host. Pure; any thread.
 */
#ifndef DOCUMENT_POLICY_LINE_H
#define DOCUMENT_POLICY_LINE_H

#include <glib.h>

#include "base/syntax.h"

/*
 * An entry of mx-host (RFC 8460 section 4.4) as a new string (g_free): a domain
 * name as syntax_domain() gives it, or else the text without blanks around it.
 * SYNTAX_TOLERATED: the key "mx:" of a policy's line stood in front and was
 * removed.
 * SYNTAX_BAD: nothing is left.
 */
enum syntax_result policy_line_mx_host(const char *text, char **ret_host);

/*
 * The value of a policy's line "mode: enforce" (RFC 8461 section 3.2), lower
 * case, as a new string (g_free). Blanks may stand anywhere around key and
 * value, the key's case is free, and the line may be the whole policy in one.
 * SYNTAX_BAD: another line.
 */
enum syntax_result policy_line_mode(const char *line, char **ret_mode);

#endif
