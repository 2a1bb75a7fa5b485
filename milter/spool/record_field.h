/* SPDX-License-Identifier: MIT */
/*
 * record_field: the lines of a record's header.
 *
 * Knows the name of each line, and how to read its value. Only record.c uses
 * it. Any thread.
 */
#ifndef SPOOL_RECORD_FIELD_H
#define SPOOL_RECORD_FIELD_H

#include <stddef.h>

#include "spool/record.h"

#define RECORD_RECIPIENTS_MAX 10000

/* The lines in the order in which they are written, after "version: 1". */
enum record_field_id {
	RECORD_FIELD_KIND,
	RECORD_FIELD_SOURCE,
	RECORD_FIELD_RECEIVED_AT,
	RECORD_FIELD_QUEUE_ID,
	RECORD_FIELD_ENVELOPE_FROM,
	RECORD_FIELD_RECIPIENT,
	RECORD_FIELD_MESSAGE_ID,
	RECORD_FIELD_FROM_DOMAIN,
	RECORD_FIELD_TLS_REPORT_DOMAIN,
	RECORD_FIELD_TLS_REPORT_SUBMITTER,
	RECORD_FIELD_DKIM_RESULT,
	RECORD_FIELD_DKIM_DOMAIN,
	RECORD_FIELD_AUTHENTICATED,
	RECORD_FIELD_SUBMITTER,
	RECORD_FIELD_MEDIA_TYPE,
	RECORD_FIELD_FILENAME,
	RECORD_FIELD_REASON,
	RECORD_FIELD_DETAIL,
	RECORD_FIELD_LENGTH,
	RECORD_FIELD_SHA256,
	RECORD_FIELD_COUNT
};

struct record_field;

/* Reads a value into the record. NULL, or what is wrong, static: the rest of a
 * sentence that begins with the field's name. */
typedef const char *(*record_field_parse)(
    const struct record_field *field, struct record *record, const char *value);

struct record_field {
	const char *name;
	record_field_parse parse;
	size_t offset;        /* in struct record, of a string or word */
	const char *words[2]; /* by an enum's value, 0 or 1; or NULL */
	const char *problem;  /* said of any other word */
};

/* The fields, by enum record_field_id. */
extern const struct record_field record_fields[RECORD_FIELD_COUNT];

/* The record's member for a field that is a string, and for one with words; it
 * may be changed. */
char **record_field_string(
    const struct record_field *field, const struct record *record);
unsigned int *record_field_word(
    const struct record_field *field, const struct record *record);

#endif
