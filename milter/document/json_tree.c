/* SPDX-License-Identifier: MIT */
/*
 * jansson has no bound on memory and gets one through its allocator. Its hash
 * table is seeded at random, so that nobody can craft keys that collide. It
 * reads numbers by the locale's rules: nothing here may call setlocale(3).
 */
#include "json_tree.h"

#include <jansson.h>
#include <limits.h>
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

static const json_t *of(const struct json_tree *value)
{
	return (const json_t *)(const void *)value;
}

static const struct json_tree *to(const json_t *value)
{
	return (const struct json_tree *)(const void *)value;
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

struct json_tree *json_tree_load(const char *bytes, size_t length,
    struct json_tree_info *ret_info, char **ret_reason)
{
	json_error_t error = {.position = 0};
	struct json_tree_info info = {0};
	json_t *root;

	/* Positions are of type int there. */
	if (length > INT_MAX) {
		if (ret_reason != NULL)
			*ret_reason = g_strdup("RFC 8259: the document has "
					       "more than 2 GiB");
		return NULL;
	}
	root = json_loadb(bytes, length,
	    JSON_DISABLE_EOF_CHECK | JSON_REJECT_DUPLICATES, &error);
	if (root == NULL &&
	    json_error_code(&error) == json_error_duplicate_key) {
		info.duplicate_key = true;
		root =
		    json_loadb(bytes, length, JSON_DISABLE_EOF_CHECK, &error);
	}
	if (root == NULL) {
		if (ret_reason != NULL)
			*ret_reason = describe(&error);
		return NULL;
	}
	info.end = (size_t)error.position;
	if (ret_info != NULL)
		*ret_info = info;
	return (struct json_tree *)(void *)root;
}

void json_tree_free(struct json_tree *root)
{
	json_decref((json_t *)(void *)root);
}

enum json_tree_type json_tree_type(const struct json_tree *value)
{
	switch (json_typeof(of(value))) {
	case JSON_OBJECT:
		return JSON_TREE_OBJECT;
	case JSON_ARRAY:
		return JSON_TREE_ARRAY;
	case JSON_STRING:
		return JSON_TREE_STRING;
	case JSON_INTEGER:
		return JSON_TREE_INTEGER;
	case JSON_REAL:
		return JSON_TREE_REAL;
	case JSON_TRUE:
	case JSON_FALSE:
		return JSON_TREE_BOOLEAN;
	default:
		return JSON_TREE_NULL;
	}
}

bool json_tree_is(const struct json_tree *value, enum json_tree_type type)
{
	return value != NULL && json_tree_type(value) == type;
}

const char *json_tree_type_name(const struct json_tree *value)
{
	static const char *const names[] = {
	    [JSON_TREE_NULL] = "null",
	    [JSON_TREE_BOOLEAN] = "a boolean",
	    [JSON_TREE_INTEGER] = "a number",
	    [JSON_TREE_REAL] = "a number",
	    [JSON_TREE_STRING] = "a string",
	    [JSON_TREE_ARRAY] = "an array",
	    [JSON_TREE_OBJECT] = "an object",
	};

	return names[json_tree_type(value)];
}

const struct json_tree *json_tree_member(
    const struct json_tree *value, const char *key)
{
	return to(json_object_get(of(value), key));
}

size_t json_tree_size(const struct json_tree *value)
{
	return json_array_size(of(value));
}

const struct json_tree *json_tree_element(
    const struct json_tree *value, size_t index)
{
	return to(json_array_get(of(value), index));
}

const char *json_tree_string(const struct json_tree *value)
{
	return json_string_value(of(value));
}

int64_t json_tree_integer(const struct json_tree *value)
{
	return json_integer_value(of(value));
}

double json_tree_real(const struct json_tree *value)
{
	return json_real_value(of(value));
}

bool json_tree_boolean(const struct json_tree *value)
{
	return json_is_true(of(value));
}

/* Each function puts its own step in front of path, on the way back up. */
static bool find_long_string(json_t *value, size_t max, GString *path);

static bool find_in_object(json_t *object, size_t max, GString *path)
{
	const char *key;
	json_t *member;

	json_object_foreach(object, key, member)
	{
		if (strlen(key) <= max && !find_long_string(member, max, path))
			continue;
		if (path->len > 0 && path->str[0] != '[')
			g_string_prepend_c(path, '.');
		g_string_prepend_len(path, key, (gssize)utf8_cut(key, KEY_MAX));
		return true;
	}
	return false;
}

static bool find_in_array(json_t *array, size_t max, GString *path)
{
	size_t index;
	json_t *element;

	json_array_foreach(array, index, element)
	{
		if (find_long_string(element, max, path)) {
			char *step = g_strdup_printf("[%zu]", index);

			if (path->len > 0 && path->str[0] != '[')
				g_string_prepend_c(path, '.');
			g_string_prepend(path, step);
			g_free(step);
			return true;
		}
	}
	return false;
}

static bool find_long_string(json_t *value, size_t max, GString *path)
{
	if (json_is_object(value))
		return find_in_object(value, max, path);
	if (json_is_array(value))
		return find_in_array(value, max, path);
	return json_is_string(value) && json_string_length(value) > max;
}

bool json_tree_long_string(
    const struct json_tree *root, size_t max, char **ret_path)
{
	GString *path = g_string_new(NULL);
	bool found = find_long_string((json_t *)of(root), max, path);

	if (found)
		*ret_path = g_strdup(path->str);
	g_string_free(path, TRUE);
	return found;
}

static int append_text(const char *text, size_t length, void *context)
{
	g_string_append_len(context, text, (gssize)length);
	return 0;
}

bool json_tree_write(const struct json_tree *root, GString *out)
{
	return json_dump_callback(of(root), append_text, out,
		   JSON_SORT_KEYS | JSON_COMPACT | JSON_REAL_PRECISION(17)) ==
	       0;
}
