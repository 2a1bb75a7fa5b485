/* SPDX-License-Identifier: MIT */
/*
 * quota: how many bytes stand in two folders, and whether more may come.
 *
 * Knows counting, and that some kinds have a part of the whole at most. Leaves
 * to spool.c what is written. Any thread; no lock is held while folders are
 * read.
 */
#ifndef SPOOL_QUOTA_H
#define SPOOL_QUOTA_H

#include <stdbool.h>
#include <stdint.h>

/* What the bytes are for. All together have the whole. */
enum quota_kind {
	QUOTA_RECORD,
	QUOTA_MINOR,   /* of a file with the suffix, a rejection: a tenth */
	QUOTA_PASSING, /* in neither folder, but for a while on the same disk:
			* half, so that what comes in large can't take the
			* room of what comes small */
};

struct quota;

/* folders and suffix must outlive it. */
struct quota *quota_new(
    uint64_t bytes, const int folders[2], const char *suffix);
void quota_free(struct quota *quota);
void quota_set(struct quota *quota, uint64_t bytes);

/* Whether size more bytes fit; then they are set apart until quota_settle(). */
bool quota_reserve(struct quota *quota, enum quota_kind kind, uint64_t size);
void quota_settle(
    struct quota *quota, enum quota_kind kind, uint64_t size, bool written);

/* Bytes in the folders, counted anew at most once a second. */
uint64_t quota_usage(struct quota *quota);

#endif
