/* SPDX-License-Identifier: MIT */
/*
 * Senders deviate from RFC 8460 in every member that it has, and a report that
 * is refused for that is an outage nobody hears of. So each function here
 * accepts what can be understood, notes the deviation, and fails only where
 * accepting the value would mean inventing one.
 */
#include "report_member.h"

#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#include "base/syntax.h"
#include "budget.h"
#include "json_scan.h"
#include "json_tree.h"
#include "policy_line.h"

bool member_fail(struct member_reader *reader, enum decode_result result,
    const char *source, const char *key, const char *format, ...)
{
	GString *reason = g_string_new(source);
	va_list arguments;

	g_string_append(reason, ": ");
	if (key != NULL) {
		g_string_append(reason, reader->path->str);
		if (reader->path->len > 0 && *key != '\0')
			g_string_append_c(reason, '.');
		g_string_append_printf(reason, "%s: ", key);
	}
	va_start(arguments, format);
	g_string_append_vprintf(reason, format, arguments);
	va_end(arguments);
	reader->result = result;
	reader->reason = g_string_free(reason, FALSE);
	return false;
}

bool member_fail_type(struct member_reader *reader, const char *key,
    const json_t *value, const char *wanted)
{
	return member_fail(reader, DECODE_INVALID, MEMBER_RFC8460, key,
	    "is %s, not %s", json_tree_type_name(value), wanted);
}

static void note_missing(
    struct member_reader *reader, const json_t *value, int missing)
{
	if (missing < MEMBER_OPTIONAL)
		report_note(reader->report, (enum anomaly)missing);
	else if (missing == MEMBER_OPTIONAL && json_is_null(value))
		report_note(reader->report, ANOMALY_NULL_VALUE);
}

const json_t *member_get(struct member_reader *reader, const json_t *object,
    const char *key, int missing)
{
	const json_t *value = json_object_get(object, key);

	if (value != NULL && !json_is_null(value))
		return value;
	note_missing(reader, value, missing);
	return NULL;
}

/* The shortest decimal that reads back as the same number. */
static char *real_text(double number)
{
	char text[G_ASCII_DTOSTR_BUF_SIZE];
	int precision = 15;

	do
		g_snprintf(text, sizeof(text), "%.*g", precision++, number);
	while (precision <= 17 &&
	       (strtod(text, NULL) < number || strtod(text, NULL) > number));
	return g_strdup(text);
}

static bool is_container(const json_t *value)
{
	return json_is_object(value) || json_is_array(value);
}

/* The element of an array of just one of the wanted type; any other value as it
 * is. */
static const json_t *unwrap(const json_t *value, json_type wanted)
{
	const json_t *element = json_array_get(value, 0);

	return json_array_size(value) == 1 && json_typeof(element) == wanted
		   ? element
		   : value;
}

/* A string as it is, also out of an array of just that one, and a number or
 * boolean as text; NULL for anything else. */
