/* SPDX-License-Identifier: MIT */
/*
 * mime: a message (RFC 5322, RFC 2045) to its header fields of interest and its
 * attachments, within bounds.
 *
 * Knows GMime, and which parts may be a report. Leaves first bytes to sniff.c,
 * and counting parts before there are any to mime_limits.c; does not open
 * message/rfc822 but for a look whether a report is in it. Any thread after
 * mime_init().
 */
#ifndef MAIL_MIME_H
#define MAIL_MIME_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"

enum mime_result { MIME_OK, MIME_LIMIT };

struct mime_attachment {
	char *media_type;  /* lower case, "application/tlsrpt+gzip" */
	char *filename;    /* of Content-Disposition, else name=; or NULL */
	GByteArray *bytes; /* transfer encoding removed */
	bool is_text;      /* text/plain or text/html, and not a file */
	bool in_front;     /* the first part, and such a text */
};

struct mime_message {
	char *message_id;           /* without <>; or NULL */
	char *from_domain;          /* lower case; or NULL */
	char *tls_report_domain;    /* lower case; or NULL */
	char *tls_report_submitter; /* lower case; or NULL */
	unsigned int signs;         /* of enum carrier_sign, of all fields */
	size_t parts;               /* that are no multipart */
	bool has_more; /* a part is neither an attachment nor in_front, or
			  there is text behind the last one */
	/* Unfolded Authentication-Results fields, topmost first. */
	GPtrArray *authentication_results; /* of char * */
	/* Leaf parts that may be a report: no image, audio, video or message,
	 * and text only when it is labelled text/json, or sniff_name() or
	 * sniff_report() says so. */
	GPtrArray *attachments; /* of struct mime_attachment * */
	size_t enclosed; /* messages among the parts that have a report */
};

/* Once, before any thread and any other call here. */
void mime_init(void);

/* Whether the bytes begin with a header field, as a message does. */
bool mime_sniff(const uint8_t *bytes, size_t length);

/*
 * Reads a whole message. On MIME_OK *ret_message is the caller's
 * (mime_message_free). On MIME_LIMIT *ret_reason is one sentence that names the
 * limit (g_free). A text that is not a message at all is MIME_OK without
 * attachments; a message of a single part has its body as the one attachment,
 * if that may be a report. bytes are only read, and only during the call.
 */
enum mime_result mime_read(const uint8_t *bytes, size_t length,
    const struct limits *limits, struct mime_message **ret_message,
    char **ret_reason);

/* Takes NULL. */
void mime_message_free(struct mime_message *message);

#endif
