/* SPDX-License-Identifier: MIT */
/*
 * libconfuse hands over every value as text, because its own idea of a number
 * is C's: 010 is eight, -1 is taken, and 25M is not. Text becomes a value here,
 * by one function a type, with the range in the sentence.
 */
#include "config_key.h"

#include <string.h>
#include <syslog.h>

#include "base/escape.h"

static const struct config_choice dispositions[] = {
    {"keep", CONFIG_KEEP}, {"discard", CONFIG_DISCARD}, {NULL, 0}};
static const struct config_choice on_refused[] = {{"keep", CONFIG_REFUSED_KEEP},
    {"reject", CONFIG_REFUSED_REJECT}, {NULL, 0}};
static const struct config_choice on_spool_error[] = {
    {"deliver", CONFIG_SPOOL_DELIVER}, {"tempfail", CONFIG_SPOOL_TEMPFAIL},
    {NULL, 0}};
static const struct config_choice authentications[] = {
    {"record", CONFIG_AUTH_RECORD}, {"require", CONFIG_AUTH_REQUIRE},
    {NULL, 0}};
static const struct config_choice log_targets[] = {
    {"syslog", LOG_TARGET_SYSLOG}, {"stderr", LOG_TARGET_STDERR}, {NULL, 0}};
static const struct config_choice log_levels[] = {{"error", LOG_ERR},
    {"warning", LOG_WARNING}, {"notice", LOG_NOTICE}, {"info", LOG_INFO},
    {"debug", LOG_DEBUG}, {NULL, 0}};
static const struct config_choice booleans[] = {{"true", true},
    {"false", false}, {"yes", true}, {"no", false}, {"on", true},
    {"off", false}, {NULL, 0}};

#define MEMBER(member) \
	offsetof(struct config, member), sizeof(((struct config *)NULL)->member)

const struct config_key config_keys[KEY_COUNT] = {
#define X(constant, section, name, type, member, fallback, ...) \
	{section, name, CONFIG_##type, MEMBER(member), fallback, __VA_ARGS__},
    CONFIG_KEYS(X)
#undef X
};

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
	size_t digits = strspn(text, "0123456789");
	unsigned int shift = 0;
	uint64_t number = 0;

	if (digits == 0 || (digits > 1 && text[0] == '0'))
		return false;
	if (text[digits] != '\0' && type == CONFIG_SIZE) {
		shift = get_shift(text[digits]);
		if (shift == 0 || text[digits + 1] != '\0')
			return false;
	} else if (text[digits] != '\0') {
		return false;
	}
	/* 18 digits fit, and are beyond every range. */
	for (size_t i = 0; i < MIN(digits, (size_t)18); i++)
		number = number * 10 + (uint64_t)(text[i] - '0');
	if (digits > 18 || number > UINT64_MAX >> shift)
		*ret_number = UINT64_MAX;
	else
		*ret_number = number << shift;
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

static bool set_list(const struct config_key *key, struct config *config,
    const char *const *values, size_t count, size_t *ret_index,
    char **ret_error)
{
	GPtrArray *list = g_ptr_array_new_with_free_func(g_free);

	for (size_t i = 0; i < count; i++) {
		char *item = key->check(values[i], ret_error);

		if (item == NULL) {
			g_ptr_array_unref(list);
			*ret_index = i;
			return false;
		}
		g_ptr_array_add(list, item);
	}
	g_ptr_array_add(list, NULL);
	*(char ***)find_member(key, config) =
	    (char **)g_ptr_array_free(list, FALSE);
	return true;
}

bool config_key_set(const struct config_key *key, struct config *config,
    const char *const *values, size_t count, size_t *ret_index,
    char **ret_error)
{
	bool good = false;
	char *string;

	switch (key->type) {
	case CONFIG_LIST:
		return set_list(
		    key, config, values, count, ret_index, ret_error);
	case CONFIG_STRING:
		string = key->check(values[0], ret_error);
		good = string != NULL;
		if (good)
			*(char **)find_member(key, config) = string;
		break;
	case CONFIG_CHOICE:
		good = set_choice(key, config, values[0], ret_error);
		break;
	case CONFIG_NUMBER:
	case CONFIG_SIZE:
		good = set_number(key, config, values[0], ret_error);
		break;
	}
	if (!good)
		*ret_index = 0;
	return good;
}

/* In double quotes, or in single ones where double ones would expand a variable
 * of the environment. */
static void append_quoted(GString *out, const char *text)
{
	char quote = strstr(text, "${") == NULL ? '"' : '\'';

	g_string_append_c(out, quote);
	for (; *text != '\0'; text++) {
		if (*text == quote || *text == '\\')
			g_string_append_c(out, '\\');
		g_string_append_c(out, *text);
	}
	g_string_append_c(out, quote);
}

static const char *find_word(const struct config_key *key, uint64_t value)
{
	size_t i = 0;

	while (key->choices[i].word != NULL && key->choices[i].value != value)
		i++;
	return key->choices[i].word;
}

void config_key_print(
    const struct config_key *key, const struct config *config, GString *out)
{
	const void *member = find_const_member(key, config);
	char *const *list;

	switch (key->type) {
	case CONFIG_LIST:
		list = *(char *const *const *)member;
		g_string_append_c(out, '{');
		for (size_t i = 0; list[i] != NULL; i++) {
			g_string_append(out, i > 0 ? ", " : "");
			append_quoted(out, list[i]);
		}
		g_string_append_c(out, '}');
		break;
	case CONFIG_STRING:
		append_quoted(out, *(char *const *)member);
		break;
	case CONFIG_CHOICE:
		g_string_append(out, find_word(key, load_number(key, config)));
		break;
	case CONFIG_SIZE:
		g_string_append_c(out, '"');
		append_size(out, load_number(key, config));
		g_string_append_c(out, '"');
		break;
	case CONFIG_NUMBER:
		append_number(out, key, load_number(key, config));
		break;
	}
}

void config_key_clear(const struct config_key *key, struct config *config)
{
	void *member = find_member(key, config);

	if (key->type == CONFIG_LIST)
		g_strfreev(*(char ***)member);
	else if (key->type == CONFIG_STRING)
		g_free(*(char **)member);
}
