/* SPDX-License-Identifier: MIT */
/*
 * The parser is strict where it decides whom to believe, and lenient where
 * hosts differ. A value in quotes never ends at a semicolon, so that a sender's
 * address can't smuggle in a result; a text that ends inside quotes or a
 * comment is refused. On the other hand, values may hold '/', '=' and '+'
 * without quotes (header.b), properties come without a ptype (action=none), and
 * a semicolon may stand at the end.
 */
#include "mail/authres.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "rfc5322.h"

#define MAX_LENGTH ((size_t)256 * 1024)

static void free_dkim(void *data)
{
	struct authres_dkim *dkim = data;

	g_free(dkim->result);
	g_free(dkim->domain);
	g_free(dkim);
}

/* Appends a Keyword (RFC 5321 section 4.1.2: Ldh-str) in lower case; false when
 * there is none. */
static bool parse_keyword(const char **cursor, GString *word)
{
	const char *p = *cursor;

	for (; g_ascii_isalnum(*p) || *p == '-' || *p == '_'; p++)
		g_string_append_c(word, g_ascii_tolower(*p));
	if (p == *cursor)
		return false;
	*cursor = p;
	return true;
}

/* A quoted string at the cursor, appended without quotes and folds. */
static bool parse_quoted(const char **cursor, GString *value)
{
	const char *p = *cursor + 1;

	for (; *p != '\0' && *p != '"'; p++) {
		if (*p == '\\' && p[1] != '\0')
			p++;
		if (*p != '\r' && *p != '\n')
			g_string_append_c(value, *p);
	}
	if (*p != '"')
		return false;
	*cursor = p + 1;
	return true;
}

/*
 * A value or pvalue (RFC 8601 section 2.2): pieces in quotes or not, one right
 * behind the other, as in "local part"@domain. It may be empty.
 */
static bool parse_value(const char **cursor, GString *ret_value)
{
	size_t plain;

	g_string_truncate(ret_value, 0);
	for (;;) {
		plain = strcspn(*cursor, " \t\r\n;()\"");
		g_string_append_len(ret_value, *cursor, (gssize)plain);
		*cursor += plain;
		if (**cursor != '"')
			return true;
		if (!parse_quoted(cursor, ret_value))
			return false;
	}
}

/* Skips blanks and comments on both sides of a character that must be there. */
static bool parse_char(const char **cursor, char wanted)
{
	if (!rfc5322_skip_cfws(cursor) || **cursor != wanted)
		return false;
	(*cursor)++;
	return rfc5322_skip_cfws(cursor);
}

/* method [ "/" version ] "=" result */
static bool parse_method(
    const char **cursor, GString *ret_method, GString *ret_result)
{
	if (!parse_keyword(cursor, ret_method) || !rfc5322_skip_cfws(cursor))
		return false;
	if (**cursor == '/' &&
	    !(parse_char(cursor, '/') && parse_keyword(cursor, ret_result)))
		return false;
	g_string_truncate(ret_result, 0); /* of the version */
	return parse_char(cursor, '=') && parse_keyword(cursor, ret_result);
}

/* "reason" or ptype "." property, then "=" value. A ptype may be missing. */
static bool parse_property(
    const char **cursor, GString *ret_name, GString *ret_value)
{
	g_string_truncate(ret_name, 0);
	if (!parse_keyword(cursor, ret_name) || !rfc5322_skip_cfws(cursor))
		return false;
	while (**cursor == '.') {
		g_string_append_c(ret_name, '.');
		if (!parse_char(cursor, '.') ||
		    !parse_keyword(cursor, ret_name) ||
		    !rfc5322_skip_cfws(cursor))
			return false;
	}
	return parse_char(cursor, '=') && parse_value(cursor, ret_value);
}

/* Keeps header.d, or header.i as long as no header.d has been seen. */
static void keep_domain(
    struct authres_dkim *dkim, bool *has_d, const char *name, const char *value)
{
	const char *at;

