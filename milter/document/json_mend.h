/* SPDX-License-Identifier: MIT */
/*
 * json_mend: a text that only just is not JSON, as JSON.
 *
 * Knows two deviations that are harmless where they stand: control characters
 * in strings (RFC 8259 section 7), and numbers that jansson can't hold (RFC
 * 8259 section 6), which may be in members that nobody reads. Leaves to
 * json_scan.c whether a text may have them. Pure; any thread.
 */
#ifndef DOCUMENT_JSON_MEND_H
#define DOCUMENT_JSON_MEND_H

#include <glib.h>
#include <stddef.h>

#include "json_scan.h"

/* How many bytes the mended text of what was scanned has at most; length when
 * there is nothing to mend. */
size_t json_mend_size(const struct json_scan *scan, size_t length);

/*
 * A copy for g_string_free() in which control characters in strings are escaped
 * and numbers beyond 64 bits or beyond a double are strings. *ret_numbers is
 * how many numbers that were.
 */
GString *json_mend(
    const char *bytes, size_t length, size_t size, size_t *ret_numbers);

#endif
