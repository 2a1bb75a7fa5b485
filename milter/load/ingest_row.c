/* SPDX-License-Identifier: MIT */
/*
 * The JSON is written straight to text: a batch is tens of megabytes of flat
 * objects, and building each as a tree first would take several times the
 * memory. What is NULL here is left out, which SQL reads as NULL.
 */
#include <inttypes.h>

#include "base/digest.h"
#include "base/escape.h"
#include "base/syntax.h"
#include "ingest_row.h"

G_STATIC_ASSERT(DIGEST_SIZE == REPORT_DIGEST_SIZE);
G_STATIC_ASSERT(DIGEST_SIZE == RECORD_DIGEST_SIZE);

#define MICROSECONDS 1000000

/* Appends ,"name": in front of a value. Each object has a first member that is
 * written otherwise, so that the comma is always right. */
static void add_name(GString *out, const char *name)
{
	g_string_append(out, ",\"");
	g_string_append(out, name);
	g_string_append(out, "\":");
}

static void add_text(GString *out, const char *name, const char *value)
{
	if (value == NULL)
		return;
	add_name(out, name);
	escape_json(out, value);
}

static void add_number(GString *out, const char *name, int64_t value)
{
	g_string_append_printf(out, ",\"%s\":%" PRId64, name, value);
}

static void add_time(GString *out, const char *name, int64_t seconds)
{
	char text[SYNTAX_TIME_SIZE];
	syntax_time_format(seconds, text);
	add_text(out, name, text);
}

/* With microseconds: "2026-11-24T20:20:51.123456Z". */
static void add_instant(GString *out, const char *name, int64_t instant)
{
	int64_t seconds = instant / MICROSECONDS;
	int64_t rest = instant % MICROSECONDS;
	if (rest < 0) {
		rest += MICROSECONDS;
		seconds--;
	}
	char text[SYNTAX_TIME_SIZE];
	syntax_time_format(seconds, text);
	g_string_append_printf(
	    out, ",\"%s\":\"%.19s.%06" PRId64 "Z\"", name, text, rest);
}

/* As the text form of bytea takes it: \x and hexadecimal digits. */
static void add_digest(
    GString *out, const char *name, const uint8_t digest[DIGEST_SIZE])
{
	char hex[DIGEST_HEX_SIZE];
	digest_hex(digest, hex);
	g_string_append_printf(out, ",\"%s\":\"\\\\x%s\"", name, hex);
}

static void add_texts(GString *out, const char *name, const GPtrArray *values)
{
	g_string_append_printf(out, ",\"%s\":[", name);
	for (guint i = 0; i < values->len; i++) {
		if (i > 0)
			g_string_append_c(out, ',');
		escape_json(out, g_ptr_array_index(values, i));
	}
	g_string_append_c(out, ']');
}

static void add_anomalies(GString *out, report_anomalies anomalies)
{
	GPtrArray *names = g_ptr_array_new();
	for (unsigned int i = 0; i < REPORT_ANOMALY_COUNT; i++)
		if ((anomalies >> i & 1) != 0)
			g_ptr_array_add(names, (char *)report_anomaly_name(
						   (enum report_anomaly)i));
	add_texts(out, "anomalies", names);
	g_ptr_array_unref(names);
}

static void append_failure(GString *out, const struct report_failure *failure)
{
	g_string_append_printf(out, "{\"failed_session_count\":%" PRId64,
	    failure->failed_session_count);
	add_text(out, "result_type", failure->result_type);
	add_text(out, "sending_mta_ip", failure->sending_mta_ip);
	add_text(out, "receiving_mx_hostname", failure->receiving_mx_hostname);
	add_text(out, "receiving_mx_helo", failure->receiving_mx_helo);
	add_text(out, "receiving_ip", failure->receiving_ip);
	add_text(
	    out, "additional_information", failure->additional_information);
	add_text(out, "failure_reason_code", failure->failure_reason_code);
	g_string_append_c(out, '}');
}

