/* SPDX-License-Identifier: MIT */
/*
 * json_writer: JSON (RFC 8259), written front to back into a GString.
 *
 * Knows where a comma, a colon and a quote belong; strings are escaped as
 * escape_json() does it. Leaves to the caller that what is begun is ended.
 * Allocates nothing but the text that it appends to. Pure; one thread a writer.
 *
 *	struct json_writer json = {.out = out};
 *
 *	json_writer_begin_object(&json, NULL);
 *	json_writer_integer(&json, "version", 1);
 *	json_writer_end_object(&json);
 *
 * Each function appends one value. name is its member's in an object, and NULL
 * in an array or outside of everything; it is written as it is, so without
 * quotes, backslashes and control characters.
 */
#ifndef BASE_JSON_WRITER_H
#define BASE_JSON_WRITER_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct json_writer {
	GString *out; /* the caller's */
	bool spaced;  /* a blank behind each comma and colon */
	bool comma;   /* the writer's own: the next value needs one */
};

/* An object or an array: the values that follow are in it, up to its end. */
void json_writer_begin_object(struct json_writer *json, const char *name);
void json_writer_end_object(struct json_writer *json);
void json_writer_begin_array(struct json_writer *json, const char *name);
void json_writer_end_array(struct json_writer *json);

/* Any bytes up to NUL; NULL gives null. */
void json_writer_string(
    struct json_writer *json, const char *name, const char *value);
void json_writer_integer(
    struct json_writer *json, const char *name, int64_t value);
/* With as many digits as it takes to read the same double again; what JSON has
 * no number for (infinity, not a number) gives null. */
void json_writer_number(
    struct json_writer *json, const char *name, double value);
void json_writer_boolean(
    struct json_writer *json, const char *name, bool value);
/* length bytes of JSON that somebody else wrote, as they are. */
void json_writer_raw(struct json_writer *json, const char *name,
    const char *value, size_t length);

/* Puts the next value on a line of its own, indented by one blank; only called
 * in front of a value. */
void json_writer_line(struct json_writer *json);

#endif
