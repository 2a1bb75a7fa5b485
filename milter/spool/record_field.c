/* SPDX-License-Identifier: MIT */
/*
 * Reading is strict: what record_header() would not write is refused, so that a
 * damaged file is noticed and not half understood.
 */
#include "record_field.h"

#include <string.h>

#include "base/digest.h"
#include "base/syntax.h"

#define TIME_LENGTH (sizeof("2026-11-24T20:20:51.123456Z") - 1)

char **record_field_string(
    const struct record_field *field, const struct record *record)
{
	return (char **)(void *)((char *)record + field->offset);
}

unsigned int *record_field_word(
    const struct record_field *field, const struct record *record)
{
	return (unsigned int *)(void *)((char *)record + field->offset);
}

/* Decodes percent-encoding. NULL when value isn't encoded so, or has a NUL. */
static char *decode(const char *value)
{
	GString *out = g_string_new(NULL);

	while (*value != '\0') {
		size_t plain = strcspn(value, "%");
		int high, low;

		g_string_append_len(out, value, (gssize)plain);
		value += plain;
		if (*value == '\0')
			break;
		high = g_ascii_xdigit_value(value[1]);
		low = high < 0 ? -1 : g_ascii_xdigit_value(value[2]);
		if (low < 0 || (high == 0 && low == 0)) {
			g_string_free(out, TRUE);
			return NULL;
		}
		g_string_append_c(out, (char)(high * 16 + low));
		value += 3;
	}
	return g_string_free(out, FALSE);
}

static const char *parse_string(
    const struct record_field *field, struct record *record, const char *value)
{
	char *decoded = decode(value);

	if (decoded == NULL)
		return "is not percent-encoded (RFC 3986 section 2.1)";
	*record_field_string(field, record) = decoded;
	return NULL;
}

static const char *parse_recipient(
    const struct record_field *field, struct record *record, const char *value)
{
	char *decoded = decode(value);

	(void)field;
	if (decoded == NULL)
		return "is not percent-encoded (RFC 3986 section 2.1)";
	g_ptr_array_add(record->recipients, decoded);
	return record->recipients->len <= RECORD_RECIPIENTS_MAX
		   ? NULL
		   : "comes more than 10000 times";
}

/* 0 or 1 when value is that word, -1 when it is neither. */
static int choose(const char *value, const char *zero, const char *one)
{
	if (strcmp(value, zero) == 0)
		return 0;
	return strcmp(value, one) == 0 ? 1 : -1;
}

static const char *parse_word(
    const struct record_field *field, struct record *record, const char *value)
{
	int choice = choose(value, field->words[0], field->words[1]);

	if (choice < 0)
		return field->problem;
	*record_field_word(field, record) = (unsigned int)choice;
	return NULL;
}

static const char *parse_authenticated(
    const struct record_field *field, struct record *record, const char *value)
{
	int choice = choose(value, "no", "yes");

	(void)field;
	if (choice < 0)
		return "is neither yes nor no";
	record->authenticated = choice == 1;
	return NULL;
}

static const char *parse_dkim_result(
    const struct record_field *field, struct record *record, const char *value)
{
	if (choose(value, "pass", "fail") < 0 && strcmp(value, "none") != 0)
		return "is none of pass, fail, none";
	*record_field_string(field, record) = g_strdup(value);
	return NULL;
}

static const char *parse_received_at(
    const struct record_field *field, struct record *record, const char *value)
{
	static const char problem[] =
	    "is not an RFC 3339 time in UTC with microseconds";
	int64_t seconds, microseconds = 0;

	(void)field;
	if (strlen(value) != TIME_LENGTH || value[19] != '.' ||
	    value[TIME_LENGTH - 1] != 'Z' ||
	    syntax_time(value, &seconds) != SYNTAX_OK)
		return problem;
	for (size_t i = 20; i < TIME_LENGTH - 1; i++) {
		if (!g_ascii_isdigit(value[i]))
			return problem;
		microseconds = microseconds * 10 + (value[i] - '0');
	}
	record->received_at = seconds * G_USEC_PER_SEC + microseconds;
	return NULL;
}

