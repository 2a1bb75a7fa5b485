/* SPDX-License-Identifier: MIT */
/*
 * GKeyFile's own idea of a number is C's, and of a list one with escapes and a
 * separator behind its last item. Text becomes a value here, by one function a
 * type, with what is allowed in the sentence.
 */
#include "key_value.h"

#include <string.h>

#include "base/escape.h"

/* By how many powers of 1024 a size may be multiplied. */
static const char *const units[] = {"", "K", "M", "G"};

static uint64_t load_number(
    const struct config_key *key, const struct config *config)
{
	if (key->size == sizeof(bool))
		return G_STRUCT_MEMBER(bool, config, key->offset);
	if (key->size == sizeof(unsigned int))
		return G_STRUCT_MEMBER(unsigned int, config, key->offset);
	return G_STRUCT_MEMBER(uint64_t, config, key->offset);
}

/* Stores a number in a member of any width; false when it doesn't fit. */
static bool store_number(
    const struct config_key *key, struct config *config, uint64_t number)
{
	if (key->size == sizeof(bool))
		G_STRUCT_MEMBER(bool, config, key->offset) = number != 0;
	else if (key->size == sizeof(unsigned int))
		G_STRUCT_MEMBER(unsigned int, config, key->offset) =
		    (unsigned int)number;
	else
		G_STRUCT_MEMBER(uint64_t, config, key->offset) = number;
	return load_number(key, config) == number;
}

/* Decimal digits, without sign or leading zero; for a size, one suffix. What is
 * too large for the type is UINT64_MAX. */
static bool parse_number(
    const char *text, enum config_type type, uint64_t *ret_number)
{
	size_t unit = type == CONFIG_SIZE ? G_N_ELEMENTS(units) - 1 : 0;
	uint64_t number;
	char *end;

	if (!g_ascii_isdigit(text[0]) ||
	    (text[0] == '0' && g_ascii_isdigit(text[1])))
		return false;
	number = g_ascii_strtoull(text, &end, 10);
	while (unit > 0 && g_ascii_strcasecmp(end, units[unit]) != 0)
		unit--;
	if (unit == 0 && *end != '\0')
		return false;
	*ret_number =
	    number > UINT64_MAX >> 10 * unit ? UINT64_MAX : number << 10 * unit;
	return true;
}

/* A size in the largest unit that gives a whole number. */
static void append_number(
    GString *out, const struct config_key *key, uint64_t number)
{
	size_t unit = 0;

	while (key->type == CONFIG_SIZE && unit < G_N_ELEMENTS(units) - 1 &&
	       number > 0 && number % 1024 == 0) {
		number /= 1024;
		unit++;
	}
	g_string_append_printf(
	    out, "%" G_GUINT64_FORMAT "%s", (guint64)number, units[unit]);
}

/* "VALUE" and what is wrong with it. False. */
static bool refuse(const char *text, const char *sentence, char **ret_error)
{
	GString *error = g_string_new("\"");

	escape_terminal(error, text, 100);
	g_string_append_printf(error, "\" %s", sentence);
	*ret_error = g_string_free(error, FALSE);
	return false;
}

static bool set_number(const struct config_key *key, struct config *config,
    const char *text, char **ret_error)
{
	g_autoptr(GString) sentence = g_string_new("is out of range");
	uint64_t number;

	if (!parse_number(text, key->type, &number))
		g_string_assign(
		    sentence, key->type == CONFIG_SIZE
				  ? "is not a size like 1000, 256K, 25M or 1G"
				  : "is not a whole number in decimal");
	else if (number >= key->least && number <= key->most &&
		 store_number(key, config, number))
		return true;
	g_string_append(sentence, "; allowed are ");
	append_number(sentence, key, key->least);
	g_string_append(sentence, " to ");
	append_number(sentence, key, key->most);
	return refuse(text, sentence->str, ret_error);
}

static bool set_choice(const struct config_key *key, struct config *config,
    const char *text, char **ret_error)
{
	g_autoptr(GString) sentence =
	    g_string_new("is not allowed; allowed are ");

	for (const struct config_choice *c = key->choices; c->word != NULL;
	     c++) {
		if (strcmp(c->word, text) == 0)
			return store_number(key, config, c->value);
		g_string_append_printf(
		    sentence, "%s%s", c > key->choices ? ", " : "", c->word);
	}
	return refuse(text, sentence->str, ret_error);
}

