/* SPDX-License-Identifier: MIT */
/*
 * There is no grammar that all writers of an mbox follow: some don't quote
 * From_ lines but give a Content-Length, some omit the blank line between
 * messages, and Content-Length may be wrong after an edit. So a length is
 * believed only when it ends where the next message begins, and a line "From "
 * begins a message only when two of three signs agree: a blank line before it,
 * a time of day in it, a header field behind it.
 */
#include "mail/mbox.h"

#include <string.h>

#include "base/span.h"
#include "rfc5322.h"

static const char from[] = "From ";
#define FROM_LENGTH (sizeof(from) - 1)

/* A message beyond this size is over any limits.message-size: not worth a copy
 * just for its quoting. */
#define UNQUOTE_MAX ((size_t)256 * 1024 * 1024)

static bool starts_with(
    const uint8_t *p, const uint8_t *end, const char *text, size_t length)
{
	return (size_t)(end - p) >= length && memcmp(p, text, length) == 0;
}

static bool is_from(const uint8_t *p, const uint8_t *end)
{
	return starts_with(p, end, from, FROM_LENGTH);
}

/* Whether a line has a time such as 7:05 in it, as every asctime(3) does. */
static bool has_time(const uint8_t *p, const uint8_t *end)
{
	const uint8_t *stop = rfc5322_next_line(p, end);

	for (p += 2; p + 2 < stop; p++)
		if (*p == ':' && g_ascii_isdigit(p[-1]) &&
		    g_ascii_isdigit(p[1]) && g_ascii_isdigit(p[2]))
			return true;
	return false;
}

/* Whether a header field (RFC 5322 section 2.2), or the ">From " that some
 * writers put above it, stands at p. */
static bool is_field(const uint8_t *p, const uint8_t *end)
{
	return starts_with(p, end, ">From ", FROM_LENGTH + 1) ||
	       rfc5322_measure_name(p, end) > 0;
}

static bool is_after_blank_line(const uint8_t *start, const uint8_t *p)
{
	if (p == start)
		return true;
	if (p[-1] != '\n')
		return false;
	p--;
	if (p > start && p[-1] == '\r')
		p--;
	return p <= start || p[-1] == '\n';
}

/* Whether a message begins with the line at p, which starts with "From ". */
static bool is_separator(
    const uint8_t *start, const uint8_t *p, const uint8_t *end)
{
	bool blank = is_after_blank_line(start, p);
	bool time = has_time(p, end);

	if (blank && time)
		return true;
	return (blank || time) && is_field(rfc5322_next_line(p, end), end);
}

/* The next separator from p on, or the end. */
static const uint8_t *find_separator(
    const uint8_t *start, const uint8_t *p, const uint8_t *end)
{
	while (p < end && (p = memmem(p, (size_t)(end - p), "\nFrom ",
			       FROM_LENGTH + 1)) != NULL) {
		p++;
		if (is_separator(start, p, end))
			return p;
	}
	return end;
}

/* The value of a Content-Length field at p, or false. */
static bool read_length(
    const uint8_t *p, const uint8_t *end, size_t *ret_length)
{
	static const char name[] = "Content-Length:";
	const uint8_t *stop = rfc5322_next_line(p, end);
	size_t length = 0;

	if (!span_begins(
		(struct span){(const char *)p, (size_t)(stop - p)}, name))
		return false;
	p += strlen(name);
	while (p < stop && (*p == ' ' || *p == '\t'))
		p++;
	if (p == stop || !g_ascii_isdigit(*p))
		return false;
	for (; p < stop && g_ascii_isdigit(*p); p++)
		if (__builtin_mul_overflow(length, 10, &length) ||
		    __builtin_add_overflow(length, (size_t)(*p - '0'), &length))
			return false;
	*ret_length = length;
	return true;
}

/* Where the header that begins at p ends: behind its blank line. Stores its
 * Content-Length, SIZE_MAX for none. */
static const uint8_t *find_body(
    const uint8_t *p, const uint8_t *end, size_t *ret_length)
{
	size_t length = SIZE_MAX;

	while (p < end && !rfc5322_is_blank_line(p, end)) {
		if (*p == 'C' || *p == 'c')
			read_length(p, end, &length);
		/* A header without an end must not swallow the next message. */
		p = rfc5322_next_line(p, end);
		if (is_from(p, end))
			break;
	}
	*ret_length = length;
	return rfc5322_is_blank_line(p, end) ? rfc5322_next_line(p, end) : p;
}

