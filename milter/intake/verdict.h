/* SPDX-License-Identifier: MIT */
/*
 * verdict: what becomes of a message.
 *
 * Knows the table of verdicts. Leaves to pipeline.c how reports are read and
 * spooled, and to mlfi.c how a verdict is carried out. Pure; any thread.
 */
#ifndef INTAKE_VERDICT_H
#define INTAKE_VERDICT_H

#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"

/* What was found in one message. */
struct verdict_tally {
	size_t spooled;
	size_t invalid;
	size_t refused;
	size_t failed; /* could not be made durable, or looked at in time */
	const char *reason; /* why spooling failed, else why the first report
			       was invalid or refused; the caller's */
	bool pure; /* a carrier and nothing else: what may be discarded */
	size_t recipients;
	size_t report_recipients; /* those that match config->recipients */
};

enum verdict_action {
	VERDICT_ACCEPT,  /* deliver; only forged X-TLSRPT fields are removed */
	VERDICT_HEADER,  /* deliver with X-TLSRPT */
	VERDICT_DISCARD, /* discard for all recipients */
	VERDICT_SPLIT,   /* delete the report recipients, deliver to the rest */
	VERDICT_REJECT,  /* 550 5.7.1 */
	VERDICT_TEMPFAIL /* 451 4.3.0 */
};

struct verdict {
	enum verdict_action action;
	char *header; /* value of X-TLSRPT, or NULL; at most 900 bytes */
	char *reply;  /* text of a 4xx or 5xx reply, or NULL */
};

/* Decides by the table of verdicts. The caller frees the verdict's members with
 * verdict_clear(). */
void verdict_decide(const struct config *config,
    const struct verdict_tally *tally, struct verdict *ret_verdict);

/* Frees the members, and leaves VERDICT_ACCEPT behind. */
void verdict_clear(struct verdict *verdict);

/* "keep", "discard", "split", "reject" or "tempfail", for the log; static. */
const char *verdict_action_name(enum verdict_action action);

#endif
