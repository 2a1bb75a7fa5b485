/* SPDX-License-Identifier: MIT */
/* Documents as hostile as they come: cut, changed, huge, and short of memory at
 * every single step. What reports mean is in test_decode.c. */
#include "document/report_json.h"

#include <string.h>

#include "base/digest.h"
#include "document/budget.h"
#include "documents.h"
#include "json_source.h"

#define RECEIVED INT64_C(1764000000)

static enum decode_result read_bytes(
    const char *bytes, size_t length, const struct limits *limits)
{
	struct report *report = NULL;
	char *reason = NULL;
	/* At its own size, so that a step over the end is seen. */
	char *copy = g_memdup2(bytes, length);
	enum decode_result result =
	    json_source_read(copy, length, limits, RECEIVED, &report, &reason);

	assert_true((result == DECODE_OK) == (report != NULL));
	assert_true((result == DECODE_OK) == (reason == NULL));
	if (reason != NULL) {
		assert_true(g_utf8_validate(reason, -1, NULL));
		assert_true(strlen(reason) < 400);
	}
	if (report != NULL)
		assert_true(g_utf8_validate(
		    report->document, (gssize)report->document_length, NULL));
	report_free(report);
	g_free(reason);
	g_free(copy);
	return result;
}

static char *read_complete(gsize *ret_length)
{
	char *bytes = documents_read("complete", ".json", ret_length);

	assert_non_null(bytes);
	return bytes;
}

static void test_cut_at_every_byte(void **state)
{
	struct limits limits = documents_limits();
	gsize length;
	char *bytes = read_complete(&length);

	(void)state;
	assert_int_equal(read_bytes(bytes, length, &limits), DECODE_OK);
	/* The last two are the brace and the line end. */
	for (gsize cut = 0; cut < length - 2; cut++)
		assert_int_equal(read_bytes(bytes, cut, &limits), DECODE_OTHER);
	g_free(bytes);
}

static void test_every_byte_changed(void **state)
{
	static const char values[] = "\"{}[],:\\0-.e\x80\xff\n ";
	struct limits limits = documents_limits();
	gsize length;
	char *bytes = read_complete(&length);

	(void)state;
	for (gsize i = 0; i < length; i++) {
		for (size_t v = 0; v < sizeof(values); v++) {
			char old = bytes[i];

			bytes[i] = values[v];
			(void)read_bytes(bytes, length, &limits);
			bytes[i] = old;
		}
	}
	g_free(bytes);
}

/* Every token of a report replaced by every kind of value. */
static void test_every_value_replaced(void **state)
{
	static const char *const values[] = {"null", "true", "-1", "1.5",
	    "\"\"", "\" [\"", "[]", "{}", "[null]", "[[]]", "[{}]",
	    "\"[\\\"\\\"]\"", "1e300", "9223372036854775807", "\"\\n\\n\""};
	struct limits limits = documents_limits();
	gsize length;
	char *bytes = read_complete(&length);
	GRegex *value = g_regex_new(
	    "(?<=: )(\"[^\"]*\"|[0-9]+)|(?<=  )\"[^\"]*\"(?!:)", 0, 0, NULL);
	GMatchInfo *match;
	size_t seen = 0;

	(void)state;
	g_regex_match(value, bytes, 0, &match);
	for (; g_match_info_matches(match); g_match_info_next(match, NULL)) {
		int from, to;

		g_match_info_fetch_pos(match, 0, &from, &to);
		for (size_t i = 0; i < G_N_ELEMENTS(values); i++) {
			char *text = g_strdup_printf(
			    "%.*s%s%s", from, bytes, values[i], bytes + to);

			(void)read_bytes(text, strlen(text), &limits);
			g_free(text);
		}
		seen++;
	}
	assert_true(seen > 20);
	g_match_info_free(match);
	g_regex_unref(value);
	g_free(bytes);
}

/* jansson is refused memory at each of its allocations in turn; nothing is
 * lost or left behind, and the reason is the limit. */
static void test_every_budget(void **state)
{
	struct limits limits = documents_limits();
	static const char *const names[] = {"complete", "duplicate-key",
	    "policy-string-microsoft-tlsa", "document-sorted"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		gsize length;
		char *bytes = documents_read(names[i], ".json", &length);
		enum decode_result result = DECODE_LIMIT;
		size_t budget;

		for (budget = 0; result == DECODE_LIMIT; budget += 8) {
			limits.parse_memory = budget * 2;
			result = read_bytes(bytes, length, &limits);
		}
		assert_int_equal(result, DECODE_OK);
		assert_true(budget > 1000);
		assert_true(budget <= json_source_estimate(bytes, length));
		g_free(bytes);
	}
}

/* Texts that are nothing but structure, repeated up to about 300 KiB. */
struct shape {
	const char *head, *piece, *tail;
};

