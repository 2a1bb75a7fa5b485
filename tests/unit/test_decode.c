/* SPDX-License-Identifier: MIT */
/* Attachments to reports: every case of tests/fixtures/documents, which has one
 * for each deviation and each reason to refuse. */
#include "document/decode.h"

#include <stdlib.h>
#include <string.h>

#include "base/admission.h"
#include "base/syntax.h"
#include "document/budget.h"
#include "documents.h"

/* What the cases have been seen to note, all together. */
static anomaly_set noted;

struct expectation {
	const char *name;
	GHashTable *lines; /* char * to char *; what is used is removed */
};

static void check(struct expectation *expect, const char *key, const char *is)
{
	char *wanted = fixture_take(expect->lines, key);

	if (is == NULL)
		is = "(none)";
	if (wanted != NULL && strcmp(wanted, is) != 0)
		fail_msg("%s: %s: is \"%s\", not \"%s\"", expect->name, key, is,
		    wanted);
	g_free(wanted);
}

static void check_number(
    struct expectation *expect, const char *key, int64_t number)
{
	char *text = g_strdup_printf("%" G_GINT64_FORMAT, number);

	check(expect, key, text);
	g_free(text);
}

static void check_list(
    struct expectation *expect, const char *key, const GPtrArray *list)
{
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < list->len; i++)
		g_string_append_printf(text, "%s%s", i > 0 ? " | " : "",
		    (const char *)g_ptr_array_index(list, i));
	check(expect, key, text->str);
	g_string_free(text, TRUE);
}

static void check_time(
    struct expectation *expect, const char *key, int64_t seconds)
{
	char text[SYNTAX_TIME_SIZE];

	syntax_time_format(seconds, text);
	check(expect, key, text);
}

static void check_day(struct expectation *expect, int64_t seconds)
{
	char text[SYNTAX_TIME_SIZE];

	syntax_time_format(seconds, text);
	text[strlen("2026-11-24")] = '\0';
	check(expect, "day", text);
}

static void check_failure(struct expectation *expect, guint policy, guint index,
    const struct report_failure *failure)
{
	char key[64];
	const struct {
		const char *key;
		const char *value;
	} texts[] = {
	    {"result-type", failure->result_type},
	    {"sending-mta-ip", failure->sending_mta_ip},
	    {"receiving-mx-hostname", failure->receiving_mx_hostname},
	    {"receiving-mx-helo", failure->receiving_mx_helo},
	    {"receiving-ip", failure->receiving_ip},
	    {"additional-information", failure->additional_information},
	    {"failure-reason-code", failure->failure_reason_code},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_snprintf(key, sizeof(key), "failure[%u][%u].%s", policy,
		    index, texts[i].key);
		check(expect, key, texts[i].value);
	}
	g_snprintf(key, sizeof(key), "failure[%u][%u].failed", policy, index);
	check_number(expect, key, failure->failed_session_count);
}

static const char *policy_key(char key[64], guint index, const char *name)
{
	g_snprintf(key, 64, "policy[%u].%s", index, name);
	return key;
}

static void check_policy(
    struct expectation *expect, guint index, const struct report_policy *policy)
{
	char key[64];

	check(expect, policy_key(key, index, "type"), policy->policy_type);
	check(expect, policy_key(key, index, "mode"), policy->policy_mode);
	check(expect, policy_key(key, index, "domain"), policy->policy_domain);
	check_list(
	    expect, policy_key(key, index, "string"), policy->policy_string);
	check_list(expect, policy_key(key, index, "mx-host"), policy->mx_host);
	check_number(expect, policy_key(key, index, "successful"),
	    policy->total_successful_session_count);
	check_number(expect, policy_key(key, index, "failed"),
	    policy->total_failure_session_count);
	for (guint i = 0; i < policy->failures->len; i++)
		check_failure(
		    expect, index, i, g_ptr_array_index(policy->failures, i));
}

static void check_anomalies(
    struct expectation *expect, const struct report *report)
{
	GString *text = g_string_new(NULL);

	if (!g_hash_table_contains(expect->lines, "anomalies"))
		fail_msg("%s.expect: anomalies: missing", expect->name);
	for (guint i = 0; i < ANOMALY_COUNT; i++)
		if ((report->anomalies >> i & 1) != 0)
			g_string_append_printf(text, "%s%s",
			    text->len > 0 ? " " : "", anomaly_name(i));
	check(expect, "anomalies", text->str);
	g_string_free(text, TRUE);
	noted |= report->anomalies;
}

