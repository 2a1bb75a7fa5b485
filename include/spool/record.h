/* SPDX-License-Identifier: MIT */
/*
 * record: the format of a spooled record.
 *
 * A record is a header and a body. The header has lines "name: value",
 * "version: 1" first, and ends with a blank line. Values are percent-encoded
 * (RFC 3986 section 2.1: '%', controls, and bytes from 0x7f on). A report's
 * body is the attachment's bytes as received; a rejection's is empty. Unknown
 * names are ignored, so that a newer writer can add some. Leaves files to
 * spool.c.
 *
 * Any thread; a record belongs to one thread at a time.
 */
#ifndef SPOOL_RECORD_H
#define SPOOL_RECORD_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"

enum record_kind { RECORD_REPORT, RECORD_REJECTION };
enum record_source { RECORD_MILTER, RECORD_IMPORT };
enum record_reason { RECORD_INVALID, RECORD_REFUSED };

struct record {
	enum record_kind kind;
	enum record_source source;
	int64_t received_at; /* microseconds since the epoch */
	char *queue_id;      /* all strings may be NULL, or not UTF-8 */
	char *envelope_from;
	GPtrArray *recipients; /* of char *; never NULL */
	char *message_id;
	char *from_domain;
	char *tls_report_domain;
	char *tls_report_submitter;
	char *dkim_result; /* pass, fail, none */
	char *dkim_domain;
	bool authenticated; /* by the configuration of the intake */
	char *submitter;
	char *media_type;
	char *filename;
	/* Of a rejection. */
	enum record_reason reason;
	char *detail; /* a sentence */

	/* Of the attachment as received. A rejection has no bytes, but the
	 * length and digest of what it rejects. */
	uint64_t length;
	uint8_t sha256[DIGEST_SIZE];
	GBytes *bytes; /* NULL in a rejection */
};

/* Makes an empty record, the caller's. */
struct record *record_new(void);
void record_free(struct record *record);

/* Sets bytes, length and sha256 of a report to a copy of the bytes. */
void record_set_bytes(struct record *record, const void *bytes, size_t length);

/* Writes microseconds since the epoch as RFC 3339 has them, with all six digits
 * behind the point: "2026-11-24T20:20:51.123456Z". A time before 1970 or after
 * 9999 is written as the first or the last one between. */
#define RECORD_TIME_SIZE 28
void record_time_format(int64_t instant, char buf[RECORD_TIME_SIZE]);

/*
 * The header with the blank line (g_string_free). record_parse() can read it,
 * whatever the members are: strings are cut at 8192 bytes; as many recipients
 * are named as fit into 512 KiB, 10,000 at most, and "recipients-left-out: N"
 * counts the others. dkim_result must be one of the three words.
 */
GString *record_header(const struct record *record);

/*
 * Reads a record, the caller's, from a whole file; its bytes are a copy. NULL,
 * with a sentence (g_free) in *ret_error, when the version is unknown, a line
 * is missing or wrong, or length or digest don't match the bytes.
 */
struct record *record_parse(
    const uint8_t *bytes, size_t length, char **ret_error);

#endif
