/* SPDX-License-Identifier: MIT */
/*
 * GKeyFile's own idea of a number is C's, and of a list one with escapes and a
 * separator behind its last item. Text becomes a value here, by one function a
 * type, with what is allowed in the sentence.
 */
#include "key_value.h"

#include <string.h>

#include "base/escape.h"

static void *find_member(const struct config_key *key, struct config *config)
{
	return (char *)config + key->offset;
}

static const void *find_const_member(
    const struct config_key *key, const struct config *config)
{
	return (const char *)config + key->offset;
}

/* Stores a number in a member of any width; false when it doesn't fit. */
static bool store_number(
    const struct config_key *key, struct config *config, uint64_t number)
{
	uint8_t byte = (uint8_t)number;
	uint32_t word = (uint32_t)number;
	void *member = find_member(key, config);

	if (key->size == sizeof(byte) && number == byte)
		memcpy(member, &byte, sizeof(byte));
	else if (key->size == sizeof(word) && number == word)
		memcpy(member, &word, sizeof(word));
	else if (key->size == sizeof(number))
		memcpy(member, &number, sizeof(number));
	else
		return false;
	return true;
}

static uint64_t load_number(
    const struct config_key *key, const struct config *config)
{
	uint64_t number = 0;
	uint32_t word;
	uint8_t byte;
	const void *member = find_const_member(key, config);

	if (key->size == sizeof(byte)) {
		memcpy(&byte, member, sizeof(byte));
		number = byte;
	} else if (key->size == sizeof(word)) {
		memcpy(&word, member, sizeof(word));
		number = word;
	} else {
		memcpy(&number, member, sizeof(number));
	}
	return number;
}

static unsigned int get_shift(char suffix)
{
	switch (g_ascii_toupper(suffix)) {
	case 'K':
		return 10;
	case 'M':
		return 20;
	case 'G':
		return 30;
	default:
		return 0;
	}
}

/* Decimal digits, without sign or leading zero; for a size, one suffix. What is
 * too large for the type is UINT64_MAX. */
static bool parse_number(
    const char *text, enum config_type type, uint64_t *ret_number)
{
	unsigned int shift = 0;
	uint64_t number;
	char *end;

	if (!g_ascii_isdigit(text[0]) ||
	    (text[0] == '0' && g_ascii_isdigit(text[1])))
		return false;
	number = g_ascii_strtoull(text, &end, 10);
	if (type == CONFIG_SIZE)
		shift = get_shift(*end);
	if (end[shift > 0 ? 1 : 0] != '\0')
		return false;
	*ret_number =
	    number > UINT64_MAX >> shift ? UINT64_MAX : number << shift;
	return true;
}

/* In the largest unit that gives a whole number. */
static void append_size(GString *out, uint64_t size)
{
	static const char suffixes[] = "GMK";

	for (size_t i = 0; i < 3 && size > 0; i++) {
		unsigned int shift = get_shift(suffixes[i]);

		if (size >> shift << shift == size) {
			g_string_append_printf(out, "%" G_GUINT64_FORMAT "%c",
			    (guint64)(size >> shift), suffixes[i]);
			return;
		}
	}
	g_string_append_printf(out, "%" G_GUINT64_FORMAT, (guint64)size);
}

static void append_number(
    GString *out, const struct config_key *key, uint64_t number)
{
	if (key->type == CONFIG_SIZE)
		append_size(out, number);
	else
		g_string_append_printf(
		    out, "%" G_GUINT64_FORMAT, (guint64)number);
}

/* A sentence that begins with the value in quotes. */
static GString *begin_error(const char *text)
{
	GString *error = g_string_new("\"");

	escape_terminal(error, text, 100);
	g_string_append(error, "\" ");
	return error;
}

static bool set_number(const struct config_key *key, struct config *config,
    const char *text, char **ret_error)
{
	GString *error;
	uint64_t number;

	if (!parse_number(text, key->type, &number)) {
		error = begin_error(text);
		g_string_append(
		    error, key->type == CONFIG_SIZE
			       ? "is not a size like 1000, 256K, 25M or 1G"
			       : "is not a whole number in decimal");
		g_string_append(error, "; allowed are ");
	} else if (number < key->least || number > key->most ||
		   !store_number(key, config, number)) {
		error = begin_error(text);
		g_string_append(error, "is out of range; allowed are ");
	} else {
		return true;
	}
	append_number(error, key, key->least);
	g_string_append(error, " to ");
	append_number(error, key, key->most);
	*ret_error = g_string_free(error, FALSE);
	return false;
}

