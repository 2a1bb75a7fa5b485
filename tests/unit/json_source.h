/* SPDX-License-Identifier: MIT */
/* A document as report_json_read() wants it: scanned, as decode.c does while it
 * measures. */
#ifndef JSON_SOURCE_H
#define JSON_SOURCE_H

#include "document/json_scan.h"
#include "document/report_json.h"

static inline struct json_scan json_source_scan(
    const char *bytes, size_t length)
{
	struct json_scan scan = {0};

	json_scan_update(&scan, (const uint8_t *)bytes, length);
	return scan;
}

static inline size_t json_source_estimate(const char *bytes, size_t length)
{
	struct json_scan scan = json_source_scan(bytes, length);

	return json_scan_estimate(&scan);
}

static inline enum decode_result json_source_read(const char *bytes,
    size_t length, const struct limits *limits, int64_t received_at,
    struct report **ret_report, char **ret_reason)
{
	struct json_scan scan = json_source_scan(bytes, length);
	const struct report_json_source source = {
	    .bytes = bytes,
	    .length = length,
	    .scan = &scan,
	    .received_at = received_at,
	    .budget = limits->parse_memory / 2,
	};

	return report_json_read(&source, limits, ret_report, ret_reason);
}

#endif
