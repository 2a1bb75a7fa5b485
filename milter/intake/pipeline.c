/* SPDX-License-Identifier: MIT */
/*
 * One struct run holds what is known while a message goes through the pipeline.
 * Whatever happens to one report, the next one is still looked at: a message
 * with a good and a bad report gives a spooled report and a rejection.
 */
#include "pipeline.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "acceptance.h"
#include "authentication.h"
#include "base/admission.h"
#include "base/digest.h"
#include "base/log.h"
#include "base/metrics.h"
#include "clock_check.h"
#include "document/decode.h"
#include "document/identity.h"
#include "mail/carrier.h"
#include "mail/mime.h"

/*
 * A message takes MESSAGE_COPIES times its size of memory: it is mapped, its
 * attachments are decoded, and one of them is copied into a record. Messages of
 * MESSAGE_LARGE and more take turns for that memory; so do, among themselves,
 * those above MESSAGE_SMALL. Ordinary reports are smaller and don't wait here.
 */
#define MESSAGE_COPIES 3
#define MESSAGE_SMALL ((size_t)64 << 10)
#define MESSAGE_LARGE ((size_t)1 << 20)

struct run {
	const struct pipeline_input *input;
	const struct mime_message *message; /* empty for a bare report */
	GPtrArray *reports;
	size_t enclosed; /* messages with a report that was not looked into */
	size_t policies; /* of all reports that are valid */
	size_t failures; /* their details */
	bool has_more;   /* than a carrier has */
};

static const struct mime_message no_message;

void pipeline_init(void)
{
	mime_init();
	decode_init();
}

const char *pipeline_status_name(enum pipeline_status status)
{
	static const char *const names[] = {
	    [PIPELINE_SPOOLED] = "stored",
	    [PIPELINE_INVALID] = "invalid",
	    [PIPELINE_REFUSED] = "refused",
	    [PIPELINE_FAILED] = "failed",
	};

	return names[status];
}

char *pipeline_size_reason(const struct limits *limits)
{
	return g_strdup_printf(
	    "message-size: more than %zu bytes (limits.message-size)",
	    limits->message_size);
}

static void free_report(void *data)
{
	struct pipeline_report *found = data;

	g_free(found->organization_name);
	g_free(found->report_id);
	g_free(found->filename);
	g_free(found->reason);
	g_free(found);
}

/* Adds a report, or the whole message (attachment NULL), to what was found, and
 * owns reason from then on. */
static struct pipeline_report *note(struct run *run,
    enum pipeline_status status, const struct mime_attachment *attachment,
    char *reason)
{
	struct pipeline_report *found = g_new0(struct pipeline_report, 1);

	found->status = status;
	if (attachment != NULL)
		found->filename = g_strdup(attachment->filename);
	found->reason = reason;
	g_ptr_array_add(run->reports, found);
	return found;
}

/* A record with everything that is known of the mail around a report. */
static struct record *make_record(const struct run *run, enum record_kind kind,
    const struct mime_attachment *attachment)
{
	const struct pipeline_input *input = run->input;
	const struct mime_message *message = run->message;
	struct record *record = record_new();

	record->kind = kind;
	record->source = input->source;
	record->received_at = input->received_at;
	record->queue_id = g_strdup(input->queue_id);
	record->envelope_from = g_strdup(input->envelope_from);
	for (guint i = 0;
	     input->recipients != NULL && i < input->recipients->len; i++)
		g_ptr_array_add(record->recipients,
		    g_strdup(g_ptr_array_index(input->recipients, i)));
	record->message_id = g_strdup(message->message_id);
	record->from_domain = g_strdup(message->from_domain);
	record->tls_report_domain = g_strdup(message->tls_report_domain);
	record->tls_report_submitter = g_strdup(message->tls_report_submitter);
	if (attachment != NULL) {
		record->media_type = g_strdup(attachment->media_type);
		record->filename = g_strdup(attachment->filename);
	}
	return record;
}

/*
 * Notes a message or a report that is invalid or refused, and spools a record
 * of it. Owns reason. If the spool can't take that record, only a row in the
 * analysts' tables is lost and no report, so the verdict stays the same.
 */
