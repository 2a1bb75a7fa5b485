/* SPDX-License-Identifier: MIT */
/*
 * mbox: an mbox (RFC 4155 and its variants) to its messages.
 *
 * Knows From_ lines, their quoting (mboxo, mboxrd) and Content-Length (mboxcl,
 * mboxcl2). Leaves reading to window.c and files to mailbox.c. One thread a
 * struct mbox.
 */
#ifndef MAIL_MBOX_H
#define MAIL_MBOX_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/window.h"

/* How much larger than a message a window must be: it has the From_ line before
 * it and the beginning of the next message, too. */
#define MBOX_MARGIN ((size_t)8192)

/* Only mbox.c uses the members. */
struct mbox {
	struct window *window;
	const char *mark;     /* what a From_ line begins with */
	size_t done;          /* bytes of the window that were messages */
	bool cut;             /* the rest of a message is to be skipped */
	GByteArray *unquoted; /* the current message */
};

struct mbox_message {
	const uint8_t
	    *bytes; /* without the From_ line; valid until the next call */
	size_t length;
};

/* Whether a file begins with a From_ line, as an mbox does; or with a quoted
 * one, as an mbox or a message does that was put into an mbox as text. */
bool mbox_sniff(const uint8_t *bytes, size_t length);

/* Begins at the first message of a window that mbox_sniff() is true of, and
 * that must outlive the mbox. */
void mbox_init(struct mbox *mbox, struct window *window);
void mbox_clear(struct mbox *mbox);

/*
 * The next message, or false at the end: a message that could not be read to
 * its end (window->error) is left out. Of a message that is too large for the
 * window as many bytes are returned as the window has; it is too large for any
 * use then. Only a message whose body has quoted From_ lines is copied, one at
 * a time.
 */
bool mbox_next(struct mbox *mbox, struct mbox_message *ret_message);

#endif
