/* SPDX-License-Identifier: MIT */
/*
 * process: the pipeline, in order: mime, decode, policy, spool.
 *
 * The one way for mail and for files. Leaves libmilter to mlfi.c and libpq to
 * store_pg.c. Any thread.
 */
#ifndef PROCESS_H
#define PROCESS_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"
#include "policy.h"
#include "record.h"
#include "spool.h"

struct process_input {
	const struct config *config;
	struct spool *spool; /* NULL: nothing is written (a dry run) */
	enum record_source source;
	const char *queue_id; /* or NULL */
	const char *envelope_from;
	const GPtrArray *recipients; /* of char *, or NULL */
	size_t report_recipients;
	int64_t received_at; /* microseconds since the epoch */
	int64_t deadline;    /* g_get_monotonic_time(); 0: none */

	/* The message; or, when bare is true, a report by itself. */
	const uint8_t *bytes;
	size_t length;
	bool bare;
	const char *filename; /* of a bare report; or NULL */

	/* Not NULL: bytes count for nothing, because the message is over a
	 * limit, or because it could not be kept while it came in. Sentences.
	 */
	const char *limit_reason;
	const char *unreadable;
};

enum process_status {
	PROCESS_STORED, /* spooled (or would be, in a dry run) */
	PROCESS_INVALID,
	PROCESS_REFUSED,
	PROCESS_FAILED /* valid, but the spool could not take it */
};

/* One report that was found. */
struct process_report {
	enum process_status status;
	char *organization_name; /* of a valid one; or NULL */
	char *report_id;
	char *filename;
	char *reason; /* of one that was not stored */
	size_t policies;
	size_t failures;
	int64_t sessions;
	report_anomalies anomalies;
};

struct process_output {
	GPtrArray *reports; /* of struct process_report * */
	struct policy_verdict verdict;
};

/* Once, before any thread: the libraries underneath. */
void process_init(void);

/*
 * Runs the pipeline and logs one event a report. Never fails: what goes wrong
 * is in the verdict. Free the members with process_output_clear().
 */
void process(
    const struct process_input *input, struct process_output *ret_output);
void process_output_clear(struct process_output *output);

/* The sentence for a message over limits.message-size; g_free() it. */
char *process_size_reason(const struct limits *limits);

/* "stored", "invalid", "refused", "failed". */
const char *process_status_name(enum process_status status);

#endif