static struct pipeline_report *reject(struct run *run,
    enum pipeline_status status, const struct mime_attachment *attachment,
    const char *submitter, char *reason)
{
	struct pipeline_report *found = note(run, status, attachment, reason);
	struct record *record;

	if (run->input->spool == NULL)
		return found;
	record = make_record(run, RECORD_REJECTION, attachment);
	record->reason =
	    status == PIPELINE_INVALID ? RECORD_INVALID : RECORD_REFUSED;
	record->detail = g_strdup(reason);
	/* A report that can't be read names nobody; the From field does. */
	if (submitter == NULL)
		submitter = run->message->from_domain;
	record->submitter = g_strdup(submitter);
	if (attachment != NULL) {
		record->length = attachment->bytes->len;
		digest_of(attachment->bytes->data, attachment->bytes->len,
		    record->sha256);
	}
	if (spool_put(run->input->spool, record, NULL) == SPOOL_ERROR)
		log_failure(LOG_WARNING, EVENT_REJECTION_NOT_RECORDED,
		    "spool.directory: %s", g_strerror(errno));
	record_free(record);
	return found;
}

/* Makes a valid and accepted report durable. NULL, or a sentence (g_free) that
 * says why that failed. */
static char *spool_report(struct run *run,
    const struct mime_attachment *attachment, const char *submitter,
    const struct authentication *dkim)
{
	const char *directory = run->input->config->spool_directory;
	enum spool_result result;
	struct record *record;
	char *reason = NULL;

	if (run->input->spool == NULL)
		return NULL;
	record = make_record(run, RECORD_REPORT, attachment);
	record->submitter = g_strdup(submitter);
	record->dkim_result = g_strdup(dkim->result);
	record->dkim_domain = g_strdup(dkim->domain);
	record->authenticated = dkim->authenticated;
	record_set_bytes(
	    record, attachment->bytes->data, attachment->bytes->len);
	result = spool_put(run->input->spool, record, NULL);
	if (result == SPOOL_FULL)
		reason = g_strdup_printf(
		    "spool.quota: the spool %s is full", directory);
	else if (result != SPOOL_OK)
		reason =
		    g_strdup_printf("spool.directory: %s can't be written: %s",
			directory, g_strerror(errno));
	record_free(record);
	return reason;
}

/* Spools a valid report, or refuses it for its submitter or its domains. */
static void accept_report(struct run *run,
    const struct mime_attachment *attachment, const struct report *report)
{
	const struct mime_message *message = run->message;
	const struct config *config = run->input->config;
	struct authentication dkim;
	struct pipeline_report *found;
	char *submitter = identity_submitter(report, message->from_domain);
	char *reason;

	authentication_judge(
	    config, message->authentication_results, submitter, &dkim);
	reason = acceptance_refusal(config, report, &dkim, submitter);
	if (reason != NULL) {
		found = reject(
		    run, PIPELINE_REFUSED, attachment, submitter, reason);
	} else {
		reason = spool_report(run, attachment, submitter, &dkim);
		found = note(run,
		    reason == NULL ? PIPELINE_SPOOLED : PIPELINE_FAILED,
		    attachment, reason);
	}
	found->organization_name = g_strdup(report->organization_name);
	found->report_id = g_strdup(report->report_id);
	found->policies = report->policies->len;
	found->failures = report_failure_count(report);
	found->sessions = report_session_count(report);
	found->anomalies = report->anomalies;
	g_free(dkim.domain);
	g_free(submitter);
}

/*
 * Whether a report came as reporters send it, and not as a person would attach
 * or quote it: in a message that says so or labelled as a report, in a part of
 * its own, with nothing behind it.
 */
static bool is_as_sent(const struct run *run,
    const struct mime_attachment *attachment, const struct report *report)
{
	const anomaly_set behind = UINT64_C(1) << ANOMALY_DATA_AFTER_JSON |
				   UINT64_C(1) << ANOMALY_GZIP_DATA_AFTER_END;
	unsigned int signs = run->message->signs;

	if (attachment->is_text || (report->anomalies & behind) != 0)
		return false;
	if ((signs & CARRIER_IS_REPORT) != 0)
		return true;
	/* A mail program keeps the label of what is forwarded by it. */
	return (signs & CARRIER_SEEMS_ANSWER) == 0 &&
	       decode_media_type_is_report(attachment->media_type);
}

/* Decodes one attachment and deals with it. False when the rest of the message
 * is not to be looked at. */
