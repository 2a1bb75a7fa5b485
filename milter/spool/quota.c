/* SPDX-License-Identifier: MIT */
/*
 * Several processes add files to a spool and remove them, so only counting
 * files tells how full it is. Counting for each report would cost more than the
 * report does, so a count is used for a second, and what this process has
 * written since is added to it. The fuller the spool is, the less may be
 * written until it is counted again. What others write in the moment in which
 * it isn't, and what they have begun and not made visible yet, is all by which
 * the files together can exceed the quota.
 *
 * A file counts with the blocks that it has on the disk, not with its length: a
 * sparse file can be as long as it likes and fill nothing, and a small one
 * takes a whole block.
 */
#include "quota.h"

#include <fcntl.h>
#include <glib.h>
#include <pthread.h>
#include <sys/stat.h>

#include "base/folder.h"

#define SECOND ((int64_t)1000000) /* of g_get_monotonic_time() */

/* The blocks of nearly all file systems. */
#define BLOCK ((uint64_t)4096)
/* To count so few files is cheaper than to write one that lasts. */
#define FEW_FILES 1000
/* A count is used for a second if so many times as much as this process has
 * written since would still fit: others may write as much meanwhile. */
#define OTHERS 16

#define KINDS (QUOTA_PASSING + 1)

/* Each kind may use this fraction of the quota: one part in so many. */
static const uint64_t parts[KINDS] = {
    [QUOTA_RECORD] = 1,
    [QUOTA_MINOR] = 10,
    [QUOTA_PASSING] = 2,
};

/* Bytes of each kind. */
struct usage {
	uint64_t of[KINDS];
};

struct quota {
	const int *folders;
	const char *suffix;

	pthread_mutex_t mutex; /* for the rest */
	uint64_t bytes;
	struct usage scanned;  /* found in the folders */
	struct usage fresh;    /* written by this process since */
	struct usage reserved; /* not written yet */
	bool scanning;
	int64_t scan_end;   /* of the last count */
	int64_t scan_time;  /* that it took */
	unsigned int files; /* that it found */
};

struct scan {
	struct usage found;
	unsigned int files;
	const char *suffix;
};

void quota_free(struct quota *quota)
{
	if (quota == NULL)
		return;
	pthread_mutex_destroy(&quota->mutex);
	g_free(quota);
}

void quota_set(struct quota *quota, uint64_t bytes)
{
	pthread_mutex_lock(&quota->mutex);
	quota->bytes = bytes;
	pthread_mutex_unlock(&quota->mutex);
}

/* The bytes of one kind. Call with the mutex held. */
static uint64_t usage_of(const struct quota *quota, enum quota_kind kind)
{
	return quota->scanned.of[kind] + quota->fresh.of[kind] +
	       quota->reserved.of[kind];
}

/* The bytes of all kinds. Call with the mutex held. */
static uint64_t usage_of_all(const struct quota *quota)
{
	return usage_of(quota, QUOTA_RECORD) + usage_of(quota, QUOTA_MINOR) +
	       usage_of(quota, QUOTA_PASSING);
}

/* Whether size more bytes fit. Call with the mutex held. */
static bool fits(const struct quota *quota, enum quota_kind kind, uint64_t size)
{
	return usage_of_all(quota) + size <= quota->bytes &&
	       usage_of(quota, kind) + size <= quota->bytes / parts[kind];
}

uint64_t quota_file_bytes(const struct stat *status)
{
	return (uint64_t)status->st_blocks * S_BLKSIZE;
}

uint64_t quota_file_size(uint64_t length)
{
	return (length + BLOCK - 1) / BLOCK * BLOCK;
}

static void count_file(int folder, const char *name, void *data)
{
	struct scan *scan = data;
	enum quota_kind kind =
	    g_str_has_suffix(name, scan->suffix) ? QUOTA_MINOR : QUOTA_RECORD;
	struct stat status;

	scan->files++;
	if (fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0)
		scan->found.of[kind] += quota_file_bytes(&status);
}

/*
 * Counts the files if the last count is older than a second, or is no longer
 * good enough for size more bytes. A full spool may hold a quarter of a million
 * files, so counting takes at most a twentieth of one thread's time, unless
 * they are few. Other threads use the old count meanwhile.
 */
static void refresh_usage(
    struct quota *quota, enum quota_kind kind, uint64_t size)
{
	struct scan scan = {.suffix = quota->suffix};
	int64_t start = g_get_monotonic_time();
	int64_t end, pause;
	struct usage before;
	bool due, complete;

	pthread_mutex_lock(&quota->mutex);
	pause = quota->files > FEW_FILES ? 20 * quota->scan_time : 0;
	size += quota->fresh.of[QUOTA_RECORD] + quota->fresh.of[QUOTA_MINOR];
	if (fits(quota, kind, OTHERS * size))
		pause = MAX(pause, SECOND);
	due = !quota->scanning && start >= quota->scan_end + pause;
	if (due)
		quota->scanning = true;
	before = quota->fresh;
	pthread_mutex_unlock(&quota->mutex);
	if (!due)
		return;

	complete = folder_walk(quota->folders[0], count_file, &scan) &&
		   folder_walk(quota->folders[1], count_file, &scan);
	end = g_get_monotonic_time();
	pthread_mutex_lock(&quota->mutex);
	if (complete) {
		/* A file written during the count may be in both: better
		 * counted twice for a second than not at all. */
		quota->scanned = scan.found;
		for (size_t i = 0; i < KINDS; i++)
			quota->fresh.of[i] -= before.of[i];
	}
	quota->scanning = false;
	quota->scan_end = end;
	quota->scan_time = end - start;
	quota->files = scan.files;
	pthread_mutex_unlock(&quota->mutex);
}

struct quota *quota_new(
    uint64_t bytes, const int folders[2], const char *suffix)
{
	struct quota *quota = g_new0(struct quota, 1);

	quota->bytes = bytes;
	quota->folders = folders;
	quota->suffix = suffix;
	pthread_mutex_init(&quota->mutex, NULL);
	quota->scan_end = -SECOND;
	refresh_usage(quota, QUOTA_RECORD, 0);
	return quota;
}

bool quota_reserve(struct quota *quota, enum quota_kind kind, uint64_t size)
{
	bool taken;

	refresh_usage(quota, kind, size);
	pthread_mutex_lock(&quota->mutex);
	taken = fits(quota, kind, size);
	if (taken)
		quota->reserved.of[kind] += size;
	pthread_mutex_unlock(&quota->mutex);
	return taken;
}

void quota_settle(
    struct quota *quota, enum quota_kind kind, uint64_t size, bool written)
{
	pthread_mutex_lock(&quota->mutex);
	quota->reserved.of[kind] -= size;
	if (written)
		quota->fresh.of[kind] += size;
	pthread_mutex_unlock(&quota->mutex);
}

uint64_t quota_usage(struct quota *quota)
{
	uint64_t bytes;

	refresh_usage(quota, QUOTA_RECORD, 0);
	pthread_mutex_lock(&quota->mutex);
	bytes = usage_of_all(quota);
	pthread_mutex_unlock(&quota->mutex);
	return bytes;
}
