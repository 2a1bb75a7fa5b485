/* SPDX-License-Identifier: MIT */
/*
 * report_member: one member of a report, read with all the tolerance there is.
 *
 * Knows how senders get a text, a count, an address or a list of lines wrong,
 * and as which anomaly each deviation is noted. Leaves to
 * report_structure.c which members there are.
 *
 * A text may be missing, so a bad one is not a reason to refuse a report: a
 * value of another type is read as far as possible, and counts as missing
 * otherwise. The other functions return false when the report must be refused;
 * result and reason are in the reader then. Out-parameters are untouched unless
 * the member is there. A reader belongs to one thread.
 */
#ifndef DOCUMENT_REPORT_MEMBER_H
#define DOCUMENT_REPORT_MEMBER_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "document/report.h"
#include "json_tree.h"

/* The clause that most of a report answers to. */
#define MEMBER_RFC8460 "RFC 8460 section 4.4"

enum member_result { MEMBER_OK, MEMBER_INVALID, MEMBER_LIMIT };

struct member_reader {
	const struct limits *limits;
	struct report *report; /* where deviations are noted */
	size_t lines;          /* of all lists so far */
	enum member_result result;
	char *reason; /* the first failure's sentence, for g_free() */
};

/* Where in the document something stands, as linked frames on the stack; key
 * is NULL for an array's element. */
struct member_path {
	const struct member_path *parent;
	const char *key;
	size_t index;
};

/* In place of an anomaly for a missing member: null-value is noted when it is
 * null, and nothing when it is absent. */
#define MEMBER_OPTIONAL ANOMALY_COUNT
/* In place of an anomaly for a missing member: nothing is noted, since the
 * caller or report_complete() does that. */
#define MEMBER_NOTED_LATER (ANOMALY_COUNT + 1)

/* How a list of strings is read. */
struct member_list {
	const char *key;
	enum anomaly not_array; /* a string instead of an array */
	enum anomaly packed;    /* a JSON array as text */
	enum anomaly cleaned;   /* blanks, empty or several lines */
	bool hosts;             /* mx-host, so policy_line_mx_host() */
};

/* Ends the reading with the reason "source: path: what". path may be NULL.
 * Returns false. */
bool member_fail(struct member_reader *reader, enum member_result result,
    const char *source, const struct member_path *path, const char *format, ...)
    G_GNUC_PRINTF(5, 6);

/* Ends the reading with the reason that a value "is an array, not a string".
 * Returns false. */
bool member_fail_type(struct member_reader *reader,
    const struct member_path *path, const struct json_tree *value,
    const char *wanted);

/* A member that is there and not null; otherwise notes missing and returns
 * NULL. */
const struct json_tree *member_get(struct member_reader *reader,
    const struct json_tree *object, const char *key, int missing);

/* A text as a new string, also out of an array of just that one; "" and blanks
 * count as missing. */
void member_text(struct member_reader *reader, const struct json_tree *object,
    const char *key, int missing, char **ret_text);

/* A text as member_text() reads it, without the blanks around it. */
void member_word(struct member_reader *reader, const struct json_tree *object,
    const char *key, int missing, char **ret_text);

/* An optional text without a fixed form: an object or array becomes its JSON
 * text, of at most limits.string-length. */
bool member_free_text(struct member_reader *reader,
    const struct member_path *parent, const struct json_tree *object,
    const char *key, char **ret_text);

/* A text that must be there, and must not be an object or array. */
bool member_needed_text(struct member_reader *reader,
    const struct member_path *parent, const struct json_tree *object,
    const char *key, char **ret_text);

/* The object at path, whose last step is a member of parent; NULL, with missing
 * noted, when there is none. */
bool member_object(struct member_reader *reader, const struct member_path *path,
    const struct json_tree *parent, int missing,
    const struct json_tree **ret_object);

/* The object as member_object() reads it, also out of an array of just that
 * one. */
bool member_lone_object(struct member_reader *reader,
    const struct member_path *path, const struct json_tree *parent, int missing,
    const struct json_tree **ret_object);

/* A count of sessions. */
bool member_count(struct member_reader *reader,
    const struct member_path *parent, const struct json_tree *object,
    const char *key, int missing, int64_t *ret_count);

/* Appends new strings to lines: in the whole report at most limits.details, or
 * MEMBER_LINES_MIN if that is more. */
#define MEMBER_LINES_MIN ((size_t)1000)
bool member_list(struct member_reader *reader, const struct json_tree *object,
    int missing, const struct member_list *list, GPtrArray *lines);

/* An IP address as a new string; anything else counts as missing. */
void member_ip(struct member_reader *reader, const struct json_tree *object,
    const char *key, char **ret_ip);

/* A host's name, as syntax_domain() gives it when it is a domain, else as it
 * is. */
void member_host(struct member_reader *reader, const struct json_tree *object,
    const char *key, char **ret_host);

#endif
