/* SPDX-License-Identifier: MIT */
/*
 * No lock is held while the disk works: the fsyncs of several messages overlap,
 * which lets a busy milter keep up. A program with many records, of which none
 * is waited for, holds them back and syncs the file system once for all of
 * them: that is a hundred times as fast as two fsyncs for each.
 *
 * Names that start with a dot are not ours and are passed over.
 *
 * errno tells what failed, also where memory is freed behind it: free(3) keeps
 * it (POSIX.1-2024; glibc 2.33).
 */
#include "spool/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/folder.h"
#include "leftover.h"
#include "quota.h"
#include "record_name.h"
#include "watch.h"

#define NAME_TRIES 16
#define LOCK_TRIES 10
#define LOCK_PAUSE 20000 /* microseconds */
#define REASON_SUFFIX ".reason"
/* Up to so many records are synced one by one: to sync the file system would
 * also write what isn't ours. */
#define FEW_RECORDS 8
#define RECORD_MAX ((size_t)1 << 30)
#define LOADED "last-load"

enum { NEW, BAD, TMP, FOLDERS };
static const char *const folder_names[FOLDERS] = {"new", "bad", "tmp"};

#define WATCH_NONE (-1)

struct spool {
	char *directory;
	int root;
	int folders[FOLDERS]; /* descriptors; quota counts the first two */
	int watch;            /* of watch_start(), or WATCH_NONE */
	struct quota *quota;
	GPtrArray *held;        /* names in tmp of records held back, or NULL */
	uint64_t held_bytes[2]; /* reserved for them, by enum quota_kind */
	int64_t purge_due;      /* used by the reading side only */
	atomic_uint counter;
	pthread_mutex_t mutex; /* for writing */
	unsigned int writing;  /* records in tmp, those held back as one */
	atomic_uint_fast64_t dropped;
};

/* Opening and closing. */

/* Removes files that writers left when they died. */
static void purge_tmp(struct spool *spool)
{
	leftover_purge(spool->folders[TMP]);
	spool->purge_due = g_get_monotonic_time() +
			   LEFTOVER_LIFETIME * (int64_t)G_USEC_PER_SEC;
}

/* Opens the folders; for writing, missing ones are made. On failure *ret_part
 * is the folder, "" for the spool's own, and errno is set. */
static bool open_folders(
    struct spool *spool, bool writing, const char **ret_part)
{
	int (*const open_one)(int, const char *, int) =
	    writing ? folder_open : folder_open_existing;

	*ret_part = "";
	spool->root = open_one(AT_FDCWD, spool->directory, 0);
	if (spool->root < 0)
		return false;
	for (int i = 0; i < FOLDERS; i++) {
		*ret_part = folder_names[i];
		spool->folders[i] =
		    open_one(spool->root, folder_names[i], O_NOFOLLOW);
		if (spool->folders[i] < 0 ||
		    (writing && !folder_is_writable(spool->folders[i])))
			return false;
	}
	return true;
}

static struct spool *open_spool(
    const char *directory, bool writing, char **ret_error)
{
	struct spool *spool = g_new0(struct spool, 1);
	const char *part;

	spool->directory = g_strdup(directory);
	spool->root = -1;
	for (int i = 0; i < FOLDERS; i++)
		spool->folders[i] = -1;
	spool->watch = WATCH_NONE;
	pthread_mutex_init(&spool->mutex, NULL);

	if (open_folders(spool, writing, &part))
		return spool;
	*ret_error = g_strdup_printf("spool folder %s%s%s: %s (%s)", directory,
	    part[0] == '\0' ? "" : "/", part, g_strerror(errno),
	    writing ? "it must be a folder of mode 2770, of the group that "
		      "both daemons are in, and in ReadWritePaths= of their "
		      "units"
		    : "spool.directory names it; the daemons make it when they "
		      "start");
	spool_close(spool);
	return NULL;
}

struct spool *spool_open(
    const char *directory, uint64_t quota, char **ret_error)
{
	struct spool *spool = open_spool(directory, true, ret_error);

	if (spool == NULL)
		return NULL;
	purge_tmp(spool);
	spool->quota = quota_new(quota, spool->folders, RECORD_NAME_REJECTION);
	return spool;
}

struct spool *spool_open_existing(const char *directory, char **ret_error)
{
	return open_spool(directory, false, ret_error);
}

static void close_open(int fd)
{
	if (fd >= 0)
		close(fd);
}

/* Removes records that were never released. */
static void discard_held(struct spool *spool)
{
	if (spool->held == NULL)
		return;
	for (guint i = 0; i < spool->held->len; i++)
		folder_discard(
		    spool->folders[TMP], g_ptr_array_index(spool->held, i));
	g_ptr_array_unref(spool->held);
}

