/* SPDX-License-Identifier: MIT */
/*
 * Reading is strict: what would not be written is refused, so that a damaged
 * file is noticed and not half understood. The writer keeps within the reader's
 * bounds, whatever a message says: texts are cut at TEXT_MAX, and recipients
 * beyond RECIPIENTS_ROOM are counted instead of named, so that no report is
 * lost because of its envelope.
 */
#include "record_field.h"

#include <string.h>

#include "base/digest.h"
#include "base/syntax.h"
#include "base/utf8.h"

/* Before percent-encoding, which makes three bytes of one. */
#define TEXT_MAX ((size_t)8192)
#define RECIPIENTS_ROOM ((size_t)512 * 1024)
#define RECIPIENTS_MAX 10000

#define FIELD(label, kind_of_value, member)       \
	.name = (label), .type = (kind_of_value), \
	.offset = offsetof(struct record, member)

/* Fields of type WORD are enums of two values, 0 and 1. */
_Static_assert(sizeof(enum record_kind) == sizeof(unsigned int), "enum");

const struct record_field record_fields[RECORD_FIELD_COUNT] = {
    {FIELD("kind", WORD, kind), .needed = true,
	.words = {"report", "rejection"},
	.otherwise = "is neither report nor rejection"},
    {FIELD("source", WORD, source), .needed = true,
	.words = {"milter", "import"},
	.otherwise = "is neither milter nor import"},
    {FIELD("received-at", TIME, received_at), .needed = true},
    {FIELD("queue-id", TEXT, queue_id)},
    {FIELD("envelope-from", TEXT, envelope_from)},
    {FIELD("recipient", RECIPIENTS, recipients)},
    {FIELD("message-id", TEXT, message_id)},
    {FIELD("from-domain", TEXT, from_domain)},
    {FIELD("tls-report-domain", TEXT, tls_report_domain)},
    {FIELD("tls-report-submitter", TEXT, tls_report_submitter)},
    {FIELD("dkim-result", TEXT, dkim_result), .words = {"pass", "fail", "none"},
	.otherwise = "is none of pass, fail, none"},
    {FIELD("dkim-domain", TEXT, dkim_domain)},
    {FIELD("authenticated", FLAG, authenticated), .words = {"no", "yes"},
	.otherwise = "is neither yes nor no"},
    {FIELD("submitter", TEXT, submitter)},
    {FIELD("media-type", TEXT, media_type)},
    {FIELD("filename", TEXT, filename)},
    {FIELD("reason", WORD, reason), .needed = true, .rejection = true,
	.words = {"invalid", "refused"},
	.otherwise = "is neither invalid nor refused"},
    {FIELD("detail", TEXT, detail), .rejection = true},
    {FIELD("length", NUMBER, length), .needed = true},
    {FIELD("sha256", DIGEST, sha256), .needed = true},
};

/* The record's member for a field, which may be changed. */
static void *member(
    const struct record_field *field, const struct record *record)
{
	return (char *)record + field->offset;
}

void record_field_free(
    const struct record_field *field, const struct record *record)
{
	if (field->type == TEXT)
		g_free(*(char **)member(field, record));
}

/* ---- writing ---- */

static void append_line(GString *out, const char *name, const char *value)
{
	g_string_append(out, name);
	g_string_append(out, ": ");
	g_string_append(out, value);
	g_string_append_c(out, '\n');
}

/* Percent-encodes controls, '%' and all that is not ASCII (RFC 3986 section
 * 2.1). */
static void append_text(GString *out, const char *name, const char *text)
{
	size_t length = utf8_cut(text, TEXT_MAX);

	g_string_append(out, name);
	g_string_append(out, ": ");
	for (size_t i = 0; i < length; i++) {
		if (g_ascii_isprint(text[i]) && text[i] != '%')
			g_string_append_c(out, text[i]);
		else
			g_string_append_printf(
			    out, "%%%02X", (unsigned int)(guchar)text[i]);
	}
	g_string_append_c(out, '\n');
}

static void append_recipients(
    GString *out, const char *name, const GPtrArray *recipients)
{
	size_t end = out->len + RECIPIENTS_ROOM;
	size_t room = 3 * TEXT_MAX + sizeof("recipient: \n");
	guint i;

	for (i = 0; i < recipients->len && i < RECIPIENTS_MAX; i++) {
		if (out->len + room > end)
			break;
		append_text(out, name, g_ptr_array_index(recipients, i));
	}
	if (i < recipients->len)
		g_string_append_printf(
		    out, "recipients-left-out: %u\n", recipients->len - i);
}

