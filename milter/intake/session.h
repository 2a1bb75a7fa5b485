/* SPDX-License-Identifier: MIT */
/*
 * session: what is known of one connection and its current message.
 *
 * Knows the life of a message: envelope, header, body, end; and when it is no
 * longer of interest. Leaves the protocol to mlfi.c, parsing to pipeline.c.
 *
 * A session is used by one callback at a time, on any thread.
 */
#ifndef INTAKE_SESSION_H
#define INTAKE_SESSION_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"
#include "pipeline.h"
#include "spool/spool.h"

/* What the mail server is to do next. */
enum session_step {
	SESSION_CONTINUE,
	SESSION_ACCEPT, /* of no interest: leave us alone with this message */
	SESSION_SKIP    /* enough of the body was seen */
};

struct session;

/* spool must outlive the session. */
struct session *session_new(struct spool *spool);
void session_free(struct session *session);

/* MAIL begins a message under a configuration, of which the session takes a
 * reference for as long as the message lasts. Ends a message before it. */
void session_mail(
    struct session *session, struct config *config, const char *from);
void session_rcpt(struct session *session, const char *rcpt);

/* DATA: SESSION_ACCEPT when recipients are configured and none is here. */
enum session_step session_data(struct session *session);

/* One header field, in order. */
enum session_step session_header(
    struct session *session, const char *name, const char *value);

/* End of header: SESSION_ACCEPT when no field makes it a candidate. */
enum session_step session_end_of_header(struct session *session);

enum session_step session_body(
    struct session *session, const void *bytes, size_t length);

/*
 * End of message: runs the pipeline. The verdict stays the session's until
 * session_reset().
 */
const struct verdict *session_end(
    struct session *session, const char *queue_id);

/* For carrying out the verdict: how many X-TLSRPT fields the message came with,
 * and the RCPT arguments, verbatim, that are report addresses. */
unsigned int session_forged_headers(const struct session *session);
const GPtrArray *session_report_recipients(const struct session *session);
const struct config *session_config(const struct session *session);

/* Forgets the message, whatever became of it. */
void session_reset(struct session *session);

#endif
