/* SPDX-License-Identifier: MIT */
/*
 * The order is: what one look at the bytes can refuse (UTF-16, depth), then
 * jansson under a budget, then limits that need the tree, then the model
 * (report_structure.c), and last the document is written again. A document is
 * parsed once, and a tree never outlives the call.
 */
#include "report_json.h"

#include <jansson.h>
#include <string.h>

#include "base/digest.h"
#include "base/sniff.h"
#include "base/span.h"
#include "budget.h"
#include "json_mend.h"
#include "json_scan.h"
#include "json_tree.h"
#include "report_member.h"
#include "report_structure.h"

/* Whether a text is in UTF-16 or UTF-32: by a byte order mark, or by the zeros
 * beside ASCII characters. */
static bool is_wide(const char *bytes, size_t length)
{
	return length >= 2 && (memcmp(bytes, "\xff\xfe", 2) == 0 ||
				  memcmp(bytes, "\xfe\xff", 2) == 0 ||
				  bytes[0] == '\0' || bytes[1] == '\0');
}

static bool check_bytes(
    struct member_reader *reader, const char *bytes, size_t length)
{
	if (length == 0)
		return member_fail(reader, DECODE_OTHER, "RFC 8259", NULL,
		    "the document is empty");
	if (is_wide(bytes, length))
		return member_fail(reader, DECODE_OTHER, "RFC 8259 section 8.1",
		    NULL,
		    "byte 0: the document is in UTF-16 or UTF-32, not in "
		    "UTF-8");
	return true;
}

/* Refuses another report behind the document: if only the first were stored,
 * the mail with the second could be discarded. Anything else is harmless. */
static bool check_rest(struct member_reader *reader, const char *bytes,
    size_t length, size_t document)
{
	size_t at = document;

	while (at < length && span_is_blank(bytes[at]))
		at++;
	if (at == length)
		return true;
	report_note(reader->report, ANOMALY_DATA_AFTER_JSON);
	if (!json_scan_find_report(
		(const uint8_t *)bytes + document, length - document, &at))
		return true;
	return member_fail(reader, DECODE_INVALID, "RFC 8259 section 2", NULL,
	    "byte %zu: another report follows in the same file; one file may "
	    "hold one report",
	    document + at);
}

static bool check_strings(
    struct member_reader *reader, const struct json_scan *scan, json_t *root)
{
	size_t max = reader->limits->string_length;
	char *path = NULL;

	/* A string is no longer without its escapes than with them. */
	if (scan->max_string > max)
		path = json_tree_long_string(root, max);
	if (path == NULL)
		return true;
	(void)member_fail(reader, DECODE_LIMIT, "limits.string-length", NULL,
	    "%s: more than %zu bytes", path, max);
	g_free(path);
	return false;
}

/* Parses a document by itself; on failure NULL, with the reason in the reader.
 * What may need mending is read from a mended copy, if that is not larger than
 * a report may be. */
static json_t *parse(struct member_reader *reader, const char *bytes,
    size_t length, const struct json_scan *scan,
    struct json_tree_info *ret_info)
{
	size_t size = json_mend_size(scan, length), numbers;
	json_t *root;
	GString *copy;

	if (size == length || size > reader->limits->report_size)
		return json_tree_load(bytes, length, ret_info, &reader->reason);
	copy = json_mend(bytes, length, size, &numbers);
	if (scan->controls > 0)
		report_note(reader->report, ANOMALY_CONTROL_CHARACTERS);
	if (numbers > 0)
		report_note(reader->report, ANOMALY_NUMBER_TOO_LARGE);
	root = json_tree_load(copy->str, copy->len, ret_info, &reader->reason);
	g_string_free(copy, TRUE);
	return root;
}

/* Bytes to a tree within limits, or NULL and the reason in the reader. */
static json_t *load(struct member_reader *reader, const char *bytes,
    size_t length, const struct json_scan *scan)
{
	struct json_tree_info info;
	json_t *root;

	if (scan->max_depth > reader->limits->json_depth) {
		(void)member_fail(reader, DECODE_LIMIT, "limits.json-depth",
		    NULL, "nested more than %zu levels deep",
		    reader->limits->json_depth);
		return NULL;
	}
	root = parse(reader, bytes, length, scan, &info);
	if (root == NULL) {
		reader->result = DECODE_OTHER;
		return NULL;
	}
	if (info.duplicate_key)
		report_note(reader->report, ANOMALY_DUPLICATE_KEY);
	if (!check_strings(reader, scan, root))
		g_clear_pointer(&root, json_decref);
	return root;
}

/* Writes the document again. When the budget refuses memory for that, it
 * refuses the document. */
static void write_document(
    struct report *report, const json_t *root, size_t length)
{
	GString *text = g_string_sized_new(length);

	(void)json_tree_write(root, text);
	report->document_length = text->len;
	report->document = g_string_free(text, FALSE);
	digest_of(
	    report->document, report->document_length, report->content_sha256);
}

/* Reads a document, without judging the budget, which ends after the tree. */
static void read_document(struct member_reader *reader, const char *bytes,
    size_t length, const struct report_json_source *source)
{
	const struct json_scan *scan = source->scan;
	/* Counted from behind a byte order mark. */
	size_t end =
	    scan->end > 0 ? scan->end - (source->length - length) : length;
	json_t *root = load(reader, bytes, end, scan);

	if (root == NULL)
		return;
	if (json_object_get(root, "policies") == NULL &&
	    json_object_get(root, "report-id") == NULL)
		(void)member_fail(reader, DECODE_OTHER, MEMBER_RFC8460, NULL,
		    "the document is %s without policies and report-id, so it "
		    "is not a report",
		    json_tree_type_name(root));
	else if (check_rest(reader, bytes, length, end) &&
		 report_structure_read(reader, root, source->received_at) &&
		 !source->judge_only)
		write_document(reader->report, root, length);
	json_decref(root);
}

enum decode_result report_json_read(const struct report_json_source *source,
    const struct limits *limits, struct report **ret_report, char **ret_reason)
{
	size_t length = source->length;
	const char *bytes = source->bytes;
	size_t bom = sniff_bom((const uint8_t *)bytes, length);
	struct member_reader reader = {
	    .limits = limits,
	    .report = report_new(),
	    .path = g_string_new(NULL),
	    .policies = source->policies_before,
	    .failures = source->failures_before,
	};

	if (bom > 0) {
		report_note(reader.report, ANOMALY_UTF8_BOM);
		bytes += bom;
		length -= bom;
	}
	budget_begin(source->budget);
	if (check_bytes(&reader, bytes, length))
		read_document(&reader, bytes, length, source);
	if (budget_end()) {
		g_free(reader.reason);
		(void)member_fail(&reader, DECODE_LIMIT, "limits.parse-memory",
		    NULL, "parsing takes more than %zu bytes, the %s",
		    source->budget,
		    source->budget == limits->parse_memory / 2
			? "half of it that one document may have"
			: "estimate that it was admitted with");
	}
	if (reader.result == DECODE_OK) {
		*ret_report = reader.report;
	} else {
		/* It may quote text cut in the middle of a character. */
		*ret_reason = g_utf8_make_valid(reader.reason, -1);
		report_free(reader.report);
	}
	g_free(reader.reason);
	g_string_free(reader.path, TRUE);
	return reader.result;
}
