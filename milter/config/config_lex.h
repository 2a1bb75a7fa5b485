/* SPDX-License-Identifier: MIT */
/*
 * config_lex: a configuration file's text to tokens, for config_scan.c only.
 *
 * Knows blanks, comments, words and quoted strings. Leaves to config_scan.c
 * what may follow what. One thread a lexer.
 */
#ifndef CONFIG_CONFIG_LEX_H
#define CONFIG_CONFIG_LEX_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

enum config_token_kind {
	TOKEN_END,
	TOKEN_WORD,
	TOKEN_STRING,
	TOKEN_OPEN,
	TOKEN_CLOSE,
	TOKEN_EQUALS,
	TOKEN_COMMA
};

/* text points into the lexer's text; a string has its quotes. */
struct config_token {
	enum config_token_kind kind;
	const char *text;
	size_t length;
	unsigned int line;
};

struct config_lex {
	char *text; /* NUL-terminated; comments become blanks on the way */
	size_t length;
	size_t at;
	unsigned int line;
	/* What a message is about: "milter" or "milter.socket", or NULL. */
	char *context;
	/* The first failure. */
	unsigned int error_line;
	char *error;
};

/* Begins with a text, and checks that it is one: UTF-8, no NUL, no control
 * characters. False after config_lex_fail(). */
bool config_lex_begin(struct config_lex *lex, char *text, size_t length);

/* Frees what is the lexer's own, but for error. */
void config_lex_clear(struct config_lex *lex);

/* The next token; TOKEN_END at the end. False after config_lex_fail(). */
bool config_lex_next(struct config_lex *lex, struct config_token *ret_token);

/* What messages are about from now on; both may be NULL. */
void config_lex_about(
    struct config_lex *lex, const char *section, const char *name);

/* Sets error ("CONTEXT: " and a sentence; g_free) and error_line. Returns
 * false. */
bool config_lex_fail(struct config_lex *lex, unsigned int line,
    const char *format, ...) __attribute__((format(printf, 3, 4)));

/* How a token is named in a message: "a word", "}". */
const char *config_lex_name(const struct config_token *token);

#endif
