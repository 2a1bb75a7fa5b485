/* SPDX-License-Identifier: MIT */
/*
 * identity: who sent a report, and what makes it this report and no other.
 *
 * Knows the parts that the database's unique key is made of. Leaves deciding
 * between two reports of one identity to tlsrpt.ingest(). Pure; any thread.
 */
#ifndef DOCUMENT_IDENTITY_H
#define DOCUMENT_IDENTITY_H

#include <glib.h>
#include <stdint.h>

#include "base/digest.h"
#include "document/report.h"

/*
 * Who sent the report: the lower-case domain of contact-info, else
 * from_domain, else the organisation's name, else "". from_domain may be NULL.
 * The caller frees the string with g_free().
 */
char *identity_submitter(const struct report *report, const char *from_domain);

/* The distinct policy domains, sorted bytewise; those that are NULL left out.
 * The array is the caller's (g_ptr_array_unref), its strings the report's. */
GPtrArray *identity_policy_domains(const struct report *report);

/*
 * What makes it this report and no other: SHA-256 over the submitter, the
 * organisation, the report-id, start and end in UTC and the distinct sorted
 * policy domains, each with its length before it. Where contact-info names no
 * submitter, the content's digest stands for it in hexadecimal: the same
 * document by mail, through a list that rewrites From, and as a file is one.
 */
void identity_digest(const struct report *report, const char *submitter,
    uint8_t ret_identity[DIGEST_SIZE]);

#endif
