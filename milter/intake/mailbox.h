/* SPDX-License-Identifier: MIT */
/*
 * mailbox: walks files and folders for messages and bare reports.
 *
 * Knows Maildir, folders and single files. Leaves to file_kind.c what a file
 * is, and to pipeline.c what is in the messages. Any thread.
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

/* Called for a path that can't be read, is not understood, or changed while it
 * was read. problem completes a sentence that begins with the path: "can't be
 * read: …". */
typedef void (*mailbox_problem)(
    const char *path, const char *problem, void *data);

/*
 * Walks a file, a folder (recursively, by name; in a Maildir only what is below
 * cur, new and other folders, but not tmp) or "-", standard input. Files are
 * read once, from front to back, in memory of a few times largest bytes: of a
 * message that is larger so many more bytes are visited that its length shows
 * it. Inside folders symbolic links are not followed, and only regular files
 * and folders are opened. Returns false when visit ended the walk, or when a
 * signal whose handler has no SA_RESTART came while standard input was read.
 */
bool mailbox_walk(const char *path, size_t largest, mailbox_visit visit,
    mailbox_problem problem, void *data);

#endif
