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
	SESSION_ACCEPT, /* send no more of this message: not of interest */
	SESSION_SKIP    /* send no more of the body */
};

/* Whoever has a session may read it; only the functions below change it. */
struct session {
	struct spool *spool;

	/* The current message; all empty between messages. */
	struct config *config; /* NULL when no message was begun */
	char *from;
	GPtrArray *recipients; /* of char *: the RCPT arguments, verbatim */
	GPtrArray *report_recipients; /* those that match; same strings */
	struct message_buffer *buffer;
	size_t headers;
	size_t header_bytes;
	bool header_says;    /* a field marks it as a carrier */
	unsigned int forged; /* X-TLSRPT fields */
	char *limit_reason; /* the limit that it is over, a sentence; or NULL */
	char *unreadable;   /* why it can't be kept, a sentence; or NULL */
	struct pipeline_output output;
};

/* Makes a session, the caller's. spool must outlive it. */
struct session *session_new(struct spool *spool);
void session_free(struct session *session);

/*
 * MAIL: forgets the message before, and begins one under config, of which the
 * session takes a reference until session_reset(). from is the argument of
 * MAIL, and is copied. Functions that belong to a message do nothing, or return
 * SESSION_ACCEPT, when no message was begun.
 */
void session_mail(
    struct session *session, struct config *config, const char *from);

/* RCPT: adds a recipient, the argument verbatim. */
void session_rcpt(struct session *session, const char *rcpt);

/* DATA: SESSION_ACCEPT when recipients are configured and the message is for
 * none of them. */
enum session_step session_data(struct session *session);

/* Adds one header field; fields come in the message's order. */
void session_header(
    struct session *session, const char *name, const char *value);

/* End of header: SESSION_ACCEPT when the message is not a candidate. */
enum session_step session_end_of_header(struct session *session);

/* Adds a piece of the body. SESSION_SKIP when a limit was passed, or when the
 * message can't be kept: session_end() will say so. */
enum session_step session_body(
    struct session *session, const void *bytes, size_t length);

/* End of message: runs the pipeline. queue_id may be NULL. The verdict is the
 * session's, valid until session_reset(). */
const struct verdict *session_end(
    struct session *session, const char *queue_id);

/* Forgets the message, whatever became of it. */
void session_reset(struct session *session);

#endif
