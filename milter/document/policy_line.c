/* SPDX-License-Identifier: MIT */
#include "policy_line.h"

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

enum syntax_result policy_line_mode(const char *line, char **ret_mode)
{
	const char *value = after_key(line, "mode");

	if (value == NULL || *value == '\0')
		return SYNTAX_BAD;
	*ret_mode = g_strchomp(g_ascii_strdown(value, -1));
	return SYNTAX_OK;
}
