/* SPDX-License-Identifier: MIT */
/*
 * What strings of the configuration may be. Each check fails where the mistake
 * was made, at start or reload, and not when the first message comes.
 */
#include "value_check.h"

#include <glib.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/un.h>

#include "base/escape.h"
#include "base/syntax.h"
#include "config/recipient.h"

#define SOCKET_FORMS                                                   \
	"unix:/PATH, local:/PATH, inet:PORT@HOST, inet6:PORT@HOST or " \
	"fd:NUMBER"

/* "VALUE" and what is wrong with it; always returns NULL. */
static char *refuse(const char *text, const char *sentence, char **ret_error)
{
	GString *error = g_string_new("\"");

	escape_terminal(error, text, 100);
	g_string_append_printf(error, "\" %s", sentence);
	*ret_error = g_string_free(error, FALSE);
	return NULL;
}

/* A decimal number from least, which is over 0, to 65535. */
static bool is_number(const char *text, guint64 least)
{
	return text[0] != '0' &&
	       g_ascii_string_to_unsigned(text, 10, least, 65535, NULL, NULL);
}

/* A host name or an address, maybe in brackets and with a zone. */
static bool is_host(const char *host)
{
	size_t length = strlen(host);

	if (host[0] == '[') {
		if (length < 3 || host[length - 1] != ']')
			return false;
		host++;
		length -= 2;
	}
	return length > 0 && length <= 255 &&
	       strspn(host,
		   "abcdefghijklmnopqrstuvwxyz"
		   "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:%") == length;
}

/* port is what follows the colon in text. */
static char *check_inet(const char *text, const char *port, char **ret_error)
{
	char **parts = g_strsplit(port, "@", 2);
	char *socket = NULL;

	if (parts[0] == NULL || parts[1] == NULL)
		refuse(text, "names no host; allowed are " SOCKET_FORMS,
		    ret_error);
	else if (!is_number(parts[0], 1))
		refuse(text, "has no port from 1 to 65535 before the @",
		    ret_error);
	else if (!is_host(parts[1]))
		refuse(
		    text, "has no host name or address after the @", ret_error);
	else
		socket = g_strdup(text);
	g_strfreev(parts);
	return socket;
}

/* path is what follows the colon in text. */
static char *check_unix(const char *text, const char *path, char **ret_error)
{
	struct sockaddr_un address;

	if (path[0] != '/')
		return refuse(
		    text, "has no absolute path after the colon", ret_error);
	if (strlen(path) >= sizeof(address.sun_path))
		return refuse(text,
		    "has a path that is too long for a socket; allowed are 107 "
		    "bytes",
		    ret_error);
	return g_strdup(text);
}

char *value_check_socket(const char *text, char **ret_error)
{
	const char *colon = strchr(text, ':');
	const char *rest = colon == NULL ? "" : colon + 1;

	if (g_str_has_prefix(text, "unix:") || g_str_has_prefix(text, "local:"))
		return check_unix(text, rest, ret_error);
	if (g_str_has_prefix(text, "inet:") || g_str_has_prefix(text, "inet6:"))
		return check_inet(text, rest, ret_error);
	if (!g_str_has_prefix(text, "fd:"))
		return refuse(text,
		    "is not a socket; allowed are " SOCKET_FORMS, ret_error);
	/* 0, 1 and 2 are standard input, output and error. */
	if (!is_number(rest, 3))
		return refuse(text,
		    "has no descriptor from 3 on after the colon", ret_error);
	return g_strdup(text);
}

char *value_check_path(const char *text, char **ret_error)
{
	if (text[0] != '/')
		return refuse(text,
		    "is not an absolute path; it has to begin with /",
		    ret_error);
	/* Room for a record's name under new. */
	if (strlen(text) > PATH_MAX - 512)
		return refuse(text, "is too long for a path", ret_error);
	return g_strdup(text);
}

char *value_check_path_or_none(const char *text, char **ret_error)
{
	if (text[0] == '\0')
		return g_strdup("");
	if (text[0] != '/')
		return refuse(text,
		    "is not an absolute path; it has to begin with /, or to be "
		    "empty for none",
		    ret_error);
	return value_check_path(text, ret_error);
}

char *value_check_recipient(const char *text, char **ret_error)
{
	size_t length = strlen(text);
	const char *problem;
	char *sentence, *pattern;

	if (length >= 2 && text[0] == '<' && text[length - 1] == '>')
		pattern = g_ascii_strdown(text + 1, (gssize)length - 2);
	else
		pattern = g_ascii_strdown(text, -1);
	problem = recipient_pattern_error(pattern);
	if (problem == NULL)
		return pattern;
	sentence = g_strdup_printf("can't be a recipient: %s", problem);
	refuse(text, sentence, ret_error);
	g_free(sentence);
	g_free(pattern);
	return NULL;
}

char *value_check_domain(const char *text, char **ret_error)
{
	char *domain;

	if (syntax_domain(text, true, &domain) == SYNTAX_BAD)
		return refuse(text,
		    "is not a domain name; allowed are \"example.com\" and "
		    "\"*.example.com\", beyond ASCII as A-labels (\"xn--…\")",
		    ret_error);
	return domain;
}

/* The authserv-id of RFC 8601 section 2.2 is a MIME value; of those, all that
 * are in use are tokens (RFC 2045 section 5.1), most of them host names. */
char *value_check_authserv_id(const char *text, char **ret_error)
{
	bool good = text[0] != '\0' && strlen(text) <= 255;

	for (const char *at = text; *at != '\0'; at++) {
		if (!g_ascii_isgraph(*at) ||
		    strchr("()<>@,;:\\\"/[]?=", *at) != NULL)
			good = false;
	}
	if (!good)
		return refuse(text,
		    "is not an authserv-id; it is one word without any of "
		    "()<>@,;:\\\"/[]?=, mostly the mail server's host name",
		    ret_error);
	return g_ascii_strdown(text, -1);
}

char *value_check_not_empty(const char *text, char **ret_error)
{
	if (text[0] != '\0')
		return g_strdup(text);
	*ret_error = g_strdup("is empty; leave the key out for its default");
	return NULL;
}
