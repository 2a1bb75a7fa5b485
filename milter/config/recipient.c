/* SPDX-License-Identifier: MIT */
/*
 * Every recipient of every message that passes is looked at, so nothing here
 * allocates, unless a domain has U-labels.
 */
#include "config/recipient.h"

#include <glib.h>
#include <stddef.h>
#include <string.h>

#include "base/span.h"
#include "base/syntax.h"

#define REFUSED "can't be a recipient: "

/* The address in an RCPT argument, without <> and without a source route
 * (RFC 5321 appendix C). Empty for the null path. */
static struct span find_address(const char *rcpt)
{
	struct span address = span_trim(span_of(rcpt));
	const char *colon;

	if (address.length >= 2 && address.start[0] == '<' &&
	    address.start[address.length - 1] == '>')
		address = span_trim(
		    (struct span){address.start + 1, address.length - 2});
	if (address.length > 0 && address.start[0] == '@') {
		colon = memchr(address.start, ':', address.length);
		if (colon != NULL) {
			address.length -= (size_t)(colon + 1 - address.start);
			address.start = colon + 1;
		}
	}
	return address;
}

/* Splits at the last '@', since a quoted local part may hold others. */
static bool split_address(
    struct span address, struct span *ret_local, struct span *ret_domain)
{
	const char *at = memrchr(address.start, '@', address.length);

	if (at == NULL)
		return false;
	ret_local->start = address.start;
	ret_local->length = (size_t)(at - address.start);
	ret_domain->start = at + 1;
	ret_domain->length = address.length - ret_local->length - 1;
	return ret_local->length > 0 && ret_domain->length > 0;
}

/* The domain of an envelope in A-labels, a new string; NULL when it has none
 * but ASCII characters, or can't be written so. */
static char *to_a_labels(struct span domain)
{
	bool ascii = true;
	char *text, *name = NULL;

	for (size_t i = 0; i < domain.length; i++)
		ascii = ascii && (unsigned char)domain.start[i] < 0x80;
	if (ascii)
		return NULL;
	text = g_strndup(domain.start, domain.length);
	(void)syntax_domain(text, false, &name);
	g_free(text);
	return name;
}

static bool match_pattern(
    const char *pattern, struct span local, struct span domain)
{
	struct span part, host;

	if (!split_address(span_of(pattern), &part, &host) ||
	    !span_same(host, domain))
		return false;
	if (part.start[part.length - 1] == '*') /* "*" or "local+*" */
		return local.length >= part.length - 1 &&
		       g_ascii_strncasecmp(
			   part.start, local.start, part.length - 1) == 0;
	return span_same(part, local);
}

bool recipient_matches(char *const *patterns, const char *rcpt)
{
	g_autofree char *name = NULL;
	struct span local, domain;

	if (!split_address(find_address(rcpt), &local, &domain))
		return false;
	name = to_a_labels(domain);
	if (name != NULL)
		domain = span_of(name);
	else if (domain.start[domain.length - 1] == '.')
		domain.length--; /* of the root (RFC 1034 section 3.1) */
	for (; *patterns != NULL; patterns++)
		if (match_pattern(*patterns, local, domain))
			return true;
	return false;
}

const char *recipient_pattern_error(const char *pattern)
{
	struct span local, domain;
	const char *star;

	for (const char *p = pattern; *p != '\0'; p++)
		if (g_ascii_iscntrl(*p) || *p == ' ' || *p == '<' || *p == '>')
			return REFUSED
			    "an address has no blanks, controls, '<' or "
			    "'>' in it";
	if (pattern[0] == '#')
		return REFUSED "what begins with '#' looks like a comment";
	if (strchr(pattern, '@') == NULL)
		return REFUSED
		    "an address needs an '@', such as tlsrpt@example.com";
	if (!split_address(span_of(pattern), &local, &domain))
		return pattern[0] == '@' && strchr(pattern + 1, '@') == NULL
			   ? REFUSED "nothing stands before the '@'; write "
				     "*@domain for all addresses of a domain"
			   : REFUSED
			   "nothing stands before or behind the last '@'";
	if (memchr(domain.start, '*', domain.length) != NULL)
		return REFUSED "'*' isn't allowed in the domain";
	if (memchr(domain.start, '\'', domain.length) != NULL ||
	    memchr(domain.start, '"', domain.length) != NULL)
		return REFUSED "a quote isn't allowed in the domain";
	star = memchr(local.start, '*', local.length);
	if (star == NULL || (local.length == 1 && star == local.start))
		return NULL;
	if (star != local.start + local.length - 1 || local.length < 3 ||
	    star[-1] != '+')
		return REFUSED
		    "'*' is allowed only as *@domain or local+*@domain";
	return NULL;
}
