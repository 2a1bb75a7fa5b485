/* SPDX-License-Identifier: MIT */
/*
 * file_kind: what a file is, by how it begins and by its name, and what the
 * user can do about one that can't be read.
 *
 * Leaves the first bytes of reports to sniff.c and From_ lines to mbox.c. Pure;
 * any thread.
 */
#ifndef INTAKE_FILE_KIND_H
#define INTAKE_FILE_KIND_H

#include <stddef.h>
#include <stdint.h>

struct file_kind {
	enum {
		FILE_KIND_MESSAGE,
		FILE_KIND_MBOX,
		FILE_KIND_REPORT, /* by itself: JSON, gzip or zip */
		FILE_KIND_OTHER   /* it can't be read as it is */
	} kind;
	size_t start;        /* bytes before the message or mbox */
	size_t length;       /* of the message, SIZE_MAX if not stated */
	const char *problem; /* of FILE_KIND_OTHER, static: "is UTF-16; …" */
};

/* Tells what a file is whose name is without folders. bytes are the beginning
 * of the file, or all of it; length is not 0. */
void file_kind_judge(const char *name, const uint8_t *bytes, size_t length,
    struct file_kind *ret_kind);

#endif
