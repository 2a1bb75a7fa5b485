/* SPDX-License-Identifier: MIT */
/*
 * A part costs a parser some kilobytes and microseconds, but its sender five
 * bytes, so parts are counted before they are parsed: a part begins at a line
 * "--boundary", and each boundary is declared somewhere as a parameter.
 * All declarations are collected first, wherever they stand, and then the lines
 * that match one are counted. A declaration that is written in one of the many
 * ways a tolerant parser decodes (RFC 2231, RFC 2047, quoted pairs, blanks in
 * an unquoted value) makes every line that starts with "--" count.
 */
#include "mime_limits.h"

#include <glib.h>
#include <stdbool.h>
#include <string.h>

#include "base/span.h"
#include "rfc5322.h"

/* So many boundaries may be declared for each part that is allowed, so that
 * text which only mentions boundaries is no problem, and memory stays bounded.
 */
#define DECLARATIONS_PER_PART 8

/* RFC 2046 section 5.1.1 allows 70. A longer one is not looked at closely, so
 * that "boundary=boundary=…" is read once and not again from each word on. */
#define BOUNDARY_MAX 256

struct scan {
	const char *bytes;
	size_t length;
	const struct limits *limits;
	GTree *boundaries; /* of struct span * */
	bool any_boundary; /* every line "--…" may be one */
	size_t parts;
	bool in_header;
	bool in_parts; /* the message's own header has ended */
	size_t fields; /* of the message's header; then of all the parts' */
	size_t header_size; /* bytes of those fields */
	char *reason;
};

static int compare_spans(const void *a, const void *b, void *unused)
{
	const struct span *first = a;
	const struct span *second = b;

	(void)unused;
	if (first->length != second->length)
		return first->length < second->length ? -1 : 1;
	return memcmp(first->start, second->start, first->length);
}

static const char *skip_blanks(const char *p, const char *end)
{
	while (p < end && span_is_blank(*p))
		p++;
	return p;
}

/* Reads a boundary in quotes; false when it needs more decoding than removing
 * them, or is too long. */
static bool read_quoted(
    const char *p, const char *end, struct span *ret_boundary)
{
	const char *start = p;

	for (; p < end && *p != '"' && p - start <= BOUNDARY_MAX; p++)
		if (!g_ascii_isprint(*p) || *p == '\\' ||
		    (*p == '=' && p + 1 < end && p[1] == '?'))
			return false;
	*ret_boundary = span_trim((struct span){start, (size_t)(p - start)});
	return p < end && *p == '"';
}

/* Whether a character may be in a token (RFC 2045 section 5.1), or is harmless
 * in a value without quotes. */
static bool is_plain(char c)
{
	return g_ascii_isgraph(c) && strchr("()<>@,;\"\\", c) == NULL;
}

/* Reads a boundary without quotes, which must be a token, and end where the
 * parameter or the field does; false as for read_quoted(). */
static bool read_token(
    const char *p, const char *end, struct span *ret_boundary)
{
	const char *start = p;

	while (p < end && is_plain(*p) && p - start <= BOUNDARY_MAX)
		p++;
	*ret_boundary = (struct span){start, (size_t)(p - start)};
	if (memmem(start, ret_boundary->length, "=?", 2) != NULL)
		return false;
	while (p < end && (*p == ' ' || *p == '\t' || *p == '\r'))
		p++;
	if (p < end && *p == '\n' &&
	    (p + 1 == end || (p[1] != ' ' && p[1] != '\t')))
		return true;
	p = skip_blanks(p, end);
	return p == end || *p == ';';
}

/* Notes the boundary that is declared behind a word "boundary", if any. */
static void note_declaration(struct scan *scan, const char *p)
{
	const char *end = scan->bytes + scan->length;
	struct span boundary;
	bool plain;

	p = skip_blanks(p, end);
	if (p == end || (*p != '=' && *p != '*' && *p != '('))
		return;
	if (*p == '=')
		p = skip_blanks(p + 1, end);
	else
		scan->any_boundary = true;
	if (scan->any_boundary)
		return;
	plain = p < end && *p == '"' ? read_quoted(p + 1, end, &boundary)
				     : read_token(p, end, &boundary);
	if (!plain)
		scan->any_boundary = true;
	else if (g_tree_lookup(scan->boundaries, &boundary) == NULL)
		g_tree_insert(scan->boundaries,
		    g_memdup2(&boundary, sizeof(boundary)), &scan->boundaries);
}

