/* SPDX-License-Identifier: MIT */
/*
 * json_tree: a JSON text to jansson's tree, and a tree to text.
 *
 * Knows what can be wrong with a text. Leaves the tree to jansson's own
 * functions, and the bound on memory to budget.c, which allocates everything
 * that a tree holds.
 *
 * A tree belongs to one thread at a time.
 */
#ifndef DOCUMENT_JSON_TREE_H
#define DOCUMENT_JSON_TREE_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

/* A value of <jansson.h>, where it is json_t too. */
struct json_t;

struct json_tree_info {
	size_t end;         /* bytes that were read; others may follow */
	bool duplicate_key; /* an object had a key twice: the last was used */
};

/* Call once, before any thread and any other function here. */
void json_tree_init(void);

/*
 * Parses the object or array that the text begins with (RFC 8259, in UTF-8 as
 * I-JSON demands, RFC 7493 section 2.1). The caller frees the root with
 * json_decref(). On failure returns NULL and stores in *ret_reason, unless that
 * is NULL, a sentence "RFC 8259: byte 123, line 4: …" for g_free().
 */
struct json_t *json_tree_load(const char *bytes, size_t length,
    struct json_tree_info *ret_info, char **ret_reason);

/* "an object", "a number", …: static. */
const char *json_tree_type_name(const struct json_t *value);

/*
 * The path ("policies[0].policy.policy-domain") of a string or key that is
 * longer than max bytes, for g_free(); a key that is too long is cut in it.
 * NULL when there is none.
 */
char *json_tree_long_string(struct json_t *root, size_t max);

/*
 * Appends the text with keys sorted bytewise and no blanks. Reals have 17
 * digits, so that none changes. False when memory was refused.
 */
bool json_tree_write(const struct json_t *root, GString *out);

#endif
