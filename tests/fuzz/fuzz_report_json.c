/* SPDX-License-Identifier: MIT */
/*
 * A document: what is understood of it once is understood of its own form
 * again, and goes to the database as JSON. The first byte says how it was
 * labelled, and whether the limits are low.
 */
#include <jansson.h>

#include "../unit/json_source.h"
#include "document/budget.h"
#include "document/decode.h"
#include "document/json_tree.h"
#include "document/report_json.h"
#include "fuzz.h"
#include "load/ingest_row.h"

static const char *const media_types[] = {NULL, "application/tlsrpt+json",
    "application/tlsrpt+gzip", "application/octet-stream"};

static struct config *generous, *tight;

static void begin(void)
{
	if (generous != NULL)
		return;
	decode_init();
	/* No bombs: inflating them is all that would be left to do. */
	generous = fuzz_config("[limits]\nreport-size = 256K\n");
	tight = fuzz_config("[limits]\nreport-size = 4K\ngzip-members = 2\n"
			    "parse-memory = 1M\njson-depth = 5\n"
			    "policies = 2\ndetails = 3\nstring-length = 64\n");
}

/* The escape of NUL, and not an escaped backslash in front of "u0000". */
static bool has_nul_escape(const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text != '\\')
			continue;
		if (strncmp(text, "\\u0000", 6) == 0)
			return true;
		text++;
	}
	return false;
}

static char *make_row(const struct report *report, anomaly_set anomalies)
{
	struct record *record = record_new();
	struct report view = *report;
	GString *row = g_string_new(NULL);
	struct json_tree_info info;
	json_t *tree;

	record->kind = RECORD_REPORT;
	record->received_at = FUZZ_NOW * G_USEC_PER_SEC;
	record->from_domain = g_strdup("sender.example");
	view.anomalies = anomalies;
	ingest_row_report(row, "record", record, &view);
	record_free(record);
	tree = json_tree_load(row->str, row->len, &info, NULL);
	FUZZ_CHECK(tree != NULL);
	FUZZ_CHECK(info.end == row->len);
	FUZZ_CHECK(!info.duplicate_key);
	json_decref(tree);
	/* jsonb has no place for it. */
	FUZZ_CHECK(!has_nul_escape(row->str));
	return g_string_free(row, FALSE);
}

/* Deviations that the document's own form has no more. */
static anomaly_set lost(void)
{
	return UINT64_C(1) << ANOMALY_DUPLICATE_KEY |
	       UINT64_C(1) << ANOMALY_CONTROL_CHARACTERS |
	       UINT64_C(1) << ANOMALY_DATA_AFTER_JSON |
	       UINT64_C(1) << ANOMALY_NUMBER_TOO_LARGE |
	       UINT64_C(1) << ANOMALY_UTF8_BOM;
}

static void check_again(const struct report *first, const struct limits *limits)
{
	struct report *second = NULL;
	char *reason = NULL, *row, *row_again;

	FUZZ_CHECK(json_source_read(first->document, first->document_length,
		       limits, FUZZ_NOW, &second, &reason) == DECODE_OK);
	FUZZ_CHECK(first->document_length == second->document_length);
	FUZZ_CHECK(strcmp(first->document, second->document) == 0);
	FUZZ_CHECK(second->anomalies == (first->anomalies & ~lost()));
	row = make_row(first, 0);
	row_again = make_row(second, 0);
	FUZZ_CHECK(strcmp(row, row_again) == 0);
	g_free(row);
	g_free(row_again);
	report_free(second);
}

static void check_report(const struct report *report)
{
	FUZZ_CHECK(report->document_length == strlen(report->document));
	FUZZ_CHECK(g_utf8_validate(report->document, -1, NULL));
	FUZZ_CHECK(report->anomalies >> ANOMALY_COUNT == 0);
	FUZZ_CHECK(report->start_datetime > 0);
	FUZZ_CHECK(report_session_count(report) >= 0);
	g_free(make_row(report, report->anomalies));
}

static void check_reason(char *reason)
{
	FUZZ_CHECK(reason != NULL && *reason != '\0');
	FUZZ_CHECK(g_utf8_validate(reason, -1, NULL));
	g_free(reason);
}

static void read_document(
    const char *bytes, size_t length, const struct limits *limits)
{
	struct report *report = NULL;
	char *reason = NULL;
	enum decode_result result =
	    json_source_read(bytes, length, limits, FUZZ_NOW, &report, &reason);

	FUZZ_CHECK(budget_peak() <= json_source_estimate(bytes, length));
	FUZZ_CHECK((report != NULL) == (result == DECODE_OK));
	if (report == NULL) {
		check_reason(reason);
		return;
	}
	check_report(report);
	check_again(report, limits);
	report_free(report);
}

static void decode_attachment(const uint8_t *bytes, size_t length,
    const char *media_type, const struct limits *limits)
{
	const struct decode_input input = {
	    .bytes = bytes,
	    .length = length,
	    .media_type = media_type,
	    .filename = "sender.example!example.com!1!2.json.gz",
	    .tls_report_domain = "example.com",
	    .received_at = FUZZ_NOW,
	};
	struct report *report = NULL;
	char *reason = NULL;
	enum decode_result result =
	    decode_report(&input, limits, &report, &reason);

	FUZZ_CHECK(result != DECODE_DEADLINE);
	FUZZ_CHECK((report != NULL) == (result == DECODE_OK));
	if (report != NULL)
		check_report(report);
	else if (result != DECODE_OTHER)
		check_reason(reason);
	else
		FUZZ_CHECK(reason == NULL);
	report_free(report);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	const struct limits *limits;

	begin();
	if (length == 0)
		return 0;
	limits = (bytes[0] & 4) != 0 ? &tight->limits : &generous->limits;
	read_document((const char *)bytes + 1, length - 1, limits);
	decode_attachment(
	    bytes + 1, length - 1, media_types[bytes[0] & 3], limits);
	return 0;
}
