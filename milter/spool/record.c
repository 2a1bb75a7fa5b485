/* SPDX-License-Identifier: MIT */
/*
 * Writer and parser use one table (record_field.c).
 */
#include "spool/record.h"

#include <string.h>

#include "base/digest.h"
#include "base/syntax.h"
#include "record_field.h"

#define HEADER_MAX ((size_t)1024 * 1024)
/* 9999-12-31T23:59:59.999999Z: RFC 3339 has years of four digits. */
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
	for (size_t i = 0; i < RECORD_FIELD_COUNT; i++)
		record_field_free(&record_fields[i], record);
	g_ptr_array_unref(record->recipients);
	g_clear_pointer(&record->bytes, g_bytes_unref);
	g_free(record);
}

void record_set_bytes(struct record *record, const void *bytes, size_t length)
{
	g_clear_pointer(&record->bytes, g_bytes_unref);
	record->bytes = g_bytes_new(bytes, length);
	record->length = length;
	digest_of(bytes, length, record->sha256);
}

void record_time_format(int64_t instant, char buf[RECORD_TIME_SIZE])
{
	char time[SYNTAX_TIME_SIZE];

	instant = CLAMP(instant, 0, TIME_MAX);
	syntax_time_format(instant / G_USEC_PER_SEC, time);
	g_snprintf(buf, RECORD_TIME_SIZE, "%.19s.%06dZ", time,
	    (int)(instant % G_USEC_PER_SEC));
}

GString *record_header(const struct record *record)
{
	GString *out = g_string_sized_new(1024);

	g_string_append(out, "version: 1\n");
	for (size_t i = 0; i < RECORD_FIELD_COUNT; i++)
		if (!record_fields[i].rejection ||
		    record->kind == RECORD_REJECTION)
			record_field_append(&record_fields[i], record, out);
	g_string_append_c(out, '\n');
	return out;
}

/* Cuts "name: value" in two. Returns the value, or NULL when the name isn't one
 * or when a byte should have been encoded. */
static char *split_line(char *line)
{
	size_t name = 0;

	while (g_ascii_islower(line[name]) || g_ascii_isdigit(line[name]) ||
	       line[name] == '-')
		name++;
	if (name == 0 || line[name] != ':' || line[name + 1] != ' ')
		return NULL;
	for (const char *at = line; *at != '\0'; at++)
		if (!g_ascii_isprint(*at))
			return NULL;
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
	if (strcmp(line, "version") == 0)
		return g_strdup("states the version again");
	while (
	    i < RECORD_FIELD_COUNT && strcmp(record_fields[i].name, line) != 0)
		i++;
	if (i == RECORD_FIELD_COUNT)
		return NULL;
	if (seen[i] && record_fields[i].type != RECIPIENTS)
		return g_strdup_printf("states %s again", line);
	seen[i] = true;
	problem = record_field_parse(&record_fields[i], record, value);
	return problem == NULL ? NULL : g_strdup_printf("%s %s", line, problem);
}

/* Reads a header. NULL, or what is wrong (g_free). */
static char *read_header(struct record *record, const char *header, bool *seen)
{
	char **lines = g_strsplit(header, "\n", -1);
	char *problem = NULL, *sentence = NULL;

	for (size_t i = 0; lines[i][0] != '\0' && problem == NULL; i++) {
		if (i > 0)
			problem = read_line(record, lines[i], seen);
		else if (strcmp(lines[i], "version: 1") != 0)
			problem = g_strdup("is not \"version: 1\"; this "
					   "program knows no other");
		if (problem != NULL)
			sentence =
			    g_strdup_printf("line %zu %s", i + 1, problem);
	}
	g_free(problem);
	g_strfreev(lines);
	return sentence;
}

/* Checks that needed lines are there, and that they match the body. NULL, or
 * what is wrong (g_free). */
static char *judge(const struct record *record, const bool *seen,
    const uint8_t *body, size_t length)
{
	bool rejection = record->kind == RECORD_REJECTION;
	uint8_t sha256[DIGEST_SIZE];

	for (size_t i = 0; i < RECORD_FIELD_COUNT; i++) {
		const struct record_field *field = &record_fields[i];
		bool belongs = !field->rejection || rejection;

		if (field->needed && belongs && !seen[i])
			return g_strdup_printf(
			    "the line %s is missing", field->name);
		if (seen[i] && !belongs)
			return g_strdup("a report has no reason or detail");
	}
	if (rejection)
		return length == 0 ? NULL
				   : g_strdup("a rejection carries no bytes, "
					      "but there are some");
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
	const uint8_t *end =
	    length == 0 ? NULL
			: memmem(bytes, MIN(length, HEADER_MAX), "\n\n", 2);
	bool seen[RECORD_FIELD_COUNT] = {false};
	struct record *record;
	const uint8_t *body;
	char *header, *problem;

	if (end == NULL) {
		*ret_error =
		    g_strdup("no blank line ends the header within 1 MiB");
		return NULL;
	}
	body = end + 2;
	if (memchr(bytes, '\0', (size_t)(body - bytes)) != NULL) {
		*ret_error = g_strdup("there is a NUL byte in the header");
		return NULL;
	}
	length -= (size_t)(body - bytes);
	record = record_new();
	header = g_strndup((const char *)bytes, (size_t)(body - bytes));
	problem = read_header(record, header, seen);
	if (problem == NULL)
		problem = judge(record, seen, body, length);
	g_free(header);
	if (problem != NULL) {
		record_free(record);
		*ret_error = problem;
		return NULL;
	}
	if (record->kind == RECORD_REPORT)
		record->bytes = g_bytes_new(body, length);
	return record;
}