	if (*has_d)
		return;
	if (g_str_equal(name, "header.d") && *value != '\0') {
		*has_d = true;
		g_free(dkim->domain);
		dkim->domain = g_ascii_strdown(value, -1);
	} else if (g_str_equal(name, "header.i") && dkim->domain == NULL) {
		at = strrchr(value, '@');
		if (at != NULL && at[1] != '\0')
			dkim->domain = g_ascii_strdown(at + 1, -1);
	}
}

/* One resinfo, up to the semicolon behind it or the end; one for DKIM is
 * added to results. */
static bool parse_result(const char **cursor, GPtrArray *results)
{
	struct authres_dkim *dkim = g_new0(struct authres_dkim, 1);
	GString *name = g_string_new(NULL);
	GString *value = g_string_new(NULL);
	bool has_d = false;
	bool good =
	    parse_method(cursor, name, value) && rfc5322_skip_cfws(cursor);
	bool is_dkim = g_str_equal(name->str, "dkim");

	dkim->result = g_strdup(value->str);
	while (good && **cursor != ';' && **cursor != '\0') {
		good = parse_property(cursor, name, value) &&
		       rfc5322_skip_cfws(cursor);
		if (good)
			keep_domain(dkim, &has_d, name->str, value->str);
	}
	if (good && is_dkim)
		g_ptr_array_add(results, dkim);
	else
		free_dkim(dkim);
	g_string_free(name, TRUE);
	g_string_free(value, TRUE);
	return good;
}

/* "none" alone: the host made no check. */
static bool parse_none(const char *p)
{
	if (g_ascii_strncasecmp(p, "none", 4) != 0)
		return false;
	p += 4;
	return rfc5322_skip_cfws(&p) && *p == '\0';
}

/* Everything behind the authserv-id. */
static bool parse_results(const char **cursor, GPtrArray *results)
{
	while (**cursor == ';') {
		if (!parse_char(cursor, ';'))
			return false;
		if (**cursor == '\0')
			return true;
		if (!parse_result(cursor, results))
			return false;
	}
	return **cursor == '\0';
}

/* The authserv-id and, perhaps, a version, up to the first semicolon. Some
 * hosts leave the authserv-id out; a result in its place is not one. */
static bool parse_authserv_id(const char **cursor, GString *ret_id)
{
	const char *start;

	if (!rfc5322_skip_cfws(cursor))
		return false;
	start = *cursor;
	if (!parse_value(cursor, ret_id) || ret_id->len == 0 ||
	    (*start != '"' && strchr(ret_id->str, '=') != NULL) ||
	    !rfc5322_skip_cfws(cursor))
		return false;
	while (g_ascii_isdigit(**cursor))
		(*cursor)++;
	return rfc5322_skip_cfws(cursor) && **cursor == ';';
}

/* The field as a whole. */
static bool parse_field(const char *cursor, GPtrArray *results)
{
	GString *id = g_string_new(NULL);
	bool good = parse_authserv_id(&cursor, id);
	const char *first = cursor + 1;

	g_string_free(id, TRUE);
	return good && rfc5322_skip_cfws(&first) && *first != '\0' &&
	       (parse_none(first) || parse_results(&cursor, results));
}

GPtrArray *authres_dkim(const char *body)
{
	GPtrArray *results;

	if (strnlen(body, MAX_LENGTH + 1) > MAX_LENGTH)
		return NULL;
	results = g_ptr_array_new_with_free_func(free_dkim);
	if (!parse_field(body, results))
		g_clear_pointer(&results, g_ptr_array_unref);
	return results;
}

char *authres_authserv_id(const char *body)
{
	const char *cursor = body;
	GString *id = g_string_new(NULL);
	bool good = rfc5322_skip_cfws(&cursor) && parse_value(&cursor, id) &&
		    id->len > 0;

	return g_string_free(g_string_ascii_down(id), !good);
}