static void check_report(
    struct expectation *expect, const struct report *report)
{
	int64_t successful = 0, failed = 0;

	for (guint i = 0; i < report->policies->len; i++) {
		const struct report_policy *policy =
		    g_ptr_array_index(report->policies, i);

		check_policy(expect, i, policy);
		successful += policy->total_successful_session_count;
		failed += policy->total_failure_session_count;
	}
	check_anomalies(expect, report);
	check(expect, "organization-name", report->organization_name);
	check(expect, "contact-info", report->contact_info);
	check(expect, "report-id", report->report_id);
	check(expect, "report-domain", report->report_domain);
	check_time(expect, "start", report->start_datetime);
	check_time(expect, "end", report->end_datetime);
	check_day(expect, report->day);
	check_number(expect, "policies", report->policies->len);
	check_number(expect, "failures", (int64_t)report_failure_count(report));
	check_number(expect, "successful", successful);
	check_number(expect, "failed", failed);
	check(expect, "document", report->document);
	assert_int_equal(report->document_length, strlen(report->document));
}

static void take_limits(struct expectation *expect, struct limits *limits)
{
	const struct {
		const char *key;
		size_t *value;
	} keys[] = {
	    {"limits.gzip-members", &limits->gzip_members},
	    {"limits.report-size", &limits->report_size},
	    {"limits.parse-memory", &limits->parse_memory},
	    {"limits.json-depth", &limits->json_depth},
	    {"limits.policies", &limits->policies},
	    {"limits.details", &limits->details},
	    {"limits.string-length", &limits->string_length},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
		char *value = fixture_take(expect->lines, keys[i].key);

		if (value != NULL)
			*keys[i].value = strtoul(value, NULL, 10);
		g_free(value);
	}
}

static char *read_document(const char *name, gsize *ret_length)
{
	static const char *const suffixes[] = {
	    ".json", ".json.gz", ".zip", ".bin"};
	char *bytes = NULL;

	for (size_t i = 0; bytes == NULL && i < G_N_ELEMENTS(suffixes); i++)
		bytes = documents_read(name, suffixes[i], ret_length);
	if (bytes == NULL)
		fail_msg("%s: none of the suffixes", name);
	return bytes;
}

static void test_document(void **state)
{
	static const char *const results[] = {
	    [DECODE_OK] = "ok",
	    [DECODE_OTHER] = "other",
	    [DECODE_INVALID] = "invalid",
	    [DECODE_LIMIT] = "limit",
	    [DECODE_DEADLINE] = "deadline",
	};
	struct expectation expect = {
	    .name = *state, .lines = fixture_table(DOCUMENTS, *state)};
	struct limits limits = documents_limits();
	struct decode_input input = {.received_at = 1764000000};
	struct report *report = NULL;
	char *reason = NULL;
	char *media_type = fixture_take(expect.lines, "media-type");
	char *filename = fixture_take(expect.lines, "filename");
	char *domain = fixture_take(expect.lines, "tls-report-domain");
	char *received = fixture_take(expect.lines, "received");
	gsize length = 0;
	char *bytes = read_document(expect.name, &length);
	GHashTableIter iter;
	gpointer left;

	take_limits(&expect, &limits);
	if (received != NULL)
		assert_int_equal(
		    syntax_time(received, &input.received_at), SYNTAX_OK);
	input.bytes = (const uint8_t *)bytes;
	input.length = length;
	input.media_type = media_type;
	input.filename = filename;
	input.tls_report_domain = domain;

	check(&expect, "result",
	    results[decode_report(&input, &limits, &report, &reason)]);
	check(&expect, "reason", reason);
	if (report != NULL)
		check_report(&expect, report);
	g_hash_table_iter_init(&iter, expect.lines);
	if (g_hash_table_iter_next(&iter, &left, NULL))
		fail_msg("%s.expect: %s: there is no such thing in it",
		    expect.name, (const char *)left);

	report_free(report);
	g_free(reason);
	g_free(media_type);
	g_free(filename);
	g_free(domain);
	g_free(received);
	g_free(bytes);
	g_hash_table_unref(expect.lines);
}

/* A deviation without a case would be one that nobody has seen work. */
static void test_every_anomaly_has_a_document(void **state)
{
	(void)state;
	for (guint i = 0; i < ANOMALY_COUNT; i++)
		if ((noted >> i & 1) == 0)
			print_error("no document notes %s\n", anomaly_name(i));
	assert_true(noted == (UINT64_C(1) << ANOMALY_COUNT) - 1);
}

