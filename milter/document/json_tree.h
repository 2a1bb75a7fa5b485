/* SPDX-License-Identifier: MIT */
/*
 * json_tree: a JSON text as a tree, and a tree as text.
 *
 * Knows jansson, and nothing of reports. Leaves the bound on memory to
 * budget.c, which allocates everything that a tree holds.
 *
 * A tree belongs to one thread at a time. All values in it live as long as its
 * root.
 */
#ifndef DOCUMENT_JSON_TREE_H
#define DOCUMENT_JSON_TREE_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_tree;

enum json_tree_type {
	JSON_TREE_NULL,
	JSON_TREE_BOOLEAN,
	JSON_TREE_INTEGER,
	JSON_TREE_REAL,
	JSON_TREE_STRING,
	JSON_TREE_ARRAY,
	JSON_TREE_OBJECT
};

struct json_tree_info {
	size_t end;         /* bytes that were read; others may follow */
	bool duplicate_key; /* an object had a key twice: the last was used */
};

/* Call once, before any thread and any other function here. */
void json_tree_init(void);

/*
 * Parses the object or array that the text begins with (RFC 8259, in UTF-8 as
 * I-JSON demands, RFC 7493 section 2.1). The caller frees the root with
 * json_tree_free(). On failure returns NULL and stores in *ret_reason, unless
 * that is NULL, a sentence "RFC 8259: byte 123, line 4: …" for g_free().
 */
struct json_tree *json_tree_load(const char *bytes, size_t length,
    struct json_tree_info *ret_info, char **ret_reason);

/* Frees a root and all below it; NULL is allowed. */
void json_tree_free(struct json_tree *root);

enum json_tree_type json_tree_type(const struct json_tree *value);

/* Whether a value is of a type; false for NULL. */
bool json_tree_is(const struct json_tree *value, enum json_tree_type type);

/* "an object", "a number", …: static. */
const char *json_tree_type_name(const struct json_tree *value);

/* The member of an object; NULL when there is none, or value is not an object.
 */
const struct json_tree *json_tree_member(
    const struct json_tree *value, const char *key);

/* The number of elements of an array (0 for another value or NULL), and one of
 * them. */
size_t json_tree_size(const struct json_tree *value);
const struct json_tree *json_tree_element(
    const struct json_tree *value, size_t index);

/* The content of a value of that type. Strings are UTF-8 without NUL. */
const char *json_tree_string(const struct json_tree *value);
int64_t json_tree_integer(const struct json_tree *value);
double json_tree_real(const struct json_tree *value);
bool json_tree_boolean(const struct json_tree *value);

/*
 * Whether a string or key anywhere is longer than max bytes. Then *ret_path is
 * its path ("policies[0].policy.policy-domain") for g_free(), in which a key
 * that is too long is cut.
 */
bool json_tree_long_string(
    const struct json_tree *root, size_t max, char **ret_path);

/*
 * Appends the text with keys sorted bytewise and no blanks. Reals have 17
 * digits, so that none changes. False when memory was refused.
 */
bool json_tree_write(const struct json_tree *root, GString *out);

#endif