static bool look_into(struct run *run, const struct mime_attachment *attachment)
{
	const struct pipeline_input *input = run->input;
	const struct limits *limits = &input->config->limits;
	struct report *report = NULL;
	char *reason = NULL;
	enum decode_result result;
	const struct decode_input decode = {
	    .bytes = attachment->bytes->data,
	    .length = attachment->bytes->len,
	    .media_type = attachment->media_type,
	    .filename = attachment->filename,
	    .tls_report_domain = run->message->tls_report_domain,
	    .received_at = input->received_at / G_USEC_PER_SEC,
	    .deadline = input->deadline,
	    /* The loader reads the bytes again, and keeps the document. */
	    .judge_only = true,
	    .policies_before = run->policies,
	    .failures_before = run->failures,
	};

	result = decode_report(&decode, limits, &report, &reason);
	if (input->source == RECORD_MILTER)
		clock_check_note(report, reason, decode.received_at);
	if (result != DECODE_OTHER && run->reports->len >= limits->reports) {
		report_free(report);
		g_free(reason);
		reject(run, PIPELINE_INVALID, NULL, NULL,
		    g_strdup_printf(
			"limits.reports: more than %zu reports in a message",
			limits->reports));
		return false;
	}
	switch (result) {
	case DECODE_OK:
		run->policies += report->policies->len;
		run->failures += report_failure_count(report);
		if (!is_as_sent(run, attachment, report))
			run->has_more = true;
		accept_report(run, attachment, report);
		report_free(report);
		break;
	case DECODE_OTHER:
		if (!attachment->in_front)
			run->has_more = true;
		break;
	case DECODE_INVALID:
	case DECODE_LIMIT:
		reject(run, PIPELINE_INVALID, attachment, NULL, reason);
		break;
	case DECODE_DEADLINE:
		note(run, PIPELINE_FAILED, attachment, reason);
		break;
	}
	return true;
}

/* Whether limits.deadline has passed; then that is noted as a failure. */
static bool past_deadline(struct run *run)
{
	const struct pipeline_input *input = run->input;

	if (input->deadline == 0 || g_get_monotonic_time() < input->deadline)
		return false;
	note(run, PIPELINE_FAILED, NULL,
	    g_strdup_printf("limits.deadline: not done within %u seconds",
		input->config->limits.deadline));
	return true;
}

static void look_into_all(struct run *run, const GPtrArray *attachments)
{
	for (guint i = 0; i < attachments->len; i++) {
		if (past_deadline(run) ||
		    !look_into(run, g_ptr_array_index(attachments, i)))
			return;
	}
}

/* Logs that an enclosed message has a report that is not looked into. */
static void note_enclosed(struct run *run, const struct mime_message *message)
{
	run->enclosed = message->enclosed;
	if (message->enclosed > 0)
		log_event(LOG_NOTICE, EVENT_ENCLOSED_MESSAGE, "queue-id",
		    run->input->queue_id, "message-id", message->message_id,
		    NULL);
}

static void read_message(struct run *run)
{
	const struct pipeline_input *input = run->input;
	struct mime_message *message = NULL;
	char *reason = NULL;

	if (mime_read(input->bytes, input->length, &input->config->limits,
		&message, &reason) == MIME_LIMIT) {
		reject(run, PIPELINE_INVALID, NULL, NULL, reason);
		return;
	}
	note_enclosed(run, message);
	run->message = message;
	run->has_more =
	    message->has_more || (message->signs & CARRIER_IS_ANSWER) != 0;
	look_into_all(run, message->attachments);
	run->message = &no_message;
	mime_message_free(message);
}

static void read_bare(struct run *run)
{
	const struct pipeline_input *input = run->input;
	struct mime_attachment attachment = {
	    .media_type = NULL,
	    .filename = (char *)input->filename,
	    .bytes = g_byte_array_new(),
	};

	g_byte_array_append(
	    attachment.bytes, input->bytes, (guint)input->length);
	look_into(run, &attachment);
	g_byte_array_unref(attachment.bytes);
}

/* Reads the message or the bare report once there is memory for it. */
static void read_in_turn(struct run *run)
{
	const struct pipeline_input *input = run->input;
	size_t memory = input->config->limits.parse_memory;
	bool large = input->length >= MESSAGE_LARGE;
	enum admission_queue kind =
	    large ? ADMISSION_MESSAGE_LARGE : ADMISSION_MESSAGE_SMALL;
	size_t capacity = large ? memory / 4 : memory / 8;
	size_t need =
	    input->length <= MESSAGE_SMALL ? 0 : input->length * MESSAGE_COPIES;

	if (need > 0 &&
	    !admission_enter(kind, need, capacity, input->deadline)) {
		note(run, PIPELINE_FAILED, NULL,
		    g_strdup_printf("limits.deadline: there was no turn to "
				    "read the message within %u seconds",
			input->config->limits.deadline));
		return;
	}
	if (input->bare)
		read_bare(run);
	else
		read_message(run);
	if (need > 0)
		admission_leave(kind, need);
}

