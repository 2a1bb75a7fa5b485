/* SPDX-License-Identifier: MIT */
/*
 * decode: an attachment's bytes, as received, to a report or the reason why
 * not.
 *
 * Knows the order of steps (base64, zip, gunzip, report_json, report_complete),
 * what a label promises, and which documents have to wait so that all threads
 * together stay within limits.parse-memory. The milter and tlsrpt-import read a
 * report by decode_report() before it is spooled, and the loader reads the
 * spooled bytes by it again.
 *
 * Any thread.
 *
 * Memory: half of parse-memory is for documents of DECODE_LARGE bytes and more
 * (inflated), which are read one at a time; the other half is for smaller ones,
 * which are read side by side as far as their estimates fit. A document that
 * turns out to take more than it was admitted with is over a limit. No thread
 * holds memory while it waits: a document is first inflated piece by piece,
 * only to be measured, and into memory once it is admitted. All that memory is
 * free again when decode_report() returns. The report that it returns is a few
 * times its document's size, and should be freed before the next is read.
 */
#ifndef DOCUMENT_DECODE_H
#define DOCUMENT_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "document/report.h"

enum decode_result {
	DECODE_OK,
	DECODE_OTHER,   /* not a report, and not labelled as one */
	DECODE_INVALID, /* labelled as a report or recognised as one, but
			   invalid */
	DECODE_LIMIT,   /* labelled or recognised, but over one of limits */
	DECODE_DEADLINE /* its turn did not come before the deadline */
};

/* Documents of so many bytes and more are read one at a time. */
#define DECODE_LARGE ((size_t)1 << 20)

struct decode_input {
	const uint8_t *bytes;
	size_t length;
	const char *media_type;        /* lower case; NULL: a bare file */
	const char *filename;          /* or NULL */
	const char *tls_report_domain; /* or NULL */
	int64_t received_at;           /* seconds since the epoch */
	int64_t deadline; /* microseconds of g_get_monotonic_time(); 0: none */
	bool judge_only;  /* as in struct report_json_source */
	/* How many policies and failure details the message's reports had so
	 * far, which limits.policies and limits.details count too. */
	size_t policies_before, failures_before;
};

/* Once, before any thread and any other call here. */
void decode_init(void);

/* Whether a media type says that this is a TLS report (application/tlsrpt,
 * application/tlsrpt+gzip, …). NULL is allowed. */
bool decode_media_type_is_report(const char *media_type);

/*
 * What is labelled as a report is always judged: by
 * decode_media_type_is_report() or, for a bare file, by a filename that ends in
 * .json or .json.gz. Under another label, only a JSON object with policies or
 * report-id is, and what begins as one but can't be read.
 *
 * On DECODE_OK *ret_report is the caller's (report_free). On DECODE_INVALID,
 * DECODE_LIMIT and DECODE_DEADLINE *ret_reason is one sentence for the caller
 * (g_free). On DECODE_OTHER neither is set.
 */
enum decode_result decode_report(const struct decode_input *input,
    const struct limits *limits, struct report **ret_report, char **ret_reason);

#endif