void record_field_append(
    const struct record_field *field, const struct record *record, GString *out)
{
	const void *at = member(field, record);
	char time[RECORD_TIME_SIZE], hex[DIGEST_HEX_SIZE];

	switch (field->type) {
	case TEXT:
		if (*(char *const *)at != NULL)
			append_text(out, field->name, *(char *const *)at);
		break;
	case WORD:
		append_line(
		    out, field->name, field->words[*(const unsigned int *)at]);
		break;
	case FLAG:
		append_line(out, field->name, field->words[*(const bool *)at]);
		break;
	case RECIPIENTS:
		append_recipients(out, field->name, record->recipients);
		break;
	case TIME:
		record_time_format(record->received_at, time);
		append_line(out, field->name, time);
		break;
	case NUMBER:
		g_string_append_printf(out, "%s: %" G_GUINT64_FORMAT "\n",
		    field->name, (guint64)record->length);
		break;
	case DIGEST:
		digest_hex(record->sha256, hex);
		append_line(out, field->name, hex);
		break;
	}
}

/* ---- reading ---- */

static const char *parse_text(const char *value, char **ret_text)
{
	*ret_text = g_uri_unescape_string(value, NULL);
	return *ret_text == NULL
		   ? "is not percent-encoded (RFC 3986 section 2.1)"
		   : NULL;
}

static const char *parse_recipient(const char *value, GPtrArray *recipients)
{
	char *text = NULL;
	const char *problem = parse_text(value, &text);

	if (problem != NULL)
		return problem;
	g_ptr_array_add(recipients, text);
	return recipients->len <= RECIPIENTS_MAX
		   ? NULL
		   : "comes more than 10000 times";
}

static const char *parse_time(const char *value, int64_t *ret_time)
{
	char whole[SYNTAX_TIME_SIZE];
	int64_t seconds;

	g_snprintf(whole, sizeof(whole), "%.19sZ", value);
	if (syntax_time(whole, &seconds) != SYNTAX_OK || value[19] != '.' ||
	    strspn(value + 20, "0123456789") != 6 ||
	    strcmp(value + 26, "Z") != 0)
		return "is not an RFC 3339 time in UTC with microseconds";
	*ret_time = seconds * G_USEC_PER_SEC +
		    (int64_t)g_ascii_strtoull(value + 20, NULL, 10);
	return NULL;
}

static const char *parse_number(const char *value, uint64_t *ret_number)
{
	guint64 number;

	if ((value[0] == '0' && value[1] != '\0') ||
	    !g_ascii_string_to_unsigned(
		value, 10, 0, G_MAXINT64, &number, NULL))
		return "is not a number of bytes";
	*ret_number = number;
	return NULL;
}

static const char *parse_digest(
    const char *value, uint8_t ret_digest[DIGEST_SIZE])
{
	if (strlen(value) != DIGEST_HEX_SIZE - 1 ||
	    strspn(value, "0123456789abcdef") != DIGEST_HEX_SIZE - 1)
		return "is not 64 hexadecimal digits in lower case";
	for (size_t i = 0; i < DIGEST_SIZE; i++)
		ret_digest[i] =
		    (uint8_t)(g_ascii_xdigit_value(value[2 * i]) * 16 +
			      g_ascii_xdigit_value(value[2 * i + 1]));
	return NULL;
}

const char *record_field_parse(
    const struct record_field *field, struct record *record, const char *value)
{
	void *at = member(field, record);

	if (field->words[0] != NULL && !g_strv_contains(field->words, value))
		return field->otherwise;
	switch (field->type) {
	case TEXT:
		return parse_text(value, at);
	case WORD:
		*(unsigned int *)at = strcmp(value, field->words[1]) == 0;
		break;
	case FLAG:
		*(bool *)at = strcmp(value, field->words[1]) == 0;
		break;
	case RECIPIENTS:
		return parse_recipient(value, record->recipients);
	case TIME:
		return parse_time(value, at);
	case NUMBER:
		return parse_number(value, at);
	case DIGEST:
		return parse_digest(value, at);
	}
	return NULL;
}