void spool_close(struct spool *spool)
{
	if (spool == NULL)
		return;
	discard_held(spool);
	close_open(spool->root);
	close_open(spool->watch);
	for (int i = 0; i < FOLDERS; i++)
		close_open(spool->folders[i]);
	quota_free(spool->quota);
	pthread_mutex_destroy(&spool->mutex);
	g_free(spool->directory);
	g_free(spool);
}

uint64_t spool_usage(struct spool *spool)
{
	return quota_usage(spool->quota);
}

void spool_set_quota(struct spool *spool, uint64_t quota)
{
	quota_set(spool->quota, quota);
}

uint64_t spool_dropped(struct spool *spool)
{
	return atomic_load(&spool->dropped);
}

/* Writing. */

/* A name for a new record, or for a temporary file (NULL). */
static char *make_name(struct spool *spool, const struct record *record)
{
	return record_name_make(record, atomic_fetch_add(&spool->counter, 1));
}

/* Between these two calls files in tmp belong to this process. */
static void begin_writing(struct spool *spool)
{
	pthread_mutex_lock(&spool->mutex);
	if (spool->writing++ == 0)
		leftover_mark_writer(spool->folders[TMP], true);
	pthread_mutex_unlock(&spool->mutex);
}

static void end_writing(struct spool *spool)
{
	pthread_mutex_lock(&spool->mutex);
	if (--spool->writing == 0)
		leftover_mark_writer(spool->folders[TMP], false);
	pthread_mutex_unlock(&spool->mutex);
}

/* Moves a complete file from tmp to new. On failure no file is left. */
static bool publish_file(struct spool *spool, const char *name)
{
	if (!folder_move(spool->folders[TMP], spool->folders[NEW], name)) {
		folder_discard(spool->folders[TMP], name);
		return false;
	}
	if (fsync(spool->folders[NEW]) != 0) {
		folder_discard(spool->folders[NEW], name);
		return false;
	}
	return true;
}

void spool_hold(struct spool *spool)
{
	if (spool->held == NULL)
		spool->held = g_ptr_array_new_with_free_func(g_free);
}

/* Writes the records held back to the disk. Before Linux 5.8 syncfs(2) does not
 * report the disk's errors. */
static bool sync_held(const struct spool *spool)
{
	bool done = true;

	if (spool->held->len > FEW_RECORDS)
		return syncfs(spool->folders[TMP]) == 0;
	for (guint i = 0; i < spool->held->len && done; i++)
		done = folder_sync(
		    spool->folders[TMP], g_ptr_array_index(spool->held, i));
	return done;
}

enum spool_result spool_release(struct spool *spool)
{
	bool done;

	if (spool->held == NULL || spool->held->len == 0)
		return SPOOL_OK;
	done = sync_held(spool);
	for (guint i = 0; i < spool->held->len; i++) {
		const char *name = g_ptr_array_index(spool->held, i);

		done = done && folder_move(spool->folders[TMP],
				   spool->folders[NEW], name);
		if (!done)
			folder_discard(spool->folders[TMP], name);
	}
	done = done && fsync(spool->folders[NEW]) == 0;
	g_ptr_array_set_size(spool->held, 0);
	end_writing(spool);
	for (enum quota_kind kind = QUOTA_RECORD; kind <= QUOTA_MINOR; kind++) {
		quota_settle(spool->quota, kind, spool->held_bytes[kind], done);
		spool->held_bytes[kind] = 0;
	}
	return done ? SPOOL_OK : SPOOL_ERROR;
}

/* Makes a complete file durable and visible, or holds it back. */
static bool finish_file(struct spool *spool, const char *name)
{
	if (spool->held == NULL)
		return publish_file(spool, name);
	if (spool->held->len == 0)
		begin_writing(spool);
	g_ptr_array_add(spool->held, g_strdup(name));
	return true;
}

/* Writes a record to tmp. Returns its name, or NULL with errno. */
static char *write_record(struct spool *spool, const struct record *record,
    const GString *header, const void *body, size_t body_length)
{
	for (int i = 0; i < NAME_TRIES; i++) {
		g_autofree char *name = make_name(spool, record);

		if (folder_create(spool->folders[TMP], name, header->str,
			header->len, body, body_length, spool->held == NULL) &&
		    finish_file(spool, name))
			return g_steal_pointer(&name);
		if (errno != EEXIST)
			break;
	}
	return NULL;
}

enum spool_result spool_put(
    struct spool *spool, const struct record *record, char **ret_name)
{
	bool rejection = record->kind == RECORD_REJECTION;
	enum quota_kind kind = rejection ? QUOTA_MINOR : QUOTA_RECORD;
	GString *header = record_header(record);
	size_t body_length = 0;
	const void *body = NULL;
	g_autofree char *name = NULL;
	uint64_t size;
	bool fits;

