/* SPDX-License-Identifier: MIT */
/*
 * A walk by recursive descent that keeps nothing but lines. Messages name the
 * place where a mistake began, not where it was noticed: of an unclosed section
 * that is its first line.
 */
#include "config_scan.h"

#include <string.h>

#include "base/escape.h"
#include "config_lex.h"

struct scanner {
	struct config_lex lex;
	struct config_scan *scan;
};

static bool is_section(const char *name)
{
	for (size_t i = 0; i < KEY_COUNT; i++) {
		if (strcmp(config_keys[i].section, name) == 0)
			return true;
	}
	return false;
}

/* Edits (insert, remove, replace a character) between two words. */
static size_t measure_distance(const char *a, const char *b)
{
	enum { LONGEST = 32 };
	size_t row[LONGEST + 1];
	size_t length = strlen(b);

	if (strlen(a) > LONGEST || length > LONGEST)
		return LONGEST;
	for (size_t j = 0; j <= length; j++)
		row[j] = j;
	for (size_t i = 1; a[i - 1] != '\0'; i++) {
		size_t corner = row[0];

		row[0] = i;
		for (size_t j = 1; j <= length; j++) {
			size_t replaced = corner + (a[i - 1] != b[j - 1]);

			corner = row[j];
			row[j] = MIN(replaced, MIN(row[j], row[j - 1]) + 1);
		}
	}
	return row[length];
}

/*
 * What to do about an unknown name: the closest name of a section (of all
 * sections when section is NULL) if one is close, else all that there are.
 */
static char *suggest_name(const char *section, const char *name)
{
	GString *all = g_string_new("allowed are ");
	const char *closest = NULL, *last = NULL;
	size_t least = MAX((size_t)2, strlen(name) / 3) + 1;

	for (size_t i = 0; i < KEY_COUNT; i++) {
		const struct config_key *key = &config_keys[i];
		const char *known = section == NULL ? key->section : key->name;
		size_t distance = measure_distance(name, known);

		if (section != NULL && strcmp(section, key->section) != 0)
			continue;
		if (last != NULL && strcmp(last, known) == 0)
			continue;
		if (distance < least) {
			least = distance;
			closest = known;
		}
		g_string_append_printf(
		    all, "%s%s", last == NULL ? "" : ", ", known);
		last = known;
	}
	if (closest != NULL)
		g_string_printf(all, "did you mean \"%s\"?", closest);
	return g_string_free(all, FALSE);
}

/* The section of a key of that name outside section, or NULL. */
static const char *find_elsewhere(const char *section, const char *name)
{
	for (size_t i = 0; i < KEY_COUNT; i++) {
		if (strcmp(config_keys[i].name, name) == 0 &&
		    g_strcmp0(config_keys[i].section, section) != 0)
			return config_keys[i].section;
	}
	return NULL;
}

/* A value of a list right behind another. */
static bool refuse_neighbour(
    struct config_lex *lex, const struct config_token *token)
{
	char *text = g_strndup(token->text, token->length);
	GString *shown = g_string_new(NULL);

	escape_terminal(shown, text, 100);
	config_lex_fail(lex, token->line, "a comma or } has to stand before %s",
	    shown->str);
	g_string_free(shown, TRUE);
	g_free(text);
	return false;
}

static bool refuse_key(struct config_lex *lex, const struct config_token *token,
    const char *section, const char *name)
{
	const char *elsewhere = find_elsewhere(section, name);
	char *suggestion;

	config_lex_about(lex, section, name);
	if (elsewhere != NULL)
		return config_lex_fail(lex, token->line,
		    "unknown key; \"%s\" belongs to section %s", name,
		    elsewhere);
	suggestion = suggest_name(section, name);
	config_lex_fail(lex, token->line, "unknown key; %s", suggestion);
	g_free(suggestion);
	return false;
}

static bool refuse_section(
    struct config_lex *lex, const struct config_token *token, const char *name)
{
	const char *section = find_elsewhere(NULL, name);
	char *suggestion;

	config_lex_about(lex, name, NULL);
	if (section != NULL)
		return config_lex_fail(lex, token->line,
		    "a key outside of a section; it belongs into %s { }",
		    section);
	suggestion = suggest_name(NULL, name);
	config_lex_fail(lex, token->line, "unknown section; %s", suggestion);
	g_free(suggestion);
	return false;
}

static size_t find_key(const char *section, const char *name)
{
	size_t i = 0;

	while (i < KEY_COUNT && (strcmp(config_keys[i].section, section) != 0 ||
				    strcmp(config_keys[i].name, name) != 0))
		i++;
	return i;
}

static void add_value_line(struct scanner *s, size_t key, unsigned int line)
{
	g_array_append_val(s->scan->value_lines[key], line);
}

/* [ value *( "," value ) [ "," ] ] "}", after the "{" of a given line. */
static bool scan_list(struct scanner *s, size_t key, unsigned int line)
{
	bool value_allowed = true;
	struct config_token token;

	for (;;) {
		bool is_value;

		if (!config_lex_next(&s->lex, &token))
			return false;
		if (token.kind == TOKEN_CLOSE)
			return true;
		is_value =
		    token.kind == TOKEN_WORD || token.kind == TOKEN_STRING;
		if (token.kind == TOKEN_END)
			return config_lex_fail(
			    &s->lex, line, "the list is not closed by }");
		if (is_value && !value_allowed)
			return refuse_neighbour(&s->lex, &token);
		if (is_value)
			add_value_line(s, key, token.line);
		else if (token.kind != TOKEN_COMMA || value_allowed)
			return config_lex_fail(&s->lex, token.line,
			    "%s stands where a value of the list belongs",
			    config_lex_name(&token));
		value_allowed = !is_value;
	}
}

