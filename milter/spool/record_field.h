/* SPDX-License-Identifier: MIT */
/*
 * record_field: the lines of a record's header.
 *
 * Knows the name of each line, and how its value is written and read. Only
 * record.c uses it. Any thread.
 */
#ifndef SPOOL_RECORD_FIELD_H
#define SPOOL_RECORD_FIELD_H

#include <stddef.h>

#include "spool/record.h"

#define RECORD_FIELD_COUNT 20

struct record_field {
	const char *name;
	enum { TEXT, WORD, FLAG, RECIPIENTS, TIME, NUMBER, DIGEST } type;
	size_t offset;         /* of the member in struct record */
	bool needed;           /* where it belongs, it must be there */
	bool rejection;        /* belongs to rejections only */
	const char *words[4];  /* the values allowed, if only some are */
	const char *otherwise; /* what is wrong when it is none of them */
};

/* The fields in the order in which they are written, after "version: 1". */
extern const struct record_field record_fields[RECORD_FIELD_COUNT];

/* Appends the field's lines: none for a text that is NULL. */
void record_field_append(const struct record_field *field,
    const struct record *record, GString *out);

/* Reads a value into the record. NULL, or what is wrong, static: the rest of a
 * sentence that begins with the field's name. */
const char *record_field_parse(
    const struct record_field *field, struct record *record, const char *value);

/* Frees the member, if it is a text. */
void record_field_free(
    const struct record_field *field, const struct record *record);

#endif