#define DATES                                                          \
	"\"date-range\":{\"start-datetime\":\"2025-11-20T00:00:00Z\"," \
	"\"end-datetime\":\"2025-11-20T23:59:59Z\"},"
#define LIST(key) \
	"{" DATES "\"policies\":[{\"summary\":{},\"policy\":{\"" key "\":["

static const struct shape shapes[] = {
    {LIST("policy-string") "\"[", "\\\"\\\"", "]\"]}}]}"},
    {LIST("mx-host") "\" \\n\\u005b", "\\\"\\\"", "]\"]}}]}"},
    {LIST("mx-host"), "\"[\\\"\\\",\\\"\\\",\\\"\\\"]\"", "]}}]}"},
    {LIST("policy-string") "\"[", "0", "]\"]}}]}"},
    {LIST("policy-string") "\"[", "{}", "]\"]}}]}"},
    {"{" DATES "\"policies\":[],\"a\":[", "{\"b\":1,\"b\":2}", "]}"},
    {"{\"policies\":[", "{}", "]}"},
    {"{\"policies\":[", "[]", "]}"},
    {"{\"policies\":[", "{\"summary\":{}}", "]}"},
    {"{\"policies\":[{\"summary\":{},\"failure-details\":[", "{}", "]}]}"},
    {"{\"policies\":[{\"summary\":{},\"failure-details\":[",
	"{\"result-type\":\"a\",\"receiving-ip\":\"::1\"}", "]}]}"},
    {"{\"policies\":[{\"summary\":{},\"failure-details\":[",
	"{\"additional-information\":{}}", "]}]}"},
    {"{\"policies\":[{\"summary\":{},\"failure-details\":[",
	"{\"failure-reason-code\":[{\"\":[[[{\"a\":0}]]]}]}", "]}]}"},
    {"{\"report-id\":1,\"policies\":[{\"summary\":{},\"failure-details\":"
     "[{\"additional-information\":[",
	"{\"a\":[1e9,{}]}", "]}]}]}"},
    {"{\"policies\":[{\"policy\":{\"mx-host\":[", "\"a,b,c,d,e,f\"", "]}}]}"},
    {"{\"policies\":[{\"policy\":{\"policy-string\":[", "\"a\"", "]}}]}"},
    {"{\"policies\":[{\"policy\":{\"mx-host\":[", "\"[\\\"a\\\"]\"", "]}}]}"},
    {"{\"policies\":[],\"a\":[", "0", "]}"},
    {"{\"policies\":[],\"a\":[", "1e9", "]}"},
    {"{\"policies\":[],\"a\":[", "1e300", "]}"},
    {"{\"policies\":[],\"a\":[", "1e999", "]}"},
    {"{\"policies\":[],\"a\":[", "18446744073709551615", "]}"},
    {"{\"policies\":[],\"a\":[", "\"\"", "]}"},
    {"{\"policies\":[],\"a\":[", "\"\\u0001\"", "]}"},
    {"{\"policies\":[],\"a\":[", "\"\1\"", "]}"},
    {"{\"policies\":[],\"a\":[", "\"\1\n\1\1\t\1\1\1\1\1\1\1\1\"", "]}"},
    {"{\"policies\":[],\"a\":[", "[[[[[[]]]]]]", "]}"},
    {"{\"policies\":[],\"a\":[", "{\"\":{\"\":{\"\":0}}}", "]}"},
    {"{\"policies\":[],\"a\":[", "true", "]}"},
    {"{\"policies\":[", "          ", "]}"},
};

static GString *repeat(const struct shape *shape, size_t size)
{
	GString *text = g_string_new(shape->head);

	while (text->len < size) {
		g_string_append(text, shape->piece);
		g_string_append_c(text, ',');
	}
	text->str[text->len - 1] = ' ';
	g_string_append(text, shape->tail);
	return text;
}

/* The estimate is above what jansson took, for any structure. */
static void test_estimate_is_above(void **state)
{
	struct limits limits = documents_limits();

	(void)state;
	limits.details = limits.policies = limits.string_length = 1 << 20;
	for (size_t i = 0; i < G_N_ELEMENTS(shapes); i++) {
		GString *text = repeat(&shapes[i], 300 << 10);

		(void)read_bytes(text->str, text->len, &limits);
		if (budget_peak() > json_source_estimate(text->str, text->len))
			fail_msg("%s…: %zu over %zu", shapes[i].piece,
			    budget_peak(),
			    json_source_estimate(text->str, text->len));
		g_string_free(text, TRUE);
	}
}

/* jansson collects a word or string in a buffer that doubles, whatever it is.
 */
