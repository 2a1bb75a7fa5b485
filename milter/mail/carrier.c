/* SPDX-License-Identifier: MIT */
/*
 * Every header field of every message that passes is looked at, so nothing here
 * allocates, and every scan goes forward once. The Content-Type is read
 * leniently: what does not follow the grammar is skipped up to the next
 * semicolon, because a carrier that is not recognised is a lost report.
 */
#include "mail/carrier.h"

#include <stddef.h>
#include <string.h>

#include "base/span.h"
#include "rfc5322.h"

/* A token or a quoted string without its quotes; returns where it ends. Quoted
 * pairs are not resolved: the values that are looked for have none. */
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
	*ret_word = span_trim(*ret_word);
	rfc5322_skip_cfws(&p);
	return p;
}

/* Skips to the next semicolon that is not inside quotes or a comment. */
static const char *skip_to_semicolon(const char *p)
{
	struct span word;

	while (*p != '\0' && *p != ';') {
		const char *next = take_word(p, &word);

		p = next > p ? next : p + 1;
	}
	return p;
}

/* Whether the parameters from p on, "; name=value; …", say that the report is
 * of this kind. */
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

static bool is_report_type(const char *value)
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

bool carrier_header(const char *name, const char *value)
{
	struct span field = span_trim(span_of(name));

	if (span_equals(field, "Content-Type"))
		return is_report_type(value);
	return span_equals(field, "TLS-Report-Domain") ||
	       span_equals(field, "TLS-Report-Submitter");
}
