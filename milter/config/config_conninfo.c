/* SPDX-License-Identifier: MIT */
/*
 * database.conninfo goes to libpq as it is. It is read here only as far as to
 * find a secret, since the configuration is a file that everybody may read
 * (and --check-config prints it), and a string that is not in either of libpq's
 * two forms (PostgreSQL's manual, "Connection Strings").
 *
 * Only tlsrpt-loader and tlsrpt-report link with libpq, so its own parser is
 * not at hand.
 */
#include "config_key.h"

#include <string.h>

#define HINT                                               \
	"; put it into ~/.pgpass, or into a service file " \
	"(~/.pg_service.conf) that only this user can read"

#define BLANKS " \t"

static bool is_secret(const char *keyword)
{
	return strcmp(keyword, "password") == 0 ||
	       strcmp(keyword, "sslpassword") == 0;
}

/* Moves past a value: 'quoted' or up to a blank, with backslash escapes in
 * both. False for an open quote. */
static bool skip_value(const char **at)
{
	const char *p = *at;
	bool quoted = *p == '\'';

	if (quoted)
		p++;
	while (
	    *p != '\0' && !(quoted ? *p == '\'' : strchr(BLANKS, *p) != NULL))
		p += p[0] == '\\' && p[1] != '\0' ? 2 : 1;
	if (quoted && *p != '\'')
		return false;
	*at = quoted ? p + 1 : p;
	return true;
}

/* keyword = value, separated by blanks. NULL, or what is wrong. */
static const char *judge_pairs(const char *at)
{
	for (at += strspn(at, BLANKS); *at != '\0'; at += strspn(at, BLANKS)) {
		size_t length = strcspn(at, "=" BLANKS);
		char *keyword = g_strndup(at, length);
		bool secret = is_secret(keyword);

		g_free(keyword);
		if (secret)
			return "holds a password, and this file is no "
			       "secret" HINT;
		at += length;
		at += strspn(at, BLANKS);
		if (length == 0 || *at != '=')
			return "is no connection string: a keyword has no =; "
			       "allowed are keyword=value pairs, or "
			       "postgresql://HOST/DATABASE";
		at++;
		at += strspn(at, BLANKS);
		if (!skip_value(&at))
			return "is no connection string: a quote is not closed";
	}
	return NULL;
}

/* Whether a URI's query has a secret among its parameters; libpq decodes their
 * names before it compares. */
static bool has_secret_parameter(const char *query)
{
	char **parameters = g_strsplit(query, "&", -1);
	bool found = false;

	for (size_t i = 0; parameters[i] != NULL; i++) {
		size_t length = strcspn(parameters[i], "=");
		char *keyword = g_uri_unescape_segment(
		    parameters[i], parameters[i] + length, NULL);

		if (keyword == NULL || is_secret(keyword))
			found = true;
		g_free(keyword);
	}
	g_strfreev(parameters);
	return found;
}

/* postgresql://user:password@host/database?parameters. libpq looks for the user
 * before the first '/' and after that for an '@'. */
static const char *judge_uri(const char *at)
{
	size_t length = strcspn(at, "/");
	const char *sign = memchr(at, '@', length);
	const char *query = strchr(at, '?');

	if ((sign != NULL && memchr(at, ':', (size_t)(sign - at)) != NULL) ||
	    (query != NULL && has_secret_parameter(query + 1)))
		return "holds a password, and this file is no secret" HINT;
	return NULL;
}

char *config_check_conninfo(const char *text, char **ret_error)
{
	const char *problem;

	if (g_str_has_prefix(text, "postgresql://"))
		problem = judge_uri(text + strlen("postgresql://"));
	else if (g_str_has_prefix(text, "postgres://"))
		problem = judge_uri(text + strlen("postgres://"));
	else
		problem = judge_pairs(text);
	if (problem == NULL)
		return g_strdup(text);
	/* The value itself is not repeated: it may end in a log. */
	*ret_error = g_strdup(problem);
	return NULL;
}
