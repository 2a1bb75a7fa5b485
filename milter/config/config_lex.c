/* SPDX-License-Identifier: MIT */
/*
 * Stricter than libconfuse's lexer wherever that guesses: a string ends on its
 * line, ${…} is not expanded, a backslash escapes a quote or itself and nothing
 * else, a word has no character that libconfuse would drop or cut at. So both
 * see the same tokens.
 */
#include "config_lex.h"

#include <stdarg.h>
#include <string.h>

#include "base/escape.h"

bool config_lex_fail(
    struct config_lex *lex, unsigned int line, const char *format, ...)
{
	GString *error = g_string_new(NULL);
	va_list arguments;

	if (lex->context != NULL) {
		escape_terminal(error, lex->context, 100);
		g_string_append(error, ": ");
	}
	va_start(arguments, format);
	g_string_append_vprintf(error, format, arguments);
	va_end(arguments);
	lex->error_line = line;
	lex->error = g_string_free(error, FALSE);
	return false;
}

void config_lex_about(
    struct config_lex *lex, const char *section, const char *name)
{
	char *context = section == NULL ? NULL
			: name == NULL
			    ? g_strdup(section)
			    : g_strdup_printf("%s.%s", section, name);

	g_free(lex->context);
	lex->context = context;
}

/* The file is text: UTF-8, without NUL and without control characters but
 * blanks. A byte order mark in front is passed over. */
static bool check_bytes(struct config_lex *lex)
{
	const char *end;
	bool good = g_utf8_validate_len(lex->text, lex->length, &end);
	unsigned int line = 1;

	for (const char *at = lex->text; at < end; at++) {
		if (*at == '\n')
			line++;
		else if ((g_ascii_iscntrl(*at)) && *at != '\t' && *at != '\r')
			return config_lex_fail(lex, line,
			    "control character \\x%02x; the file is text",
			    (unsigned int)(unsigned char)*at);
	}
	if (!good && *end == '\0')
		return config_lex_fail(
		    lex, line, "a NUL byte; the file is text");
	if (!good)
		return config_lex_fail(lex, line, "byte \\x%02x is not UTF-8",
		    (unsigned int)(unsigned char)*end);
	if (g_str_has_prefix(lex->text, "\xef\xbb\xbf"))
		memset(lex->text, ' ', 3);
	return true;
}

bool config_lex_begin(struct config_lex *lex, char *text, size_t length)
{
	memset(lex, 0, sizeof(*lex));
	lex->text = text;
	lex->length = length;
	lex->line = 1;
	return check_bytes(lex);
}

void config_lex_clear(struct config_lex *lex)
{
	g_free(lex->context);
	lex->context = NULL;
}

/* Overwrites a comment of length bytes with blanks. */
static void blank_comment(struct config_lex *lex, size_t length)
{
	for (; length > 0; length--, lex->at++) {
		if (lex->text[lex->at] == '\n')
			lex->line++;
		else
			lex->text[lex->at] = ' ';
	}
}

static bool skip_blanks(struct config_lex *lex)
{
	for (;;) {
		const char *at = lex->text + lex->at;

		if (*at == '\n') {
			lex->line++;
			lex->at++;
		} else if (*at == ' ' || *at == '\t' || *at == '\r') {
			lex->at++;
		} else if (*at == '#' || g_str_has_prefix(at, "//")) {
			blank_comment(lex, strcspn(at, "\n"));
		} else if (g_str_has_prefix(at, "/*")) {
			const char *end = strstr(at + 2, "*/");

			if (end == NULL)
				return config_lex_fail(lex, lex->line,
				    "the comment that begins here is not "
				    "closed by */");
			blank_comment(lex, (size_t)(end + 2 - at));
		} else {
			return true;
		}
	}
}

static size_t measure_word(const char *at)
{
	size_t length = 0;

	while (g_ascii_isalnum(at[length]) ||
	       (at[length] != '\0' && strchr("._-/:@", at[length]) != NULL))
		length++;
	return length;
}

/* Moves past a quoted string. */
static bool scan_string(struct config_lex *lex)
{
	char quote = lex->text[lex->at];
	const char *at = lex->text + lex->at + 1;

	for (; *at != quote; at++) {
		if (*at == '\0' || *at == '\n' || *at == '\r')
			return config_lex_fail(lex, lex->line,
			    "the string is not closed by %c on its line",
			    quote);
		if (quote == '"' && at[0] == '$' && at[1] == '{')
			return config_lex_fail(lex, lex->line,
			    "${…} is not expanded; in single quotes it stands "
			    "for itself");
		if (*at != '\\')
			continue;
		if (at[1] == '\\' || at[1] == quote)
			at++;
		else if (quote == '"')
			return config_lex_fail(lex, lex->line,
			    "a backslash in double quotes stands before \" or "
			    "\\ only; in single quotes it stands for itself");
	}
	lex->at = (size_t)(at + 1 - lex->text);
	return true;
}

/* A character that begins no token, or a word that libconfuse would cut. */
static bool refuse_character(struct config_lex *lex)
{
	gunichar code = g_utf8_get_char(lex->text + lex->at);
	char character[8] = {0};
	GString *shown = g_string_new(NULL);

	g_unichar_to_utf8(code, character);
	escape_terminal(shown, character, 0);
	if (lex->text[lex->at] == '+' && lex->text[lex->at + 1] == '=')
		config_lex_fail(lex, lex->line, "+= is not allowed; write =");
	else
		config_lex_fail(lex, lex->line,
		    "unexpected '%s'; a value with characters other than "
		    "letters, digits and . _ - / : @ has to stand in "
		    "quotes",
		    shown->str);
	g_string_free(shown, TRUE);
	return false;
}

static bool scan_word(struct config_lex *lex)
{
	const char *word = lex->text + lex->at;
	size_t length = measure_word(word);

	if (length == 0)
		return refuse_character(lex);
	if (g_strstr_len(word, (gssize)length, "//") != NULL)
		return config_lex_fail(lex, lex->line,
		    "a value with // in it has to stand in quotes");
	lex->at += length;
	return true;
}

bool config_lex_next(struct config_lex *lex, struct config_token *ret_token)
{
	static const char marks[] = "{}=,";
	static const enum config_token_kind kinds[] = {
	    TOKEN_OPEN, TOKEN_CLOSE, TOKEN_EQUALS, TOKEN_COMMA};
	struct config_token token = {TOKEN_END, NULL, 0, 0};
	const char *mark;
	char first;

	if (!skip_blanks(lex))
		return false;
	token.text = lex->text + lex->at;
	token.line = lex->line;
	first = *token.text;
	mark = first == '\0' ? NULL : strchr(marks, first);
	if (mark != NULL) {
		token.kind = kinds[mark - marks];
		lex->at++;
	} else if (first == '"' || first == '\'') {
		token.kind = TOKEN_STRING;
		if (!scan_string(lex))
			return false;
	} else if (first != '\0') {
		token.kind = TOKEN_WORD;
		if (!scan_word(lex))
			return false;
	}
	token.length = (size_t)(lex->text + lex->at - token.text);
	*ret_token = token;
	return true;
}

/* How a token is named in a message. */
const char *config_lex_name(const struct config_token *token)
{
	switch (token->kind) {
	case TOKEN_END:
		return "the end of the file";
	case TOKEN_WORD:
		return "a word";
	case TOKEN_STRING:
		return "a string";
	case TOKEN_OPEN:
		return "{";
	case TOKEN_CLOSE:
		return "}";
	case TOKEN_EQUALS:
		return "=";
	case TOKEN_COMMA:
		return "a comma";
	}
	return "";
}