static void append_policy(GString *out, const struct report_policy *policy)
{
	g_string_append_printf(out,
	    "{\"total_successful_session_count\":%" PRId64,
	    policy->total_successful_session_count);
	add_number(out, "total_failure_session_count",
	    policy->total_failure_session_count);
	add_text(out, "policy_type", policy->policy_type);
	add_text(out, "policy_mode", policy->policy_mode);
	add_text(out, "policy_domain", policy->policy_domain);
	add_texts(out, "policy_string", policy->policy_string);
	add_texts(out, "mx_host", policy->mx_host);
	g_string_append(out, ",\"failures\":[");
	for (guint i = 0; i < policy->failures->len; i++) {
		if (i > 0)
			g_string_append_c(out, ',');
		append_failure(out, g_ptr_array_index(policy->failures, i));
	}
	g_string_append(out, "]}");
}

/* What both kinds have. */
static void append_start(GString *out, const char *kind, const char *name,
    const struct record *record)
{
	g_string_append_printf(out, "{\"kind\":\"%s\"", kind);
	add_text(out, "record", name);
	add_instant(out, "received_at", record->received_at);
	add_text(out, "envelope_from", record->envelope_from);
	add_text(out, "message_id", record->message_id);
	add_text(out, "filename", record->filename);
	g_string_append_printf(out, ",\"size_bytes\":%" PRIu64, record->length);
}

/* How it came. */
static void append_delivery(GString *out, const struct record *record)
{
	add_text(out, "source",
	    record->source == RECORD_IMPORT ? "import" : "milter");
	add_text(out, "queue_id", record->queue_id);
	add_text(out, "media_type", record->media_type);
	add_text(out, "dkim_result",
	    record->dkim_result == NULL ? "none" : record->dkim_result);
	add_text(out, "dkim_domain", record->dkim_domain);
	g_string_append_printf(out, ",\"authenticated\":%s",
	    record->authenticated ? "true" : "false");
}

/*
 * The submitter is the one that intake judged when it said authenticated; where
 * a record names none it is found anew.
 */
static void append_identity(
    GString *out, const struct record *record, const struct report *report)
{
	uint8_t identity[REPORT_DIGEST_SIZE];
	char *submitter = record->submitter == NULL
			      ? report_submitter(report, record->from_domain)
			      : g_strdup(record->submitter);
	report_identity(report, submitter, identity);
	add_text(out, "submitter", submitter);
	add_digest(out, "identity", identity);
	add_digest(out, "content_sha256", report->content_sha256);
	g_free(submitter);
}

void ingest_row_report(GString *out, const char *name,
    const struct record *record, const struct report *report)
{
	append_start(out, "report", name, record);
	append_delivery(out, record);
	append_identity(out, record, report);
	add_text(out, "organization_name", report->organization_name);
	add_text(out, "contact_info", report->contact_info);
	add_text(out, "report_id", report->report_id);
	add_time(out, "start_datetime", report->start_datetime);
	add_time(out, "end_datetime", report->end_datetime);
	GPtrArray *domains = report_policy_domains(report);
	add_texts(out, "policy_domains", domains);
	g_ptr_array_unref(domains);
	add_anomalies(out, report->anomalies);
	g_string_append(out, ",\"policies\":[");
	for (guint i = 0; i < report->policies->len; i++) {
		if (i > 0)
			g_string_append_c(out, ',');
		append_policy(out, g_ptr_array_index(report->policies, i));
	}
	g_string_append(out, "],\"document\":");
	g_string_append_len(
	    out, report->document, (gssize)report->document_length);
	g_string_append_c(out, '}');
}

void ingest_row_rejection(
    GString *out, const char *name, const struct record *record)
{
	append_start(out, "rejection", name, record);
	add_text(out, "reason",
	    record->reason == RECORD_REFUSED ? "refused" : "invalid");
	add_text(out, "detail", record->detail);
	add_text(out, "submitter", record->submitter);
	add_digest(out, "content_sha256", record->sha256);
	g_string_append_c(out, '}');
}