/* What other formats allow and this one doesn't; NULL for nothing. The value is
 * not repeated: it may hold a password. */
static const char *find_misuse(const char *text)
{
	size_t length = strlen(text);

	if (text[0] == '#' || strstr(text, " #") != NULL ||
	    strstr(text, "\t#") != NULL)
		return "a comment stands behind the value; comments stand on "
		       "lines of their own";
	if (length >= 2 && (text[0] == '"' || text[0] == '\'') &&
	    text[length - 1] == text[0])
		return "the value stands in quotes; values are written without "
		       "them";
	return NULL;
}

/* The normal form of a string or an item, a new string; NULL for a bad one. */
static char *normalize(
    const struct config_key *key, const char *text, char **ret_error)
{
	char *value = key->type == CONFIG_LIST ? g_ascii_strdown(text, -1)
					       : g_strdup(text);
	const char *problem = key->check == NULL ? NULL : key->check(&value);

	if (problem == NULL)
		return value;
	refuse(text, problem, ret_error);
	g_free(value);
	return NULL;
}

static bool set_list(const struct config_key *key, struct config *config,
    const char *text, char **ret_error)
{
	/* Of an empty text there are no items. */
	g_auto(GStrv) list = g_strsplit(text, ",", -1);

	for (size_t i = 0; list[i] != NULL; i++) {
		const char *problem =
		    *g_strstrip(list[i]) == '\0'
			? "an item of the list is empty; commas stand only "
			  "between items"
			: find_misuse(list[i]);
		char *item = NULL;

		if (problem != NULL)
			*ret_error = g_strdup(problem);
		else
			item = normalize(key, list[i], ret_error);
		if (item == NULL)
			return false;
		g_free(list[i]);
		list[i] = item;
	}
	G_STRUCT_MEMBER(char **, config, key->offset) = g_steal_pointer(&list);
	return true;
}

static bool set_string(const struct config_key *key, struct config *config,
    const char *text, char **ret_error)
{
	char *string = normalize(key, text, ret_error);

	G_STRUCT_MEMBER(char *, config, key->offset) = string;
	return string != NULL;
}

bool key_value_set(const struct config_key *key, struct config *config,
    const char *text, char **ret_error)
{
	const char *misuse = find_misuse(text);

	if (text[0] == '\0' && key->type == CONFIG_STRING && key->check == NULL)
		misuse = "is empty; leave the key out for its default";
	if (misuse != NULL) {
		*ret_error = g_strdup(misuse);
		return false;
	}
	switch (key->type) {
	case CONFIG_LIST:
		return set_list(key, config, text, ret_error);
	case CONFIG_STRING:
		return set_string(key, config, text, ret_error);
	case CONFIG_CHOICE:
		return set_choice(key, config, text, ret_error);
	case CONFIG_NUMBER:
	case CONFIG_SIZE:
		break;
	}
	return set_number(key, config, text, ret_error);
}

void key_value_print(
    const struct config_key *key, const struct config *config, GString *out)
{
	const struct config_choice *choice = key->choices;
	g_autofree char *joined = NULL;

	switch (key->type) {
	case CONFIG_LIST:
		joined = g_strjoinv(
		    ", ", G_STRUCT_MEMBER(char **, config, key->offset));
		g_string_append(out, joined);
		break;
	case CONFIG_STRING:
		g_string_append(
		    out, G_STRUCT_MEMBER(char *, config, key->offset));
		break;
	case CONFIG_CHOICE:
		while (choice->value != load_number(key, config))
			choice++;
		g_string_append(out, choice->word);
		break;
	case CONFIG_SIZE:
	case CONFIG_NUMBER:
		append_number(out, key, load_number(key, config));
		break;
	}
}

void key_value_clear(const struct config_key *key, struct config *config)
{
	if (key->type == CONFIG_LIST)
		g_strfreev(G_STRUCT_MEMBER(char **, config, key->offset));
	else if (key->type == CONFIG_STRING)
		g_free(G_STRUCT_MEMBER(char *, config, key->offset));
}
