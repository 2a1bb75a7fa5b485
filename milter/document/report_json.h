/* SPDX-License-Identifier: MIT */
/*
 * report_json: a document's JSON text (RFC 7493) to a report (RFC 8460 section
 * 4.4).
 *
 * Knows what makes a document a report, and that a file may have one only.
 * Leaves JSON itself to json_tree.c, the tree's members to report_structure.c,
 * compression to gunzip.c, and fallbacks from mail to report_complete().
 *
 * Any thread, once decode_init() was called. Memory that jansson takes for one
 * document is bounded by a budget; what the report takes, by limits.policies
 * and limits.details (which also bounds the lines of all policy-string and
 * mx-host together) and by the document's size.
 */
#ifndef DOCUMENT_REPORT_JSON_H
#define DOCUMENT_REPORT_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "document/decode.h"
#include "document/report.h"
#include "json_scan.h"

/* A document, and what is known of it. */
struct report_json_source {
	const char *bytes;
	size_t length;
	const struct json_scan *scan; /* of just these bytes */
	/* Seconds since the epoch. A report that starts before 2016-01-01 or
	 * more than two days after this is invalid. */
	int64_t received_at;
	/* Without document and content_sha256, which take a third of the
	 * time. */
	bool judge_only;
	/* As in struct decode_input. */
	size_t policies_before, failures_before;
	size_t budget; /* what jansson may hold, in bytes */
};

/*
 * Reads a document. On DECODE_OK *ret_report is the caller's (report_free),
 * with anomalies noted, and document and content_sha256 filled in. Otherwise
 * *ret_reason is one sentence that the caller frees with g_free(): the clause,
 * the path or byte offset, and what is wrong there, such as
 *   RFC 8460 section 4.4: policies[0].summary.total-failure-session-count: -1
 *   is negative
 * or, for a limit,
 *   limits.policies: more than 1000 policies
 * DECODE_OTHER: not a JSON object with a member "policies" or "report-id", so
 * it does not claim to be a report, valid or not.
 */
enum decode_result report_json_read(const struct report_json_source *source,
    const struct limits *limits, struct report **ret_report, char **ret_reason);

#endif
