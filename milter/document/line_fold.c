/* SPDX-License-Identifier: MIT */
/*
 * A mail server counts the bytes of a line that it sends: all lines that it
 * folded are equally long, and none that it left alone is longer. So the
 * longest lines say where folds are.
 */
#include "line_fold.h"

#include <stdbool.h>
#include <string.h>

/* RFC 5322 section 2.1.1 has 998 bytes; servers have limits from 900 to that,
 * and some count the line end. */
#define WIDTH_LEAST ((size_t)900)
#define WIDTH_MOST ((size_t)1000)

/* One line, and where the next one begins. */
struct line {
	size_t length; /* without its line end */
	size_t next;
};

static struct line line_at(const uint8_t *bytes, size_t length, size_t at)
{
	const uint8_t *end = memchr(bytes + at, '\n', length - at);
	struct line line = {.length = length - at, .next = length};

	if (end == NULL)
		return line;
	line.length = (size_t)(end - bytes) - at;
	line.next = at + line.length + 1;
	if (line.length > 0 && end[-1] == '\r')
		line.length--;
	return line;
}

/* How the longest lines look, in which folds must be. */
struct folding {
	size_t width;
	size_t lines; /* that are not empty */
	size_t full;  /* as long as width, with another line behind them */
	bool marks;   /* each of those ends in '!' */
	bool blanks;  /* the line behind each begins with a blank */
};

static struct folding survey(const uint8_t *bytes, size_t length)
{
	struct folding folding = {.marks = true, .blanks = true};
	struct line line;

	for (size_t at = 0; at < length; at = line.next) {
		line = line_at(bytes, length, at);
		folding.width = MAX(folding.width, line.length);
	}
	for (size_t at = 0; at < length; at = line.next) {
		line = line_at(bytes, length, at);
		folding.lines += line.length > 0;
		if (line.length < folding.width || line.next == length)
			continue;
		folding.full++;
		folding.marks &=
		    line.length > 0 && bytes[at + line.length - 1] == '!';
		folding.blanks &= bytes[line.next] == ' ';
	}
	return folding;
}

/* Without blank and mark, a fold is only seen where the whole text has been one
 * line. */
static bool is_folded(const struct folding *folding)
{
	return folding->width >= WIDTH_LEAST && folding->width <= WIDTH_MOST &&
	       folding->full > 0 &&
	       (folding->marks || folding->blanks ||
		   folding->full + 1 == folding->lines);
}

GByteArray *line_fold_undo(const uint8_t *bytes, size_t length)
{
	const struct folding folding = survey(bytes, length);
	size_t begin = 0; /* of what is kept of a line */
	GByteArray *text;
	struct line line;

	if (!is_folded(&folding))
		return NULL;
	text = g_byte_array_sized_new((guint)length);
	for (size_t at = 0; at < length; at = line.next) {
		size_t end;

		line = line_at(bytes, length, at);
		end = line.next;
		if (line.length == folding.width && line.next < length)
			end = at + line.length - folding.marks;
		g_byte_array_append(text, bytes + begin, (guint)(end - begin));
		begin = line.next;
		if (end < line.next)
			begin += folding.blanks;
	}
	return text;
}