static void test_labels(void **state)
{
	(void)state;
	assert_true(decode_media_type_is_report("application/tlsrpt"));
	assert_true(decode_media_type_is_report("application/tlsrpt+gzip"));
	assert_true(decode_media_type_is_report("application/tlsrpt+json"));
	assert_false(decode_media_type_is_report("application/json"));
	assert_false(decode_media_type_is_report("x-application/tlsrpt"));
	assert_false(decode_media_type_is_report(""));
	assert_false(decode_media_type_is_report(NULL));
}

#define SOON (50 * G_TIME_SPAN_MILLISECOND)

/* An ordinary report, made large by blanks where blanks may be. */
static char *make_large(gsize *ret_length)
{
	gsize length;
	char *bytes = documents_read("complete", ".json", &length);
	char *large;

	assert_non_null(bytes);
	*ret_length = length + DECODE_LARGE;
	large = g_malloc(*ret_length);
	memset(large, ' ', DECODE_LARGE);
	memcpy(large + DECODE_LARGE, bytes, length);
	g_free(bytes);
	return large;
}

static enum decode_result decode_by(const char *bytes, gsize length,
    const char *media_type, int64_t deadline, char **ret_reason)
{
	struct limits limits = documents_limits();
	struct report *report = NULL;
	const struct decode_input input = {
	    .bytes = (const uint8_t *)bytes,
	    .length = length,
	    .media_type = media_type,
	    .received_at = 1764000000,
	    .deadline = deadline,
	};
	enum decode_result result =
	    decode_report(&input, &limits, &report, ret_reason);

	assert_true((result == DECODE_OK) == (report != NULL));
	report_free(report);
	return result;
}

/* While a large document is read, another waits, and a small one does not. */
static void test_large_takes_turns(void **state)
{
	static const char label[] = "application/tlsrpt+json";
	const struct limits limits = documents_limits();
	size_t half = limits.parse_memory / 2;
	gsize length, small_length;
	char *large = make_large(&length);
	char *small = documents_read("complete", ".json", &small_length);
	char *reason = NULL;

	(void)state;
	assert_true(admission_enter(ADMISSION_LARGE, half, half, 0));
	assert_int_equal(decode_by(large, length, label,
			     g_get_monotonic_time() + SOON, &reason),
	    DECODE_DEADLINE);
	assert_string_equal(reason,
	    "limits.deadline: the report could not be parsed within 30 "
	    "seconds");
	g_free(reason);
	assert_int_equal(
	    decode_by(small, small_length, label, 1, &reason), DECODE_OK);
	admission_leave(ADMISSION_LARGE, half);
	assert_int_equal(
	    decode_by(large, length, label, 1, &reason), DECODE_OK);
	g_free(large);
	g_free(small);
}

/* While small ones hold their half, a large one does not wait; nor does what
 * is no report, or broken. */
static void test_small_waits(void **state)
{
	static const char label[] = "application/tlsrpt+gzip";
	const struct limits limits = documents_limits();
	size_t half = limits.parse_memory / 2;
	gsize length, small_length, broken_length;
	char *large = make_large(&length);
	char *small = documents_read("gzip", ".json.gz", &small_length);
	char *broken =
	    documents_read("gzip-truncated", ".json.gz", &broken_length);
	char *reason = NULL;

	(void)state;
	assert_true(admission_enter(ADMISSION_SMALL, half, half, 0));
	assert_int_equal(
	    decode_by(small, small_length, label, 1, &reason), DECODE_DEADLINE);
	g_clear_pointer(&reason, g_free);
	assert_int_equal(
	    decode_by(large, length, label, 1, &reason), DECODE_OK);
	assert_int_equal(decode_by(broken, broken_length, label, 1, &reason),
	    DECODE_INVALID);
	g_clear_pointer(&reason, g_free);
	assert_int_equal(
	    decode_by("%PDF-1.7", 8, "application/pdf", 1, &reason),
	    DECODE_OTHER);
	admission_leave(ADMISSION_SMALL, half);
	assert_int_equal(
	    decode_by(small, small_length, label, 1, &reason), DECODE_OK);
	g_free(large);
	g_free(small);
	g_free(broken);
}

