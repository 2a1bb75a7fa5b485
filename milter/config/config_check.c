/* SPDX-License-Identifier: MIT */
/*
 * What strings of the configuration may be. Each check fails where the mistake
 * was made, at start or reload, and not when the first message comes.
 */
#include "config_key.h"

#include <limits.h>
#include <string.h>
#include <sys/un.h>

#include "base/escape.h"
#include "base/syntax.h"
#include "config/recipient.h"

#define SOCKET_FORMS                                                   \
	"unix:/PATH, local:/PATH, inet:PORT@HOST, inet6:PORT@HOST or " \
	"fd:NUMBER"

/* "VALUE" and what is wrong with it; always returns NULL. */
static char *refuse(const char *text, char **ret_error, const char *sentence)
{
	GString *error = g_string_new("\"");

	escape_terminal(error, text, 100);
	g_string_append_printf(error, "\" %s", sentence);
	*ret_error = g_string_free(error, FALSE);
	return NULL;
}

/* Decimal digits only, from least to most. */
static bool is_number(
    const char *text, size_t length, unsigned long least, unsigned long most)
{
	unsigned long number = 0;

	if (length == 0 || length > 5 || (length > 1 && text[0] == '0'))
		return false;
	for (size_t i = 0; i < length; i++) {
		if (!g_ascii_isdigit(text[i]))
			return false;
		number = number * 10 + (unsigned long)(text[i] - '0');
	}
	return number >= least && number <= most;
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
	const char *at = strchr(port, '@');

	if (at == NULL)
		return refuse(text, ret_error,
		    "names no host; allowed are " SOCKET_FORMS);
	if (!is_number(port, (size_t)(at - port), 1, 65535))
		return refuse(text, ret_error,
		    "has no port from 1 to 65535 before the @");
	if (!is_host(at + 1))
		return refuse(
		    text, ret_error, "has no host name or address after the @");
	return g_strdup(text);
}

/* path is what follows the colon in text. */
static char *check_unix(const char *text, const char *path, char **ret_error)
{
	struct sockaddr_un address;

	if (path[0] != '/')
		return refuse(
		    text, ret_error, "has no absolute path after the colon");
	if (strlen(path) >= sizeof(address.sun_path))
		return refuse(text, ret_error,
		    "has a path that is too long for a socket; allowed are 107 "
		    "bytes");
	return g_strdup(text);
}

char *config_check_socket(const char *text, char **ret_error)
{
	const char *colon = strchr(text, ':');
	const char *rest = colon == NULL ? "" : colon + 1;

	if (g_str_has_prefix(text, "unix:") || g_str_has_prefix(text, "local:"))
		return check_unix(text, rest, ret_error);
	if (g_str_has_prefix(text, "inet:") || g_str_has_prefix(text, "inet6:"))
		return check_inet(text, rest, ret_error);
	if (!g_str_has_prefix(text, "fd:"))
		return refuse(
		    text, ret_error, "is no socket; allowed are " SOCKET_FORMS);
	/* 0, 1 and 2 are standard input, output and error. */
	if (!is_number(rest, strlen(rest), 3, 65535))
		return refuse(text, ret_error,
		    "has no descriptor from 3 on after the colon");
	return g_strdup(text);
}

char *config_check_path(const char *text, char **ret_error)
{
	if (text[0] != '/')
		return refuse(text, ret_error,
		    "is no absolute path; it has to begin with /");
	/* Room for a record's name under new. */
	if (strlen(text) > PATH_MAX - 512)
		return refuse(text, ret_error, "is too long for a path");
	return g_strdup(text);
}

char *config_check_path_or_none(const char *text, char **ret_error)
{
	if (text[0] == '\0')
		return g_strdup("");
	if (text[0] != '/')
		return refuse(text, ret_error,
		    "is no absolute path; it has to begin with /, or to be "
		    "empty for none");
	return config_check_path(text, ret_error);
}

/* An address or pattern, maybe in <>, any case. */
char *config_check_recipient(const char *text, char **ret_error)
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
	refuse(text, ret_error, sentence);
	g_free(sentence);
	g_free(pattern);
	return NULL;
}

char *config_check_policy_domain(const char *text, char **ret_error)
{
	char *domain;

	if (syntax_domain(text, true, &domain) == SYNTAX_BAD)
		return refuse(text, ret_error,
		    "is no domain name; allowed are \"example.com\" and "
		    "\"*.example.com\", beyond ASCII as A-labels (\"xn--…\")");
	return domain;
}

/* The authserv-id of RFC 8601 section 2.2 is a MIME value; of those, all that
 * are in use are tokens (RFC 2045 section 5.1), most of them host names. */
char *config_check_authserv_id(const char *text, char **ret_error)
{
	bool good = text[0] != '\0' && strlen(text) <= 255;

	for (const char *at = text; *at != '\0'; at++) {
		if (!g_ascii_isgraph(*at) ||
		    strchr("()<>@,;:\\\"/[]?=", *at) != NULL)
			good = false;
	}
	if (!good)
		return refuse(text, ret_error,
		    "is no authserv-id; it is one word without any of "
		    "()<>@,;:\\\"/[]?=, mostly the mail server's host name");
	return g_ascii_strdown(text, -1);
}
