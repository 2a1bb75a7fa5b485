/* SPDX-License-Identifier: MIT */
/*
 * policy: whose reports are taken, and what becomes of the message.
 *
 * Knows the table of verdicts. Leaves to process.c how reports are read and
 * spooled, and to session.c and mlfi.c how a verdict is carried out.
 * Pure; any thread.
 */
#ifndef POLICY_H
#define POLICY_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

#include "config.h"
#include "report.h"

/* What Authentication-Results of a trusted host say. */
struct policy_dkim {
	char *result; /* pass, fail, none */
	char *domain; /* or NULL */
	bool authenticated;
};

/*
 * Finds the DKIM result that matters for a submitter: a pass whose domain is
 * the submitter's or an organisational parent of it makes authenticated true;
 * else the first pass, else the first other result, else none. Only one field
 * counts: the topmost whose authserv-id is configured and that has a result for
 * DKIM. authentication_results is an array of char *, topmost first. Free the
 * members with policy_dkim_clear().
 */
void policy_judge_dkim(const struct config *config,
    const GPtrArray *authentication_results, const char *submitter,
    struct policy_dkim *ret_dkim);
void policy_dkim_clear(struct policy_dkim *dkim);

/* NULL when the report is taken, else a sentence (g_free) why it is refused. */
char *policy_refusal(const struct config *config, const struct report *report,
    const struct policy_dkim *dkim, const char *submitter);

/* What was found in one message. */
struct policy_tally {
	size_t stored;
	size_t invalid;
	size_t refused;
	bool spool_failed; /* a valid report could not be made durable */
	char *reason; /* of the first that was invalid or refused, or of the
			 spool's failure; the owner of the tally frees it */
	size_t recipients;
	size_t report_recipients; /* those that match config->recipients */
};

enum policy_action {
	POLICY_ACCEPT,  /* deliver, untouched but for forged headers */
	POLICY_HEADER,  /* deliver with the header */
	POLICY_DISCARD, /* drop for all recipients */
	POLICY_SPLIT,   /* delete the report recipients, deliver to the rest */
	POLICY_REJECT,  /* 550 5.7.1 */
	POLICY_TEMPFAIL /* 451 4.3.0 */
};

struct policy_verdict {
	enum policy_action action;
	char *header; /* value of X-TLSRPT, or NULL; at most 900 bytes */
	char *reply;  /* text of a 4xx or 5xx reply, or NULL */
};

/* The table of verdicts. Free the members with policy_verdict_clear(). */
void policy_decide(const struct config *config,
    const struct policy_tally *tally, struct policy_verdict *ret_verdict);
void policy_verdict_clear(struct policy_verdict *verdict);

/* "keep", "discard", "split", "reject" or "tempfail", for the log. */
const char *policy_action_name(enum policy_action action);

#endif
