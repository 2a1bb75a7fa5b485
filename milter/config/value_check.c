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

#include "base/syntax.h"
#include "config/recipient.h"

#define SOCKET_FORMS                                                   \
	"unix:/PATH, local:/PATH, inet:PORT@HOST, inet6:PORT@HOST or " \
	"fd:NUMBER"

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
	       strspn(host, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS ".-_:%") ==
		   length;
}

/* port is what follows the colon. */
static const char *check_inet(const char *port)
{
	g_auto(GStrv) parts = g_strsplit(port, "@", 2);

	if (g_strv_length(parts) < 2)
		return "names no host; allowed are " SOCKET_FORMS;
	if (!is_number(parts[0], 1))
		return "has no port from 1 to 65535 before the @";
	if (!is_host(parts[1]))
		return "has no host name or address after the @";
	return NULL;
}

/* path is what follows the colon. */
static const char *check_unix(const char *path)
{
	struct sockaddr_un address;

	if (path[0] != '/')
		return "has no absolute path after the colon";
	if (strlen(path) >= sizeof(address.sun_path))
		return "has a path that is too long for a socket; allowed are "
		       "107 bytes";
	return NULL;
}

const char *value_check_socket(char **value)
{
	const char *text = *value;
	const char *colon = strchr(text, ':');
	const char *rest = colon == NULL ? "" : colon + 1;

	if (g_str_has_prefix(text, "unix:") || g_str_has_prefix(text, "local:"))
		return check_unix(rest);
	if (g_str_has_prefix(text, "inet:") || g_str_has_prefix(text, "inet6:"))
		return check_inet(rest);
	if (!g_str_has_prefix(text, "fd:"))
		return "is not a socket; allowed are " SOCKET_FORMS;
	/* 0, 1 and 2 are standard input, output and error. */
	if (!is_number(rest, 3))
		return "has no descriptor from 3 on after the colon";
	return NULL;
}

const char *value_check_path(char **value)
{
	const char *text = *value;

	if (text[0] != '/')
		return "is not an absolute path; it has to begin with /";
	/* Room for a record's name under new. */
	return strlen(text) > PATH_MAX - 512 ? "is too long for a path" : NULL;
}

const char *value_check_path_or_none(char **value)
{
	const char *text = *value;

	if (text[0] == '\0')
		return NULL;
	if (text[0] != '/')
		return "is not an absolute path; it has to begin with /, or to "
		       "be empty for none";
	return value_check_path(value);
}

/* Writes the domain of an address in its normal form; anything else, such as an
 * address literal, stays as it is. */
static void normalize_domain(char **address)
{
	char *at = strrchr(*address, '@');
	g_autofree char *domain = NULL;

	if (syntax_domain(at + 1, false, &domain) == SYNTAX_BAD)
		return;
	at[1] = '\0';
	at = g_strconcat(*address, domain, NULL);
	g_free(*address);
	*address = at;
}

const char *value_check_recipient(char **value)
{
	char *text = *value;
	size_t length = strlen(text);
	const char *problem;

	if (length >= 2 && text[0] == '<' && text[length - 1] == '>') {
		text[length - 1] = '\0';
		memmove(text, text + 1, length - 1);
	}
	problem = recipient_pattern_error(text);
	if (problem != NULL)
		return problem;
	normalize_domain(value);
	return g_str_is_ascii(strrchr(*value, '@'))
		   ? NULL
		   : "can't be a recipient: the domain can't be written in "
		     "A-labels";
}

const char *value_check_domain(char **value)
{
	char *domain;

	if (syntax_domain(*value, true, &domain) == SYNTAX_BAD)
		return "is not a domain name; allowed are \"example.com\" and "
		       "\"*.example.com\"";
	g_free(*value);
	*value = domain;
	return NULL;
}

/* The authserv-id of RFC 8601 section 2.2 is a MIME value; of those, all that
 * are in use are tokens (RFC 2045 section 5.1), most of them host names. */
const char *value_check_authserv_id(char **value)
{
	const char *text = *value;
	bool good = text[0] != '\0' && strlen(text) <= 255;

	for (const char *at = text; *at != '\0'; at++)
		if (!g_ascii_isgraph(*at) ||
		    strchr("()<>@,;:\\\"/[]?=", *at) != NULL)
			good = false;
	return good ? NULL
		    : "is not an authserv-id; it is one word without any of "
		      "()<>@,;:\\\"/[]?=, mostly the mail server's host name";
}
