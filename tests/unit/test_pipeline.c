/* SPDX-License-Identifier: MIT */
/* The pipeline with a spool that works, is full, or is gone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <stdbool.h>
#include <string.h>
#include <syslog.h>

#include "base/admission.h"
#include "base/log.h"
#include "document/report_json.h"
#include "intake/pipeline.h"
#include "tree.h"

#define QUOTA ((uint64_t)16 << 20)
#define RECEIVED_AT (INT64_C(1720000000) * G_USEC_PER_SEC)

static char *document;

struct place {
	char *folder;
	struct spool *spool;
	struct config *config;
	GPtrArray *recipients;
	GString *mail;
	struct pipeline_output output;
};

/* Appends a report, or what is labelled as one, as a part. */
static void add_part(struct place *place, const char *text)
{
	g_string_append_printf(place->mail,
	    "Content-Type: application/tlsrpt+json; name=r.json\r\n\r\n"
	    "%s\r\n--b\r\n",
	    text);
}

static int set_up(void **state)
{
	struct place *place = g_new0(struct place, 1);
	char *error = NULL;

	place->folder = g_dir_make_tmp("process-XXXXXX", NULL);
	assert_non_null(place->folder);
	place->spool = spool_open(place->folder, QUOTA, &error);
	assert_non_null(place->spool);
	place->config = config_default();
	place->recipients = g_ptr_array_new();
	g_ptr_array_add(place->recipients, (char *)"<tlsrpt@example.com>");
	place->mail = g_string_new(
	    "From: <noreply@sender.example>\r\n"
	    "Message-ID: <1@sender.example>\r\n"
	    "TLS-Report-Domain: example.com\r\n"
	    "TLS-Report-Submitter: Sender.Example\r\n"
	    "Content-Type: multipart/report; boundary=b\r\n\r\n--b\r\n");
	*state = place;
	return 0;
}

static int tear_down(void **state)
{
	struct place *place = *state;

	pipeline_output_clear(&place->output);
	spool_close(place->spool);
	tree_remove(place->folder);
	config_unref(place->config);
	g_ptr_array_unref(place->recipients);
	g_string_free(place->mail, TRUE);
	g_free(place->folder);
	g_free(place);
	return 0;
}

static struct pipeline_input make_input(const struct place *place)
{
	return (struct pipeline_input){
	    .config = place->config,
	    .spool = place->spool,
	    .source = RECORD_MILTER,
	    .queue_id = "4XyZ12",
	    .envelope_from = "<noreply@sender.example>",
	    .recipients = place->recipients,
	    .report_recipients = place->recipients->len,
	    .received_at = RECEIVED_AT,
	    .bytes = (const uint8_t *)place->mail->str,
	    .length = place->mail->len,
	};
}

static void run(struct place *place, const struct pipeline_input *input)
{
	pipeline_output_clear(&place->output);
	pipeline_run(input, &place->output);
}

static void use_config(struct place *place, const char *text)
{
	char *error = NULL;

	config_unref(place->config);
	place->config = config_parse(text, strlen(text), "test", &error);
	assert_non_null(place->config);
}

/* The report at an index has that status, and a reason that begins so. */
static void assert_report(const struct place *place, size_t index,
    enum pipeline_status status, const char *reason)
{
	const struct pipeline_report *report;

	assert_true(index < place->output.reports->len);
	report = place->output.reports->pdata[index];
	assert_string_equal(
	    pipeline_status_name(report->status), pipeline_status_name(status));
	if (reason == NULL)
		assert_null(report->reason);
	else if (!g_str_has_prefix(report->reason, reason))
		fail_msg("\"%s\" instead of \"%s\"", report->reason, reason);
}

static void assert_verdict(
    const struct place *place, enum verdict_action action, const char *header)
{
	const struct verdict *verdict = &place->output.verdict;

	assert_int_equal(verdict->action, action);
	if (header == NULL)
		assert_null(verdict->header);
	else if (!g_str_has_prefix(verdict->header, header))
		fail_msg("\"%s\" instead of \"%s\"", verdict->header, header);
}

static size_t count_records(const struct place *place)
{
	GPtrArray *names = spool_list(place->spool);
	size_t count;

	assert_non_null(names);
	count = names->len;
	g_ptr_array_unref(names);
	return count;
}

/* The one record that is there; the caller's. */
static struct record *get_record(const struct place *place)
{
	GPtrArray *names = spool_list(place->spool);
	struct record *record = NULL;
	char *error = NULL;

	assert_int_equal(names->len, 1);
	assert_int_equal(
	    spool_get(place->spool, names->pdata[0], &record, &error),
	    SPOOL_OK);
	g_ptr_array_unref(names);
	return record;
}

