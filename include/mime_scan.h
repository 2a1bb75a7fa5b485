/* SPDX-License-Identifier: MIT */
/*
 * mime_scan: how much a MIME parser would make of a message, before one is let
 * at it.
 *
 * Knows lines, header blocks and boundaries (RFC 2046 section 5.1). Leaves what
 * the parts are to mime.c. Pure; any thread.
 */
#ifndef MIME_SCAN_H
#define MIME_SCAN_H

#include <stddef.h>
#include <stdint.h>

#include "config.h"

enum mime_scan_result {
	MIME_SCAN_OK,
	MIME_SCAN_NO_MESSAGE, /* does not begin with a header field */
	MIME_SCAN_LIMIT
};

/*
 * Holds a message against limits.mime_parts, header_count and header_size, in
 * one or two passes without a copy. Counts from above: never less than what a
 * parser finds. On MIME_SCAN_LIMIT *ret_reason is one sentence that names the
 * limit (g_free).
 */
enum mime_scan_result mime_scan(const uint8_t *bytes, size_t length,
    const struct limits *limits, char **ret_reason);

#endif
