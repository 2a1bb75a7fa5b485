/* SPDX-License-Identifier: MIT */
/*
 * Several processes write to and take from a spool, so only counting its files
 * tells how full it is; and counting at each report would cost more than the
 * report. So the last count is used for a second, and what this process wrote
 * since is added to it.
 */
#include <fcntl.h>
#include <glib.h>
#include <pthread.h>
#include <sys/stat.h>

#include "folder.h"
#include "quota.h"

#define SECOND ((int64_t)1000000) /* of g_get_monotonic_time() */

/* Bytes of all files, and of those with the suffix alone. */
struct usage {
	uint64_t all;
	uint64_t minor;
};

struct quota {
	const int *folders;
	const char *suffix;

	pthread_mutex_t mutex; /* for the rest */
	uint64_t bytes;
	struct usage scanned;  /* found in the folders */
	struct usage fresh;    /* written by us since */
	struct usage reserved; /* being written */
	bool scanning;
	int64_t scan_due;
};

struct scan {
	struct usage found;
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

static void usage_add(struct usage *usage, bool minor, uint64_t size)
{
	usage->all += size;
	if (minor)
		usage->minor += size;
}

static void usage_subtract(struct usage *usage, const struct usage *less)
{
	usage->all -= less->all;
	usage->minor -= less->minor;
}

static void count_file(int folder, const char *name, void *data)
{
	struct scan *scan = data;
	struct stat status;
	if (fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0)
		usage_add(&scan->found, g_str_has_suffix(name, scan->suffix),
		    (uint64_t)status.st_size);
}

/*
 * Counts anew when the last count is a second old, or older where counting
 * takes long: a full spool may hold half a million files, and a twentieth of
 * one thread's time is enough for this. Others use the old count meanwhile.
 */
static void refresh_usage(struct quota *quota)
{
	int64_t start = g_get_monotonic_time();
	pthread_mutex_lock(&quota->mutex);
	bool due = !quota->scanning && start >= quota->scan_due;
	if (due)
		quota->scanning = true;
	struct usage before = quota->fresh;
	pthread_mutex_unlock(&quota->mutex);
	if (!due)
		return;

	struct scan scan = {.suffix = quota->suffix};
	bool complete = folder_walk(quota->folders[0], count_file, &scan) &&
			folder_walk(quota->folders[1], count_file, &scan);
	int64_t end = g_get_monotonic_time();
	pthread_mutex_lock(&quota->mutex);
	if (complete) {
		/* What was written during the count may be in both; better
		 * once too often for a second than not at all. */
		quota->scanned = scan.found;
		usage_subtract(&quota->fresh, &before);
	}
	quota->scanning = false;
	quota->scan_due = end + MAX(SECOND, 20 * (end - start));
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
	refresh_usage(quota);
	return quota;
}

/* Call with the mutex held. */
static struct usage sum_usage(const struct quota *quota)
{
	struct usage sum = quota->scanned;
	sum.all += quota->fresh.all + quota->reserved.all;
	sum.minor += quota->fresh.minor + quota->reserved.minor;
	return sum;
}

bool quota_reserve(struct quota *quota, bool minor, uint64_t size)
{
	refresh_usage(quota);
	pthread_mutex_lock(&quota->mutex);
	struct usage sum = sum_usage(quota);
	bool fits = sum.all + size <= quota->bytes &&
		    (!minor || sum.minor + size <= quota->bytes / 10);
	if (fits)
		usage_add(&quota->reserved, minor, size);
	pthread_mutex_unlock(&quota->mutex);
	return fits;
}

void quota_settle(struct quota *quota, bool minor, uint64_t size, bool written)
{
	struct usage part = {0, 0};
	usage_add(&part, minor, size);
	pthread_mutex_lock(&quota->mutex);
	usage_subtract(&quota->reserved, &part);
	if (written)
		usage_add(&quota->fresh, minor, size);
	pthread_mutex_unlock(&quota->mutex);
}

uint64_t quota_usage(struct quota *quota)
{
	refresh_usage(quota);
	pthread_mutex_lock(&quota->mutex);
	uint64_t bytes = sum_usage(quota).all;
	pthread_mutex_unlock(&quota->mutex);
	return bytes;
}

bool quota_full(struct quota *quota)
{
	uint64_t used = quota_usage(quota);
	pthread_mutex_lock(&quota->mutex);
	bool full = used >= quota->bytes;
	pthread_mutex_unlock(&quota->mutex);
	return full;
}
