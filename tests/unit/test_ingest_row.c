/* SPDX-License-Identifier: MIT */
/* Records as rows: every member, by its name, as tlsrpt.ingest takes it; and
 * the batches that rows are put into. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/digest.h"
#include "document/identity.h"
#include "load/batch.h"
#include "load/ingest_row.h"

#define DOCUMENT "{\"report-id\":\"r-1\"}"
#define HEX_00 \
	"0000000000000000000000000000000000000000000000000000000000000000"
#define HEX_ABAB \
	"abababababababababababababababababababababababababababababababab"

static struct record *make_record(void)
{
	struct record *record = record_new();
	record->kind = RECORD_REPORT;
	record->source = RECORD_MILTER;
	/* 2026-11-24T20:20:51.000456Z */
	record->received_at = INT64_C(1795551651000456);
	record->queue_id = g_strdup("4XyZ12");
	record->envelope_from = g_strdup("");
	record->message_id = g_strdup("a\"b@example.net");
	record->from_domain = g_strdup("example.net");
	record->submitter = g_strdup("example.net");
	record->dkim_result = g_strdup("pass");
	record->dkim_domain = g_strdup("example.net");
	record->authenticated = true;
	record->media_type = g_strdup("application/tlsrpt+gzip");
	record->filename = g_strdup("x\x01\xff.gz");
	record_set_bytes(record, "12345", 5);
	return record;
}

static void add_failure(struct report_policy *policy)
{
	struct report_failure *failure = report_add_failure(policy);
	failure->result_type = g_strdup("certificate-expired");
	failure->sending_mta_ip = g_strdup("192.0.2.1");
	failure->receiving_mx_hostname = g_strdup("mx.example.com");
	failure->receiving_mx_helo = g_strdup("helo");
	failure->receiving_ip = g_strdup("2001:db8::1");
	failure->failed_session_count = INT64_MAX;
	failure->additional_information = g_strdup("a\\b\nc");
	failure->failure_reason_code = g_strdup("X509");
	report_add_failure(policy);
}

static struct report *make_report(void)
{
	struct report *report = report_new();
	report->organization_name = g_strdup("Example \xe2\x82\xac");
	report->contact_info = g_strdup("tls@example.net");
	report->report_id = g_strdup("r-1");
	report->start_datetime = 1795478400;
	report->end_datetime = 1795564799;
	report->day = 1795564798;
	report->document = g_strdup(DOCUMENT);
	report->document_length = strlen(DOCUMENT);
	memset(report->content_sha256, 0xab, sizeof report->content_sha256);
	report_note(report, ANOMALY_UTF8_BOM);
	report_note(report, ANOMALY_DOUBLE_GZIP);
	struct report_policy *policy = report_add_policy(report);
	policy->policy_type = g_strdup("sts");
	policy->policy_mode = g_strdup("enforce");
	policy->policy_domain = g_strdup("example.org");
	g_ptr_array_add(policy->policy_string, g_strdup("version: STSv1"));
	g_ptr_array_add(policy->policy_string, g_strdup("mode: enforce"));
	g_ptr_array_add(policy->mx_host, g_strdup("*.example.org"));
	policy->total_successful_session_count = 0;
	policy->total_failure_session_count = 7;
	add_failure(policy);
	policy = report_add_policy(report);
	policy->policy_domain = g_strdup("example.com");
	report_add_policy(report);
	return report;
}

static char *row_of(const struct record *record, const struct report *report)
{
	GString *out = g_string_new(NULL);
	if (report == NULL)
		ingest_row_rejection(out, "NAME", record);
	else
		ingest_row_report(out, "NAME", record, report);
	return g_string_free(out, FALSE);
}

