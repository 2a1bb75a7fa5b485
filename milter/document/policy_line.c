/* SPDX-License-Identifier: MIT */
#include "policy_line.h"

#include <stdbool.h>
#include <string.h>

static const char *skip_blanks(const char *text)
{
	while (g_ascii_isspace(*text))
		text++;
	return text;
}

/* What follows "key:" in a line, without blanks before it; else NULL. */
static const char *after_key(const char *line, const char *key)
{
	size_t length = strlen(key);

	line = skip_blanks(line);
	if (g_ascii_strncasecmp(line, key, length) != 0)
		return NULL;
	line = skip_blanks(line + length);
	return *line == ':' ? skip_blanks(line + 1) : NULL;
}

enum syntax_result policy_line_mx_host(const char *text, char **ret_host)
{
	const char *bare = after_key(text, "mx");
	bool has_key = bare != NULL;
	char *host;

	if (!has_key)
		bare = skip_blanks(text);
	if (*bare == '\0')
		return SYNTAX_BAD;
	if (syntax_domain(bare, true, &host) == SYNTAX_BAD)
		host = g_strchomp(g_strdup(bare));
	*ret_host = host;
	return has_key ? SYNTAX_TOLERATED : SYNTAX_OK;
}

/* Whether a key may begin here: at the start, or behind what some senders join
 * lines by instead of line ends, a backslash and a letter among them. */
static bool may_begin(const char *line, const char *at)
{
	return at == line || strchr(" \t\r\n;,|\"'", at[-1]) != NULL ||
	       (at - line >= 2 && at[-2] == '\\');
}

enum syntax_result policy_line_mode(const char *line, char **ret_mode)
{
	static const char key[] = "mode";

	for (const char *at = line; (at = strcasestr(at, key)) != NULL; at++) {
		const char *value =
		    may_begin(line, at) ? after_key(at, key) : NULL;
		size_t length = 0;

		if (value != NULL)
			length = strspn(value, G_CSET_a_2_z G_CSET_A_2_Z "-_");
		if (length == 0)
			continue;
		*ret_mode = g_ascii_strdown(value, (gssize)length);
		return SYNTAX_OK;
	}
	return SYNTAX_BAD;
}
