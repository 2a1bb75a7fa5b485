/* SPDX-License-Identifier: MIT */
/*
 * Every header field of every message that passes is looked at, so nothing here
 * allocates, and every scan goes forward once. The Content-Type is read
 * leniently: what does not follow the grammar is skipped up to the next
 * semicolon, because a carrier that is not recognised is a lost report.
 */
#include "mail/carrier.h"

#include <glib.h>
#include <stddef.h>
#include <string.h>

#include "base/span.h"
#include "rfc5322.h"

/* A token or a quoted string without its quotes; returns where it ends. Quoted
 * pairs are not resolved: the values that are looked for have none. */
static const char *read_word(const char *p, struct span *ret_word)
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
		const char *next = read_word(p, &word);

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
		p = read_word(p + 1, &name);
		if (*p != '=')
			continue;
		p = read_word(p + 1, &value);
		if (span_equals(name, "report-type") &&
		    span_equals(value, "tlsrpt"))
			return true;
	}
	return false;
}

static bool is_report_type(const char *value)
{
	struct span type, subtype;
	const char *p = read_word(value, &type);

	if (*p != '/')
		return false;
	p = read_word(p + 1, &subtype);
	if (span_equals(type, "application"))
		return span_begins(subtype, "tlsrpt");
	return span_equals(type, "multipart") &&
	       span_equals(subtype, "report") && find_report_type(p);
}

static bool is_carrier_field(struct span field, const char *value)
{
	if (span_equals(field, "Content-Type"))
		return is_report_type(value);
	return span_equals(field, "TLS-Report-Domain") ||
	       span_equals(field, "TLS-Report-Submitter");
}

bool carrier_header(const char *name, const char *value)
{
	return is_carrier_field(span_trim(span_of(name)), value);
}

/* Moves behind a word that begins here, blanks and folds apart, in any case. */
static bool skip_word(const char **cursor, const char *word)
{
	struct span rest = span_trim(span_of(*cursor));

	if (!span_begins(rest, word))
		return false;
	*cursor = rest.start + strlen(word);
	return true;
}

/* "Report Domain: d Submitter: s Report-ID: i" (RFC 8460 section 5.3), whatever
 * the three are: senders write them in several ways. */
static bool is_report_subject(const char *value)
{
	if (!skip_word(&value, "Report") || !skip_word(&value, "Domain:"))
		return false;
	value = strcasestr(value, "Submitter:");
	return value != NULL && strcasestr(value, "Report-ID:") != NULL;
}

/* "Re: …", "Fwd: …", as mail programs begin the subject of an answer. */
static bool has_answer_prefix(const char *value)
{
	static const char *const prefixes[] = {
	    "Re:", "Fwd:", "Fw:", "Aw:", "Wg:"};

	for (size_t i = 0; i < G_N_ELEMENTS(prefixes); i++)
		if (skip_word(&value, prefixes[i]))
			return true;
	return false;
}

unsigned int carrier_signs(struct span name, const char *value)
{
	if (is_carrier_field(name, value))
		return CARRIER_IS_REPORT;
	if (span_equals(name, "In-Reply-To") || span_equals(name, "References"))
		return CARRIER_IS_ANSWER;
	if (!span_equals(name, "Subject"))
		return 0;
	if (is_report_subject(value))
		return CARRIER_IS_REPORT;
	return has_answer_prefix(value) ? CARRIER_SEEMS_ANSWER : 0;
}
