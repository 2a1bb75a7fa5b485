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
#include "document/decode.h"
#include "document/identity.h"
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
	const struct mime_message *message; /* NULL for a bare report */
	GPtrArray *reports;
	struct verdict_tally tally;
};

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

/* Adds a report to what was found, and owns reason from then on. */
static struct pipeline_report *note(struct run *run,
    enum pipeline_status status, const char *filename, char *reason)
{
	struct pipeline_report *found = g_new0(struct pipeline_report, 1);

	found->status = status;
	found->filename = g_strdup(filename);
	found->reason = reason;
	g_ptr_array_add(run->reports, found);
	return found;
}

static void set(char **target, const char *value)
{
	g_free(*target);
	*target = g_strdup(value);
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
	set(&record->queue_id, input->queue_id);
	set(&record->envelope_from, input->envelope_from);
	for (guint i = 0;
	     input->recipients != NULL && i < input->recipients->len; i++)
		g_ptr_array_add(record->recipients,
		    g_strdup(g_ptr_array_index(input->recipients, i)));
	if (message != NULL) {
		set(&record->message_id, message->message_id);
		set(&record->from_domain, message->from_domain);
		set(&record->tls_report_domain, message->tls_report_domain);
		set(&record->tls_report_submitter,
		    message->tls_report_submitter);
	}
	if (attachment != NULL) {
		set(&record->media_type, attachment->media_type);
		set(&record->filename, attachment->filename);
	}
	return record;
}

static void note_spool_failure(struct run *run, const char *what)
{
	run->tally.spool_failed = true;
	g_free(run->tally.reason);
	run->tally.reason = g_strdup(what);
}

/* Notes a report, or a message, that could not be spooled. Owns reason. */
static void note_failure(struct run *run, const char *filename, char *reason)
{
	note_spool_failure(run, reason);
	note(run, PIPELINE_FAILED, filename, reason);
}

static char *spool_sentence(enum spool_result result, const char *directory)
{
	if (result == SPOOL_FULL)
		return g_strdup_printf(
		    "spool.quota: the spool %s is full", directory);
	return g_strdup_printf("spool.directory: %s can't be written: %s",
	    directory, g_strerror(errno));
}

/* Counts a rejection. X-TLSRPT shows the reason of the first. */
static void tally_bad(
    struct run *run, enum record_reason kind, const char *reason)
{
	if (kind == RECORD_INVALID)
		run->tally.invalid++;
	else
		run->tally.refused++;
	if (run->tally.reason == NULL)
		run->tally.reason = g_strdup(reason);
}

/*
 * Counts a rejection and spools a record of it. If the spool can't take that
 * record, only a row in the analysts' tables is lost and no report, so the
 * verdict stays the same.
 */
static void reject(struct run *run, enum record_reason kind,
    const struct mime_attachment *attachment, const char *submitter,
    const char *reason)
{
	struct record *record;

	tally_bad(run, kind, reason);
	if (run->input->spool == NULL)
		return;
	record = make_record(run, RECORD_REJECTION, attachment);
	record->reason = kind;
	set(&record->detail, reason);
	/* A report that can't be read names nobody; the From field does. */
	if (submitter == NULL && run->message != NULL)
		submitter = run->message->from_domain;
	set(&record->submitter, submitter);
	if (attachment != NULL) {
		record->length = attachment->bytes->len;
		digest_of(attachment->bytes->data, attachment->bytes->len,
		    record->sha256);
	}
	if (spool_put(run->input->spool, record, NULL) == SPOOL_ERROR)
		log_failure(LOG_WARNING, "rejection-not-recorded",
		    "spool.directory: %s", g_strerror(errno));
	record_free(record);
}

/* Rejects a message, or the rest of it, without looking into it. */
static void reject_message(struct run *run, const char *reason)
{
	note(run, PIPELINE_INVALID, NULL, g_strdup(reason));
	reject(run, RECORD_INVALID, NULL, NULL, reason);
}

/* Makes a valid and accepted report durable. On PIPELINE_FAILED *ret_reason is
 * a sentence (g_free). */
static enum pipeline_status spool_report(struct run *run,
    const struct mime_attachment *attachment, const char *submitter,
    const struct authentication *dkim, char **ret_reason)
{
	const struct pipeline_input *input = run->input;
	enum pipeline_status status = PIPELINE_SPOOLED;
	enum spool_result result;
	struct record *record;

	if (input->spool == NULL) {
		run->tally.spooled++;
		return PIPELINE_SPOOLED;
	}
	record = make_record(run, RECORD_REPORT, attachment);
	set(&record->submitter, submitter);
	set(&record->dkim_result, dkim->result);
	set(&record->dkim_domain, dkim->domain);
	record->authenticated = dkim->authenticated;
	record_set_bytes(
	    record, attachment->bytes->data, attachment->bytes->len);
	result = spool_put(input->spool, record, NULL);
	if (result == SPOOL_OK) {
		run->tally.spooled++;
	} else {
		*ret_reason =
		    spool_sentence(result, input->config->spool_directory);
		note_spool_failure(run, *ret_reason);
		status = PIPELINE_FAILED;
	}
	record_free(record);
	return status;
}