	if (!rejection && record->bytes != NULL)
		body = g_bytes_get_data(record->bytes, &body_length);
	size = quota_file_size((uint64_t)header->len + body_length);
	fits = quota_reserve(spool->quota, kind, size);
	if (fits) {
		begin_writing(spool);
		name = write_record(spool, record, header, body, body_length);
		end_writing(spool);
		if (name != NULL && spool->held != NULL)
			spool->held_bytes[kind] += size;
		else
			quota_settle(spool->quota, kind, size, name != NULL);
	}
	if (rejection && name == NULL)
		atomic_fetch_add(&spool->dropped, 1);
	g_string_free(header, TRUE);
	if (!fits)
		return rejection ? SPOOL_DROPPED : SPOOL_FULL;
	if (name == NULL)
		return SPOOL_ERROR;
	if (ret_name != NULL)
		*ret_name = g_steal_pointer(&name);
	return SPOOL_OK;
}

int spool_tmpfile(struct spool *spool)
{
	g_autofree char *name = make_name(spool, NULL);

	return folder_tmpfile(spool->folders[TMP], name);
}

bool spool_reserve(struct spool *spool, uint64_t bytes)
{
	if (quota_reserve(spool->quota, QUOTA_PASSING, bytes))
		return true;
	errno = EDQUOT;
	return false;
}

void spool_unreserve(struct spool *spool, uint64_t bytes)
{
	quota_settle(spool->quota, QUOTA_PASSING, bytes, false);
}

/* Reading. */

bool spool_lock(struct spool *spool)
{
	int result = -1;

	/* Whoever asks spool_has_loader() holds the lock for a moment. */
	for (int i = 0; i < LOCK_TRIES && result != 0; i++) {
		if (i > 0)
			g_usleep(LOCK_PAUSE);
		result = flock(spool->root, LOCK_EX | LOCK_NB);
		if (result != 0 && errno != EINTR && errno != EWOULDBLOCK)
			break;
	}
	return result == 0;
}

bool spool_has_loader(struct spool *spool)
{
	if (flock(spool->root, LOCK_SH | LOCK_NB) != 0)
		return errno == EWOULDBLOCK;
	(void)flock(spool->root, LOCK_UN);
	return false;
}

GPtrArray *spool_list(struct spool *spool)
{
	if (g_get_monotonic_time() >= spool->purge_due)
		purge_tmp(spool);
	return folder_list(spool->folders[NEW]);
}

/* Whether a file that can't be read has not the group and mode that records
 * have: otherwise it is a record, and this process lacks a right. */
static bool is_foreign(int folder, const char *name)
{
	struct stat file, parent;

	return fstatat(folder, name, &file, AT_SYMLINK_NOFOLLOW) == 0 &&
	       fstat(folder, &parent) == 0 &&
	       (file.st_gid != parent.st_gid || (file.st_mode & S_IRGRP) == 0);
}

enum spool_result spool_get(struct spool *spool, const char *name,
    struct record **ret_record, char **ret_error)
{
	g_autofree uint8_t *bytes = NULL;
	size_t length = 0;
	struct record *record;

	if (!folder_is_name(name))
		return SPOOL_GONE;
	switch (folder_read(
	    spool->folders[NEW], name, RECORD_MAX, &bytes, &length)) {
	case FOLDER_OK:
		break;
	case FOLDER_NONE:
		return SPOOL_GONE;
	case FOLDER_IRREGULAR:
		*ret_error = g_strdup("not a regular file");
		return SPOOL_DAMAGED;
	case FOLDER_SPARSE:
		*ret_error = g_strdup("parts of the file were never written");
		return SPOOL_DAMAGED;
	case FOLDER_TOO_LARGE:
		*ret_error = g_strdup_printf(
		    "larger than %zu bytes, the most that a record can have",
		    RECORD_MAX);
		return SPOOL_DAMAGED;
	case FOLDER_ERROR:
		if (errno != EACCES || !is_foreign(spool->folders[NEW], name))
			return SPOOL_ERROR;
		*ret_error = g_strdup("the file is somebody else's, who lets "
				      "the folder's group not read it");
		return SPOOL_DAMAGED;
	}
	record = record_parse(bytes, length, ret_error);
	if (record == NULL)
		return SPOOL_DAMAGED;
	*ret_record = record;
	return SPOOL_OK;
}

enum spool_result spool_remove(struct spool *spool, const char *name)
{
	if (!folder_is_name(name))
		return SPOOL_GONE;
	if (unlinkat(spool->folders[NEW], name, 0) == 0)
		return SPOOL_OK;
	return errno == ENOENT ? SPOOL_GONE : SPOOL_ERROR;
}

