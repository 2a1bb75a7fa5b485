/* SPDX-License-Identifier: MIT */
/*
 * rfc5322: the pieces of header field syntax that several modules read.
 *
 * Knows fields, folding, comments and addresses (RFC 5322 sections 2.2, 3.2.2
 * and 3.4). Leaves what a field means to others. Pure, linear and without
 * recursion, since all of it comes from strangers; any thread.
 */
#ifndef MAIL_RFC5322_H
#define MAIL_RFC5322_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/span.h"

/* A field as it stands in a header, with its folds and its last line end. */
struct rfc5322_field {
	struct span name;
	struct span whole;
};

/* The start of the next line, or the end. */
static inline const uint8_t *rfc5322_next_line(
    const uint8_t *p, const uint8_t *end)
{
	const uint8_t *eol = memchr(p, '\n', (size_t)(end - p));

	return eol != NULL ? eol + 1 : end;
}

/* Whether the line at p is empty. */
bool rfc5322_is_blank_line(const uint8_t *p, const uint8_t *end);

/* The length of the field's name that a line begins with; 0 when it is not a
 * field. */
size_t rfc5322_measure_name(const uint8_t *p, const uint8_t *end);

/*
 * The next field of a header from *offset on, which is moved behind it. False
 * at the header's end: *offset is then that of the body, behind the blank line.
 * Blanks before the colon are allowed (section 4.5); a line that is not a
 * field, as some programs leave in a header, is skipped.
 */
bool rfc5322_next_field(const uint8_t *bytes, size_t length, size_t *offset,
    struct rfc5322_field *ret_field);

/*
 * Moves *cursor behind blanks, folds and comments, nested ones included. False
 * when a comment never ends; *cursor is then at the end of the text.
 */
bool rfc5322_skip_cfws(const char **cursor);

/* A field body on one line, without blanks around it: line ends are dropped
 * and the blanks behind them kept. The caller frees it with g_free(). */
char *rfc5322_unfold(const char *body);

/* The domain of the first mailbox in an address list, as it is written, also
 * inside a group; NULL when there is none. The caller frees it with g_free().
 */
char *rfc5322_first_domain(const char *body);

/* What stands in <> in a Message-ID field, or the whole field without <>; NULL
 * when it is empty. The caller frees it with g_free(). */
char *rfc5322_message_id(const char *body);

#endif
