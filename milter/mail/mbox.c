/* SPDX-License-Identifier: MIT */
/*
 * There is no grammar that all writers of an mbox follow: some don't quote
 * From_ lines but give a Content-Length, some omit the blank line between
 * messages, and Content-Length may be wrong after an edit. So a length is
 * believed only when it ends where the next message begins, and a line "From "
 * begins a message only when two of three signs agree: a blank line before it,
 * a time of day in it, a header field behind it.
 *
 * Only a window of the file is in memory. Whatever depends on bytes behind it
 * is decided when they are there, so that the window's size changes nothing.
 */
#include "mail/mbox.h"

#include <string.h>

#include "base/span.h"
#include "rfc5322.h"

#define FROM "From "
#define QUOTED_FROM ">From "

/* How many bytes from the start of a line decide whether a message begins
 * there: RFC 5322 allows 998 for a line, and the one behind it counts too. */
#define LOOKAHEAD ((size_t)2048)

/* What is kept while the rest of a message is skipped: what isn't decided yet,
 * and the line ends before it. */
#define KEPT (LOOKAHEAD + 4)

static bool starts_with(const uint8_t *p, const uint8_t *end, const char *text)
{
	size_t length = strlen(text);

	return (size_t)(end - p) >= length && memcmp(p, text, length) == 0;
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
	return starts_with(p, end, QUOTED_FROM) ||
	       rfc5322_measure_name(p, end) > 0;
}

/* The start of the blank line that ends at p, or p when there is none. */
static const uint8_t *back_over_blank_line(
    const uint8_t *start, const uint8_t *p)
{
	const uint8_t *line = p;

	if (line == start || line[-1] != '\n')
		return p;
	line--;
	if (line > start && line[-1] == '\r')
		line--;
	return line == start || line[-1] == '\n' ? line : p;
}

/* Whether a message begins with the line at p, which starts with the mark. */
static bool is_separator(
    const uint8_t *start, const uint8_t *p, const uint8_t *end)
{
	bool blank = p == start || back_over_blank_line(start, p) < p;
	bool time;

	end = p + MIN(LOOKAHEAD, (size_t)(end - p));
	time = has_time(p, end);
	if (blank && time)
		return true;
	return (blank || time) && is_field(rfc5322_next_line(p, end), end);
}

/* The next separator behind p, or the end. */
static const uint8_t *find_separator(const char *mark, const uint8_t *start,
    const uint8_t *p, const uint8_t *end)
{
	char line[8] = "\n";

	g_strlcat(line, mark, sizeof(line));
	while (p < end &&
	       (p = memmem(p, (size_t)(end - p), line, strlen(line))) != NULL) {
		p++;
		if (is_separator(start, p, end))
			return p;
	}
	return end;
}

/* Reads the value of a Content-Length field at p, if one is there. */
static void read_length(
    const uint8_t *p, const uint8_t *end, size_t *ret_length)
{
	static const char name[] = "Content-Length:";
	size_t size = strlen(name);
	const uint8_t *stop = rfc5322_next_line(p, end);
	struct span line = {(const char *)p, (size_t)(stop - p)};

	if (span_begins(line, name))
		(void)span_number(
		    (struct span){line.start + size, line.length - size},
		    ret_length);
}

/* Where the header that begins at p ends: behind its blank line. Stores its
 * Content-Length, SIZE_MAX for none. */
static const uint8_t *find_body(
    const char *mark, const uint8_t *p, const uint8_t *end, size_t *ret_length)
{
	size_t length = SIZE_MAX;

	while (p < end && !rfc5322_is_blank_line(p, end)) {
		if (*p == 'C' || *p == 'c')
			read_length(p, end, &length);
		/* A header without an end must not swallow the next message. */
		p = rfc5322_next_line(p, end);
		if (starts_with(p, end, mark))
			break;
	}
	*ret_length = length;
	return rfc5322_is_blank_line(p, end) ? rfc5322_next_line(p, end) : p;
}

/* Whether the line at p is a quoted From_ line: one or more '>', and the mark.
 */
static bool is_quoted(const char *mark, const uint8_t *p, const uint8_t *end)
{
	const uint8_t *start = p;

	end = p + MIN(LOOKAHEAD, (size_t)(end - p));
	while (p < end && *p == '>' && !starts_with(p, end, mark))
		p++;
	return p > start && starts_with(p, end, mark);
}

static bool has_quotes(const uint8_t *p, const uint8_t *end)
{
	return memmem(p, (size_t)(end - p), QUOTED_FROM, strlen(QUOTED_FROM)) !=
	       NULL;
}

/* Removes one '>' from each quoted line of the body (mboxrd; mboxo quotes fewer
 * lines, and those in the same way). */
