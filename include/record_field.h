/* SPDX-License-Identifier: MIT */
/*
 * record_field: the lines of a record's header, for record.c only.
 *
 * Knows the name of each line, and how its value is read. Any thread.
 */
#ifndef RECORD_FIELD_H
#define RECORD_FIELD_H

#include <stddef.h>

#include "record.h"

#define RECORD_RECIPIENTS_MAX 10000

/* In the order in which they are written, after "version: 1". */
enum record_field_id {
	FIELD_KIND,
	FIELD_SOURCE,
	FIELD_RECEIVED_AT,
	FIELD_QUEUE_ID,
	FIELD_ENVELOPE_FROM,
	FIELD_RECIPIENT,
	FIELD_MESSAGE_ID,
	FIELD_FROM_DOMAIN,
	FIELD_TLS_REPORT_DOMAIN,
	FIELD_TLS_REPORT_SUBMITTER,
	FIELD_DKIM_RESULT,
	FIELD_DKIM_DOMAIN,
	FIELD_AUTHENTICATED,
	FIELD_SUBMITTER,
	FIELD_MEDIA_TYPE,
	FIELD_FILENAME,
	FIELD_REASON,
	FIELD_DETAIL,
	FIELD_LENGTH,
	FIELD_SHA256,
	FIELD_COUNT
};

struct record_field;

/* Judges a value and stores it; NULL, or a sentence that follows on "NAME ". */
typedef const char *(*record_field_parse)(
    const struct record_field *field, struct record *record, const char *value);

struct record_field {
	const char *name;
	record_field_parse parse;
	size_t offset; /* in struct record, of what is a string; else 0 */
};

/* By enum record_field_id. */
extern const struct record_field record_fields[FIELD_COUNT];

/* The member of a field that is a string. */
char **record_field_string(
    const struct record_field *field, const struct record *record);

#endif
