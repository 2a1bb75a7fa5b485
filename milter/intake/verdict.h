/* SPDX-License-Identifier: MIT */
/*
 * verdict: what becomes of a message.
 *
 * Knows the table of verdicts. Leaves to pipeline.c how reports are read and
 * spooled, and to session.c and mlfi.c how a verdict is carried out. Pure; any
 * thread.
 */
#ifndef INTAKE_VERDICT_H
#define INTAKE_VERDICT_H

#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"

/* What was found in one message. */
struct verdict_tally {
	size_t stored;
	size_t invalid;
	size_t refused;
	bool spool_failed; /* a valid report could not be made durable */
	char *reason; /* of the first that was invalid or refused, or of the
			 spool's failure; the owner of the tally frees it */
	size_t recipients;
	size_t report_recipients; /* those that match config->recipients */
};

enum verdict_action {
	VERDICT_ACCEPT,  /* deliver, untouched but for forged headers */
	VERDICT_HEADER,  /* deliver with the header */
	VERDICT_DISCARD, /* drop for all recipients */
	VERDICT_SPLIT,   /* delete the report recipients, deliver to the rest */
	VERDICT_REJECT,  /* 550 5.7.1 */
	VERDICT_TEMPFAIL /* 451 4.3.0 */
};

struct verdict {
	enum verdict_action action;
	char *header; /* value of X-TLSRPT, or NULL; at most 900 bytes */
	char *reply;  /* text of a 4xx or 5xx reply, or NULL */
};

/* The table of verdicts. Free the members with verdict_clear(). */
void verdict_decide(const struct config *config,
    const struct verdict_tally *tally, struct verdict *ret_verdict);
void verdict_clear(struct verdict *verdict);

/* "keep", "discard", "split", "reject" or "tempfail", for the log. */
const char *verdict_action_name(enum verdict_action action);

#endif