/* Spools a valid report, or refuses it for its submitter or its domains. */
static void accept_report(struct run *run,
    const struct mime_attachment *attachment, const struct report *report)
{
	const struct mime_message *message = run->message;
	const struct config *config = run->input->config;
	struct authentication dkim;
	struct pipeline_report *found;
	enum pipeline_status status = PIPELINE_REFUSED;
	char *submitter = identity_submitter(
	    report, message != NULL ? message->from_domain : NULL);
	char *reason;

	authentication_judge(config,
	    message != NULL ? message->authentication_results : NULL, submitter,
	    &dkim);
	reason = acceptance_refusal(config, report, &dkim, submitter);
	if (reason != NULL)
		reject(run, RECORD_REFUSED, attachment, submitter, reason);
	else
		status =
		    spool_report(run, attachment, submitter, &dkim, &reason);

	found = note(run, status, attachment->filename, reason);
	found->organization_name = g_strdup(report->organization_name);
	found->report_id = g_strdup(report->report_id);
	found->policies = report->policies->len;
	found->failures = report_failure_count(report);
	found->sessions = report_session_count(report);
	found->anomalies = report->anomalies;
	authentication_clear(&dkim);
	g_free(submitter);
}

/* Whether the attachment is one report more than a message may have. */
static bool is_one_too_many(const struct run *run, enum decode_result result)
{
	return result != DECODE_OTHER &&
	       run->reports->len >= run->input->config->limits.reports;
}

static void reject_rest(struct run *run)
{
	char *reason = g_strdup_printf(
	    "limits.reports: more than %zu reports in a message",
	    run->input->config->limits.reports);

	reject_message(run, reason);
	g_free(reason);
}

/* Decodes one attachment and deals with it. False when the rest of the message
 * is not to be looked at. */
static bool look_into(struct run *run, const struct mime_attachment *attachment)
{
	const struct pipeline_input *input = run->input;
	const struct mime_message *message = run->message;
	struct report *report = NULL;
	char *reason = NULL;
	enum decode_result result;
	const struct decode_input decode = {
	    .bytes = attachment->bytes->data,
	    .length = attachment->bytes->len,
	    .media_type = attachment->media_type,
	    .filename = attachment->filename,
	    .tls_report_domain =
		message != NULL ? message->tls_report_domain : NULL,
	    .received_at = input->received_at / G_USEC_PER_SEC,
	    .deadline = input->deadline,
	    /* The loader reads the bytes again, and keeps the document. */
	    .judge_only = true,
	};

	result =
	    decode_report(&decode, &input->config->limits, &report, &reason);
	if (is_one_too_many(run, result)) {
		report_free(report);
		g_free(reason);
		reject_rest(run);
		return false;
	}
	switch (result) {
	case DECODE_OK:
		accept_report(run, attachment, report);
		report_free(report);
		break;
	case DECODE_OTHER:
		break;
	case DECODE_INVALID:
	case DECODE_LIMIT:
		reject(run, RECORD_INVALID, attachment, NULL, reason);
		note(run, PIPELINE_INVALID, attachment->filename, reason);
		break;
	case DECODE_DEADLINE:
		note_failure(run, attachment->filename, reason);
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
	note_failure(run, NULL,
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

static void read_message(struct run *run)
{
	const struct pipeline_input *input = run->input;
	struct mime_message *message = NULL;
	char *reason = NULL;

	if (mime_read(input->bytes, input->length, &input->config->limits,
		&message, &reason) == MIME_LIMIT) {
		reject_message(run, reason);
		g_free(reason);
		return;
	}
	run->message = message;
	look_into_all(run, message->attachments);
	run->message = NULL;
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
		note_failure(run, NULL,
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
	char policies[24], failures[24], sessions[24];
	bool spooled = found->status == PIPELINE_SPOOLED;
	const char *event =
	    spooled ? "spooled" : pipeline_status_name(found->status);

	g_snprintf(policies, sizeof(policies), "%zu", found->policies);
	g_snprintf(failures, sizeof(failures), "%zu", found->failures);
	g_snprintf(sessions, sizeof(sessions), "%" PRId64, found->sessions);
	log_event(spooled ? LOG_INFO : LOG_WARNING, event, "queue-id",
	    run->input->queue_id, "organization", found->organization_name,
	    "report-id", found->report_id, "policies",
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

void pipeline_run(
    const struct pipeline_input *input, struct pipeline_output *ret_output)
{
	struct run run = {
	    .input = input,
	    .reports = g_ptr_array_new_with_free_func(free_report),
	    .tally = {.recipients = input->recipients != NULL
					? input->recipients->len
					: 0,
		.report_recipients = input->report_recipients},
	};

	if (input->unreadable != NULL) {
		note_failure(&run, NULL, g_strdup(input->unreadable));
	} else if (input->limit_reason != NULL) {
		reject_message(&run, input->limit_reason);
	} else if (input->length > input->config->limits.message_size) {
		char *reason = pipeline_size_reason(&input->config->limits);

		reject_message(&run, reason);
		g_free(reason);
	} else {
		read_in_turn(&run);
	}

	verdict_decide(input->config, &run.tally, &ret_output->verdict);
	ret_output->reports = run.reports;
	for (guint i = 0; i < run.reports->len; i++) {
		const struct pipeline_report *found =
		    g_ptr_array_index(run.reports, i);

		count_report(found->status);
		log_report(&run, found, ret_output->verdict.action);
	}
	g_free(run.tally.reason);
}

void pipeline_output_clear(struct pipeline_output *output)
{
	if (output->reports != NULL)
		g_ptr_array_unref(output->reports);
	output->reports = NULL;
	verdict_clear(&output->verdict);
}
