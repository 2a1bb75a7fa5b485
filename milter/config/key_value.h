/* SPDX-License-Identifier: MIT */
/*
 * key_value: a key's text to its member in struct config, and back.
 *
 * Knows lists, words, numbers and sizes. Leaves to value_check.c what a string
 * may be. Any thread.
 */
#ifndef CONFIG_KEY_VALUE_H
#define CONFIG_KEY_VALUE_H

#include <glib.h>
#include <stdbool.h>

#include "config/config.h"
#include "key_table.h"

/*
 * Sets a key's member in config, which holds nothing yet, from what stands
 * behind the = without blanks around it. False with a sentence in *ret_error
 * (g_free).
 */
bool key_value_set(const struct config_key *key, struct config *config,
    const char *text, char **ret_error);

/* Appends a key's value as key_value_set() reads it. */
void key_value_print(
    const struct config_key *key, const struct config *config, GString *out);

/* Frees a key's member. */
void key_value_clear(const struct config_key *key, struct config *config);

#endif
