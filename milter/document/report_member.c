/* SPDX-License-Identifier: MIT */
/*
 * Senders deviate from RFC 8460 in every member that it has, and a report that
 * is refused for that is an outage nobody hears of. So each function here
 * accepts what can be understood, notes the deviation, and fails only where
 * accepting the value would mean inventing one.
 */
#include "report_member.h"

#include <inttypes.h>
#include <string.h>

#include "base/syntax.h"
#include "policy_line.h"

/* Foreign text in a reason is cut to this many bytes. */
#define QUOTE_MAX 60

static void write_path(GString *out, const struct member_path *path)
{
	if (path->parent != NULL)
		write_path(out, path->parent);
	if (path->key == NULL)
		g_string_append_printf(out, "[%zu]", path->index);
	else
		g_string_append_printf(out, "%s%.*s", out->len > 0 ? "." : "",
		    QUOTE_MAX, path->key);
}

bool member_fail(struct member_reader *reader, enum member_result result,
    const char *source, const struct member_path *path, const char *format, ...)
{
	GString *where = g_string_new(NULL);
	char *what;
	va_list arguments;

	if (path != NULL) {
		write_path(where, path);
		g_string_append(where, ": ");
	}
	va_start(arguments, format);
	what = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	if (reader->reason == NULL) {
		reader->result = result;
		reader->reason =
		    g_strdup_printf("%s: %s%s", source, where->str, what);
	}
	g_free(what);
	g_string_free(where, TRUE);
	return false;
}

bool member_fail_type(struct member_reader *reader,
    const struct member_path *path, const struct json_tree *value,
    const char *wanted)
{
	return member_fail(reader, MEMBER_INVALID, MEMBER_RFC8460, path,
	    "is %s, not %s", json_tree_type_name(value), wanted);
}

static void note_missing(
    struct member_reader *reader, const struct json_tree *value, int missing)
{
	if (missing < MEMBER_OPTIONAL)
		report_note(reader->report, (enum anomaly)missing);
	else if (missing == MEMBER_OPTIONAL &&
		 json_tree_is(value, JSON_TREE_NULL))
		report_note(reader->report, ANOMALY_NULL_VALUE);
}

const struct json_tree *member_get(struct member_reader *reader,
    const struct json_tree *object, const char *key, int missing)
{
	const struct json_tree *value = json_tree_member(object, key);

	if (value != NULL && !json_tree_is(value, JSON_TREE_NULL))
		return value;
	note_missing(reader, value, missing);
	return NULL;
}

/* The shortest decimal that reads back as the same number. */
static char *real_text(double number)
{
	char text[G_ASCII_DTOSTR_BUF_SIZE];

	for (int precision = 15; precision <= 17; precision++) {
		char format[8] = {
		    '%', '.', '1', (char)('0' + precision - 10), 'g', '\0'};

		g_ascii_formatd(text, sizeof(text), format, number);
		if (g_ascii_strtod(text, NULL) >= number &&
		    g_ascii_strtod(text, NULL) <= number)
			break;
	}
	return g_strdup(text);
}

static bool is_container(const struct json_tree *value)
{
	return json_tree_is(value, JSON_TREE_OBJECT) ||
	       json_tree_is(value, JSON_TREE_ARRAY);
}

/* The element of an array of just one of the wanted type; any other value as it
 * is. */
static const struct json_tree *unwrap(
    const struct json_tree *value, enum json_tree_type wanted)
{
	const struct json_tree *element = json_tree_element(value, 0);

	return json_tree_size(value) == 1 && json_tree_is(element, wanted)
		   ? element
		   : value;
}

/* A string as it is, also out of an array of just that one, and a number or
 * boolean as text; NULL for anything else. */
