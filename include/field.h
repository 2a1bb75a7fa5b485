/* SPDX-License-Identifier: MIT */
/*
 * field: one member of a report, read with all the tolerance there is.
 *
 * Knows how senders get a text, a count, an address or a list of lines wrong,
 * and the anomaly that each deviation is noted as. Leaves to report_read.c
 * which members there are.
 *
 * A text may be missing, so none is a reason to refuse a report: what has
 * another type is read as far as it can be, and counts as missing otherwise.
 * The other functions return false once the report cannot be taken; result and
 * reason are in the reader then. Out-parameters are untouched unless the member
 * is there. A reader belongs to one thread.
 */
#ifndef FIELD_H
#define FIELD_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"
#include "json_tree.h"
#include "report.h"

/* The clause that most of a report answers to. */
#define FIELD_RFC8460 "RFC 8460 section 4.4"

enum field_result { FIELD_OK, FIELD_INVALID, FIELD_LIMIT };

struct field_reader {
	const struct limits *limits;
	struct report *report; /* where deviations are noted */
	size_t lines;          /* of all lists so far */
	enum field_result result;
	char *reason; /* the first failure's sentence, for g_free() */
};

/* Where in the document something stands, as linked frames on the stack; key
 * is NULL for an array's element. */
struct field_path {
	const struct field_path *parent;
	const char *key;
	size_t index;
};

/* What a missing member is noted as, where no anomaly stands for it: null-value
 * when it is null, nothing when it is absent. */
#define FIELD_OPTIONAL REPORT_ANOMALY_COUNT
/* The same, where the caller or report_complete() notes it: nothing. */
#define FIELD_NOTED_LATER (REPORT_ANOMALY_COUNT + 1)

/* How a list of strings is read. */
struct field_list {
	const char *key;
	enum report_anomaly not_array; /* a string instead of an array */
	enum report_anomaly packed;    /* a JSON array as text */
	enum report_anomaly cleaned;   /* blanks, empty or several lines */
	bool hosts;                    /* mx-host, so value_mx_host() */
};

/* Ends the reading with the reason "source: path: what". path may be NULL.
 * Returns false. */
bool field_fail(struct field_reader *reader, enum field_result result,
    const char *source, const struct field_path *path, const char *format, ...)
    G_GNUC_PRINTF(5, 6);

/* The same: value "is an array, not a string". */
bool field_fail_type(struct field_reader *reader, const struct field_path *path,
    const struct json_tree *value, const char *wanted);

/* A member that is there and not null; otherwise NULL, and missing is noted. */
const struct json_tree *field_get(struct field_reader *reader,
    const struct json_tree *object, const char *key, int missing);

/* A text as a new string, also out of an array of just that one; "" and blanks
 * count as missing. */
void field_text(struct field_reader *reader, const struct json_tree *object,
    const char *key, int missing, char **ret_text);

/* The same, without the blanks around it. */
void field_word(struct field_reader *reader, const struct json_tree *object,
    const char *key, int missing, char **ret_text);

/* An optional text in which every sender writes what it likes: another object
 * or array becomes its JSON text, of at most limits.string-length. */
bool field_free_text(struct field_reader *reader,
    const struct field_path *parent, const struct json_tree *object,
    const char *key, char **ret_text);

/* A text that must be there: not missing, no object, no array. */
bool field_needed_text(struct field_reader *reader,
    const struct field_path *parent, const struct json_tree *object,
    const char *key, char **ret_text);

/* What stands at path, whose last step is a member of parent. */
bool field_object(struct field_reader *reader, const struct field_path *path,
    const struct json_tree *parent, int missing,
    const struct json_tree **ret_object);

/* The same, also out of an array of just that one. */
bool field_lone_object(struct field_reader *reader,
    const struct field_path *path, const struct json_tree *parent, int missing,
    const struct json_tree **ret_object);

/* A count of sessions. */
bool field_count(struct field_reader *reader, const struct field_path *parent,
    const struct json_tree *object, const char *key, int missing,
    int64_t *ret_count);

/* Appends new strings to lines: in the whole report at most limits.details, or
 * FIELD_LINES_MIN if that is more. */
#define FIELD_LINES_MIN ((size_t)1000)
bool field_list(struct field_reader *reader, const struct json_tree *object,
    int missing, const struct field_list *list, GPtrArray *lines);

/* An IP address as a new string; what is none counts as missing. */
void field_ip(struct field_reader *reader, const struct json_tree *object,
    const char *key, char **ret_ip);

/* A host's name: as value_domain() gives it when it is a domain, else as is. */
void field_host(struct field_reader *reader, const struct json_tree *object,
    const char *key, char **ret_host);

#endif
