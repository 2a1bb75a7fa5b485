/* SPDX-License-Identifier: MIT */
/*
 * quota: how many bytes stand in two folders, and whether more may come.
 *
 * Knows counting, and that files with one suffix (rejections) have a tenth of
 * the whole at most. Leaves to spool.c what is written. Any thread; no lock is
 * held while folders are read.
 */
#ifndef QUOTA_H
#define QUOTA_H

#include <stdbool.h>
#include <stdint.h>

struct quota;

/* folders and suffix must outlive it. */
struct quota *quota_new(
    uint64_t bytes, const int folders[2], const char *suffix);
void quota_free(struct quota *quota);
void quota_set(struct quota *quota, uint64_t bytes);

/* Whether size more bytes fit; then they are set apart until quota_settle().
 * minor: of a file with the suffix. */
bool quota_reserve(struct quota *quota, bool minor, uint64_t size);
void quota_settle(struct quota *quota, bool minor, uint64_t size, bool written);

/* Bytes in the folders, counted anew at most once a second. */
uint64_t quota_usage(struct quota *quota);

/* Whether not one byte more fits. */
bool quota_full(struct quota *quota);

#endif
