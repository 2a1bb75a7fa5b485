/* SPDX-License-Identifier: MIT */
/* Foreign text made safe: whatever it is, none of it gets through that could
 * drive a terminal, end a line or a value. */
#include <jansson.h>

#include "base/escape.h"
#include "document/json_tree.h"
#include "fuzz.h"

static void check_visible(const GString *shown)
{
	FUZZ_CHECK(strlen(shown->str) == shown->len);
	FUZZ_CHECK(g_utf8_validate(shown->str, (gssize)shown->len, NULL));
	for (const char *at = shown->str; *at != '\0';
	     at = g_utf8_next_char(at)) {
		gunichar code = g_utf8_get_char(at);

		FUZZ_CHECK(!g_unichar_iscntrl(code));
		FUZZ_CHECK(g_unichar_type(code) != G_UNICODE_FORMAT);
		FUZZ_CHECK(code != 0x2028 && code != 0x2029);
	}
}

static void check_terminal(const char *text, size_t most)
{
	GString *out = g_string_new(NULL);

	escape_terminal(out, text, most);
	check_visible(out);
	if (most > 0)
		FUZZ_CHECK((size_t)g_utf8_strlen(out->str, -1) <= most + 1);
	g_string_free(out, TRUE);
}

static void check_logfmt(const char *text)
{
	GString *out = g_string_new(NULL);
	bool quoted;

	escape_logfmt(out, text);
	check_visible(out);
	quoted = out->str[0] == '"';
	FUZZ_CHECK(out->len > (quoted ? 1u : 0u));
	if (!quoted) {
		FUZZ_CHECK(strpbrk(out->str, " \"=") == NULL);
	} else {
		const char *at = out->str + 1;

		/* The first quote that is not escaped is the last byte. */
		for (; *at != '"'; at++) {
			FUZZ_CHECK(*at != '\0');
			if (*at == '\\')
				at++;
		}
		FUZZ_CHECK(at == out->str + out->len - 1);
	}
	g_string_free(out, TRUE);
}

static void check_header(const char *text, size_t most)
{
	GString *out = g_string_new(NULL);

	escape_header(out, text, most);
	FUZZ_CHECK(out->len <= most + 3);
	for (size_t i = 0; i < out->len; i++)
		FUZZ_CHECK(g_ascii_isprint(out->str[i]));
	g_string_free(out, TRUE);
}

static void check_json(const char *text)
{
	GString *out = g_string_new("[");
	struct json_tree_info info;
	json_t *tree;
	const char *read;

	escape_json(out, text);
	g_string_append_c(out, ']');
	check_visible(out);
	tree = json_tree_load(out->str, out->len, &info, NULL);
	FUZZ_CHECK(tree != NULL && info.end == out->len);
	read = json_string_value(json_array_get(tree, 0));
	FUZZ_CHECK(read != NULL);
	if (g_utf8_validate(text, -1, NULL))
		FUZZ_CHECK(strcmp(read, text) == 0);
	json_decref(tree);
	g_string_free(out, TRUE);
}

static void check_html(const char *text)
{
	GString *out = g_string_new(NULL);

	escape_html(out, text);
	check_visible(out);
	FUZZ_CHECK(strpbrk(out->str, "<>\"'") == NULL);
	for (const char *at = out->str; (at = strchr(at, '&')) != NULL; at++)
		FUZZ_CHECK(strspn(at + 1, "#0123456789abcdefghijklmnopqrstu"
					  "vwxyz") == strcspn(at + 1, ";"));
	g_string_free(out, TRUE);
}

/* Given any text in the place of the JSON that it is meant for. */
static void check_json_document(const char *text)
{
	GString *out = g_string_new(NULL);

	escape_json_document(out, text);
	g_strdelimit(out->str, "\n", ' ');
	check_visible(out);
	g_string_free(out, TRUE);
}

/* JSON itself means the same afterwards. */
static void check_same_document(const char *text)
{
	struct json_tree_info info;
	json_t *tree = json_tree_load(text, strlen(text), &info, NULL);
	json_t *shown_tree;
	GString *shown = g_string_new(NULL);
	GString *before = g_string_new(NULL), *after = g_string_new(NULL);

	if (tree != NULL && g_utf8_validate(text, -1, NULL)) {
		escape_json_document(shown, text);
		shown_tree =
		    json_tree_load(shown->str, shown->len, &info, NULL);
		FUZZ_CHECK(shown_tree != NULL);
		FUZZ_CHECK(json_tree_write(tree, before));
		FUZZ_CHECK(json_tree_write(shown_tree, after));
		FUZZ_CHECK(g_string_equal(before, after));
		json_decref(shown_tree);
	}
	json_decref(tree);
	g_string_free(shown, TRUE);
	g_string_free(before, TRUE);
	g_string_free(after, TRUE);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	char *text = fuzz_string(bytes, length);

	check_terminal(text, 0);
	check_terminal(text, 10);
	check_logfmt(text);
	check_header(text, 900);
	check_header(text, 7);
	check_json(text);
	check_html(text);
	check_json_document(text);
	check_same_document(text);
	g_free(text);
	return 0;
}
