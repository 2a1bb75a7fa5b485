/* SPDX-License-Identifier: MIT */
/*
 * The loader writes tens of megabytes a batch with this. So numbers are made
 * into digits here: g_string_append_printf() allocates each time.
 */
#include "base/json_writer.h"

#include <math.h>

#include "base/escape.h"

/* Digits of a 64-bit number with its sign. */
#define INTEGER_SIZE 20

/* What stands in front of a value: a comma and the member's name. */
static void begin_value(struct json_writer *json, const char *name)
{
	if (json->comma)
		g_string_append_len(json->out, ", ", json->spaced ? 2 : 1);
	json->comma = true;
	if (name == NULL)
		return;
	g_string_append_c(json->out, '"');
	g_string_append(json->out, name);
	g_string_append_len(json->out, "\": ", json->spaced ? 3 : 2);
}

static void begin_nested(
    struct json_writer *json, const char *name, char bracket)
{
	begin_value(json, name);
	g_string_append_c(json->out, bracket);
	json->comma = false;
}

static void end_nested(struct json_writer *json, char bracket)
{
	g_string_append_c(json->out, bracket);
	json->comma = true;
}

void json_writer_begin_object(struct json_writer *json, const char *name)
{
	begin_nested(json, name, '{');
}

void json_writer_end_object(struct json_writer *json)
{
	end_nested(json, '}');
}

void json_writer_begin_array(struct json_writer *json, const char *name)
{
	begin_nested(json, name, '[');
}

void json_writer_end_array(struct json_writer *json)
{
	end_nested(json, ']');
}

void json_writer_string(
    struct json_writer *json, const char *name, const char *value)
{
	begin_value(json, name);
	escape_json(json->out, value);
}

void json_writer_integer(
    struct json_writer *json, const char *name, int64_t value)
{
	char digits[INTEGER_SIZE];
	char *start = digits + sizeof(digits);
	/* Negated as unsigned, where INT64_MIN has a counterpart. */
	uint64_t rest = value < 0 ? -(uint64_t)value : (uint64_t)value;

	begin_value(json, name);
	do {
		*--start = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest > 0);
	if (value < 0)
		*--start = '-';
	g_string_append_len(json->out, start, digits + sizeof(digits) - start);
}

void json_writer_number(
    struct json_writer *json, const char *name, double value)
{
	char digits[G_ASCII_DTOSTR_BUF_SIZE] = "null";

	begin_value(json, name);
	if (isfinite(value))
		g_ascii_dtostr(digits, sizeof(digits), value);
	g_string_append(json->out, digits);
}

void json_writer_boolean(struct json_writer *json, const char *name, bool value)
{
	begin_value(json, name);
	g_string_append(json->out, value ? "true" : "false");
}

void json_writer_raw(struct json_writer *json, const char *name,
    const char *value, size_t length)
{
	begin_value(json, name);
	g_string_append_len(json->out, value, (gssize)length);
}

void json_writer_line(struct json_writer *json)
{
	g_string_append(json->out, json->comma ? ",\n " : "\n ");
	json->comma = false;
}
