/* SPDX-License-Identifier: MIT */
/*
 * mbox: the bytes of an mbox (RFC 4155 and its variants) to its messages.
 *
 * Knows From_ lines, their quoting (mboxo, mboxrd) and Content-Length (mboxcl,
 * mboxcl2). Leaves files to mailbox.c. Pure; one thread a struct mbox.
 */
#ifndef MAIL_MBOX_H
#define MAIL_MBOX_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mbox {
	const uint8_t *bytes;
	size_t length;
	size_t offset;        /* where the next message's From_ line is */
	GByteArray *unquoted; /* of the current message; mbox.c's own */
};

struct mbox_message {
	const uint8_t
	    *bytes; /* without the From_ line; valid until the next call */
	size_t length;
};

/* Whether a file begins with a From_ line, as an mbox does. */
bool mbox_sniff(const uint8_t *bytes, size_t length);

/* Begins at the first message of bytes, which must outlive the mbox. */
void mbox_init(struct mbox *mbox, const uint8_t *bytes, size_t length);
void mbox_clear(struct mbox *mbox);

/*
 * The next message, or false at the end. Only a message whose body has quoted
 * From_ lines is copied, one at a time.
 */
bool mbox_next(struct mbox *mbox, struct mbox_message *ret_message);

#endif