/* Where a body of that length ends, if the next message or the end of the file
 * is there, with or without a blank line; else NULL. */
static const uint8_t *follow_length(
    const uint8_t *body, const uint8_t *end, size_t length)
{
	const uint8_t *p;

	if (length > (size_t)(end - body))
		return NULL;
	p = body + length;
	if (p == end || is_from(p, end))
		return p;
	if (!rfc5322_is_blank_line(p, end))
		return NULL;
	p = rfc5322_next_line(p, end);
	return p == end || is_from(p, end) ? p : NULL;
}

/* Length of the quotes, one or more '>', if the line at p is a quoted From_
 * line; else 0. */
static size_t quote_length(const uint8_t *p, const uint8_t *end)
{
	const uint8_t *start = p;

	while (p < end && *p == '>')
		p++;
	return is_from(p, end) ? (size_t)(p - start) : 0;
}

static bool has_quotes(const uint8_t *p, const uint8_t *end)
{
	return memmem(p, (size_t)(end - p), ">From ", FROM_LENGTH + 1) != NULL;
}

/* Removes one '>' from each quoted line of the body (mboxrd; mboxo quotes fewer
 * lines, and those in the same way). */
static void unquote(GByteArray *out, const uint8_t *start, const uint8_t *body,
    const uint8_t *end)
{
	const uint8_t *next;

	g_byte_array_set_size(out, 0);
	g_byte_array_append(out, start, (guint)(body - start));
	for (const uint8_t *p = body; p < end; p = next) {
		next = rfc5322_next_line(p, end);
		if (quote_length(p, end) > 0)
			p++;
		g_byte_array_append(out, p, (guint)(next - p));
	}
}

/* Drops the blank line that stands between two messages. */
static const uint8_t *drop_blank_line(const uint8_t *body, const uint8_t *end)
{
	const uint8_t *p = end;

	if (p == body || p[-1] != '\n')
		return end;
	p--;
	if (p > body && p[-1] == '\r')
		p--;
	return p == body || p[-1] == '\n' ? p : end;
}

bool mbox_sniff(const uint8_t *bytes, size_t length)
{
	return is_from(bytes, bytes + length);
}

void mbox_init(struct mbox *mbox, const uint8_t *bytes, size_t length)
{
	*mbox = (struct mbox){
	    .bytes = bytes,
	    .length = length,
	    .unquoted = g_byte_array_new(),
	};
}

void mbox_clear(struct mbox *mbox)
{
	g_byte_array_unref(mbox->unquoted);
	mbox->unquoted = NULL;
}

/* Where the next message begins. *ret_verbatim: the body of this one has From_
 * lines that are not quoted (mboxcl2). */
static const uint8_t *find_next(const struct mbox *mbox, const uint8_t *body,
    size_t length, bool *ret_verbatim)
{
	const uint8_t *end = mbox->bytes + mbox->length;
	const uint8_t *next = follow_length(body, end, length);

	*ret_verbatim =
	    next != NULL && find_separator(body, body, next) != next;
	if (next != NULL)
		return next;
	if (is_from(body, end) && is_separator(mbox->bytes, body, end))
		return body;
	return find_separator(mbox->bytes, body, end);
}

bool mbox_next(struct mbox *mbox, struct mbox_message *ret_message)
{
	const uint8_t *end = mbox->bytes + mbox->length;
	const uint8_t *start, *body, *next;
	size_t length;
	bool verbatim;

	do {
		if (mbox->offset >= mbox->length)
			return false;
		start = rfc5322_next_line(mbox->bytes + mbox->offset, end);
		while (quote_length(start, end) > 0)
			start = rfc5322_next_line(start, end);
		body = find_body(start, end, &length);
		next = find_next(mbox, body, length, &verbatim);
		mbox->offset = (size_t)(next - mbox->bytes);
		next = drop_blank_line(body, next);
	} while (next == start); /* a From_ line without a message */

	ret_message->bytes = start;
	ret_message->length = (size_t)(next - start);
	if (!verbatim && ret_message->length <= UNQUOTE_MAX &&
	    has_quotes(body, next)) {
		unquote(mbox->unquoted, start, body, next);
		ret_message->bytes = mbox->unquoted->data;
		ret_message->length = mbox->unquoted->len;
	}
	return true;
}
