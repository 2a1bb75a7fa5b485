/* SPDX-License-Identifier: MIT */
/*
 * jansson has no bound on memory and gets one through its allocator. Its hash
 * table is seeded at random, so that nobody can craft keys that collide. It
 * reads numbers by the locale's rules: nothing here may call setlocale(3). Its
 * positions are of type int, which limits.report-size keeps them within.
 */
#include "json_tree.h"

#include <jansson.h>
#include <string.h>

#include "base/utf8.h"
#include "budget.h"

/* A key in a path is cut to this many bytes. */
#define KEY_MAX 60

void json_tree_init(void)
{
	json_set_alloc_funcs(budget_malloc, budget_free);
	json_object_seed(0);
}

/* jansson's texts quote at most 20 bytes of the document. */
static char *describe(const json_error_t *error)
{
	const char *clause = "RFC 8259";
	const char *what = error->text;

	switch (json_error_code(error)) {
	case json_error_premature_end_of_input:
		what = "the document ends too early; it was cut short";
		break;
	case json_error_invalid_utf8:
		clause = "RFC 8259 section 8.1";
		break;
	case json_error_null_character:
	case json_error_null_byte_in_key:
		what = "a string holds U+0000, which no database can store";
		break;
	case json_error_numeric_overflow:
		clause = "RFC 8259 section 6";
		what = "a number is too large; integers may have 64 bits";
		break;
	case json_error_stack_overflow:
		what = "nested too deeply";
		break;
	case json_error_out_of_memory:
		what = "out of memory";
		break;
	default:
		break;
	}
	return g_strdup_printf("%s: byte %d, line %d: %s", clause,
	    error->position, error->line, *what != '\0' ? what : "not JSON");
}

json_t *json_tree_load(const char *bytes, size_t length,
    struct json_tree_info *ret_info, char **ret_reason)
{
	struct budget_mark mark = budget_mark();
	json_error_t error = {.position = 0};
	bool duplicate_key = false;
	json_t *root;

	root = json_loadb(bytes, length,
	    JSON_DISABLE_EOF_CHECK | JSON_REJECT_DUPLICATES, &error);
	if (root == NULL &&
	    json_error_code(&error) == json_error_duplicate_key) {
		duplicate_key = true;
		budget_release(mark);
		root =
		    json_loadb(bytes, length, JSON_DISABLE_EOF_CHECK, &error);
	}
	if (root == NULL) {
		budget_release(mark);
		if (ret_reason != NULL)
			*ret_reason = describe(&error);
		return NULL;
	}
	ret_info->end = (size_t)error.position;
	ret_info->duplicate_key = duplicate_key;
	return root;
}

const char *json_tree_type_name(const json_t *value)
{
	static const char *const names[] = {
	    [JSON_OBJECT] = "an object",
	    [JSON_ARRAY] = "an array",
	    [JSON_STRING] = "a string",
	    [JSON_INTEGER] = "a number",
	    [JSON_REAL] = "a number",
	    [JSON_TRUE] = "a boolean",
	    [JSON_FALSE] = "a boolean",
	    [JSON_NULL] = "null",
	};

	return names[json_typeof(value)];
}

/* Frees step. */
static void prepend_step(GString *path, char *step)
{
	g_string_prepend(path, step);
	g_free(step);
}

/* Puts each step in front of path on the way back up. */
static bool find_long_string(json_t *value, size_t max, GString *path)
{
	const char *key;
	size_t index;
	json_t *child;

	json_object_foreach(value, key, child)
	{
		if (strlen(key) <= max && !find_long_string(child, max, path))
			continue;
		prepend_step(path,
		    g_strdup_printf(".%.*s", (int)utf8_cut(key, KEY_MAX), key));
		return true;
	}
	json_array_foreach(value, index, child)
	{
		if (!find_long_string(child, max, path))
			continue;
		prepend_step(path, g_strdup_printf("[%zu]", index));
		return true;
	}
	return json_string_length(value) > max;
}

char *json_tree_long_string(json_t *root, size_t max)
{
	GString *path = g_string_new(NULL);
	bool found = find_long_string(root, max, path);

	if (path->str[0] == '.')
		g_string_erase(path, 0, 1);
	return g_string_free(path, !found);
}

static int append_text(const char *text, size_t length, void *context)
{
	g_string_append_len(context, text, (gssize)length);
	return 0;
}

bool json_tree_write(const json_t *root, GString *out)
{
	return json_dump_callback(root, append_text, out,
		   JSON_SORT_KEYS | JSON_COMPACT | JSON_REAL_PRECISION(17)) ==
	       0;
}