static bool set_choice(const struct config_key *key, struct config *config,
    const char *text, char **ret_error)
{
	GString *error;

	for (size_t i = 0; key->choices[i].word != NULL; i++) {
		if (strcmp(key->choices[i].word, text) == 0)
			return store_number(key, config, key->choices[i].value);
	}
	error = begin_error(text);
	g_string_append(error, "is not allowed; allowed are ");
	for (size_t i = 0; key->choices[i].word != NULL; i++)
		g_string_append_printf(
		    error, "%s%s", i > 0 ? ", " : "", key->choices[i].word);
	*ret_error = g_string_free(error, FALSE);
	return false;
}

/* What other formats allow and this one doesn't; NULL for nothing. The value is
 * not repeated: it may hold a password. */
static const char *find_misuse(const char *text)
{
	size_t length = strlen(text);

	for (const char *at = strchr(text, '#'); at != NULL;
	     at = strchr(at + 1, '#'))
		if (at == text || at[-1] == ' ' || at[-1] == '\t')
			return "a comment stands behind the value; comments "
			       "stand on lines of their own";
	if (length >= 2 && (text[0] == '"' || text[0] == '\'') &&
	    text[length - 1] == text[0])
		return "the value stands in quotes; values are written without "
		       "them";
	return NULL;
}

/* Takes one item of a list, without blanks around it. */
static bool add_item(const struct config_key *key, GPtrArray *list,
    const char *text, char **ret_error)
{
	const char *problem = text[0] == '\0'
				  ? "an item of the list is empty; commas "
				    "stand only between items"
				  : find_misuse(text);
	char *item;

	if (problem != NULL) {
		*ret_error = g_strdup(problem);
		return false;
	}
	item = key->check(text, ret_error);
	if (item != NULL)
		g_ptr_array_add(list, item);
	return item != NULL;
}

static bool set_list(const struct config_key *key, struct config *config,
    const char *text, char **ret_error)
{
	GPtrArray *list = g_ptr_array_new_with_free_func(g_free);
	/* Of an empty text there are no parts. */
	char **parts = g_strsplit(text, ",", -1);
	bool good = true;

	for (size_t i = 0; parts[i] != NULL && good; i++)
		good = add_item(key, list, g_strstrip(parts[i]), ret_error);
	g_strfreev(parts);
	g_ptr_array_add(list, NULL);
	if (good)
		*(char ***)find_member(key, config) =
		    (char **)g_ptr_array_free(list, FALSE);
	else
		g_ptr_array_unref(list);
	return good;
}

static bool set_string(const struct config_key *key, struct config *config,
    const char *text, char **ret_error)
{
	char *string = key->check(text, ret_error);

	if (string != NULL)
		*(char **)find_member(key, config) = string;
	return string != NULL;
}

bool key_value_set(const struct config_key *key, struct config *config,
    const char *text, char **ret_error)
{
	const char *misuse = find_misuse(text);

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

static const char *find_word(const struct config_key *key, uint64_t value)
{
	size_t i = 0;

	while (key->choices[i].word != NULL && key->choices[i].value != value)
		i++;
	return key->choices[i].word;
}

void key_value_print(
    const struct config_key *key, const struct config *config, GString *out)
{
	const void *member = find_const_member(key, config);
	char *const *list;
	const char *string;

	switch (key->type) {
	case CONFIG_LIST:
		list = *(char *const *const *)member;
		for (size_t i = 0; list[i] != NULL; i++)
			g_string_append_printf(
			    out, "%s%s", i > 0 ? ", " : "", list[i]);
		break;
	case CONFIG_STRING:
		string = *(char *const *)member;
		g_string_append(out, string);
		break;
	case CONFIG_CHOICE:
		g_string_append(out, find_word(key, load_number(key, config)));
		break;
	case CONFIG_SIZE:
	case CONFIG_NUMBER:
		append_number(out, key, load_number(key, config));
		break;
	}
}

void key_value_clear(const struct config_key *key, struct config *config)
{
	void *member = find_member(key, config);

	if (key->type == CONFIG_LIST)
		g_strfreev(*(char ***)member);
	else if (key->type == CONFIG_STRING)
		g_free(*(char **)member);
}
