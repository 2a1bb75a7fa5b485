/* SPDX-License-Identifier: MIT */
#include "json_mend.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#define DIGITS "0123456789"

/* How much longer "\\u000a" is than the byte that it stands for. */
#define CONTROL_GROWS 5
#define QUOTES_GROW 2

size_t json_mend_size(const struct json_scan *scan, size_t length)
{
	return length + scan->controls * CONTROL_GROWS +
	       scan->large_numbers * QUOTES_GROW;
}

/* The text behind digits that must be there; NULL when they are not. */
static const char *skip_digits(const char *text)
{
	size_t digits = strspn(text, DIGITS);

	return digits > 0 ? text + digits : NULL;
}

/* Whether a text is a number by the grammar of RFC 8259 section 6. */
static bool is_number(const char *text)
{
	text += *text == '-';
	if (text[0] == '0' && g_ascii_isdigit(text[1]))
		return false;
	text = skip_digits(text);
	if (text != NULL && *text == '.')
		text = skip_digits(text + 1);
	if (text != NULL && (*text == 'e' || *text == 'E')) {
		text++;
		text = skip_digits(text + (*text == '+' || *text == '-'));
	}
	return text != NULL && *text == '\0';
}

static bool is_too_large(const char *text)
{
	if (!is_number(text))
		return false;
	if (strpbrk(text, ".eE") != NULL)
		return isinf(g_ascii_strtod(text, NULL)) != 0;
	errno = 0;
	(void)g_ascii_strtoll(text, NULL, 10);
	return errno == ERANGE;
}

static bool is_word_byte(char byte)
{
	return g_ascii_isalnum(byte) || byte == '+' || byte == '-' ||
	       byte == '.';
}

/* Appends the word that is at hand, quoted if it is a number too large. Returns
 * its length. */
static size_t append_word(
    GString *copy, const char *bytes, size_t length, size_t *numbers)
{
	size_t end = 1;
	char *word;
	bool large;

	while (end < length && is_word_byte(bytes[end]))
		end++;
	word = g_strndup(bytes, end);
	large = is_too_large(word);
	*numbers += large;
	g_string_append_printf(copy, large ? "\"%s\"" : "%s", word);
	g_free(word);
	return end;
}

GString *json_mend(
    const char *bytes, size_t length, size_t size, size_t *ret_numbers)
{
	GString *copy = g_string_sized_new(size);
	bool in_string = false, escaped = false;
	size_t numbers = 0;

	for (size_t i = 0; i < length; i++) {
		char byte = bytes[i];

		if (!in_string && (g_ascii_isdigit(byte) || byte == '-'))
			i +=
			    append_word(copy, bytes + i, length - i, &numbers) -
			    1;
		else if (in_string && !escaped && byte > 0 && byte < ' ')
			g_string_append_printf(
			    copy, "\\u%04x", (unsigned int)byte);
		else
			g_string_append_c(copy, byte);
		if (byte == '"' && !escaped)
			in_string = !in_string;
		escaped = in_string && byte == '\\' && !escaped;
	}
	*ret_numbers = numbers;
	return copy;
}
