/* SPDX-License-Identifier: MIT */
/*
 * authentication: whether a report comes from the submitter that it names.
 *
 * Knows which Authentication-Results field to believe, and which submitters a
 * DKIM signature authenticates. Leaves the field's syntax to mail/authres.h.
 * Pure; any thread.
 */
#ifndef INTAKE_AUTHENTICATION_H
#define INTAKE_AUTHENTICATION_H

#include <glib.h>
#include <stdbool.h>

#include "config/config.h"

/* What a trusted host says about DKIM. */
struct authentication {
	const char *result; /* pass, fail or none; static */
	char *domain;       /* of the signature (g_free), or NULL */
	bool authenticated;
};

/*
 * Finds the DKIM result that matters for a submitter: a pass whose domain is
 * the submitter or an organisational parent of it, which makes authenticated
 * true; else the first pass, else the first other result, else none. Only one
 * field counts: the topmost one whose authserv-id is configured and that has a
 * result for DKIM. authentication_results is an array of char *, topmost first,
 * or NULL.
 */
void authentication_judge(const struct config *config,
    const GPtrArray *authentication_results, const char *submitter,
    struct authentication *ret_dkim);

#endif
