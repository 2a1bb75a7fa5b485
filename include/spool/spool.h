/* SPDX-License-Identifier: MIT */
/*
 * spool: records on disk between intake and database, by a Maildir's rules.
 *
 * <directory>/tmp  being written; purged when older than an hour
 * <directory>/new  complete and durable, oldest first by name
 * <directory>/bad  what PostgreSQL refused, each with NAME.reason beside it
 * <directory>/last-load  empty; its time is that of the last load
 *
 * Knows names, order, what may fail when, lock and inotify. Leaves the format
 * to record.c, files to folder.c, counting to quota.c.
 *
 * One struct spool may be used by several threads for spool_put(),
 * spool_tmpfile() and the two beside it; the reading side (spool_lock and
 * below) is one thread's.
 */
#ifndef SPOOL_SPOOL_H
#define SPOOL_SPOOL_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "spool/record.h"

struct spool;

enum spool_result {
	SPOOL_OK,
	SPOOL_FULL,    /* over quota */
	SPOOL_DROPPED, /* a rejection beyond its tenth of the quota, or beyond
			  the quota: counted */
	SPOOL_ERROR,   /* the system refused; errno tells why */
	SPOOL_GONE,    /* no such record (any more) */
	SPOOL_DAMAGED  /* a record that record_parse() refuses */
};

/*
 * Opens a spool; the folder, tmp, new and bad are made when missing (mode
 * 2770), and files in tmp older than an hour are purged, as spool_list() does
 * later. quota in bytes counts new and bad, and what spool_reserve() sets
 * apart. Returns NULL and stores a sentence (g_free) in *ret_error, also when
 * one of the three can't be written.
 */
struct spool *spool_open(
    const char *directory, uint64_t quota, char **ret_error);

/* Opens a spool that is there, for spool_status() and spool_retry_bad() alone:
 * makes and removes nothing, and need not be allowed to write. */
struct spool *spool_open_existing(const char *directory, char **ret_error);
void spool_close(struct spool *spool);

/*
 * Makes one record durable: written to tmp, fsync, renamed to new, new fsynced
 * (but see spool_hold()).
 * On SPOOL_OK *ret_name (may be NULL) is its name, the caller's (g_free). On
 * anything else no file of it is left.
 */
enum spool_result spool_put(
    struct spool *spool, const struct record *record, char **ret_name);

/*
 * For who writes many: from now on spool_put() leaves records in tmp, neither
 * durable nor visible, until spool_release() makes them both, all at once. A
 * spool that holds records is one thread's.
 */
void spool_hold(struct spool *spool);

/* SPOOL_ERROR with errno: some of the records held may be in new; of the others
 * no file is left. */
enum spool_result spool_release(struct spool *spool);

/* A descriptor of a new, already unlinked file in tmp, or -1 with errno. */
int spool_tmpfile(struct spool *spool);

/* Sets bytes of the quota apart for such a file, until spool_unreserve() gives
 * them back; false with EDQUOT when there are not as many, or such files would
 * have more than half of it. */
bool spool_reserve(struct spool *spool, uint64_t bytes);
void spool_unreserve(struct spool *spool, uint64_t bytes);

/* Bytes in new and bad, looked up anew at most once a second. */
uint64_t spool_usage(struct spool *spool);

/* Uses another quota from now on. */
void spool_set_quota(struct spool *spool, uint64_t quota);

/* Rejections that were dropped since spool_open(). */
uint64_t spool_dropped(struct spool *spool);

/*
 * Takes the one loader's lock, or returns false with errno (EWOULDBLOCK:
 * another loader has it). Held until spool_close().
 */
bool spool_lock(struct spool *spool);

/* Names in new, oldest first, as a new array of char * (g_ptr_array_unref), or
 * NULL with errno. */
GPtrArray *spool_list(struct spool *spool);

/*
 * Reads a record of new. On SPOOL_OK *ret_record is the caller's; on
 * SPOOL_DAMAGED *ret_error is a sentence (g_free).
 */
enum spool_result spool_get(struct spool *spool, const char *name,
    struct record **ret_record, char **ret_error);

/* Removes a record from new, durably only after spool_sync(). */
enum spool_result spool_remove(struct spool *spool, const char *name);
enum spool_result spool_sync(struct spool *spool);

/*
 * Notes that records were loaded now, for spool_status(). The database could
 * tell too, but not to the loader's role, and not while it is down. That this
 * fails is no reason to stop: errno tells why.
 */
bool spool_note_load(struct spool *spool);

/* Moves a record from new to bad with the reason in NAME.reason beside it. */
enum spool_result spool_set_aside(
    struct spool *spool, const char *name, const char *reason);

/* Moves everything in bad back to new; *ret_count says how many. */
enum spool_result spool_retry_bad(struct spool *spool, size_t *ret_count);

/*
 * Waits until something came to new since the last call, descriptor wake_fd
 * (-1: none) is readable, or timeout_ms (-1: for ever) is over. The watch
 * starts with the first call, which returns at once.
 */
void spool_wait(struct spool *spool, int wake_fd, int timeout_ms);

struct spool_status {
	uint64_t records;   /* in new */
	uint64_t bytes;     /* in new */
	uint64_t bad;       /* records in bad */
	uint64_t bad_bytes; /* in bad, reasons included */
	int64_t oldest;     /* seconds since the epoch of the oldest; 0: none */
	int64_t loaded;     /* of the last spool_note_load(); 0: never */
};

enum spool_result spool_status(
    struct spool *spool, struct spool_status *ret_status);

#endif
