/* SPDX-License-Identifier: MIT */
/*
 * Cases that are files (tests/fixtures/README.md): an input NAME.ext and beside
 * it NAME.expect with the facts that are expected of it, lines "key: value".
 */
#ifndef FIXTURE_H
#define FIXTURE_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>
#include <glib.h>
#include <glib/gstdio.h>

#define FIXTURE_EXPECT ".expect"

static inline gint fixture_compare(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The NAME of each case in a folder, sorted; the caller unrefs. An input
 * without its facts fails the test, and so do facts without their input. */
static inline GPtrArray *fixture_names(const char *folder)
{
	GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
	GHashTable *inputs =
	    g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	GDir *dir = g_dir_open(folder, 0, NULL);
	const char *entry;

	assert_non_null(dir);
	while ((entry = g_dir_read_name(dir)) != NULL) {
		char *name = g_strndup(entry, strcspn(entry, "."));

		if (g_str_has_suffix(entry, FIXTURE_EXPECT))
			g_ptr_array_add(names, name);
		else if (!g_hash_table_add(inputs, name))
			fail_msg(
			    "%s/%s: %s is there twice", folder, entry, name);
	}
	g_dir_close(dir);
	for (guint i = 0; i < names->len; i++)
		if (!g_hash_table_remove(inputs, g_ptr_array_index(names, i)))
			fail_msg("%s/%s: there is only its " FIXTURE_EXPECT,
			    folder, (char *)g_ptr_array_index(names, i));
	assert_int_equal(g_hash_table_size(inputs), 0);
	g_hash_table_unref(inputs);
	g_ptr_array_sort(names, fixture_compare);
	return names;
}

/* Runs check on each case of a folder, of which there are at least so many: a
 * folder that is empty or elsewhere would test nothing. */
static inline void fixture_each(const char *folder, size_t least,
    void (*check)(const char *folder, const char *name))
{
	GPtrArray *names = fixture_names(folder);

	assert_true(names->len >= least);
	for (guint i = 0; i < names->len; i++)
		check(folder, g_ptr_array_index(names, i));
	g_ptr_array_unref(names);
}

/* A whole file of a case, or NULL when there is none with that suffix. */
static inline char *fixture_read(
    const char *folder, const char *name, const char *suffix, gsize *ret_length)
{
	char *path = g_strconcat(folder, "/", name, suffix, (char *)NULL);
	char *bytes = NULL;

	if (!g_file_get_contents(path, &bytes, ret_length, NULL))
		bytes = NULL;
	g_free(path);
	return bytes;
}

/* The facts of a case: its lines "key: value" as they stand in the file,
 * comments and empty lines left out. The caller frees them. */
static inline char *fixture_facts(const char *folder, const char *name)
{
	GString *facts = g_string_new(NULL);
	char *text = fixture_read(folder, name, FIXTURE_EXPECT, NULL);
	char **lines;

	if (text == NULL)
		fail_msg("%s/%s: no " FIXTURE_EXPECT, folder, name);
	lines = g_strsplit(text, "\n", -1);
	for (size_t i = 0; lines[i] != NULL; i++) {
		if (*lines[i] == '\0' || *lines[i] == '#')
			continue;
		if (strchr(lines[i], ':') == NULL)
			fail_msg("%s/%s" FIXTURE_EXPECT ": no colon in: %s",
			    folder, name, lines[i]);
		g_string_append_printf(facts, "%s\n", lines[i]);
	}
	g_strfreev(lines);
	g_free(text);
	return g_string_free(facts, FALSE);
}

/* The facts as a table of char * to char *; the caller unrefs. A key that
 * stands twice fails the test. */
static inline GHashTable *fixture_table(const char *folder, const char *name)
{
	GHashTable *table =
	    g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	char *facts = fixture_facts(folder, name);
	char **lines = g_strsplit(facts, "\n", -1);

	for (size_t i = 0; lines[i] != NULL && *lines[i] != '\0'; i++) {
		char *colon = strchr(lines[i], ':');
		const char *value = colon[1] == ' ' ? colon + 2 : colon + 1;

		*colon = '\0';
		if (!g_hash_table_insert(
			table, g_strdup(lines[i]), g_strdup(value)))
			fail_msg("%s/%s" FIXTURE_EXPECT ": %s: twice", folder,
			    name, lines[i]);
	}
	g_strfreev(lines);
	g_free(facts);
	return table;
}

/* Takes a fact out of a table; NULL when there is none. The caller frees it. */
static inline char *fixture_take(GHashTable *table, const char *key)
{
	gpointer old_key = NULL, value = NULL;

	g_hash_table_steal_extended(table, key, &old_key, &value);
	g_free(old_key);
	return value;
}

#endif