/* Finds every "boundary", in any case. */
static void collect_boundaries(struct scan *scan)
{
	static const char word[] = "boundary";
	const size_t size = sizeof(word) - 1;
	const char *end = scan->bytes + scan->length;

	for (const char *p = scan->bytes;
	     (size_t)(end - p) >= size && !scan->any_boundary; p++) {
		if ((*p != 'b' && *p != 'B') ||
		    g_ascii_strncasecmp(p, word, size) != 0)
			continue;
		note_declaration(scan, p + size);
		if ((size_t)g_tree_nnodes(scan->boundaries) /
			DECLARATIONS_PER_PART >
		    scan->limits->mime_parts)
			scan->any_boundary = true;
	}
}

static bool begins_part(const struct scan *scan, struct span line)
{
	struct span boundary;

	if (line.length < 2 || line.start[0] != '-' || line.start[1] != '-')
		return false;
	if (scan->any_boundary)
		return true;
	boundary = span_trim((struct span){line.start + 2, line.length - 2});
	return g_tree_lookup(scan->boundaries, &boundary) != NULL;
}

static bool over_parts(struct scan *scan)
{
	if (scan->parts <= scan->limits->mime_parts)
		return false;
	scan->reason =
	    g_strdup_printf("limits.mime-parts: more than %zu MIME parts",
		scan->limits->mime_parts);
	return true;
}

/* Counts one line of a header; true when a limit is exceeded. The headers of
 * all parts are held against the limits together. */
static bool over_header(struct scan *scan, struct span line)
{
	const struct limits *limits = scan->limits;
	const char *whose = scan->in_parts ? " in the parts" : "";

	scan->header_size += line.length + 1;
	if (line.start[0] != ' ' && line.start[0] != '\t')
		scan->fields++;
	if (scan->fields > limits->header_count)
		scan->reason = g_strdup_printf(
		    "limits.header-count: more than %zu header fields%s",
		    limits->header_count, whose);
	else if (scan->header_size > limits->header_size)
		scan->reason = g_strdup_printf(
		    "limits.header-size: more than %zu bytes of header%s",
		    limits->header_size, whose);
	return scan->reason != NULL;
}

static bool over_limit(struct scan *scan, struct span line)
{
	bool blank =
	    line.length == 0 || (line.length == 1 && line.start[0] == '\r');

	/* In a header a line "--boundary" may also be a field "--name:". */
	if (scan->in_header && !blank && over_header(scan, line))
		return true;
	/* No boundary counts before the message's own header has ended. */
	if (scan->in_parts && begins_part(scan, line)) {
		scan->in_header = true;
		scan->parts++;
		scan->fields++; /* a header may begin with a fold */
		return over_parts(scan);
	}
	if (blank && !scan->in_parts) {
		scan->in_parts = true;
		scan->fields = 0;
		scan->header_size = 0;
	}
	if (blank)
		scan->in_header = false;
	return false;
}

/* Whether the message begins with a header field, or with the blank line that
 * ends an empty header. */
static bool is_message(const struct scan *scan)
{
	const uint8_t *bytes = (const uint8_t *)scan->bytes;

	return scan->length > 0 &&
	       (*bytes == '\n' || *bytes == '\r' ||
		   rfc5322_measure_name(bytes, bytes + scan->length) > 0);
}

static void scan_lines(struct scan *scan)
{
	const char *end = scan->bytes + scan->length;
	const char *eol;

	for (const char *p = scan->bytes; p < end;
	     p = eol < end ? eol + 1 : end) {
		eol = memchr(p, '\n', (size_t)(end - p));
		if (eol == NULL)
			eol = end;
		if (over_limit(scan, (struct span){p, (size_t)(eol - p)}))
			return;
	}
}

enum mime_limits_result mime_limits(const uint8_t *bytes, size_t length,
    const struct limits *limits, char **ret_reason)
{
	struct scan scan = {
	    .bytes = (const char *)bytes,
	    .length = length,
	    .limits = limits,
	    .in_header = true,
	};

	if (!is_message(&scan))
		return MIME_LIMITS_NO_MESSAGE;
	scan.boundaries = g_tree_new_full(compare_spans, NULL, g_free, NULL);
	collect_boundaries(&scan);
	scan_lines(&scan);
	g_tree_destroy(scan.boundaries);
	if (scan.reason == NULL)
		return MIME_LIMITS_OK;
	*ret_reason = scan.reason;
	return MIME_LIMITS_EXCEEDED;
}