static void unquote(struct mbox *mbox, const uint8_t *start,
    const uint8_t *body, const uint8_t *end)
{
	GByteArray *out = mbox->unquoted;
	const uint8_t *next;

	g_byte_array_set_size(out, 0);
	g_byte_array_append(out, start, (guint)(body - start));
	for (const uint8_t *p = body; p < end; p = next) {
		next = rfc5322_next_line(p, end);
		if (is_quoted(mbox->mark, p, end))
			p++;
		g_byte_array_append(out, p, (guint)(next - p));
	}
}

bool mbox_sniff(const uint8_t *bytes, size_t length)
{
	return starts_with(bytes, bytes + length, FROM) ||
	       starts_with(bytes, bytes + length, QUOTED_FROM);
}

void mbox_init(struct mbox *mbox, struct window *window)
{
	*mbox = (struct mbox){
	    .window = window,
	    .mark = *window->bytes == '>' ? QUOTED_FROM : FROM,
	    .unquoted = g_byte_array_new(),
	};
}

void mbox_clear(struct mbox *mbox)
{
	g_byte_array_unref(mbox->unquoted);
	mbox->unquoted = NULL;
}

/* Where the pieces of a message are in the window. */
struct layout {
	const uint8_t *start;
	const uint8_t *body;
	const uint8_t *next; /* the next From_ line, or the end of the file */
	bool verbatim; /* the body's From_ lines are not quoted (mboxcl2) */
};

/* Whether a length of the body leads to the next message or the end. */
static bool follow_length(
    const char *mark, size_t length, const uint8_t *end, struct layout *layout)
{
	const uint8_t *next = layout->body + length;

	if (next < end && rfc5322_is_blank_line(next, end))
		next = rfc5322_next_line(next, end);
	if (next < end && !starts_with(next, end, mark))
		return false;
	layout->next = next;
	layout->verbatim =
	    find_separator(mark, layout->body, layout->body, next) != next;
	return true;
}

/*
 * Finds the pieces of the message that the window begins with. False when that
 * depends on bytes that are not in the window yet. A length that leads beyond
 * the window is not believed: if it is wrong, all that it led over would be
 * lost.
 */
static bool lay_out(const struct mbox *mbox, struct layout *layout)
{
	const struct window *window = mbox->window;
	const uint8_t *end = window->bytes + window->length;
	const uint8_t *sure = end; /* what begins up to here is decided */
	size_t length;
	bool believed;

	if (!window->ended) {
		if (window->length < LOOKAHEAD)
			return false;
		sure -= LOOKAHEAD;
	}
	layout->start = rfc5322_next_line(window->bytes, end);
	while (is_quoted(mbox->mark, layout->start, end))
		layout->start = rfc5322_next_line(layout->start, end);
	layout->body = find_body(mbox->mark, layout->start, end, &length);
	if (layout->body > sure)
		return false;
	believed = length <= window->most &&
		   (size_t)(layout->body - window->bytes) + length + KEPT <=
		       window->most;
	if (believed && length > (size_t)(sure - layout->body)) {
		if (!window->ended)
			return false;
		believed = false;
	}
	layout->verbatim = false;
	if (!believed || !follow_length(mbox->mark, length, end, layout))
		layout->next = find_separator(
		    mbox->mark, window->bytes, layout->body - 1, end);
	return layout->next <= sure;
}

/* Skips to the next From_ line, or to the end. */
static void skip_rest(struct mbox *mbox)
{
	struct window *window = mbox->window;
	const uint8_t *end, *next;

	for (;;) {
		end = window->bytes + window->length;
		next = find_separator(
		    mbox->mark, window->bytes, window->bytes + 3, end);
		if (window->ended || (size_t)(end - next) >= LOOKAHEAD)
			break;
		window_skip(window, window->length - KEPT);
		window_grow(window);
	}
	window_skip(window, (size_t)(next - window->bytes));
}

bool mbox_next(struct mbox *mbox, struct mbox_message *ret_message)
{
	struct window *window = mbox->window;
	struct layout layout;
	const uint8_t *end;

	do {
		window_skip(window, mbox->done);
		if (mbox->cut)
			skip_rest(mbox);
		if (window->length == 0)
			window_grow(window);
		if (window->length == 0)
			return false;
		mbox->cut = false;
		while (!mbox->cut && !lay_out(mbox, &layout))
			mbox->cut = !window_grow(window);
		end = window->bytes + window->length;
		if (mbox->cut)
			layout = (struct layout){window->bytes, end, end, true};
		mbox->done =
		    mbox->cut ? 0 : (size_t)(layout.next - window->bytes);
		if (window->error != 0 && layout.next == end)
			return false;
		end = back_over_blank_line(layout.body, layout.next);
	} while (end == layout.start); /* a From_ line without a message */

	ret_message->bytes = layout.start;
	ret_message->length = (size_t)(end - layout.start);
	if (!layout.verbatim && has_quotes(layout.body, end)) {
		unquote(mbox, layout.start, layout.body, end);
		ret_message->bytes = mbox->unquoted->data;
		ret_message->length = mbox->unquoted->len;
	}
	return true;
}
