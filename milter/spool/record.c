/* SPDX-License-Identifier: MIT */
/*
 * Writer and parser use one table (record_field.c). The writer keeps within the
 * parser's bounds, whatever a message says: strings are cut at STRING_MAX, and
 * recipients beyond RECIPIENTS_ROOM are counted instead of named, so that no
 * report is lost because of its envelope.
 */
#include "spool/record.h"

#include <string.h>

#include "base/digest.h"
#include "base/syntax.h"
#include "base/utf8.h"
#include "record_field.h"

#define HEADER_MAX ((size_t)1024 * 1024)
/* Before percent-encoding, which makes three bytes of one. */
#define STRING_MAX ((size_t)8192)
#define RECIPIENTS_ROOM (HEADER_MAX / 2)
/* 9999-12-31T23:59:59.999999Z */
#define TIME_MAX G_GINT64_CONSTANT(253402300799999999)

struct record *record_new(void)
{
	struct record *record = g_new0(struct record, 1);

	record->recipients = g_ptr_array_new_with_free_func(g_free);
	return record;
}

void record_free(struct record *record)
{
	if (record == NULL)
		return;
	for (size_t i = 0; i < RECORD_FIELD_COUNT; i++) {
		if (record_fields[i].offset > 0 &&
		    record_fields[i].words[0] == NULL)
			g_free(*record_field_string(&record_fields[i], record));
	}
	g_ptr_array_unref(record->recipients);
	if (record->bytes != NULL)
		g_bytes_unref(record->bytes);
	g_free(record);
}

void record_set_bytes(struct record *record, const void *bytes, size_t length)
{
	if (record->bytes != NULL)
		g_bytes_unref(record->bytes);
	record->bytes = g_bytes_new(bytes, length);
	record->length = length;
	digest_of(bytes, length, record->sha256);
}

/* ---- writing ---- */

/* Percent-encodes what the parser only accepts encoded. */
static void append_encoded(GString *out, const char *value, size_t length)
{
	size_t done = 0;

	while (done < length) {
		size_t plain = done;

		while (plain < length && value[plain] >= 0x20 &&
		       value[plain] < 0x7f && value[plain] != '%')
			plain++;
		g_string_append_len(out, value + done, (gssize)(plain - done));
		if (plain < length)
			g_string_append_printf(
			    out, "%%%02X", (guchar)value[plain++]);
		done = plain;
	}
}

static void append_line(GString *out, const char *name, const char *value)
{
	g_string_append(out, name);
	g_string_append(out, ": ");
	append_encoded(out, value, utf8_cut(value, STRING_MAX));
	g_string_append_c(out, '\n');
}

static void append_received_at(GString *out, int64_t received_at)
{
	char time[SYNTAX_TIME_SIZE];

	/* RFC 3339 has years of four digits. */
	received_at = CLAMP(received_at, 0, TIME_MAX);
	syntax_time_format(received_at / G_USEC_PER_SEC, time);
	time[strcspn(time, "Z")] = '\0';
	g_string_append_printf(out, "received-at: %s.%06dZ\n", time,
	    (int)(received_at % G_USEC_PER_SEC));
}

static void append_recipients(GString *out, const GPtrArray *recipients)
{
	size_t end = out->len + RECIPIENTS_ROOM;
	size_t room = 3 * STRING_MAX + sizeof("recipient: \n");
	guint i;

	for (i = 0; i < recipients->len && i < RECORD_RECIPIENTS_MAX; i++) {
		if (out->len + room > end)
			break;
		append_line(out, "recipient", g_ptr_array_index(recipients, i));
	}
	if (i < recipients->len)
		g_string_append_printf(
		    out, "recipients-left-out: %u\n", recipients->len - i);
}

static void append_field(GString *out, size_t i, const struct record *record)
{
	const struct record_field *field = &record_fields[i];
	bool rejection = record->kind == RECORD_REJECTION;
	char hex[DIGEST_HEX_SIZE];
	const char *string;

	switch (i) {
	case RECORD_FIELD_RECEIVED_AT:
		append_received_at(out, record->received_at);
		break;
	case RECORD_FIELD_RECIPIENT:
		append_recipients(out, record->recipients);
		break;
	case RECORD_FIELD_AUTHENTICATED:
		append_line(
		    out, field->name, record->authenticated ? "yes" : "no");
		break;
	case RECORD_FIELD_LENGTH:
		g_string_append_printf(out, "length: %" G_GUINT64_FORMAT "\n",
		    (guint64)record->length);
		break;
	case RECORD_FIELD_SHA256:
		digest_hex(record->sha256, hex);
		append_line(out, field->name, hex);
		break;
	default:
		string = field->words[0] != NULL
			     ? field->words[*record_field_word(field, record)]
			     : *record_field_string(field, record);
		if (string != NULL &&
		    (rejection ||
			(i != RECORD_FIELD_REASON && i != RECORD_FIELD_DETAIL)))
			append_line(out, field->name, string);
		break;
	}
}

GString *record_header(const struct record *record)
{
	GString *out = g_string_sized_new(1024);

	g_string_append(out, "version: 1\n");
	for (size_t i = 0; i < RECORD_FIELD_COUNT; i++)
		append_field(out, i, record);
	g_string_append_c(out, '\n');
	return out;
}