static void test_estimate_of_one_token(void **state)
{
	static const struct {
		const char *head, *tail;
		char fill;
	} tokens[] = {
	    {"{\"report-id\":", "}", '1'},
	    {"{\"report-id\":1.", "}", '1'},
	    {"{\"report-id\":-1", "}", '0'},
	    {"{\"report-id\":", "}", 'a'},
	    {"{\"report-id\":\"", "\"}", 'a'},
	    {"{\"report-id\":\"", "\"}", '\1'},
	};
	struct limits limits = documents_limits();

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(tokens); i++) {
		char *fill = g_strnfill(1 << 20, tokens[i].fill);
		char *text = g_strconcat(
		    tokens[i].head, fill, tokens[i].tail, (char *)NULL);

		(void)read_bytes(text, strlen(text), &limits);
		assert_true(
		    budget_peak() <= json_source_estimate(text, strlen(text)));
		g_free(text);
		g_free(fill);
	}
}

/* Reasons are UTF-8, wherever the text that they quote was cut. */
static void test_reason_is_utf8(void **state)
{
	static const char *const texts[] = {
	    /* By jansson, behind the digit. */
	    "{\"\\u0\xef\xbb\xbf\":0}",
	    /* At 60 bytes, of three a character. */
	    "{\"report-id\":\"1\",\"date-range\":{\"start-datetime\":\"xx"
	    "\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac"
	    "\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac"
	    "\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac"
	    "\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac"
	    "\"}}",
	};
	struct limits limits = documents_limits();

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		struct report *report = NULL;
		char *reason = NULL;

		assert_int_not_equal(
		    json_source_read(texts[i], strlen(texts[i]), &limits,
			1720000000, &report, &reason),
		    DECODE_OK);
		assert_true(g_utf8_validate(reason, -1, NULL));
		g_free(reason);
	}
}

static void test_judging_leaves_the_document_out(void **state)
{
	struct limits limits = documents_limits();
	struct json_scan scan = {0};
	struct report *report = NULL;
	char *reason = NULL;
	gsize length;
	char *bytes = read_complete(&length);
	struct report_json_source source = {
	    .bytes = bytes,
	    .length = length,
	    .scan = &scan,
	    .received_at = RECEIVED,
	    .judge_only = true,
	    .budget = limits.parse_memory / 2,
	};

	(void)state;
	json_scan_update(&scan, (const uint8_t *)bytes, length);
	assert_int_equal(
	    report_json_read(&source, &limits, &report, &reason), DECODE_OK);
	assert_null(report->document);
	assert_int_not_equal(report->policies->len, 0);
	report_free(report);
	source.judge_only = false;
	assert_int_equal(
	    report_json_read(&source, &limits, &report, &reason), DECODE_OK);
	assert_non_null(report->document);
	report_free(report);
	g_free(bytes);
}

/* An ordinary report is not estimated at the price of a hostile one. */
static void test_estimate_is_modest(void **state)
{
	gsize length;
	char *bytes = read_complete(&length);

	(void)state;
	assert_true(json_source_estimate(bytes, length) < 20 * length + 32768);
	g_free(bytes);
}

/* 16 MiB of anything ends, within the budget. */
static void test_huge(void **state)
{
	struct limits limits = documents_limits();

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(shapes); i++) {
		GString *text = repeat(&shapes[i], limits.report_size - 16);

		(void)read_bytes(text->str, text->len, &limits);
		assert_true(budget_peak() <= limits.parse_memory / 2);
		g_string_free(text, TRUE);
	}
}

static GString *many_details(size_t count, size_t size)
{
	GString *text = g_string_new(
	    "{\"report-id\":\"x\",\"date-range\":{\"start-datetime\":"
	    "\"2024-06-01T00:00:00Z\",\"end-datetime\":"
	    "\"2024-06-01T23:59:59Z\"},\"policies\":[{\"policy\":{"
	    "\"policy-type\":\"sts\",\"policy-domain\":\"example.com\"},"
	    "\"summary\":{\"total-successful-session-count\":0,"
	    "\"total-failure-session-count\":1000000},"
	    "\"failure-details\":[");

	for (size_t i = 0; i < count; i++) {
		size_t end = text->len + size;

		g_string_append_printf(text,
		    "%s{\"result-type\":\"certificate-expired\","
		    "\"sending-mta-ip\":\"192.0.2.%zu\","
		    "\"receiving-mx-hostname\":\"mx%zu.example.com\","
		    "\"receiving-ip\":\"2001:db8::%zx\","
		    "\"failed-session-count\":1,"
		    "\"additional-information\":\"",
		    i > 0 ? "," : "", i % 256, i, i % 65536);
		while (text->len + 2 < end)
			g_string_append_c(text, 'x');
		g_string_append(text, "\"}");
	}
	g_string_append(text, "]}]}");
	return text;
}

