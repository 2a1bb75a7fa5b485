/* SPDX-License-Identifier: MIT */
/*
 * The JSON is written straight to text: a batch is tens of megabytes of flat
 * objects, and building each as a tree first would take several times the
 * memory. What is NULL here is left out, which SQL reads as NULL.
 */
#include "ingest_row.h"

#include <string.h>

#include "base/digest.h"
#include "base/json_writer.h"
#include "base/syntax.h"
#include "document/identity.h"

static void add_text(
    struct json_writer *json, const char *name, const char *value)
{
	if (value != NULL)
		json_writer_string(json, name, value);
}

static void add_time(
    struct json_writer *json, const char *name, int64_t seconds)
{
	char text[SYNTAX_TIME_SIZE];

	syntax_time_format(seconds, text);
	json_writer_string(json, name, text);
}

static void add_date(
    struct json_writer *json, const char *name, int64_t seconds)
{
	char text[SYNTAX_TIME_SIZE];

	syntax_time_format(seconds, text);
	*strchr(text, 'T') = '\0';
	json_writer_string(json, name, text);
}

/* As the text form of bytea takes it: \x and hexadecimal digits. */
static void add_digest(struct json_writer *json, const char *name,
    const uint8_t digest[DIGEST_SIZE])
{
	char text[DIGEST_HEX_SIZE + 2] = "\\x";

	digest_hex(digest, text + 2);
	json_writer_string(json, name, text);
}

static void add_texts(
    struct json_writer *json, const char *name, const GPtrArray *values)
{
	json_writer_begin_array(json, name);
	for (guint i = 0; i < values->len; i++)
		json_writer_string(json, NULL, g_ptr_array_index(values, i));
	json_writer_end_array(json);
}

static void add_anomalies(struct json_writer *json, anomaly_set anomalies)
{
	json_writer_begin_array(json, "anomalies");
	for (unsigned int i = 0; i < ANOMALY_COUNT; i++)
		if ((anomalies >> i & 1) != 0)
			json_writer_string(
			    json, NULL, anomaly_name((enum anomaly)i));
	json_writer_end_array(json);
}

static void add_failure(
    struct json_writer *json, const struct report_failure *failure)
{
	json_writer_begin_object(json, NULL);
	json_writer_integer(
	    json, "failed_session_count", failure->failed_session_count);
	add_text(json, "result_type", failure->result_type);
	add_text(json, "sending_mta_ip", failure->sending_mta_ip);
	add_text(json, "receiving_mx_hostname", failure->receiving_mx_hostname);
	add_text(json, "receiving_mx_helo", failure->receiving_mx_helo);
	add_text(json, "receiving_ip", failure->receiving_ip);
	add_text(
	    json, "additional_information", failure->additional_information);
	add_text(json, "failure_reason_code", failure->failure_reason_code);
	json_writer_end_object(json);
}

static void add_policy(
    struct json_writer *json, const struct report_policy *policy)
{
	json_writer_begin_object(json, NULL);
	json_writer_integer(json, "total_successful_session_count",
	    policy->total_successful_session_count);
	json_writer_integer(json, "total_failure_session_count",
	    policy->total_failure_session_count);
	add_text(json, "policy_type", policy->policy_type);
	add_text(json, "policy_mode", policy->policy_mode);
	add_text(json, "policy_domain", policy->policy_domain);
	add_texts(json, "policy_string", policy->policy_string);
	add_texts(json, "mx_host", policy->mx_host);
	json_writer_begin_array(json, "failures");
	for (guint i = 0; i < policy->failures->len; i++)
		add_failure(json, g_ptr_array_index(policy->failures, i));
	json_writer_end_array(json);
	json_writer_end_object(json);
}

/* The members that a report and a rejection begin with. */
static void add_start(struct json_writer *json, const char *kind,
    const char *name, const struct record *record)
{
	char received_at[RECORD_TIME_SIZE];

	record_time_format(record->received_at, received_at);
	json_writer_string(json, "kind", kind);
	add_text(json, "record", name);
	json_writer_string(json, "received_at", received_at);
	add_text(json, "envelope_from", record->envelope_from);
	add_text(json, "message_id", record->message_id);
	add_text(json, "filename", record->filename);
	json_writer_integer(json, "size_bytes", (int64_t)record->length);
}

/* How the report came. */
static void add_delivery(struct json_writer *json, const struct record *record)
{
	json_writer_string(json, "source",
	    record->source == RECORD_IMPORT ? "import" : "milter");
	add_text(json, "queue_id", record->queue_id);
	add_text(json, "media_type", record->media_type);
	json_writer_string(json, "dkim_result",
	    record->dkim_result == NULL ? "none" : record->dkim_result);
	add_text(json, "dkim_domain", record->dkim_domain);
	json_writer_boolean(json, "authenticated", record->authenticated);
}

/*
 * The submitter is the one that intake judged when it said authenticated; where
 * a record names none it is found anew.
 */
static void add_identity(struct json_writer *json, const struct record *record,
    const struct report *report)
{
	uint8_t identity[DIGEST_SIZE];
	char *submitter = record->submitter == NULL
			      ? identity_submitter(report, record->from_domain)
			      : g_strdup(record->submitter);

	identity_digest(report, submitter, identity);
	add_text(json, "submitter", submitter);
	add_digest(json, "identity", identity);
	add_digest(json, "content_sha256", report->content_sha256);
	g_free(submitter);
}

void ingest_row_report(GString *out, const char *name,
    const struct record *record, const struct report *report)
{
	struct json_writer json = {.out = out};
	GPtrArray *domains = identity_policy_domains(report);

	json_writer_begin_object(&json, NULL);
	add_start(&json, "report", name, record);
	add_delivery(&json, record);
	add_identity(&json, record, report);
	add_text(&json, "organization_name", report->organization_name);
	add_text(&json, "contact_info", report->contact_info);
	add_text(&json, "report_id", report->report_id);
	add_time(&json, "start_datetime", report->start_datetime);
	add_time(&json, "end_datetime", report->end_datetime);
	add_date(&json, "day", report->day);
	add_texts(&json, "policy_domains", domains);
	add_anomalies(&json, report->anomalies);
	json_writer_begin_array(&json, "policies");
	for (guint i = 0; i < report->policies->len; i++)
		add_policy(&json, g_ptr_array_index(report->policies, i));
	json_writer_end_array(&json);
	json_writer_raw(
	    &json, "document", report->document, report->document_length);
	json_writer_end_object(&json);
	g_ptr_array_unref(domains);
}

void ingest_row_rejection(
    GString *out, const char *name, const struct record *record)
{
	struct json_writer json = {.out = out};

	json_writer_begin_object(&json, NULL);
	add_start(&json, "rejection", name, record);
	json_writer_string(&json, "reason",
	    record->reason == RECORD_REFUSED ? "refused" : "invalid");
	add_text(&json, "detail", record->detail);
	add_text(&json, "submitter", record->submitter);
	add_digest(&json, "content_sha256", record->sha256);
	json_writer_end_object(&json);
}