/* A document that is only just small, of a report and empty objects. */
static GString *make_costly(const char *last)
{
	GString *text = g_string_new("{\"report-id\":\"1\",\"policies\":[],"
				     "\"date-range\":{\"start-datetime\":"
				     "\"2025-11-20T00:00:00Z\","
				     "\"end-datetime\":"
				     "\"2025-11-20T23:59:59Z\"},");

	g_string_append(text, "\"a\":1,\"b\":[{}");
	while (text->len < 990000)
		g_string_append(text, ",{}");
	g_string_append_printf(text, "],\"%s\":2}", last);
	return text;
}

/* A key that comes twice makes it parsed twice, not take more. */
static void test_duplicate_key_takes_no_more(void **state)
{
	static const char label[] = "application/tlsrpt+json";
	static const char *const keys[] = {"c", "a"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
		GString *text = make_costly(keys[i]);
		char *reason = NULL;

		assert_int_equal(
		    decode_by(text->str, text->len, label, 0, &reason),
		    DECODE_OK);
		g_string_free(text, TRUE);
	}
}

/* Whatever half of parse-memory allows: a document has its estimate only, and
 * gives back what a string took that was JSON itself. */
static void test_budget_is_what_was_admitted(void **state)
{
	static const char label[] = "application/tlsrpt+json";
	GString *text = g_string_new(
	    "{\"date-range\":{\"start-datetime\":\"2025-11-20T00:00:00Z\","
	    "\"end-datetime\":\"2025-11-20T23:59:59Z\"},\"policies\":["
	    "{\"summary\":{},\"policy\":{\"policy-string\":[\"\"");
	char *reason = NULL;

	(void)state;
	for (int i = 0; i < 7; i++) {
		g_string_append(text, ",\"[\\\"a\\\"");
		for (int k = 0; k < 10000; k++)
			g_string_append(text, ",\\\"\\\"");
		g_string_append(text, "]\"");
	}
	g_string_append(text, "]}}]}");
	assert_int_equal(
	    decode_by(text->str, text->len, label, 0, &reason), DECODE_OK);
	assert_true(budget_peak() < 6 * text->len);
	g_string_free(text, TRUE);
}

static gint failures;

static gpointer decode_often(gpointer data)
{
	static const char label[] = "application/tlsrpt+gzip";
	gsize length, large_length;
	char *bytes = documents_read("gzip", ".json.gz", &length);
	char *large = make_large(&large_length);

	for (int i = 0; i < 200; i++) {
		bool take_large = i % 50 == GPOINTER_TO_INT(data);
		char *reason = NULL;

		if (decode_by(take_large ? large : bytes,
			take_large ? large_length : length, label, 0,
			&reason) != DECODE_OK)
			g_atomic_int_inc(&failures);
		g_free(reason);
	}
	g_free(bytes);
	g_free(large);
	return NULL;
}

static void test_threads(void **state)
{
	const struct limits limits = documents_limits();
	size_t half = limits.parse_memory / 2;
	GThread *threads[8];

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
		threads[i] =
		    g_thread_new("decode", decode_often, GINT_TO_POINTER(i));
	for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
		g_thread_join(threads[i]);
	assert_int_equal(failures, 0);
	/* All that was taken has been given back. */
	assert_true(admission_enter(ADMISSION_SMALL, half, half, 1));
	assert_true(admission_enter(ADMISSION_LARGE, half, half, 1));
	admission_leave(ADMISSION_SMALL, half);
	admission_leave(ADMISSION_LARGE, half);
}

int main(void)
{
	GPtrArray *names = fixture_names(DOCUMENTS);
	GArray *tests = g_array_new(FALSE, TRUE, sizeof(struct CMUnitTest));
	struct CMUnitTest other[] = {
	    cmocka_unit_test(test_labels),
	    cmocka_unit_test(test_large_takes_turns),
	    cmocka_unit_test(test_small_waits),
	    cmocka_unit_test(test_duplicate_key_takes_no_more),
	    cmocka_unit_test(test_budget_is_what_was_admitted),
	    cmocka_unit_test(test_threads),
	    cmocka_unit_test(test_every_anomaly_has_a_document),
	};
	int failed;

	decode_init();
	for (guint i = 0; i < names->len; i++) {
		struct CMUnitTest test = {
		    .name = g_ptr_array_index(names, i),
		    .test_func = test_document,
		    .initial_state = g_ptr_array_index(names, i),
		};

		g_array_append_val(tests, test);
	}
	g_array_append_vals(tests, other, G_N_ELEMENTS(other));
	failed = _cmocka_run_group_tests("decode",
	    (const struct CMUnitTest *)(void *)tests->data, tests->len, NULL,
	    NULL);
	g_array_unref(tests);
	g_ptr_array_unref(names);
	return failed;
}