static char *value_text(struct member_reader *reader, const json_t *value)
{
	if (!json_is_string(value))
		report_note(reader->report, ANOMALY_VALUE_NOT_STRING);
	value = unwrap(value, JSON_STRING);
	switch (json_typeof(value)) {
	case JSON_STRING:
		return g_strdup(json_string_value(value));
	case JSON_INTEGER:
		return g_strdup_printf(
		    "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	case JSON_REAL:
		return real_text(json_real_value(value));
	case JSON_TRUE:
		return g_strdup("true");
	case JSON_FALSE:
		return g_strdup("false");
	default:
		return NULL;
	}
}

static bool is_blank(const char *text)
{
	while (g_ascii_isspace(*text))
		text++;
	return *text == '\0';
}

void member_text(struct member_reader *reader, const json_t *object,
    const char *key, int missing, char **ret_text)
{
	const json_t *value = member_get(reader, object, key, missing);
	char *text;

	if (value == NULL)
		return;
	text = value_text(reader, value);
	if (text != NULL && is_blank(text))
		g_clear_pointer(&text, g_free);
	if (text == NULL)
		note_missing(reader, NULL, missing);
	*ret_text = text;
}

void member_word(struct member_reader *reader, const json_t *object,
    const char *key, int missing, char **ret_text)
{
	member_text(reader, object, key, missing, ret_text);
	if (*ret_text != NULL)
		g_strstrip(*ret_text);
}

bool member_free_text(struct member_reader *reader, const json_t *object,
    const char *key, char **ret_text)
{
	const json_t *value = json_object_get(object, key);
	size_t max = reader->limits->string_length;
	GString *text;

	if (!is_container(unwrap(value, JSON_STRING))) {
		member_text(reader, object, key, MEMBER_OPTIONAL, ret_text);
		return true;
	}
	report_note(reader->report, ANOMALY_VALUE_NOT_STRING);
	text = g_string_new(NULL);
	/* When the budget refuses memory, it refuses the document. */
	(void)json_tree_write(value, text);
	if (text->len <= max)
		*ret_text = g_strdup(text->str);
	g_string_free(text, TRUE);
	return *ret_text != NULL ||
	       member_fail(reader, DECODE_LIMIT, "limits.string-length", key,
		   "more than %zu bytes", max);
}

bool member_domain(struct member_reader *reader, const json_t *object,
    const char *key, int missing, char **ret_domain)
{
	char *domain = NULL;

	member_word(reader, object, key, missing, ret_domain);
	if (*ret_domain == NULL ||
	    syntax_domain(*ret_domain, false, &domain) == SYNTAX_BAD)
		return *ret_domain == NULL;
	if (!g_str_is_ascii(*ret_domain))
		report_note(reader->report, ANOMALY_DOMAIN_NOT_ASCII);
	g_free(*ret_domain);
	*ret_domain = domain;
	return true;
}

void member_ip(struct member_reader *reader, const json_t *object,
    const char *key, char **ret_ip)
{
	char ip[INET6_ADDRSTRLEN];
	char *text = NULL;
	enum syntax_result result = SYNTAX_BAD;

	member_text(reader, object, key, MEMBER_OPTIONAL, &text);
	if (text != NULL)
		result = syntax_ip(text, ip);
	else if (!is_container(json_object_get(object, key)))
		return;
	g_free(text);
	if (result == SYNTAX_BAD) {
		report_note(reader->report, ANOMALY_IP_INVALID);
		return;
	}
	if (result == SYNTAX_TOLERATED)
		report_note(reader->report, ANOMALY_IP_NONSTANDARD);
	*ret_ip = g_strdup(ip);
}

bool member_object(struct member_reader *reader, const json_t *parent,
    const char *key, bool lone, int missing, const json_t **ret_object)
{
	const json_t *value = json_object_get(parent, key);

	if (lone && unwrap(value, JSON_OBJECT) != value) {
		report_note(reader->report, ANOMALY_OBJECT_IN_ARRAY);
		*ret_object = unwrap(value, JSON_OBJECT);
		return true;
	}
	value = member_get(reader, parent, key, missing);
	if (value != NULL && !json_is_object(value))
		return member_fail_type(reader, key, value, "an object");
	*ret_object = value;
	return true;
}

/* What keeps a string from being a count; NULL if nothing does. */
static const char *count_of_text(const char *text, int64_t *ret_count)
{
	char *digits = g_strstrip(g_strdup(text));
	GError *error = NULL;
	const char *wrong = NULL;
	guint64 count;

	if (g_ascii_string_to_unsigned(
		digits, 10, 0, INT64_MAX, &count, &error))
		*ret_count = (int64_t)count;
	else
		wrong = error->code == G_NUMBER_PARSER_ERROR_OUT_OF_BOUNDS
			    ? "more than 64 bits can hold"
			    : "not a count of sessions";
	g_clear_error(&error);
	g_free(digits);
	return wrong;
}

/* What keeps a number from being a count; NULL if nothing does. */
static const char *count_of_number(const json_t *value, int64_t *ret_count)
{
	double real = json_real_value(value);
	int64_t integer = json_integer_value(value);

	if (real < 0 || integer < 0)
		return "negative";
	if (real >= 0x1p63)
		return "more than 64 bits can hold";
	if ((double)(int64_t)real < real)
		return "not a whole number";
	*ret_count = json_is_real(value) ? (int64_t)real : integer;
	return NULL;
}

bool member_count(struct member_reader *reader, const json_t *object,
    const char *key, int missing, int64_t *ret_count)
{
	const json_t *value = member_get(reader, object, key, missing);
	const char *text = json_string_value(value);
	const char *wrong, *quote;
	char *shown;

	if (value == NULL)
		return true;
	if (text != NULL && is_blank(text)) {
		note_missing(reader, NULL, missing);
		return true;
	}
	if (!json_is_integer(value))
		report_note(reader->report, ANOMALY_SESSION_COUNT_NOT_INTEGER);
	if (text == NULL && !json_is_number(value))
		return member_fail_type(
		    reader, key, value, "a count of sessions");
	wrong = text != NULL ? count_of_text(text, ret_count)
			     : count_of_number(value, ret_count);
	if (wrong == NULL)
		return true;
	shown = value_text(reader, value);
	quote = text != NULL ? "\"" : "";
	(void)member_fail(reader, DECODE_INVALID, MEMBER_RFC8460, key,
	    "%s%.*s%s is %s", quote, MEMBER_QUOTE_MAX, shown, quote, wrong);
	g_free(shown);
	return false;
}

/* The hosts in an entry that are separated by commas or blanks, if all are
 * domains, for g_strfreev(). NULL for an entry that does not hold at least two.
 */
static char **split_hosts(const char *entry)
{
	char **pieces = g_strsplit_set(entry, ",; \t\r", -1);
	size_t kept = 0;
	bool domains = true;

	for (size_t i = 0; pieces[i] != NULL; i++) {
		char *piece = pieces[i], *host = NULL, *domain = NULL;

		if (policy_line_mx_host(piece, &host) != SYNTAX_BAD) {
			domains &=
			    syntax_domain(host, true, &domain) != SYNTAX_BAD;
			pieces[kept++] = host;
		}
		g_free(domain);
		g_free(piece);
	}
	pieces[kept] = NULL;
	if (kept > 1 && domains)
		return pieces;
	g_strfreev(pieces);
	return NULL;
}

/* A line of policy-string, as policy_line_mx_host() gives one of mx-host. */
static enum syntax_result strip_line(const char *text, char **ret_line)
{
	char *line = g_strstrip(g_strdup(text));

	if (*line == '\0') {
		g_free(line);
		return SYNTAX_BAD;
	}
	*ret_line = line;
	return strcmp(line, text) == 0 ? SYNTAX_OK : SYNTAX_TOLERATED;
}

/* Adds a line that holds one entry at most; false at the limit: lines have the
 * same one as details, but no setting of that forbids an ordinary policy. */
static bool add_entry(struct member_reader *reader,
    const struct member_list *list, const char *text)
{
	size_t max = MAX(reader->limits->details, MEMBER_LINES_MIN);
	char *line = NULL;

	if ((list->hosts ? policy_line_mx_host(text, &line)
			 : strip_line(text, &line)) != SYNTAX_OK)
		report_note(reader->report, list->cleaned);
	if (line != NULL)
		g_ptr_array_add(list->lines, line);
	return ++reader->lines <= max ||
	       member_fail(reader, DECODE_LIMIT, "limits.details", NULL,
		   "more than %zu lines in policy-string and mx-host", max);
}

static bool add_line(struct member_reader *reader,
    const struct member_list *list, const char *line)
{
	char **several = list->hosts ? split_hosts(line) : NULL;
	bool ok = true;

	if (several == NULL)
		return add_entry(reader, list, line);
	report_note(reader->report, list->cleaned);
	for (size_t i = 0; ok && several[i] != NULL; i++)
		ok = add_entry(reader, list, several[i]);
	g_strfreev(several);
	return ok;
}

/* Adds the lines of a string. ends: whether line ends are normal in it. */
static bool add_lines(struct member_reader *reader,
    const struct member_list *list, const char *text, bool ends)
{
	const char *end;

	while ((end = strchr(text, '\n')) != NULL) {
		char *line = g_strndup(text, (gsize)(end - text));
		bool ok = add_line(reader, list, line);

		g_free(line);
		if (!ok)
			return false;
		if (!ends)
			report_note(reader->report, list->cleaned);
		text = end + 1;
	}
	return (*text == '\0' && ends) || add_line(reader, list, text);
}

/* Adds a string of a list: lines, or a JSON array as text (Microsoft's tlsa).
 */
static bool add_string(struct member_reader *reader,
    const struct member_list *list, const char *text, bool ends)
{
	struct budget_mark mark = budget_mark();
	struct json_tree_info info = {0};
	json_t *array = NULL, *element;
	bool ok = true;
	size_t index;

	if (json_scan_is_string_list(text))
		array = json_tree_load(text, strlen(text), &info, NULL);
	if (array == NULL || !is_blank(text + info.end)) {
		ok = add_lines(reader, list, text, ends);
	} else {
		report_note(reader->report, list->packed);
		json_array_foreach(array, index, element) ok =
		    ok &&
		    add_lines(reader, list, json_string_value(element), false);
	}
	json_decref(array);
	/* The next such string may be as large. */
	budget_release(mark);
	return ok;
}

bool member_list(struct member_reader *reader, const json_t *object,
    int missing, const struct member_list *list)
{
	const json_t *value = member_get(reader, object, list->key, missing);
	bool array = json_is_array(value);
	size_t count = array ? json_array_size(value) : value != NULL;
	bool ok = true;

	if (value != NULL && !array)
		report_note(reader->report, list->not_array);
	for (size_t i = 0; ok && i < count; i++) {
		const json_t *entry = array ? json_array_get(value, i) : value;
		char *text;

		if (json_is_null(entry)) {
			report_note(reader->report, ANOMALY_NULL_VALUE);
			continue;
		}
		text = value_text(reader, entry);
		if (text != NULL)
			ok = add_string(reader, list, text, !array);
		g_free(text);
	}
	return ok;
}
