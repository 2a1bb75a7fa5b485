/* SPDX-License-Identifier: MIT */
/*
 * mime_limits: how many parts and header fields a MIME parser would find in a
 * message, before one parses it.
 *
 * Knows lines, header blocks and boundaries (RFC 2046 section 5.1). Leaves what
 * the parts are to mime.c. Pure; any thread.
 */
#ifndef MAIL_MIME_LIMITS_H
#define MAIL_MIME_LIMITS_H

#include <stddef.h>
#include <stdint.h>

#include "config/config.h"

enum mime_limits_result {
	MIME_LIMITS_OK,
	MIME_LIMITS_NO_MESSAGE, /* does not begin with a header field */
	MIME_LIMITS_EXCEEDED
};

/*
 * Holds a message against limits.mime_parts, header_count and header_size, in
 * one or two passes without a copy. Never counts less than what a parser finds.
 * On MIME_LIMITS_EXCEEDED *ret_reason is one sentence that names the limit
 * (g_free).
 */
enum mime_limits_result mime_limits(const uint8_t *bytes, size_t length,
    const struct limits *limits, char **ret_reason);

#endif