static void test_report_has_every_member(void **state)
{
	(void)state;
	struct record *record = make_record();
	struct report *report = make_report();
	uint8_t identity[DIGEST_SIZE];
	char hex[DIGEST_HEX_SIZE];
	identity_digest(report, "example.net", identity);
	digest_hex(identity, hex);
	char *expected = g_strconcat(
	    "{\"kind\":\"report\",\"record\":\"NAME\","
	    "\"received_at\":\"2026-11-24T20:20:51.000456Z\","
	    "\"envelope_from\":\"\",\"message_id\":\"a\\\"b@example.net\","
	    "\"filename\":\"x\\u0001\xef\xbf\xbd.gz\",\"size_bytes\":5,"
	    "\"source\":\"milter\",\"queue_id\":\"4XyZ12\","
	    "\"media_type\":\"application/tlsrpt+gzip\","
	    "\"dkim_result\":\"pass\",\"dkim_domain\":\"example.net\","
	    "\"authenticated\":true,\"submitter\":\"example.net\","
	    "\"identity\":\"\\\\x",
	    hex,
	    "\",\"content_sha256\":\"\\\\x" HEX_ABAB "\","
	    "\"organization_name\":\"Example \xe2\x82\xac\","
	    "\"contact_info\":\"tls@example.net\",\"report_id\":\"r-1\","
	    "\"start_datetime\":\"2026-11-24T00:00:00Z\","
	    "\"end_datetime\":\"2026-11-24T23:59:59Z\",\"day\":\"2026-11-24\","
	    "\"policy_domains\":[\"example.com\",\"example.org\"],"
	    "\"anomalies\":[\"double-gzip\",\"utf8-bom\"],"
	    "\"policies\":[{\"total_successful_session_count\":0,"
	    "\"total_failure_session_count\":7,\"policy_type\":\"sts\","
	    "\"policy_mode\":\"enforce\",\"policy_domain\":\"example.org\","
	    "\"policy_string\":[\"version: STSv1\",\"mode: enforce\"],"
	    "\"mx_host\":[\"*.example.org\"],"
	    "\"failures\":[{\"failed_session_count\":9223372036854775807,"
	    "\"result_type\":\"certificate-expired\","
	    "\"sending_mta_ip\":\"192.0.2.1\","
	    "\"receiving_mx_hostname\":\"mx.example.com\","
	    "\"receiving_mx_helo\":\"helo\",\"receiving_ip\":\"2001:db8::1\","
	    "\"additional_information\":\"a\\\\b\\u000ac\","
	    "\"failure_reason_code\":\"X509\"},{\"failed_session_count\":0}]},"
	    "{\"total_successful_session_count\":0,"
	    "\"total_failure_session_count\":0,"
	    "\"policy_domain\":\"example.com\",\"policy_string\":[],"
	    "\"mx_host\":[],\"failures\":[]},"
	    "{\"total_successful_session_count\":0,"
	    "\"total_failure_session_count\":0,\"policy_string\":[],"
	    "\"mx_host\":[],\"failures\":[]}],\"document\":" DOCUMENT "}",
	    NULL);
	char *row = row_of(record, report);
	assert_string_equal(row, expected);
	g_free(row);
	g_free(expected);
	report_free(report);
	record_free(record);
}

static void test_report_with_nothing_in_it(void **state)
{
	(void)state;
	struct record *record = record_new();
	struct report *report = report_new();
	record->kind = RECORD_REPORT;
	record->source = RECORD_IMPORT;
	report->document = g_strdup("{}");
	report->document_length = 2;
	char *row = row_of(record, report);
	/* What is NULL is left out; what has a default has it. */
	assert_null(strstr(row, "null"));
	assert_null(strstr(row, "queue_id"));
	assert_null(strstr(row, "organization_name"));
	assert_non_null(strstr(row, "\"source\":\"import\""));
	assert_non_null(strstr(row, "\"dkim_result\":\"none\""));
	assert_non_null(strstr(row, "\"authenticated\":false"));
	assert_non_null(strstr(row, "\"submitter\":\"\""));
	assert_non_null(
	    strstr(row, "\"received_at\":\"1970-01-01T00:00:00.000000Z\""));
	assert_non_null(strstr(row, "\"policy_domains\":[],\"anomalies\":[]"));
	assert_non_null(strstr(row, "\"policies\":[],\"document\":{}}"));
	g_free(row);
	report_free(report);
	record_free(record);
}

static void test_submitter_is_that_of_intake(void **state)
{
	(void)state;
	struct record *record = make_record();
	struct report *report = make_report();
	g_free(record->submitter);
	record->submitter = NULL;
	record->from_domain[0] = 'X';
	char *row = row_of(record, report);
	/* contact-info goes before the From field. */
	assert_non_null(strstr(row, "\"submitter\":\"example.net\""));
	g_free(row);
	record->submitter = g_strdup("other.example");
	row = row_of(record, report);
	assert_non_null(strstr(row, "\"submitter\":\"other.example\""));
	g_free(row);
	report_free(report);
	record_free(record);
}

