/* SPDX-License-Identifier: MIT */
/*
 * Looked at for every mail that passes, so nothing here allocates, and every
 * scan goes forward once. The Content-Type is read leniently: what follows no
 * grammar is passed over up to the next semicolon, because a carrier that is
 * not recognised is a report that is lost.
 */
#include "detect.h"

#include <glib.h>
#include <stddef.h>
#include <string.h>

#include "rfc5322.h"

/* A stretch of somebody else's text. */
struct span {
	const char *start;
	size_t length;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct span trim_span(struct span span)
{
	while (span.length > 0 && is_blank(span.start[0])) {
		span.start++;
		span.length--;
	}
	while (span.length > 0 && is_blank(span.start[span.length - 1]))
		span.length--;
	return span;
}

static bool span_equals(struct span span, const char *text)
{
	return span.length == strlen(text) &&
	       g_ascii_strncasecmp(span.start, text, span.length) == 0;
}

static bool span_begins(struct span span, const char *text)
{
	size_t length = strlen(text);

	return span.length >= length &&
	       g_ascii_strncasecmp(span.start, text, length) == 0;
}

/* The address in an RCPT argument, without <> and without a source route
 * (RFC 5321 appendix C). Empty for the null path. */
static struct span find_address(const char *rcpt)
{
	struct span address = trim_span((struct span){rcpt, strlen(rcpt)});
	const char *colon;

	if (address.length >= 2 && address.start[0] == '<' &&
	    address.start[address.length - 1] == '>')
		address = trim_span(
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

static bool match_pattern(
    const char *pattern, struct span local, struct span domain)
{
	struct span part, host;

	if (!split_address(
		(struct span){pattern, strlen(pattern)}, &part, &host) ||
	    host.length != domain.length ||
	    g_ascii_strncasecmp(host.start, domain.start, host.length) != 0)
		return false;
	if (part.start[part.length - 1] == '*') /* "*" or "local+*" */
		return local.length >= part.length - 1 &&
		       g_ascii_strncasecmp(
			   part.start, local.start, part.length - 1) == 0;
	return part.length == local.length &&
	       g_ascii_strncasecmp(part.start, local.start, part.length) == 0;
}

bool detect_recipient(char *const *patterns, const char *rcpt)
{
	struct span local, domain;

	if (!split_address(find_address(rcpt), &local, &domain))
		return false;
	for (; *patterns != NULL; patterns++)
		if (match_pattern(*patterns, local, domain))
			return true;
	return false;
}

const char *detect_pattern_error(const char *pattern)
{
	struct span local, domain;
	const char *star;

	for (const char *p = pattern; *p != '\0'; p++)
		if (g_ascii_iscntrl(*p) || *p == ' ' || *p == '<' || *p == '>')
			return "an address has no blanks, controls, '<' or "
			       "'>' in it";
	if (strchr(pattern, '@') == NULL)
		return "an address needs an '@', such as tlsrpt@example.com";
	if (!split_address(
		(struct span){pattern, strlen(pattern)}, &local, &domain))
		return pattern[0] == '@' && strchr(pattern + 1, '@') == NULL
			   ? "nothing stands before the '@'; write *@domain "
			     "for all "
			     "addresses of a domain"
			   : "nothing stands before or behind the last '@'";
	if (memchr(domain.start, '*', domain.length) != NULL)
		return "'*' may not stand in the domain";
	star = memchr(local.start, '*', local.length);
	if (star == NULL || (local.length == 1 && star == local.start))
		return NULL;
	if (star != local.start + local.length - 1 || local.length < 3 ||
	    star[-1] != '+')
		return "'*' may only stand as *@domain or local+*@domain";
	return NULL;
}

/* A token or a quoted string without its quotes; returns where it ends. A
 * quoted pair is not resolved: no value that is looked for has one. */
static const char *take_word(const char *p, struct span *ret_word)
{
	rfc5322_skip_cfws(&p);
	if (*p == '"') {
		ret_word->start = ++p;
		while (*p != '\0' && *p != '"')
			p += *p == '\\' && p[1] != '\0' ? 2 : 1;
		ret_word->length = (size_t)(p - ret_word->start);
		if (*p == '"')
			p++;
	} else {
		ret_word->start = p;
		ret_word->length = strcspn(p, " \t\r\n()/;=\"");
		p += ret_word->length;
	}
	*ret_word = trim_span(*ret_word);
	rfc5322_skip_cfws(&p);
	return p;
}

/* To the next semicolon that is not inside quotes or a comment. */
static const char *skip_to_semicolon(const char *p)
{
	struct span word;

	while (*p != '\0' && *p != ';') {
		const char *next = take_word(p, &word);

		p = next > p ? next : p + 1;
	}
	return p;
}

/* Whether the parameters from p on, "; name=value; …", say which kind of
 * report it is: this one. */
static bool find_report_type(const char *p)
{
	struct span name, value;

	for (p = skip_to_semicolon(p); *p == ';'; p = skip_to_semicolon(p)) {
		p = take_word(p + 1, &name);
		if (*p != '=')
			continue;
		p = take_word(p + 1, &value);
		if (span_equals(name, "report-type") &&
		    span_equals(value, "tlsrpt"))
			return true;
	}
	return false;
}

static bool detect_content_type(const char *value)
{
	struct span type, subtype;
	const char *p = take_word(value, &type);

	if (*p != '/')
		return false;
	p = take_word(p + 1, &subtype);
	if (span_equals(type, "application"))
		return span_begins(subtype, "tlsrpt");
	return span_equals(type, "multipart") &&
	       span_equals(subtype, "report") && find_report_type(p);
}

bool detect_header(const char *name, const char *value)
{
	struct span field = trim_span((struct span){name, strlen(name)});

	if (span_equals(field, "Content-Type"))
		return detect_content_type(value);
	return span_equals(field, "TLS-Report-Domain") ||
	       span_equals(field, "TLS-Report-Submitter");
}
