/* SPDX-License-Identifier: MIT */
/*
 * authentication: whether a report comes from who it says.
 *
 * Knows which Authentication-Results field to believe, and for which submitter
 * a DKIM signature speaks. Leaves the field's syntax to mail/authres.h. Pure;
 * any thread.
 */
#ifndef INTAKE_AUTHENTICATION_H
#define INTAKE_AUTHENTICATION_H

#include <glib.h>
#include <stdbool.h>

#include "config/config.h"

/* What Authentication-Results of a trusted host say. */
struct authentication {
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
 * members with authentication_clear().
 */
void authentication_judge(const struct config *config,
    const GPtrArray *authentication_results, const char *submitter,
    struct authentication *ret_dkim);
void authentication_clear(struct authentication *dkim);

#endif
