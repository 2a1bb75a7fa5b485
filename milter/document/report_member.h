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
 * otherwise. Functions that say nothing else return false when the report must
 * be refused; result and reason are in the reader then. Out-parameters are
 * untouched unless the member is there. A reader belongs to one thread.
 */
#ifndef DOCUMENT_REPORT_MEMBER_H
#define DOCUMENT_REPORT_MEMBER_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "document/decode.h"
#include "document/report.h"

/* A value of <jansson.h>, where it is json_t too. */
struct json_t;

/* The clause that most of a report answers to. */
#define MEMBER_RFC8460 "RFC 8460 section 4.4"

/* Foreign text in a reason is cut to this many bytes. */
#define MEMBER_QUOTE_MAX 60

struct member_reader {
	const struct limits *limits;
	struct report *report; /* where deviations are noted */
	GString *path;         /* of the object that is read; "": the root */
	size_t lines;          /* of all lists so far */
	size_t policies;       /* in the message so far */
	size_t failures;       /* details, of all policies there */
	enum decode_result result;
	char *reason; /* the failure's sentence, for g_free() */
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
	GPtrArray *lines;       /* where new strings are appended */
};

/* Ends the reading with the reason "source: path: what", the path being that of
 * a member of the object that is read, of the object itself for "", and left
 * out for NULL. Returns false. */
bool member_fail(struct member_reader *reader, enum decode_result result,
    const char *source, const char *key, const char *format, ...)
    G_GNUC_PRINTF(5, 6);

/* Ends the reading with the reason that a value "is an array, not a string".
 * Returns false. */
bool member_fail_type(struct member_reader *reader, const char *key,
    const struct json_t *value, const char *wanted);

/* A member that is there and not null; otherwise notes missing and returns
 * NULL. */
const struct json_t *member_get(struct member_reader *reader,
    const struct json_t *object, const char *key, int missing);

/* A text as a new string, also out of an array of just that one; "" and blanks
 * count as missing. */
void member_text(struct member_reader *reader, const struct json_t *object,
    const char *key, int missing, char **ret_text);

/* A text as member_text() reads it, without the blanks around it. */
void member_word(struct member_reader *reader, const struct json_t *object,
    const char *key, int missing, char **ret_text);

/* An optional text without a fixed form: an object or array becomes its JSON
 * text, of at most limits.string-length. */
bool member_free_text(struct member_reader *reader, const struct json_t *object,
    const char *key, char **ret_text);

/* A word, as syntax_domain() gives it when it is a domain; false for another
 * one. */
bool member_domain(struct member_reader *reader, const struct json_t *object,
    const char *key, int missing, char **ret_domain);

/* An IP address as a new string; anything else counts as missing. */
void member_ip(struct member_reader *reader, const struct json_t *object,
    const char *key, char **ret_ip);

/* An object, if lone also out of an array of just that one; NULL, with missing
 * noted, when there is none. */
bool member_object(struct member_reader *reader, const struct json_t *parent,
    const char *key, bool lone, int missing, const struct json_t **ret_object);

/* A count of sessions. */
bool member_count(struct member_reader *reader, const struct json_t *object,
    const char *key, int missing, int64_t *ret_count);

/* A list of strings: in the whole report at most limits.details lines, or
 * MEMBER_LINES_MIN if that is more. */
#define MEMBER_LINES_MIN ((size_t)1000)
bool member_list(struct member_reader *reader, const struct json_t *object,
    int missing, const struct member_list *list);

#endif