/* The largest honest report: 50,000 details in almost 16 MiB. */
static void test_many_details(void **state)
{
	struct limits limits = documents_limits();
	GString *text = many_details(50000, 334);
	struct report *report = NULL;
	char *reason = NULL;
	uint8_t digest[DIGEST_SIZE];

	(void)state;
	assert_true(text->len > 15900000 && text->len < limits.report_size);
	if (json_source_read(text->str, text->len, &limits, RECEIVED, &report,
		&reason) != DECODE_OK)
		fail_msg("%s", reason);
	assert_int_equal(report_failure_count(report), 50000);
	digest_of(report->document, report->document_length, digest);
	assert_memory_equal(report->content_sha256, digest, sizeof(digest));
	report_free(report);
	g_string_free(text, TRUE);
}

/* The same content in another order and with other blanks is the same. */
static void test_canonical(void **state)
{
	static const char *const texts[] = {
	    "{\"report-id\":\"x\",\"policies\":[],\"date-range\":"
	    "{\"start-datetime\":\"2024-06-01T00:00:00Z\","
	    "\"end-datetime\":\"2024-06-01T23:59:59Z\"}}",
	    "\xef\xbb\xbf {\"date-range\" : {\"end-datetime\":"
	    "\"2024-06-01T23:59:59Z\",\n \"start-datetime\":"
	    "\"2024-06-01T00:00:00\\u005a\"},\"policies\":[ ],"
	    "\"report-id\":\"\\u0078\"}\n-- \n"};
	struct limits limits = documents_limits();
	struct report *reports[2] = {NULL, NULL};
	char *reason;

	(void)state;
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(json_source_read(texts[i], strlen(texts[i]),
				     &limits, RECEIVED, &reports[i], &reason),
		    DECODE_OK);
	assert_string_equal(reports[0]->document, reports[1]->document);
	assert_memory_equal(reports[0]->content_sha256,
	    reports[1]->content_sha256, DIGEST_SIZE);
	report_free(reports[0]);
	report_free(reports[1]);
}

/* A document written down reads back to itself. */
static void test_document_is_stable(void **state)
{
	struct limits limits = documents_limits();
	GPtrArray *names = fixture_names(DOCUMENTS);

	(void)state;
	for (guint i = 0; i < names->len; i++) {
		gsize length;
		struct report *report = NULL, *again = NULL;
		char *reason = NULL;
		char *bytes = documents_read(
		    g_ptr_array_index(names, i), ".json", &length);

		if (bytes != NULL &&
		    json_source_read(bytes, length, &limits, RECEIVED, &report,
			&reason) == DECODE_OK) {
			assert_int_equal(json_source_read(report->document,
					     report->document_length, &limits,
					     RECEIVED, &again, &reason),
			    DECODE_OK);
			assert_string_equal(report->document, again->document);
		}
		report_free(report);
		report_free(again);
		g_free(reason);
		g_free(bytes);
	}
	g_ptr_array_unref(names);
}

/* An object of very many keys is written down in order. */
static void test_many_keys(void **state)
{
	struct limits limits = documents_limits();
	GString *text =
	    g_string_new("{\"report-id\":\"x\",\"policies\":[],"
			 "\"date-range\":{\"start-datetime\":"
			 "\"2024-06-01T00:00:00Z\",\"end-datetime\":"
			 "\"2024-06-01T23:59:59Z\"}");
	struct report *report = NULL;
	char *reason;

	(void)state;
	for (unsigned int i = 200000; i > 0; i--)
		g_string_append_printf(text, ",\"key%06u\":%u", i, i);
	g_string_append_c(text, '}');
	assert_int_equal(json_source_read(text->str, text->len, &limits,
			     RECEIVED, &report, &reason),
	    DECODE_OK);
	assert_non_null(strstr(
	    report->document, "\"key000001\":1,\"key000002\":2,\"key000003\""));
	report_free(report);
	g_string_free(text, TRUE);
}

static int setup(void **state)
{
	(void)state;
	decode_init();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_cut_at_every_byte),
	    cmocka_unit_test(test_every_byte_changed),
	    cmocka_unit_test(test_every_value_replaced),
	    cmocka_unit_test(test_every_budget),
	    cmocka_unit_test(test_estimate_is_above),
	    cmocka_unit_test(test_estimate_of_one_token),
	    cmocka_unit_test(test_reason_is_utf8),
	    cmocka_unit_test(test_estimate_is_modest),
	    cmocka_unit_test(test_judging_leaves_the_document_out),
	    cmocka_unit_test(test_huge),
	    cmocka_unit_test(test_many_details),
	    cmocka_unit_test(test_canonical),
	    cmocka_unit_test(test_document_is_stable),
	    cmocka_unit_test(test_many_keys),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
