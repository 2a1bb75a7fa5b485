/* SPDX-License-Identifier: MIT */
/* The cases of tests/fixtures/documents, and limits that let all of them pass.
 */
#ifndef DOCUMENTS_H
#define DOCUMENTS_H

#include "fixture.h"

#include "config/config.h"

#define DOCUMENTS FIXTURES "/documents"

static inline struct limits documents_limits(void)
{
	return (struct limits){
	    .gzip_members = 16,
	    .report_size = 16 << 20,
	    .parse_memory = 256 << 20,
	    .json_depth = 32,
	    .policies = 10000,
	    .details = 100000,
	    .string_length = 64 << 10,
	    .deadline = 30,
	};
}

/* The whole file of a case, or NULL when there is none with that suffix. */
static inline char *documents_read(
    const char *name, const char *suffix, gsize *ret_length)
{
	return fixture_read(DOCUMENTS, name, suffix, ret_length);
}

#endif
