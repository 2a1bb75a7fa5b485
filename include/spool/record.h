/* SPDX-License-Identifier: MIT */
/*
 * record: the format of a spooled record.
 *
 * Knows how a report or a rejection is written down as bytes: lines
 * "name: value", "version: 1" first, values percent-encoded (RFC 3986 section
 * 2.1: '%', controls, and bytes from 0x7f on), a blank line, and for a report
 * the attachment's bytes as they came. Unknown names are ignored, so that a
 * newer writer can add some. Leaves files to spool.c.
 *
 * Any thread; a record belongs to one thread at a time.
 */
#ifndef SPOOL_RECORD_H
#define SPOOL_RECORD_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RECORD_DIGEST_SIZE 32

enum record_kind { RECORD_REPORT, RECORD_REJECTION };
enum record_source { RECORD_MILTER, RECORD_IMPORT };
enum record_reason { RECORD_INVALID, RECORD_REFUSED };

struct record {
	enum record_kind kind;
	enum record_source source;
	int64_t received_at; /* microseconds since the epoch */
	char *queue_id;      /* this and all strings: UTF-8 or not, or NULL */
	char *envelope_from;
	GPtrArray *recipients; /* of char *; never NULL */
	char *message_id;
	char *from_domain;
	char *tls_report_domain;
	char *tls_report_submitter;
	char *dkim_result; /* pass, fail, none */
	char *dkim_domain;
	bool authenticated; /* as the configuration of intake judged */
	char *submitter;
	char *media_type;
	char *filename;
	/* A rejection only. */
	enum record_reason reason;
	char *detail; /* the sentence */

	/* Of the attachment as it came; a rejection carries no bytes, but
	 * states the length and digest of what it rejects. */
	uint64_t length;
	uint8_t sha256[RECORD_DIGEST_SIZE];
	GBytes *bytes; /* NULL in a rejection */
};

struct record *record_new(void);
void record_free(struct record *record);

/* Sets bytes, length and sha256 of a report from memory, which is copied. */
void record_set_bytes(struct record *record, const void *bytes, size_t length);

/*
 * The record's header lines with the blank line; the bytes follow them in a
 * file. Strings are cut at 8192 bytes; of recipients, as many are named as fit
 * into 512 KiB, 10,000 at most, and "recipients-left-out: N" counts the others;
 * so record_parse() takes whatever is written. dkim_result is one of the three
 * words. The caller frees the string with g_string_free().
 */
GString *record_header(const struct record *record);

/*
 * Reads a record from a whole file's bytes. Returns NULL and stores a sentence
 * (g_free) in *ret_error when the version is unknown, a needed line is missing
 * or wrong, or length and digest don't fit the bytes. The record's bytes are a
 * copy.
 */
struct record *record_parse(
    const uint8_t *bytes, size_t length, char **ret_error);

#endif