enum spool_result spool_sync(struct spool *spool)
{
	return fsync(spool->folders[NEW]) == 0 ? SPOOL_OK : SPOOL_ERROR;
}

/*
 * The reason is written first, so that every record in bad has one. If writing
 * it fails (no space), the record is moved all the same: left in new it would
 * be tried for ever, and the reason is in the log too.
 */
enum spool_result spool_set_aside(
    struct spool *spool, const char *name, const char *reason)
{
	int bad = spool->folders[BAD];
	g_autofree char *reason_name = NULL;

	if (!folder_is_name(name))
		return SPOOL_GONE;
	reason_name = g_strconcat(name, REASON_SUFFIX, NULL);
	folder_discard(bad, reason_name);
	(void)folder_create(
	    bad, reason_name, reason, strlen(reason), "\n", 1, true);
	if (renameat(spool->folders[NEW], name, bad, name) != 0) {
		folder_discard(bad, reason_name);
		return errno == ENOENT ? SPOOL_GONE : SPOOL_ERROR;
	}
	return fsync(bad) == 0 && fsync(spool->folders[NEW]) == 0 ? SPOOL_OK
								  : SPOOL_ERROR;
}

/* Moves one record from bad to new. True also when it is gone already. */
static bool retry_record(struct spool *spool, const char *name, size_t *count)
{
	g_autofree char *reason_name = NULL;

	if (!folder_move(spool->folders[BAD], spool->folders[NEW], name))
		return errno == ENOENT;
	(*count)++;
	reason_name = g_strconcat(name, REASON_SUFFIX, NULL);
	folder_discard(spool->folders[BAD], reason_name);
	return true;
}

enum spool_result spool_retry_bad(struct spool *spool, size_t *ret_count)
{
	g_autoptr(GPtrArray) names = folder_list(spool->folders[BAD]);
	size_t count = 0;

	if (names == NULL)
		return SPOOL_ERROR;
	for (guint i = 0; i < names->len; i++) {
		const char *name = g_ptr_array_index(names, i);

		if (!g_str_has_suffix(name, REASON_SUFFIX) &&
		    !retry_record(spool, name, &count))
			return SPOOL_ERROR;
	}
	if (fsync(spool->folders[NEW]) != 0 || fsync(spool->folders[BAD]) != 0)
		return SPOOL_ERROR;
	*ret_count = count;
	return SPOOL_OK;
}

bool spool_wait(struct spool *spool, int wake_fd, int timeout_ms)
{
	g_autofree char *path = NULL;

	if (spool->watch != WATCH_NONE)
		return watch_wait(spool->watch, wake_fd, timeout_ms);
	path = g_build_filename(spool->directory, folder_names[NEW], NULL);
	spool->watch = watch_start(path);
	return true;
}

static void inspect_new(int folder, const char *name, void *data)
{
	struct spool_status *status = data;
	struct stat file;

	if (fstatat(folder, name, &file, AT_SYMLINK_NOFOLLOW) != 0)
		return;
	status->records++;
	status->bytes += quota_file_bytes(&file);
	if (status->oldest == 0 || file.st_mtime < status->oldest)
		status->oldest = file.st_mtime;
}

static void inspect_bad(int folder, const char *name, void *data)
{
	struct spool_status *status = data;
	struct stat file;

	if (fstatat(folder, name, &file, AT_SYMLINK_NOFOLLOW) == 0)
		status->bad_bytes += quota_file_bytes(&file);
	if (!g_str_has_suffix(name, REASON_SUFFIX))
		status->bad++;
}

static int open_loaded(const struct spool *spool)
{
	return openat(spool->root, LOADED,
	    O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC,
	    S_IRUSR | S_IWUSR | S_IRGRP);
}

bool spool_note_load(struct spool *spool)
{
	int fd = open_loaded(spool);
	bool done;

	/* Another user may have made it, such as root draining by hand. */
	if (fd < 0 && errno == EACCES && unlinkat(spool->root, LOADED, 0) == 0)
		fd = open_loaded(spool);
	done = fd >= 0 && futimens(fd, NULL) == 0;
	close_open(fd);
	return done;
}

enum spool_result spool_status(
    struct spool *spool, struct spool_status *ret_status)
{
	struct spool_status status = {0};
	struct stat file;

	if (!folder_walk(spool->folders[NEW], inspect_new, &status) ||
	    !folder_walk(spool->folders[BAD], inspect_bad, &status))
		return SPOOL_ERROR;
	if (fstatat(spool->root, LOADED, &file, AT_SYMLINK_NOFOLLOW) == 0)
		status.loaded = file.st_mtime;
	*ret_status = status;
	return SPOOL_OK;
}
