/* SPDX-License-Identifier: MIT */
/*
 * pipeline: from a message or a file to the spool and a verdict, in order:
 * mime, decode, authentication, acceptance, spool, verdict.
 *
 * Mail and files both go this way. Leaves to session.c and mailbox.c where the
 * bytes come from. Any thread.
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
	struct spool *spool; /* NULL: write nothing (a dry run) */
	enum record_source source;
	const char *queue_id; /* or NULL */
	const char *envelope_from;
	const GPtrArray *recipients; /* of char *, or NULL */
	size_t report_recipients;
	int64_t received_at; /* microseconds since the epoch */
	int64_t deadline;    /* of g_get_monotonic_time(); 0: none */

	/* The message; or, when bare is true, a report alone. */
	const uint8_t *bytes;
	size_t length;
	bool bare;
	const char *filename; /* of a bare report; or NULL */

	/* A sentence each, or NULL. If one is set bytes are not looked at: the
	 * message is over a limit, or could not be kept while it came in. */
	const char *limit_reason;
	const char *unreadable;
};

enum pipeline_status {
	PIPELINE_SPOOLED, /* or would be, in a dry run */
	PIPELINE_INVALID,
	PIPELINE_REFUSED,
	PIPELINE_FAILED /* the spool failed, or limits.deadline passed */
};

/* One report that was found. */
struct pipeline_report {
	enum pipeline_status status;
	char *organization_name; /* of a valid one; or NULL */
	char *report_id;
	char *filename;
	char *reason; /* why it was not spooled; or NULL */
	size_t policies;
	size_t failures;
	int64_t sessions;
	anomaly_set anomalies;
};

struct pipeline_output {
	GPtrArray *reports; /* of struct pipeline_report * */
	size_t enclosed;    /* messages that were not opened for theirs */
	struct verdict verdict;
};

/* Initialises the libraries underneath. Call once, before any thread exists. */
void pipeline_init(void);

/*
 * Runs the pipeline, counts and logs each report. Never fails: what goes wrong
 * is in the verdict. The caller frees the output's members with
 * pipeline_output_clear(). Nothing of input is kept.
 */
void pipeline_run(
    const struct pipeline_input *input, struct pipeline_output *ret_output);
void pipeline_output_clear(struct pipeline_output *output);

/* The sentence for a message over limits.message-size (g_free). */
char *pipeline_size_reason(const struct limits *limits);

/* The word that X-TLSRPT and tlsrpt-import use: "stored", "invalid", "refused"
 * or "failed"; static. */
const char *pipeline_status_name(enum pipeline_status status);

#endif