static void test_stored(void **state)
{
	struct place *place = *state;
	struct pipeline_input input;
	struct record *record;
	const struct pipeline_report *report;

	add_part(place, document);
	input = make_input(place);
	run(place, &input);
	assert_verdict(place, VERDICT_HEADER, "stored; reports=1");
	assert_report(place, 0, PIPELINE_SPOOLED, NULL);
	report = place->output.reports->pdata[0];
	assert_string_equal(report->organization_name, "Example Sender");
	assert_string_equal(report->filename, "r.json");
	assert_int_equal(report->sessions, 13);
	record = get_record(place);
	assert_int_equal(record->kind, RECORD_REPORT);
	assert_int_equal(record->received_at, RECEIVED_AT);
	assert_string_equal(record->queue_id, "4XyZ12");
	assert_string_equal(record->envelope_from, "<noreply@sender.example>");
	assert_int_equal(record->recipients->len, 1);
	assert_string_equal(record->message_id, "1@sender.example");
	assert_string_equal(record->from_domain, "sender.example");
	assert_string_equal(record->tls_report_submitter, "sender.example");
	assert_string_equal(record->dkim_result, "none");
	assert_false(record->authenticated);
	assert_string_equal(record->submitter, "sender.example");
	assert_string_equal(record->media_type, "application/tlsrpt+json");
	assert_int_equal(record->length, strlen(document));
	record_free(record);
}

static void test_dry_run(void **state)
{
	struct place *place = *state;
	struct pipeline_input input;

	add_part(place, document);
	add_part(place, "{");
	input = make_input(place);
	input.spool = NULL;
	run(place, &input);
	assert_verdict(
	    place, VERDICT_HEADER, "partial; stored=1 invalid=1 refused=0; ");
	assert_int_equal(count_records(place), 0);
}

/* Whatever becomes of a report, the next one is looked at. */
static void test_bad_then_good(void **state)
{
	struct place *place = *state;
	struct pipeline_input input;

	add_part(place, "{");
	add_part(place, document);
	input = make_input(place);
	run(place, &input);
	assert_report(place, 0, PIPELINE_INVALID, "RFC 8259: ");
	assert_report(place, 1, PIPELINE_SPOOLED, NULL);
	assert_int_equal(count_records(place), 2);
}

static void test_no_report(void **state)
{
	struct place *place = *state;
	struct pipeline_input input;

	g_string_append(place->mail, "\r\nhello\r\n");
	input = make_input(place);
	run(place, &input);
	assert_int_equal(place->output.reports->len, 0);
	assert_verdict(place, VERDICT_ACCEPT, NULL);
	assert_int_equal(count_records(place), 0);
}

/* A message over limits.message-size, found out here or before. */
static void test_too_large(void **state)
{
	struct place *place = *state;
	struct pipeline_input input;
	struct record *record;

	use_config(place, "[limits]\nmessage-size = 1K\n");
	g_string_set_size(place->mail, 1025);
	input = make_input(place);
	run(place, &input);
	assert_report(place, 0, PIPELINE_INVALID,
	    "message-size: more than 1024 bytes (limits.message-size)");
	assert_verdict(place, VERDICT_HEADER, "invalid; message-size: ");
	record = get_record(place);
	assert_int_equal(record->kind, RECORD_REJECTION);
	assert_int_equal(record->reason, RECORD_INVALID);
	assert_true(g_str_has_prefix(record->detail, "message-size: "));
	record_free(record);

	input = make_input(place);
	input.limit_reason = "message-size: seen while it came in";
	run(place, &input);
	assert_report(place, 0, PIPELINE_INVALID, input.limit_reason);
	assert_int_equal(count_records(place), 2);
}

static void test_too_many_reports(void **state)
{
	struct place *place = *state;
	struct pipeline_input input;

	use_config(place, "[limits]\nreports = 1\n");
	add_part(place, document);
	add_part(place, document);
	input = make_input(place);
	run(place, &input);
	assert_report(place, 0, PIPELINE_SPOOLED, NULL);
	assert_report(place, 1, PIPELINE_INVALID,
	    "limits.reports: more than 1 reports in a message");
	assert_verdict(place, VERDICT_HEADER, "partial; ");
}

/* What is no report does not count. */
static void test_as_many_reports_as_allowed(void **state)
{
	struct place *place = *state;
	struct pipeline_input input;

	use_config(place, "[limits]\nreports = 1\n");
	add_part(place, document);
	g_string_append(place->mail,
	    "Content-Type: application/json; name=other.json\r\n\r\n"
	    "{\"no\": \"report\"}\r\n--b\r\n");
	input = make_input(place);
	run(place, &input);
	assert_int_equal(place->output.reports->len, 1);
	assert_verdict(place, VERDICT_HEADER, "stored; reports=1");
}

/* What keeps a good report from being stored leads to on-spool-error's verdict:
 * the mail is delivered or put off, but never dropped. */
