/* SPDX-License-Identifier: MIT */
/*
 * mailbox: files and folders to messages and bare reports.
 *
 * Knows mbox (RFC 4155 and its variants), Maildir, folders and single files.
 * Leaves to pipeline.c what is in them, and to the user to unpack a mailbox
 * that is compressed. One thread a mailbox.
 */
#ifndef INTAKE_MAILBOX_H
#define INTAKE_MAILBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mailbox_item {
	const char *path;     /* the file it is from */
	size_t number;        /* of the message in an mbox, from 1; else 0 */
	const uint8_t *bytes; /* valid during the call */
	size_t length;
	bool bare;            /* a report by itself: JSON, gzip or zip */
	const char *filename; /* last part of path when bare, else NULL */
};

/* Called for each item, in order; false ends the walk. */
typedef bool (*mailbox_visit)(const struct mailbox_item *item, void *data);

/* Called for a path that can't be read, or has to be unpacked first, with a
 * sentence. */
typedef void (*mailbox_problem)(
    const char *path, const char *problem, void *data);

/*
 * Walks a file, a folder (recursively, in order of name; a Maildir's cur and
 * new are folders like others, its tmp is passed over) or "-" (standard input).
 * Files are mapped and read once, in constant memory; symbolic links are not
 * followed inside folders, and no file but a regular one is opened. Returns
 * false when visit ended the walk, or a signal whose handler has no SA_RESTART
 * came while standard input was read.
 */
bool mailbox_walk(
    const char *path, mailbox_visit visit, mailbox_problem problem, void *data);

#endif
