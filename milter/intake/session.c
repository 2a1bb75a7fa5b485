/* SPDX-License-Identifier: MIT */
/*
 * The message is kept as it comes in, header lines first, in the form that
 * mime.c reads. Once a message is over a limit nothing more of it is kept but
 * the sentence that says so.
 */
#include "session.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/metrics.h"
#include "config/recipient.h"
#include "mail/carrier.h"
#include "message_buffer.h"

#define FORGED_HEADER "X-TLSRPT"

struct session *session_new(struct spool *spool)
{
	struct session *session = g_new0(struct session, 1);

	session->spool = spool;
	session->recipients = g_ptr_array_new_with_free_func(g_free);
	session->report_recipients = g_ptr_array_new();
	return session;
}

void session_free(struct session *session)
{
	if (session == NULL)
		return;
	session_reset(session);
	g_ptr_array_unref(session->recipients);
	g_ptr_array_unref(session->report_recipients);
	g_free(session);
}

void session_reset(struct session *session)
{
	g_clear_pointer(&session->config, config_unref);
	g_clear_pointer(&session->from, g_free);
	g_ptr_array_set_size(session->report_recipients, 0);
	g_ptr_array_set_size(session->recipients, 0);
	g_clear_pointer(&session->buffer, message_buffer_free);
	session->headers = 0;
	session->header_bytes = 0;
	session->header_says = false;
	session->forged = 0;
	g_clear_pointer(&session->limit_reason, g_free);
	g_clear_pointer(&session->unreadable, g_free);
	pipeline_output_clear(&session->output);
}

void session_mail(
    struct session *session, struct config *config, const char *from)
{
	session_reset(session);
	session->config = config_ref(config);
	session->from = g_strdup(from);
	session->buffer = message_buffer_new(session->spool);
	metrics_add(METRICS_MESSAGES, 1);
}

void session_rcpt(struct session *session, const char *rcpt)
{
	char *copy;

	if (session->config == NULL)
		return;
	copy = g_strdup(rcpt);
	g_ptr_array_add(session->recipients, copy);
	if (recipient_matches(session->config->recipients, rcpt))
		g_ptr_array_add(session->report_recipients, copy);
}

/* With recipients configured the envelope alone decides which messages are
 * candidates, else the header does. */
static bool looks_by_recipient(const struct session *session)
{
	return session->config->recipients[0] != NULL;
}

static bool is_candidate(const struct session *session)
{
	return looks_by_recipient(session) ? session->report_recipients->len > 0
					   : session->header_says;
}

enum session_step session_data(struct session *session)
{
	if (session->config == NULL ||
	    (looks_by_recipient(session) && !is_candidate(session)))
		return SESSION_ACCEPT;
	return SESSION_CONTINUE;
}

/* Whether the message is still being kept. */
static bool is_kept(const struct session *session)
{
	return session->limit_reason == NULL && session->unreadable == NULL;
}

/* Keeps bytes, as long as the message is being kept. */
static void append(struct session *session, const void *bytes, size_t length)
{
	if (is_kept(session) &&
	    !message_buffer_append(session->buffer, bytes, length))
		session->unreadable = g_strdup_printf(
		    "spool.directory: the message can't be kept: %s",
		    g_strerror(errno));
}

static void check_header_limits(struct session *session)
{
	const struct limits *limits = &session->config->limits;

	if (session->headers > limits->header_count)
		session->limit_reason = g_strdup_printf(
		    "limits.header-count: more than %zu header fields",
		    limits->header_count);
	else if (session->header_bytes > limits->header_size)
		session->limit_reason = g_strdup_printf(
		    "limits.header-size: a header of more than %zu bytes",
		    limits->header_size);
}

void session_header(
    struct session *session, const char *name, const char *value)
{
	size_t name_length = strlen(name);
	size_t value_length = strlen(value);

	if (session->config == NULL)
		return;
	if (strcasecmp(name, FORGED_HEADER) == 0)
		session->forged++;
	if (!session->header_says)
		session->header_says = carrier_header(name, value);
	session->headers++;
	session->header_bytes += name_length + value_length + 3;
	if (is_kept(session))
		check_header_limits(session);
	append(session, name, name_length);
	append(session, ": ", 2);
	append(session, value, value_length);
	append(session, "\n", 1);
}

enum session_step session_end_of_header(struct session *session)
{
	if (session->config == NULL || !is_candidate(session))
		return SESSION_ACCEPT;
	metrics_add(METRICS_CANDIDATES, 1);
	append(session, "\n", 1);
	return SESSION_CONTINUE;
}

enum session_step session_body(
    struct session *session, const void *bytes, size_t length)
{
	size_t most;

	if (session->config == NULL)
		return SESSION_ACCEPT;
	if (!is_kept(session))
		return SESSION_SKIP;
	most = session->config->limits.message_size;
	if (length > most - MIN(most, message_buffer_length(session->buffer))) {
		session->limit_reason =
		    pipeline_size_reason(&session->config->limits);
		g_clear_pointer(&session->buffer, message_buffer_free);
	}
	append(session, bytes, length);
	return is_kept(session) ? SESSION_CONTINUE : SESSION_SKIP;
}

const struct verdict *session_end(struct session *session, const char *queue_id)
{
	struct pipeline_input input = {
	    .config = session->config,
	    .spool = session->spool,
	    .source = RECORD_MILTER,
	    .queue_id = queue_id,
	    .envelope_from = session->from,
	    .recipients = session->recipients,
	    .report_recipients = session->report_recipients->len,
	    .received_at = g_get_real_time(),
	    .limit_reason = session->limit_reason,
	};

	pipeline_output_clear(&session->output);
	/* Without MAIL there is no message to judge. */
	if (session->config == NULL)
		return &session->output.verdict;
	input.deadline =
	    g_get_monotonic_time() +
	    (gint64)session->config->limits.deadline * G_USEC_PER_SEC;
	if (is_kept(session)) {
		input.length = message_buffer_length(session->buffer);
		input.bytes = message_buffer_bytes(session->buffer);
		if (input.bytes == NULL)
			session->unreadable = g_strdup_printf(
			    "spool.directory: the message can't be read "
			    "back: %s",
			    g_strerror(errno));
	}
	input.unreadable = session->unreadable;
	pipeline_run(&input, &session->output);
	return &session->output.verdict;
}
