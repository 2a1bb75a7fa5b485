/* SPDX-License-Identifier: MIT */
/*
 * Addresses are read here and not by GMime: its address parser takes time
 * quadratic in the length of a list, and recurses once for each colon of
 * "a:a:a:…", so that one header field of 256 KiB costs 45 seconds or the stack.
 */
#include "rfc5322.h"

#include <glib.h>
#include <string.h>

size_t rfc5322_measure_name(const uint8_t *p, const uint8_t *end)
{
	size_t left = (size_t)(end - p);
	size_t length = 0, blanks;

	while (length < left && p[length] > ' ' && p[length] < 0x7f &&
	       p[length] != ':')
		length++;
	blanks = length;
	while (blanks < left && (p[blanks] == ' ' || p[blanks] == '\t'))
		blanks++;
	return blanks < left && p[blanks] == ':' ? length : 0;
}

bool rfc5322_is_blank_line(const uint8_t *p, const uint8_t *end)
{
	if (p == end)
		return false;
	return *p == '\n' || (*p == '\r' && end - p > 1 && p[1] == '\n');
}

bool rfc5322_next_field(const uint8_t *bytes, size_t length, size_t *offset,
    struct rfc5322_field *ret_field)
{
	const uint8_t *end = bytes + length;
	const uint8_t *start = bytes + *offset;
	const uint8_t *p;
	size_t name = 0;

	while (start < end && !rfc5322_is_blank_line(start, end) &&
	       (name = rfc5322_measure_name(start, end)) == 0)
		start = rfc5322_next_line(start, end);
	p = start < end ? rfc5322_next_line(start, end) : end;
	while (name > 0 && p < end && (*p == ' ' || *p == '\t'))
		p = rfc5322_next_line(p, end);
	*offset = (size_t)(p - bytes);
	if (name > 0)
		*ret_field = (struct rfc5322_field){
		    .name = {(const char *)start, name},
		    .whole = {(const char *)start, (size_t)(p - start)},
		};
	return name > 0;
}

/* Moves behind the comment that starts at the cursor. */
static bool skip_comment(const char **cursor)
{
	const char *p = *cursor;
	size_t depth = 0;

	for (; *p != '\0'; p++) {
		if (*p == '\\' && p[1] != '\0') {
			p++;
		} else if (*p == '(') {
			depth++;
		} else if (*p == ')' && --depth == 0) {
			*cursor = p + 1;
			return true;
		}
	}
	*cursor = p;
	return false;
}

bool rfc5322_skip_cfws(const char **cursor)
{
	for (;;) {
		if (span_is_blank(**cursor))
			(*cursor)++;
		else if (**cursor != '(')
			return true;
		else if (!skip_comment(cursor))
			return false;
	}
}

char *rfc5322_unfold(const char *body)
{
	GString *line = g_string_new(NULL);

	for (; *body != '\0'; body++)
		if (*body != '\r' && *body != '\n')
			g_string_append_c(line, *body);
	return g_strstrip(g_string_free(line, FALSE));
}

/* The end of the quoted string that starts at p. */
static const char *skip_quoted(const char *p)
{
	for (p++; *p != '\0' && *p != '"'; p++)
		if (*p == '\\' && p[1] != '\0')
			p++;
	return *p == '"' ? p + 1 : p;
}

/* A copy without the blanks around it; NULL when nothing else is there. */
static char *copy_trimmed(const char *start, size_t length)
{
	struct span span = span_trim((struct span){start, length});

	return span.length > 0 ? g_strndup(span.start, span.length) : NULL;
}

/* The domain behind the '@' of an addr-spec. */
static char *copy_domain(const char *at)
{
	const char *start = at + 1;

	rfc5322_skip_cfws(&start);
	return copy_trimmed(start, strcspn(start, ">,;() \t\r\n"));
}

/*
 * Only the characters that give a list its shape matter: an '@' outside quotes
 * and comments belongs to an address, unless an '<' follows in the same
 * mailbox, which makes a display name of what came before. A ':' ends a group's
 * name or a source route (RFC 5322 sections 3.4 and 4.4).
 */
char *rfc5322_first_domain(const char *body)
{
	const char *at = NULL;
	const char *p = body;
	bool angle = false;

	while (*p != '\0') {
		if (*p == '(') {
			skip_comment(&p);
			continue;
		}
		if (*p == '"') {
			p = skip_quoted(p);
			continue;
		}
		if (*p == '[') {
			p += strcspn(p, "]");
			continue;
		}
		if (at != NULL && (angle ? *p == '>' : *p == ',' || *p == ';'))
			break;
		if (*p == '@')
			at = p;
		else if (*p == '<' || *p == ':')
			at = NULL;
		if (*p == '<' || *p == '>')
			angle = *p == '<';
		p++;
	}
	return at != NULL ? copy_domain(at) : NULL;
}

char *rfc5322_message_id(const char *body)
{
	char *line = rfc5322_unfold(body);
	char *open = strchr(line, '<');
	char *close = open != NULL ? strchr(open, '>') : NULL;
	char *id = NULL;

	if (close != NULL)
		id = copy_trimmed(open + 1, (size_t)(close - open - 1));
	else if (*line != '\0')
		id = g_strdup(line);
	g_free(line);
	return id;
}
