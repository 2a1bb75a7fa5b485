/* SPDX-License-Identifier: MIT */
/*
 * key_table: the one table of configuration keys.
 *
 * Knows each key's section, type, default, range and place in struct config.
 * Leaves files to config.c, the way between text and value to key_value.c, and
 * what strings may be to value_check.c. Any thread.
 */
#ifndef CONFIG_KEY_TABLE_H
#define CONFIG_KEY_TABLE_H

#include <stddef.h>
#include <stdint.h>

enum config_type {
	CONFIG_STRING,
	CONFIG_LIST,   /* of strings in lower case, NULL-terminated */
	CONFIG_CHOICE, /* one of choices */
	CONFIG_NUMBER, /* decimal */
	CONFIG_SIZE    /* decimal with K, M, G */
};

/* A word and what it stands for; an array ends with a NULL word. The first word
 * for a value is the one that is printed. */
struct config_choice {
	const char *word;
	unsigned int value;
};

struct config_key {
	const char *section;
	const char *name;
	enum config_type type;
	size_t offset;        /* in struct config */
	size_t size;          /* of the member there */
	const char *fallback; /* as in a file; that of a list is empty */
	const struct config_choice *choices;
	uint64_t least, most;
	/* Of a string or an item of a list: see value_check.h. NULL for a
	 * string that may be anything but empty. */
	const char *(*check)(char **value);
};

/* Sections together and in order; ends with a NULL section. */
extern const struct config_key key_table[];

/* The key of that name in a section, or NULL. With section NULL the first key
 * of that name, with name NULL the first key of that section. */
const struct config_key *key_table_find(const char *section, const char *name);

#endif
