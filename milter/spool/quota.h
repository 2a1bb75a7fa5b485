/* SPDX-License-Identifier: MIT */
/*
 * quota: how many bytes of the disk are used by two folders, and whether more
 * may be written.
 *
 * Knows how to count files, and that some kinds may use only a part of the
 * quota. Leaves writing to spool.c. Any thread; no lock is held while folders
 * are read.
 */
#ifndef SPOOL_QUOTA_H
#define SPOOL_QUOTA_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

/* What bytes are for. Together they may use the whole quota. */
enum quota_kind {
	QUOTA_RECORD,  /* may use the whole quota */
	QUOTA_MINOR,   /* files with the suffix, rejections: a tenth of it */
	QUOTA_PASSING, /* temporary files in neither folder: half of it, so that
			* large messages can't take all the space */
};

struct quota;

/* Makes a quota of that many bytes, the caller's, and counts the files in two
 * folders, given as descriptors. folders and suffix must outlive it. */
struct quota *quota_new(
    uint64_t bytes, const int folders[2], const char *suffix);
void quota_free(struct quota *quota);

/* Changes the quota. */
void quota_set(struct quota *quota, uint64_t bytes);

/* The bytes that a new file of that length will count with. */
uint64_t quota_file_size(uint64_t length);

/* Whether size more bytes fit. If so they are reserved until quota_settle(). */
bool quota_reserve(struct quota *quota, enum quota_kind kind, uint64_t size);

/* Ends a reservation: the bytes were written, or were not. */
void quota_settle(
    struct quota *quota, enum quota_kind kind, uint64_t size, bool written);

/* Bytes of the files' blocks and reserved, counted at most once a second, but
 * near the limit more often. */
uint64_t quota_usage(struct quota *quota);

/* The bytes that a file counts with: those of its blocks. */
uint64_t quota_file_bytes(const struct stat *status);

#endif