static void test_rejection(void **state)
{
	(void)state;
	struct record *record = record_new();
	record->kind = RECORD_REJECTION;
	record->received_at = INT64_C(1795551651999999);
	record->reason = RECORD_INVALID;
	record->detail = g_strdup("limits.message-size: \x1b[31m");
	record->envelope_from = g_strdup("a@example.net");
	record->submitter = g_strdup("example.net");
	record->length = UINT64_C(26214401);
	char *row = row_of(record, NULL);
	assert_string_equal(row,
	    "{\"kind\":\"rejection\",\"record\":\"NAME\","
	    "\"received_at\":\"2026-11-24T20:20:51.999999Z\","
	    "\"envelope_from\":\"a@example.net\",\"size_bytes\":26214401,"
	    "\"reason\":\"invalid\","
	    "\"detail\":\"limits.message-size: \\u001b[31m\","
	    "\"submitter\":\"example.net\","
	    "\"content_sha256\":\"\\\\x" HEX_00 "\"}");
	g_free(row);
	record->reason = RECORD_REFUSED;
	row = row_of(record, NULL);
	assert_non_null(strstr(row, "\"reason\":\"refused\""));
	g_free(row);
	record_free(record);
}

/* Batches. */

static struct batch_item *make_item(const char *name, size_t length)
{
	struct batch_item *item = g_new0(struct batch_item, 1);
	item->name = g_strdup(name);
	char *text = g_strnfill(length, 'r');
	item->row = g_string_new(text);
	g_free(text);
	return item;
}

static void must_add(struct batch *batch, const char *name, size_t length)
{
	assert_true(batch_add(batch, make_item(name, length), 1000));
}

static void test_batch_is_an_array(void **state)
{
	(void)state;
	struct batch *batch = batch_new();
	char *text = batch_json(batch);
	assert_string_equal(text, "[]");
	g_free(text);
	must_add(batch, "a", 1);
	must_add(batch, "b", 2);
	text = batch_json(batch);
	assert_string_equal(text, "[r,rr]");
	g_free(text);
	batch_free(batch);
	batch_free(NULL);
}

static void test_batch_takes_so_many(void **state)
{
	(void)state;
	struct batch *batch = batch_new();
	struct batch_item *third = make_item("c", 1);
	assert_true(batch_add(batch, make_item("a", 1), 2));
	assert_true(batch_add(batch, make_item("b", 1), 2));
	assert_false(batch_add(batch, third, 2));
	batch_item_free(third);
	assert_int_equal(batch->items->len, 2);
	batch_free(batch);
}

static void test_batch_takes_so_much(void **state)
{
	(void)state;
	struct batch *batch = batch_new();
	/* By itself a record may be larger. */
	must_add(batch, "a", BATCH_BYTES + 1);
	struct batch_item *second = make_item("b", 1);
	assert_false(batch_add(batch, second, 1000));
	batch_free(batch);

	batch = batch_new();
	must_add(batch, "a", BATCH_BYTES / 2);
	must_add(batch, "b", BATCH_BYTES / 2 - 4);
	assert_true(batch_add(batch, second, 1000));
	second = make_item("c", 1);
	assert_false(batch_add(batch, second, 1000));
	batch_item_free(second);
	char *text = batch_json(batch);
	assert_true(strlen(text) <= BATCH_BYTES + 2);
	g_free(text);
	batch_free(batch);
}

static void test_batch_split(void **state)
{
	(void)state;
	struct batch *batch = batch_new();
	must_add(batch, "a", 1);
	must_add(batch, "b", 2);
	must_add(batch, "c", 3);
	struct batch *second = batch_split(batch);
	char *text = batch_json(batch);
	assert_string_equal(text, "[r,rr]");
	g_free(text);
	text = batch_json(second);
	assert_string_equal(text, "[rrr]");
	g_free(text);
	assert_int_equal(batch->bytes, 5);
	assert_int_equal(second->bytes, 4);
	/* Still usable, and freed once. */
	must_add(batch, "d", 1);
	batch_free(batch);
	batch_free(second);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_report_has_every_member),
	    cmocka_unit_test(test_report_with_nothing_in_it),
	    cmocka_unit_test(test_submitter_is_that_of_intake),
	    cmocka_unit_test(test_rejection),
	    cmocka_unit_test(test_batch_is_an_array),
	    cmocka_unit_test(test_batch_takes_so_many),
	    cmocka_unit_test(test_batch_takes_so_much),
	    cmocka_unit_test(test_batch_split),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
