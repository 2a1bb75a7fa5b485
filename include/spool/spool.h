/* SPDX-License-Identifier: MIT */
/*
 * spool: records on disk between intake and database, by a Maildir's rules.
 *
 * <directory>/tmp  files being written; purged when older than an hour, unless
 *                  their writer is still writing
 * <directory>/new  complete, durable records; their names sort by age
 * <directory>/bad  records set aside, each with NAME.reason beside it
 * <directory>/last-load  empty; its modification time is that of the last load
 *
 * Knows names, order, durability, the lock and inotify. Leaves the format to
 * record.c, files to folder.c, counting to quota.c.
 *
 * Several threads may use one struct spool for spool_put(), spool_tmpfile(),
 * spool_reserve(), spool_unreserve(), spool_set_quota() and spool_dropped().
 * One thread at a time uses the rest.
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
	SPOOL_DROPPED, /* a rejection over quota, or over the tenth of it that
			  rejections may use: only counted */
	SPOOL_ERROR,   /* a system call failed; errno is set */
	SPOOL_GONE,    /* no such record (any more) */
	SPOOL_DAMAGED  /* a record that can't be read */
};

/*
 * Opens a spool, the caller's. Missing folders are made (mode 2770), and files
 * in tmp that are older than an hour and whose writer no longer writes are
 * purged, as they are by spool_list() later. quota, in bytes, limits the blocks
 * of files in new and bad, and what spool_reserve() reserves; several processes
 * together exceed it at most by what they write at the same moment. Returns
 * NULL when a folder can't be opened or written, and stores a sentence (g_free)
 * in *ret_error.
 */
struct spool *spool_open(
    const char *directory, uint64_t quota, char **ret_error);

/* Opens an existing spool, the caller's, for spool_status(), spool_has_loader()
 * and spool_retry_bad() alone. Makes and removes nothing, and needs no
 * permission to write. Returns NULL as spool_open() does. */
struct spool *spool_open_existing(const char *directory, char **ret_error);

/* Removes the records that are held back, releases the lock, frees the spool.
 */
void spool_close(struct spool *spool);

/*
 * Makes one record durable: writes it to tmp, syncs it, renames it to new, and
 * syncs new; but see spool_hold(). SPOOL_OK: *ret_name, unless ret_name is
 * NULL, is its name (g_free). Else SPOOL_FULL, SPOOL_DROPPED or SPOOL_ERROR,
 * and no file of it is left.
 */
enum spool_result spool_put(
    struct spool *spool, const struct record *record, char **ret_name);

/*
 * For programs that write many records: from now on spool_put() holds records
 * back in tmp, neither durable nor visible, until spool_release(). One thread
 * uses such a spool.
 */
void spool_hold(struct spool *spool);

/* Makes all records that are held back durable and visible. On SPOOL_ERROR some
 * of them may be in new; of the others no file is left. */
enum spool_result spool_release(struct spool *spool);

/* The descriptor of a new, already unlinked file in tmp, the caller's; or -1
 * with errno. */
int spool_tmpfile(struct spool *spool);

/* Reserves that many bytes of the quota for such files, until
 * spool_unreserve(). False with errno EDQUOT when they don't fit, or when such
 * files would use more than half of the quota. */
bool spool_reserve(struct spool *spool, uint64_t bytes);
void spool_unreserve(struct spool *spool, uint64_t bytes);

/* Bytes that count against the quota, counted at most once a second, but near
 * the quota more often. */
uint64_t spool_usage(struct spool *spool);

/* Changes the quota, in bytes. */
void spool_set_quota(struct spool *spool, uint64_t quota);

/* How many rejections were lost since spool_open(): dropped over quota, or not
 * written because a system call failed, as on a full disk. */
uint64_t spool_dropped(struct spool *spool);

/*
 * Locks the spool for one loader, until spool_close(). False with errno
 * (EWOULDBLOCK: another loader has locked it).
 */
bool spool_lock(struct spool *spool);

/* Whether a loader has locked the spool. Not for the process that did. */
bool spool_has_loader(struct spool *spool);

/* The names in new, oldest first: an array of char * (g_ptr_array_unref), or
 * NULL with errno. */
GPtrArray *spool_list(struct spool *spool);

/* The number that records of one submitter have in common, those that are
 * authenticated and the others apart, by a record's name; 0 for the names of
 * others. Any thread. */
uint64_t spool_lane(const char *name);

/*
 * Reads a record of new. SPOOL_OK: *ret_record is the caller's (record_free).
 * SPOOL_DAMAGED, when it can't be a record or not be read: *ret_error is a
 * sentence (g_free). Else SPOOL_GONE or SPOOL_ERROR.
 */
enum spool_result spool_get(struct spool *spool, const char *name,
    struct record **ret_record, char **ret_error);

/* Removes a record from new: SPOOL_OK, SPOOL_GONE or SPOOL_ERROR. The removal
 * is durable after spool_sync(). */
enum spool_result spool_remove(struct spool *spool, const char *name);

/* Makes removals durable: SPOOL_OK or SPOOL_ERROR. */
enum spool_result spool_sync(struct spool *spool);

/*
 * Notes the time of a load, for spool_status(). The database knows it too, but
 * not for the loader's role, and not while it is down. False when that failed;
 * the caller may go on.
 */
bool spool_note_load(struct spool *spool);

/* Moves a record from new to bad, with the reason, a sentence, in NAME.reason
 * beside it: SPOOL_OK, SPOOL_GONE or SPOOL_ERROR. */
enum spool_result spool_set_aside(
    struct spool *spool, const char *name, const char *reason);

/* Moves all records in bad back to new: SPOOL_OK, with their number in
 * *ret_count, or SPOOL_ERROR. */
enum spool_result spool_retry_bad(struct spool *spool, size_t *ret_count);

/*
 * Waits until a record has come to new since the last call, descriptor wake_fd
 * (-1: none) is readable, or timeout_ms milliseconds (-1: any) have passed. The
 * first call starts the watch and returns at once. True when a record has come,
 * or may have.
 */
bool spool_wait(struct spool *spool, int wake_fd, int timeout_ms);

struct spool_status {
	uint64_t records;   /* in new */
	uint64_t bytes;     /* of blocks in new */
	uint64_t bad;       /* records in bad */
	uint64_t bad_bytes; /* of blocks in bad, reasons included */
	int64_t oldest;     /* seconds since the epoch of the oldest; 0: none */
	int64_t loaded;     /* of the last spool_note_load(); 0: never */
};

/* Counts what is in the spool: SPOOL_OK or SPOOL_ERROR. Any thread. */
enum spool_result spool_status(
    struct spool *spool, struct spool_status *ret_status);

#endif