static char *value_text(
    struct member_reader *reader, const struct json_tree *value)
{
	if (json_tree_is(value, JSON_TREE_STRING))
		return g_strdup(json_tree_string(value));
	report_note(reader->report, ANOMALY_VALUE_NOT_STRING);
	value = unwrap(value, JSON_TREE_STRING);
	switch (json_tree_type(value)) {
	case JSON_TREE_STRING:
		return g_strdup(json_tree_string(value));
	case JSON_TREE_INTEGER:
		return g_strdup_printf("%" PRId64, json_tree_integer(value));
	case JSON_TREE_REAL:
		return real_text(json_tree_real(value));
	case JSON_TREE_BOOLEAN:
		return g_strdup(json_tree_boolean(value) ? "true" : "false");
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

void member_text(struct member_reader *reader, const struct json_tree *object,
    const char *key, int missing, char **ret_text)
{
	const struct json_tree *value =
	    member_get(reader, object, key, missing);
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

void member_word(struct member_reader *reader, const struct json_tree *object,
    const char *key, int missing, char **ret_text)
{
	char *text = NULL;

	member_text(reader, object, key, missing, &text);
	*ret_text = text != NULL ? g_strstrip(text) : NULL;
}

bool member_free_text(struct member_reader *reader,
    const struct member_path *parent, const struct json_tree *object,
    const char *key, char **ret_text)
{
	const struct member_path path = {.parent = parent, .key = key};
	const struct json_tree *value = json_tree_member(object, key);
	size_t max = reader->limits->string_length;
	GString *text;

	if (!is_container(unwrap(value, JSON_TREE_STRING))) {
		member_text(reader, object, key, MEMBER_OPTIONAL, ret_text);
		return true;
	}
	report_note(reader->report, ANOMALY_VALUE_NOT_STRING);
	text = g_string_new(NULL);
	if (!json_tree_write(value, text))
		(void)member_fail(reader, MEMBER_LIMIT, "limits.parse-memory",
		    &path, "can't be written as text");
	else if (text->len > max)
		(void)member_fail(reader, MEMBER_LIMIT, "limits.string-length",
		    &path, "more than %zu bytes", max);
	else
		*ret_text = g_strndup(text->str, text->len);
	g_string_free(text, TRUE);
	return reader->reason == NULL;
}

bool member_needed_text(struct member_reader *reader,
    const struct member_path *parent, const struct json_tree *object,
    const char *key, char **ret_text)
{
	const struct member_path path = {.parent = parent, .key = key};
	const struct json_tree *value = json_tree_member(object, key);
	char *text = NULL;

	if (is_container(value))
		return member_fail_type(reader, &path, value, "a string");
	member_text(reader, object, key, MEMBER_NOTED_LATER, &text);
	if (text == NULL)
		return member_fail(reader, MEMBER_INVALID, MEMBER_RFC8460,
		    &path, "is missing");
	*ret_text = text;
	return true;
}

bool member_object(struct member_reader *reader, const struct member_path *path,
    const struct json_tree *parent, int missing,
    const struct json_tree **ret_object)
{
	const struct json_tree *value =
	    member_get(reader, parent, path->key, missing);

	if (value != NULL && !json_tree_is(value, JSON_TREE_OBJECT))
		return member_fail_type(reader, path, value, "an object");
	*ret_object = value;
	return true;
}

bool member_lone_object(struct member_reader *reader,
    const struct member_path *path, const struct json_tree *parent, int missing,
    const struct json_tree **ret_object)
{
	const struct json_tree *value = json_tree_member(parent, path->key);
	const struct json_tree *element = unwrap(value, JSON_TREE_OBJECT);

	if (element == value)
		return member_object(reader, path, parent, missing, ret_object);
	report_note(reader->report, ANOMALY_OBJECT_IN_ARRAY);
	*ret_object = element;
	return true;
}

static bool count_of_real(struct member_reader *reader,
    const struct member_path *path, double number, int64_t *ret_count)
{
	if (number < 0)
		return member_fail(reader, MEMBER_INVALID, MEMBER_RFC8460, path,
		    "%g is negative", number);
	if (number >= 0x1p63)
		return member_fail(reader, MEMBER_INVALID, MEMBER_RFC8460, path,
		    "%g is more than 64 bits can hold", number);
	if ((double)(int64_t)number < number)
		return member_fail(reader, MEMBER_INVALID, MEMBER_RFC8460, path,
		    "%g is not a whole number", number);
	*ret_count = (int64_t)number;
	return true;
}

static bool count_of_text(struct member_reader *reader,
    const struct member_path *path, const char *text, int64_t *ret_count)
{
	const char *digits = text;
	size_t length;
	int64_t count = 0;

	while (g_ascii_isspace(*digits))
		digits++;
	length = strspn(digits, "0123456789");
	if (length == 0 || !is_blank(digits + length))
		return member_fail(reader, MEMBER_INVALID, MEMBER_RFC8460, path,
		    "\"%.*s\" is not a count of sessions", QUOTE_MAX, text);
	for (size_t i = 0; i < length; i++) {
		int digit = digits[i] - '0';

		if (count > (INT64_MAX - digit) / 10)
			return member_fail(reader, MEMBER_INVALID,
			    MEMBER_RFC8460, path,
			    "\"%.*s\" is more than 64 bits can hold", QUOTE_MAX,
			    text);
		count = count * 10 + digit;
	}
	*ret_count = count;
	return true;
}

bool member_count(struct member_reader *reader,
    const struct member_path *parent, const struct json_tree *object,
    const char *key, int missing, int64_t *ret_count)
{
	const struct member_path path = {.parent = parent, .key = key};
	const struct json_tree *value =
	    member_get(reader, object, key, missing);

	if (value == NULL)
		return true;
	if (json_tree_is(value, JSON_TREE_INTEGER)) {
		if (json_tree_integer(value) < 0)
			return member_fail(reader, MEMBER_INVALID,
			    MEMBER_RFC8460, &path, "%" PRId64 " is negative",
			    json_tree_integer(value));
		*ret_count = json_tree_integer(value);
		return true;
	}
	if (json_tree_is(value, JSON_TREE_STRING) &&
	    is_blank(json_tree_string(value))) {
		note_missing(reader, NULL, missing);
		return true;
	}
	report_note(reader->report, ANOMALY_SESSION_COUNT_NOT_INTEGER);
	if (json_tree_is(value, JSON_TREE_REAL))
		return count_of_real(
		    reader, &path, json_tree_real(value), ret_count);
	if (json_tree_is(value, JSON_TREE_STRING))
		return count_of_text(
		    reader, &path, json_tree_string(value), ret_count);
	return member_fail_type(reader, &path, value, "a count of sessions");
}

/* Lines have the same bound as details, but no setting of limits.details
 * forbids an ordinary policy. */
static size_t lines_max(const struct member_reader *reader)
{
	return MAX(reader->limits->details, MEMBER_LINES_MIN);
}

/* Counts one more line; false at the limit. */
static bool count_line(struct member_reader *reader)
{
	if (++reader->lines <= lines_max(reader))
		return true;
	return member_fail(reader, MEMBER_LIMIT, "limits.details", NULL,
	    "more than %zu lines in policy-string and mx-host",
	    lines_max(reader));
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

/* Adds an entry of mx-host. */
static bool add_host(struct member_reader *reader,
    const struct member_list *list, GPtrArray *lines, const char *entry)
{
	char **several = split_hosts(entry);
	char *host = NULL;
	enum syntax_result result;
	bool ok = true;

	if (several != NULL) {
		report_note(reader->report, list->cleaned);
		for (size_t i = 0; ok && several[i] != NULL; i++) {
			g_ptr_array_add(lines, g_strdup(several[i]));
			ok = count_line(reader);
		}
		g_strfreev(several);
		return ok;
	}
	result = policy_line_mx_host(entry, &host);
	if (result != SYNTAX_OK)
		report_note(reader->report, list->cleaned);
	if (result != SYNTAX_BAD)
		g_ptr_array_add(lines, host);
	return count_line(reader);
}

/* Adds a line of policy-string. */
static bool add_policy_line(struct member_reader *reader,
    const struct member_list *list, GPtrArray *lines, const char *line)
{
	char *stripped = g_strstrip(g_strdup(line));

	if (strcmp(stripped, line) != 0 || *stripped == '\0')
		report_note(reader->report, list->cleaned);
	if (*stripped != '\0')
		g_ptr_array_add(lines, stripped);
	else
		g_free(stripped);
	return count_line(reader);
}

static bool add_line(struct member_reader *reader,
    const struct member_list *list, GPtrArray *lines, const char *line)
{
	return list->hosts ? add_host(reader, list, lines, line)
			   : add_policy_line(reader, list, lines, line);
}

/* Adds the lines of a string. ends: whether line ends are normal in it. */
static bool add_lines(struct member_reader *reader,
    const struct member_list *list, GPtrArray *lines, const char *text,
    bool ends)
{
	const char *end;

	while ((end = strchr(text, '\n')) != NULL) {
		char *line = g_strndup(text, (gsize)(end - text));
		bool ok = add_line(reader, list, lines, line);

		g_free(line);
		if (!ok)
			return false;
		if (!ends)
			report_note(reader->report, list->cleaned);
		text = end + 1;
	}
	return (*text == '\0' && ends) || add_line(reader, list, lines, text);
}

static bool is_array_of_strings(const struct json_tree *value)
{
	for (size_t i = 0; i < json_tree_size(value); i++)
		if (!json_tree_is(
			json_tree_element(value, i), JSON_TREE_STRING))
			return false;
	return json_tree_is(value, JSON_TREE_ARRAY);
}

/* Adds a string of a list: lines, or a JSON array as text (Microsoft's tlsa).
 */
static bool add_string(struct member_reader *reader,
    const struct member_list *list, GPtrArray *lines, const char *text,
    bool ends)
{
	struct json_tree *array = NULL;
	struct json_tree_info info = {0};
	bool ok = true;

	if (text[strspn(text, " \t\r\n")] == '[')
		array = json_tree_load(text, strlen(text), &info, NULL);
	if (array == NULL || !is_array_of_strings(array) ||
	    !is_blank(text + info.end)) {
		json_tree_free(array);
		return add_lines(reader, list, lines, text, ends);
	}
	report_note(reader->report, list->packed);
	for (size_t i = 0; ok && i < json_tree_size(array); i++)
		ok = add_lines(reader, list, lines,
		    json_tree_string(json_tree_element(array, i)), false);
	json_tree_free(array);
	return ok;
}

bool member_list(struct member_reader *reader, const struct json_tree *object,
    int missing, const struct member_list *list, GPtrArray *lines)
{
	const struct json_tree *value =
	    member_get(reader, object, list->key, missing);
	bool array = json_tree_is(value, JSON_TREE_ARRAY);
	size_t count = array ? json_tree_size(value) : value != NULL;
	bool ok = true;

	if (value != NULL && !array)
		report_note(reader->report, list->not_array);
	for (size_t i = 0; ok && i < count; i++) {
		const struct json_tree *entry =
		    array ? json_tree_element(value, i) : value;
		char *text;

		if (json_tree_is(entry, JSON_TREE_NULL)) {
			report_note(reader->report, ANOMALY_NULL_VALUE);
			continue;
		}
		text = value_text(reader, entry);
		if (text != NULL)
			ok = add_string(reader, list, lines, text, !array);
		g_free(text);
	}
	return ok;
}

void member_ip(struct member_reader *reader, const struct json_tree *object,
    const char *key, char **ret_ip)
{
	char ip[INET6_ADDRSTRLEN];
	char *text = NULL;
	enum syntax_result result = SYNTAX_BAD;

	member_text(reader, object, key, MEMBER_OPTIONAL, &text);
	if (text != NULL)
		result = syntax_ip(text, ip);
	else if (!is_container(json_tree_member(object, key)))
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

void member_host(struct member_reader *reader, const struct json_tree *object,
    const char *key, char **ret_host)
{
	char *text = NULL;
	char *domain;

	member_text(reader, object, key, MEMBER_OPTIONAL, &text);
	if (text != NULL && syntax_domain(text, false, &domain) != SYNTAX_BAD) {
		g_free(text);
		text = domain;
	}
	*ret_host = text;
}