static void log_report(const struct run *run,
    const struct pipeline_report *found, enum verdict_action action)
{
	static const enum log_event events[] = {
	    [PIPELINE_SPOOLED] = EVENT_SPOOLED,
	    [PIPELINE_INVALID] = EVENT_INVALID,
	    [PIPELINE_REFUSED] = EVENT_REFUSED,
	    [PIPELINE_FAILED] = EVENT_FAILED,
	};
	char policies[24], failures[24], sessions[24];
	bool spooled = found->status == PIPELINE_SPOOLED;

	g_snprintf(policies, sizeof(policies), "%zu", found->policies);
	g_snprintf(failures, sizeof(failures), "%zu", found->failures);
	g_snprintf(sessions, sizeof(sessions), "%" PRId64, found->sessions);
	log_event(spooled ? LOG_INFO : LOG_WARNING, events[found->status],
	    "queue-id", run->input->queue_id, "organization",
	    found->organization_name, "report-id", found->report_id, "policies",
	    spooled ? policies : NULL, "failures", spooled ? failures : NULL,
	    "sessions", spooled ? sessions : NULL, "filename",
	    spooled ? NULL : found->filename, "reason", found->reason,
	    "disposition", verdict_action_name(action), NULL);
}

static void count_report(enum pipeline_status status)
{
	static const enum metrics_counter counters[] = {
	    [PIPELINE_SPOOLED] = METRICS_SPOOLED,
	    [PIPELINE_INVALID] = METRICS_INVALID,
	    [PIPELINE_REFUSED] = METRICS_REFUSED,
	    [PIPELINE_FAILED] = METRICS_FAILED,
	};

	metrics_add(counters[status], 1);
}

/* Counts what was found; the sentence is that of the last failure, else that of
 * the first rejection. */
static struct verdict_tally tally_up(const struct run *run)
{
	const struct pipeline_input *input = run->input;
	struct verdict_tally tally = {
	    .recipients =
		input->recipients != NULL ? input->recipients->len : 0,
	    .report_recipients = input->report_recipients,
	    .pure = run->policies > 0 && !run->has_more,
	};

	for (guint i = 0; i < run->reports->len; i++) {
		const struct pipeline_report *found =
		    g_ptr_array_index(run->reports, i);

		tally.spooled += found->status == PIPELINE_SPOOLED;
		tally.invalid += found->status == PIPELINE_INVALID;
		tally.refused += found->status == PIPELINE_REFUSED;
		tally.failed += found->status == PIPELINE_FAILED;
		if (tally.reason == NULL || found->status == PIPELINE_FAILED)
			tally.reason = found->reason;
	}
	return tally;
}

void pipeline_run(
    const struct pipeline_input *input, struct pipeline_output *ret_output)
{
	const struct limits *limits = &input->config->limits;
	struct run run = {
	    .input = input,
	    .message = &no_message,
	    .reports = g_ptr_array_new_with_free_func(free_report),
	};
	struct verdict_tally tally;

	if (input->unreadable != NULL)
		note(&run, PIPELINE_FAILED, NULL, g_strdup(input->unreadable));
	else if (input->limit_reason != NULL)
		reject(&run, PIPELINE_INVALID, NULL, NULL,
		    g_strdup(input->limit_reason));
	else if (input->length > limits->message_size)
		reject(&run, PIPELINE_INVALID, NULL, NULL,
		    pipeline_size_reason(limits));
	else
		read_in_turn(&run);

	tally = tally_up(&run);
	verdict_decide(input->config, &tally, &ret_output->verdict);
	ret_output->reports = run.reports;
	ret_output->enclosed = run.enclosed;
	for (guint i = 0; i < run.reports->len; i++) {
		const struct pipeline_report *found =
		    g_ptr_array_index(run.reports, i);

		count_report(found->status);
		log_report(&run, found, ret_output->verdict.action);
	}
}

void pipeline_output_clear(struct pipeline_output *output)
{
	g_clear_pointer(&output->reports, g_ptr_array_unref);
	verdict_clear(&output->verdict);
}
