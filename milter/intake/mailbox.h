/* SPDX-License-Identifier: MIT */
/*
 * mailbox: walks files and folders for messages and bare reports.
 *
 * Knows mbox (RFC 4155 and its variants), Maildir, folders and single files.
 * Leaves to pipeline.c what is in the messages, and to the user to unpack
 * compressed mailboxes. Any thread.
 */
#ifndef INTAKE_MAILBOX_H
#define INTAKE_MAILBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mailbox_item {
	const char *path;     /* of the file; "-": standard input */
	size_t number;        /* of the message in an mbox, from 1; else 0 */
	const uint8_t *bytes; /* valid during the call */
	size_t length;
	bool bare;            /* a report, not a message: JSON, gzip or zip */
	const char *filename; /* last part of path when bare, or NULL */
};

/* Called for each item, in order, with mailbox_walk()'s data. False ends the
 * walk. */
typedef bool (*mailbox_visit)(const struct mailbox_item *item, void *data);

/* Called for a path that can't be read, or must be unpacked first. problem
 * completes a sentence that begins with the path: "can't be read: …". */
typedef void (*mailbox_problem)(
    const char *path, const char *problem, void *data);

/*
 * Walks a file, a folder (recursively, by name; a Maildir's tmp is passed over)
 * or "-", standard input. Files are mapped and read once, in constant memory.
 * Inside folders symbolic links are not followed, and only regular files and
 * folders are opened. Returns false when visit ended the walk, or when a signal
 * whose handler has no SA_RESTART came while standard input was read.
 */
bool mailbox_walk(
    const char *path, mailbox_visit visit, mailbox_problem problem, void *data);

#endif