static bool scan_value(struct scanner *s, size_t key)
{
	struct config_token token;

	if (!config_lex_next(&s->lex, &token))
		return false;
	switch (token.kind) {
	case TOKEN_WORD:
	case TOKEN_STRING:
		add_value_line(s, key, token.line);
		return true;
	case TOKEN_OPEN:
		if (config_keys[key].type == CONFIG_LIST)
			return scan_list(s, key, token.line);
		return config_lex_fail(
		    &s->lex, token.line, "takes one value, not a list");
	default:
		return config_lex_fail(&s->lex, token.line,
		    "%s stands where a value belongs", config_lex_name(&token));
	}
}

static bool scan_entry(
    struct scanner *s, const struct config_token *word, const char *section)
{
	char *name = g_strndup(word->text, word->length);
	size_t key = find_key(section, name);
	struct config_token token;
	bool good = false;

	if (key == KEY_COUNT) {
		refuse_key(&s->lex, word, section, name);
		goto out;
	}
	config_lex_about(&s->lex, section, name);
	if (s->scan->lines[key] != 0) {
		config_lex_fail(&s->lex, word->line,
		    "repeated; it stands in line %u already",
		    s->scan->lines[key]);
		goto out;
	}
	s->scan->lines[key] = word->line;
	s->scan->value_lines[key] =
	    g_array_new(FALSE, FALSE, sizeof(unsigned int));
	if (!config_lex_next(&s->lex, &token))
		goto out;
	if (token.kind != TOKEN_EQUALS) {
		config_lex_fail(&s->lex, token.line,
		    "%s stands where = belongs", config_lex_name(&token));
		goto out;
	}
	good = scan_value(s, key);
	config_lex_about(&s->lex, section, NULL);
out:
	g_free(name);
	return good;
}

/* Whether a word in a section opens another one: then a } is missing. */
static bool opens_section(const struct config_token *word)
{
	char *name = g_strndup(word->text, word->length);
	const char *after = word->text + word->length;
	bool opens = is_section(name) && after[strspn(after, " \t\r\n")] == '{';

	g_free(name);
	return opens;
}

static bool scan_entries(
    struct scanner *s, const char *section, unsigned int line)
{
	struct config_token token;

	for (;;) {
		if (!config_lex_next(&s->lex, &token))
			return false;
		if (token.kind == TOKEN_CLOSE)
			return true;
		if (token.kind == TOKEN_END)
			return config_lex_fail(&s->lex, line,
			    "the section that begins here is not closed by }");
		if (token.kind != TOKEN_WORD)
			return config_lex_fail(&s->lex, token.line,
			    "%s stands where a key or } belongs",
			    config_lex_name(&token));
		if (opens_section(&token))
			return config_lex_fail(&s->lex, line,
			    "the section that begins here is not closed by } "
			    "before %.*s in line %u",
			    (int)token.length, token.text, token.line);
		if (!scan_entry(s, &token, section))
			return false;
	}
}

static bool scan_section(
    struct scanner *s, const struct config_token *word, GHashTable *seen)
{
	char *name = g_strndup(word->text, word->length);
	struct config_token token;
	gpointer before;
	bool good = false;

	if (!is_section(name)) {
		refuse_section(&s->lex, word, name);
		goto out;
	}
	config_lex_about(&s->lex, name, NULL);
	before = g_hash_table_lookup(seen, name);
	if (before != NULL) {
		config_lex_fail(&s->lex, word->line,
		    "repeated section; it stands in line %u already",
		    GPOINTER_TO_UINT(before));
		goto out;
	}
	g_hash_table_insert(seen, g_strdup(name), GUINT_TO_POINTER(word->line));
	if (!config_lex_next(&s->lex, &token))
		goto out;
	if (token.kind != TOKEN_OPEN) {
		config_lex_fail(&s->lex, token.line,
		    "%s stands where { belongs", config_lex_name(&token));
		goto out;
	}
	good = scan_entries(s, name, word->line);
	config_lex_about(&s->lex, NULL, NULL);
out:
	g_free(name);
	return good;
}

static bool scan_file(struct scanner *s)
{
	GHashTable *seen =
	    g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	struct config_token token;
	bool good;

	while ((good = config_lex_next(&s->lex, &token)) &&
	       token.kind != TOKEN_END) {
		if (token.kind != TOKEN_WORD)
			good = config_lex_fail(&s->lex, token.line,
			    "%s stands where a section belongs",
			    config_lex_name(&token));
		else
			good = scan_section(s, &token, seen);
		if (!good)
			break;
	}
	g_hash_table_unref(seen);
	return good;
}

bool config_scan(struct config_scan *ret_scan, char *text, size_t length,
    unsigned int *ret_line, char **ret_error)
{
	struct scanner s = {.scan = ret_scan};
	bool good;

	memset(ret_scan, 0, sizeof(*ret_scan));
	good = config_lex_begin(&s.lex, text, length) && scan_file(&s);
	if (!good) {
		*ret_line = s.lex.error_line;
		*ret_error = s.lex.error;
	}
	config_lex_clear(&s.lex);
	return good;
}

void config_scan_clear(struct config_scan *scan)
{
	for (size_t i = 0; i < KEY_COUNT; i++) {
		if (scan->value_lines[i] != NULL)
			g_array_unref(scan->value_lines[i]);
		scan->value_lines[i] = NULL;
	}
}

unsigned int config_scan_line(
    const struct config_scan *scan, enum config_key_id key, size_t value_index)
{
	const GArray *lines = scan->value_lines[key];

	if (lines != NULL && value_index < lines->len)
		return g_array_index(lines, unsigned int, value_index);
	return scan->lines[key] > 0 ? scan->lines[key] : 1;
}