static void assert_failed(
    struct place *place, struct pipeline_input input, const char *reason)
{
	static const char *const texts[] = {
	    "[milter]\nrecipients = tlsrpt@example.com\n"
	    "disposition = discard\n"
	    "on-spool-error = deliver\n",
	    "[milter]\nrecipients = tlsrpt@example.com\n"
	    "disposition = discard\n"
	    "on-spool-error = tempfail\n"};

	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		use_config(place, texts[i]);
		input.config = place->config;
		run(place, &input);
		assert_report(place, 0, PIPELINE_FAILED, reason);
		if (i == 0) {
			assert_verdict(place, VERDICT_HEADER, "failed; ");
			assert_true(g_str_has_prefix(
			    place->output.verdict.header + strlen("failed; "),
			    reason));
		} else {
			assert_verdict(place, VERDICT_TEMPFAIL, NULL);
			assert_string_equal(place->output.verdict.reply,
			    "TLS report can't be stored now, try again later");
		}
	}
}

static void test_unreadable(void **state)
{
	struct place *place = *state;
	struct pipeline_input input = make_input(place);

	input.unreadable = "spool.directory: the message can't be kept: full";
	assert_failed(place, input, input.unreadable);
}

static void test_spool_full(void **state)
{
	struct place *place = *state;

	add_part(place, document);
	spool_set_quota(place->spool, 1);
	assert_failed(place, make_input(place), "spool.quota: the spool ");
	assert_int_equal(count_records(place), 0);
}

static void test_spool_gone(void **state)
{
	struct place *place = *state;

	add_part(place, document);
	tree_remove(place->folder);
	assert_failed(place, make_input(place), "spool.directory: ");
}

/* A rejection that can't be recorded changes no verdict. */
static void test_rejection_not_recorded(void **state)
{
	struct place *place = *state;
	struct pipeline_input input;

	add_part(place, "{");
	tree_remove(place->folder);
	input = make_input(place);
	run(place, &input);
	assert_report(place, 0, PIPELINE_INVALID, "RFC 8259: ");
	assert_verdict(place, VERDICT_HEADER, "invalid; RFC 8259: ");
}

static void test_past_deadline(void **state)
{
	struct place *place = *state;
	struct pipeline_input input;

	add_part(place, document);
	input = make_input(place);
	input.deadline = g_get_monotonic_time() - 1;
	assert_failed(place, input, "limits.deadline: not done within 30 ");
	assert_int_equal(count_records(place), 0);
}

/* Waiting for a turn counts. */
static void test_no_turn(void **state)
{
	struct place *place = *state;
	struct pipeline_input input;
	size_t half = place->config->limits.parse_memory / 2;

	add_part(place, document);
	input = make_input(place);
	assert_true(admission_enter(ADMISSION_SMALL, half, half, 0));
	input.deadline = g_get_monotonic_time() + 50 * 1000;
	run(place, &input);
	admission_leave(ADMISSION_SMALL, half);
	assert_report(place, 0, PIPELINE_FAILED,
	    "limits.deadline: the report could not be parsed ");
	assert_verdict(place, VERDICT_HEADER, "failed; limits.deadline: ");
}

static void test_refused(void **state)
{
	struct place *place = *state;
	struct pipeline_input input;
	struct record *record;

	use_config(place, "[milter]\non-refused = reject\n"
			  "[accept]\npolicy-domains = other.example\n");
	add_part(place, document);
	input = make_input(place);
	run(place, &input);
	assert_report(place, 0, PIPELINE_REFUSED, "accept.policy-domains: ");
	assert_verdict(place, VERDICT_REJECT, NULL);
	assert_true(g_str_has_prefix(
	    place->output.verdict.reply, "TLS report refused: "));
	record = get_record(place);
	assert_int_equal(record->reason, RECORD_REFUSED);
	assert_string_equal(record->submitter, "sender.example");
	assert_int_equal(record->length, strlen(document));
	record_free(record);
}

static void test_bare(void **state)
{
	struct place *place = *state;
	struct pipeline_input input = make_input(place);

	input.bare = true;
	input.filename = "a.json";
	input.bytes = (const uint8_t *)document;
	input.length = strlen(document);
	run(place, &input);
	assert_report(place, 0, PIPELINE_SPOOLED, NULL);
	/* Under another name it would have to look like a report. */
	input.length = 1;
	run(place, &input);
	assert_report(place, 0, PIPELINE_INVALID, "RFC 8259: ");
	input.filename = "a.txt";
	run(place, &input);
	assert_int_equal(place->output.reports->len, 0);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(test_stored),
	    CASE(test_dry_run),
	    CASE(test_bad_then_good),
	    CASE(test_no_report),
	    CASE(test_too_large),
	    CASE(test_too_many_reports),
	    CASE(test_as_many_reports_as_allowed),
	    CASE(test_unreadable),
	    CASE(test_spool_full),
	    CASE(test_spool_gone),
	    CASE(test_rejection_not_recorded),
	    CASE(test_past_deadline),
	    CASE(test_no_turn),
	    CASE(test_refused),
	    CASE(test_bare),
	};
	int failed;

	log_open("test", LOG_TARGET_STDERR, LOG_EMERG);
	pipeline_init();
	if (!g_file_get_contents(
		FIXTURES "/documents/complete.json", &document, NULL, NULL))
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	g_free(document);
	return failed;
}