/* ---- reading ---- */

/* The length of the header with its blank line, or 0 when there is none. */
static size_t measure_header(const uint8_t *bytes, size_t length)
{
	size_t most = MIN(length, HEADER_MAX);
	const uint8_t *at = bytes;

	if (length == 0)
		return 0;
	while ((at = memchr(at, '\n', most - (size_t)(at - bytes))) != NULL) {
		at++;
		if ((size_t)(at - bytes) < most && *at == '\n')
			return (size_t)(at - bytes) + 1;
	}
	return 0;
}

/* Cuts "name: value" in two. Returns the value, or NULL when the name isn't one
 * or when a byte should have been encoded. */
static char *split_line(char *line)
{
	size_t name = strspn(line, "abcdefghijklmnopqrstuvwxyz0123456789-");

	if (name == 0 || line[name] != ':' || line[name + 1] != ' ')
		return NULL;
	for (const char *at = line; *at != '\0'; at++) {
		if (!g_ascii_isprint(*at))
			return NULL;
	}
	line[name] = '\0';
	return line + name + 2;
}

/* Reads one line after the first. NULL, or what is wrong (g_free). */
static char *read_line(struct record *record, char *line, bool *seen)
{
	char *value = split_line(line);
	const char *problem;
	size_t i = 0;

	if (value == NULL)
		return g_strdup("is not \"name: value\" in printable ASCII");
	while (
	    i < RECORD_FIELD_COUNT && strcmp(record_fields[i].name, line) != 0)
		i++;
	if (strcmp(line, "version") == 0)
		return g_strdup("states the version again");
	if (i == RECORD_FIELD_COUNT)
		return NULL;
	if (seen[i] && i != RECORD_FIELD_RECIPIENT)
		return g_strdup_printf("states %s again", line);
	seen[i] = true;
	problem = record_fields[i].parse(&record_fields[i], record, value);
	return problem == NULL ? NULL : g_strdup_printf("%s %s", line, problem);
}

/* Reads a NUL-terminated header. NULL, or what is wrong (g_free). */
static char *read_header(struct record *record, char *header, bool *seen)
{
	unsigned int number = 1;
	char *line = header;
	char *end;

	while ((end = strchr(line, '\n')) != NULL && end != line) {
		char *problem = NULL, *sentence;

		*end = '\0';
		if (number > 1)
			problem = read_line(record, line, seen);
		else if (strcmp(line, "version: 1") != 0)
			problem = g_strdup("is not \"version: 1\"; this "
					   "program knows no other");
		if (problem != NULL) {
			sentence =
			    g_strdup_printf("line %u %s", number, problem);
			g_free(problem);
			return sentence;
		}
		number++;
		line = end + 1;
	}
	return NULL;
}

/* Checks that needed lines are there, and that they match the body. NULL, or
 * what is wrong (g_free). */
static char *judge(const struct record *record, const bool *seen,
    const uint8_t *body, size_t length)
{
	static const size_t needed[] = {RECORD_FIELD_KIND, RECORD_FIELD_SOURCE,
	    RECORD_FIELD_RECEIVED_AT, RECORD_FIELD_LENGTH, RECORD_FIELD_SHA256};
	uint8_t sha256[DIGEST_SIZE];

	for (size_t i = 0; i < G_N_ELEMENTS(needed); i++) {
		if (!seen[needed[i]])
			return g_strdup_printf("the line %s is missing",
			    record_fields[needed[i]].name);
	}
	if (record->kind == RECORD_REJECTION) {
		if (!seen[RECORD_FIELD_REASON])
			return g_strdup("the line reason is missing");
		return length == 0
			   ? NULL
			   : g_strdup(
				 "a rejection carries no bytes, but there are "
				 "some");
	}
	if (seen[RECORD_FIELD_REASON] || seen[RECORD_FIELD_DETAIL])
		return g_strdup("a report has no reason or detail");
	if (record->length != length)
		return g_strdup_printf("length is %" G_GUINT64_FORMAT
				       ", but %zu bytes follow",
		    (guint64)record->length, length);
	digest_of(body, length, sha256);
	if (memcmp(sha256, record->sha256, sizeof(sha256)) != 0)
		return g_strdup("sha256 does not match the bytes that follow");
	return NULL;
}

struct record *record_parse(
    const uint8_t *bytes, size_t length, char **ret_error)
{
	struct record *record;
	bool seen[RECORD_FIELD_COUNT] = {false};
	size_t header_length = measure_header(bytes, length);
	char *header, *problem;

	if (header_length == 0) {
		*ret_error = g_strdup("no blank line ends the header within "
				      "1 MiB");
		return NULL;
	}
	if (memchr(bytes, '\0', header_length) != NULL) {
		*ret_error = g_strdup("there is a NUL byte in the header");
		return NULL;
	}
	record = record_new();
	header = g_strndup((const char *)bytes, header_length);
	problem = read_header(record, header, seen);
	if (problem == NULL)
		problem = judge(record, seen, bytes + header_length,
		    length - header_length);
	g_free(header);
	if (problem != NULL) {
		record_free(record);
		*ret_error = problem;
		return NULL;
	}
	if (record->kind == RECORD_REPORT)
		record->bytes =
		    g_bytes_new(bytes + header_length, length - header_length);
	return record;
}
