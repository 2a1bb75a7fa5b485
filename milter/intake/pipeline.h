/* SPDX-License-Identifier: MIT */
/*
 * pipeline: from a message or a file to the spool and a verdict, in order:
 * mime, decode, acceptance, spool, verdict.
 *
 * The one way for mail and for files. Leaves libmilter to mlfi.c and libpq to
 * db.c. Any thread.
 */
#ifndef INTAKE_PIPELINE_H
#define INTAKE_PIPELINE_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "document/report.h"
#include "spool/record.h"
#include "spool/spool.h"
#include "verdict.h"

struct pipeline_input {
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

enum pipeline_status {
	PIPELINE_SPOOLED, /* or would be, in a dry run */
	PIPELINE_INVALID,
	PIPELINE_REFUSED,
	PIPELINE_FAILED /* valid, but the spool could not take it */
};

/* One report that was found. */
struct pipeline_report {
	enum pipeline_status status;
	char *organization_name; /* of a valid one; or NULL */
	char *report_id;
	char *filename;
	char *reason; /* of one that was not stored */
	size_t policies;
	size_t failures;
	int64_t sessions;
	report_anomalies anomalies;
};

struct pipeline_output {
	GPtrArray *reports; /* of struct pipeline_report * */
	struct verdict verdict;
};

/* Once, before any thread: the libraries underneath. */
void pipeline_init(void);

/*
 * Runs the pipeline and logs one event a report. Never fails: what goes wrong
 * is in the verdict. Free the members with pipeline_output_clear().
 */
void pipeline_run(
    const struct pipeline_input *input, struct pipeline_output *ret_output);
void pipeline_output_clear(struct pipeline_output *output);

/* The sentence for a message over limits.message-size; g_free() it. */
char *pipeline_size_reason(const struct limits *limits);

/* The word of X-TLSRPT: "stored", "invalid", "refused" or "failed". */
const char *pipeline_status_name(enum pipeline_status status);

#endif