static const char *parse_length(
    const struct record_field *field, struct record *record, const char *value)
{
	size_t digits = strspn(value, "0123456789");
	uint64_t length = 0;

	(void)field;
	/* 18 digits fit into 64 bits. */
	if (digits == 0 || digits > 18 || value[digits] != '\0' ||
	    (digits > 1 && value[0] == '0'))
		return "is not a number of bytes";
	for (size_t i = 0; i < digits; i++)
		length = length * 10 + (uint64_t)(value[i] - '0');
	record->length = length;
	return NULL;
}

static const char *parse_sha256(
    const struct record_field *field, struct record *record, const char *value)
{
	(void)field;
	if (strlen(value) != DIGEST_HEX_SIZE - 1 ||
	    strspn(value, "0123456789abcdef") != DIGEST_HEX_SIZE - 1)
		return "is not 64 hexadecimal digits in lower case";
	for (size_t i = 0; i < DIGEST_SIZE; i++)
		record->sha256[i] =
		    (uint8_t)(g_ascii_xdigit_value(value[2 * i]) * 16 +
			      g_ascii_xdigit_value(value[2 * i + 1]));
	return NULL;
}

#define STRING(line, member)                              \
	{                                                 \
		.name = (line), .parse = parse_string,    \
		.offset = offsetof(struct record, member) \
	}
#define WORD(name, member, first, second)                               \
	{                                                               \
		name, parse_word, offsetof(struct record, member),      \
		    {first, second}, "is neither " first " nor " second \
	}

const struct record_field record_fields[RECORD_FIELD_COUNT] = {
    [RECORD_FIELD_KIND] = WORD("kind", kind, "report", "rejection"),
    [RECORD_FIELD_SOURCE] = WORD("source", source, "milter", "import"),
    [RECORD_FIELD_RECEIVED_AT] = {.name = "received-at",
	.parse = parse_received_at},
    [RECORD_FIELD_QUEUE_ID] = STRING("queue-id", queue_id),
    [RECORD_FIELD_ENVELOPE_FROM] = STRING("envelope-from", envelope_from),
    [RECORD_FIELD_RECIPIENT] = {.name = "recipient", .parse = parse_recipient},
    [RECORD_FIELD_MESSAGE_ID] = STRING("message-id", message_id),
    [RECORD_FIELD_FROM_DOMAIN] = STRING("from-domain", from_domain),
    [RECORD_FIELD_TLS_REPORT_DOMAIN] =
	STRING("tls-report-domain", tls_report_domain),
    [RECORD_FIELD_TLS_REPORT_SUBMITTER] =
	STRING("tls-report-submitter", tls_report_submitter),
    [RECORD_FIELD_DKIM_RESULT] = {.name = "dkim-result",
	.parse = parse_dkim_result,
	.offset = offsetof(struct record, dkim_result)},
    [RECORD_FIELD_DKIM_DOMAIN] = STRING("dkim-domain", dkim_domain),
    [RECORD_FIELD_AUTHENTICATED] = {.name = "authenticated",
	.parse = parse_authenticated},
    [RECORD_FIELD_SUBMITTER] = STRING("submitter", submitter),
    [RECORD_FIELD_MEDIA_TYPE] = STRING("media-type", media_type),
    [RECORD_FIELD_FILENAME] = STRING("filename", filename),
    [RECORD_FIELD_REASON] = WORD("reason", reason, "invalid", "refused"),
    [RECORD_FIELD_DETAIL] = STRING("detail", detail),
    [RECORD_FIELD_LENGTH] = {.name = "length", .parse = parse_length},
    [RECORD_FIELD_SHA256] = {.name = "sha256", .parse = parse_sha256},
};
