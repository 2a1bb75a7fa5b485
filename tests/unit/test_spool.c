/* SPDX-License-Identifier: MIT */
/* The spool on a real folder: what lasts, what is refused, what is cleaned up
 * when the system refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <utime.h>

#include "spool/spool.h"
#include "tree.h"

#define QUOTA ((uint64_t)1 << 20)

struct fixture {
	char *directory;
	struct spool *spool;
};

static struct spool *must_open(const char *directory, uint64_t quota)
{
	char *error = NULL;
	struct spool *spool = spool_open(directory, quota, &error);
	if (spool == NULL)
		fail_msg("%s", error);
	return spool;
}

static int set_up(void **state)
{
	struct fixture *fixture = g_new0(struct fixture, 1);
	char *parent = g_dir_make_tmp("tlsrpt-spool-XXXXXX", NULL);
	assert_non_null(parent);
	fixture->directory = g_build_filename(parent, "spool", NULL);
	g_free(parent);
	fixture->spool = must_open(fixture->directory, QUOTA);
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;
	spool_close(fixture->spool);
	char *parent = g_path_get_dirname(fixture->directory);
	tree_remove(parent);
	g_free(parent);
	g_free(fixture->directory);
	g_free(fixture);
	return 0;
}

static char *path_in(
    const struct fixture *fixture, const char *folder, const char *name)
{
	return g_build_filename(fixture->directory, folder, name, NULL);
}

static unsigned int count_in(const struct fixture *fixture, const char *folder)
{
	char *path = path_in(fixture, folder, NULL);
	GDir *dir = g_dir_open(path, 0, NULL);
	assert_non_null(dir);
	unsigned int count = 0;
	while (g_dir_read_name(dir) != NULL)
		count++;
	g_dir_close(dir);
	g_free(path);
	return count;
}

static struct record *make_report(size_t length)
{
	struct record *record = record_new();
	record->kind = RECORD_REPORT;
	record->received_at = INT64_C(1795552851123456);
	record->queue_id = g_strdup("4XyZ12");
	char *bytes = g_malloc0(length + 1);
	memset(bytes, '{', length);
	record_set_bytes(record, bytes, length);
	g_free(bytes);
	return record;
}

static struct record *make_rejection(size_t detail_length)
{
	struct record *record = record_new();
	record->kind = RECORD_REJECTION;
	record->received_at = INT64_C(1795552851123456);
	record->reason = RECORD_INVALID;
	record->detail = g_strnfill(detail_length, 'x');
	record->length = 17;
	return record;
}

static char *must_put(struct spool *spool, size_t length)
{
	struct record *record = make_report(length);
	char *name = NULL;
	assert_int_equal(spool_put(spool, record, &name), SPOOL_OK);
	assert_non_null(name);
	record_free(record);
	return name;
}

static void write_file(const char *path, const char *text)
{
	assert_true(g_file_set_contents(path, text, -1, NULL));
}

static mode_t mode_of(const char *path)
{
	struct stat status;
	assert_int_equal(lstat(path, &status), 0);
	return status.st_mode & 07777;
}

static void test_folders_have_their_mode_whatever_the_umask(void **state)
{
	struct fixture *fixture = *state;
	char *other = g_strconcat(fixture->directory, "-2", NULL);
	mode_t before = umask(0777);
	struct spool *spool = must_open(other, QUOTA);
	char *name = must_put(spool, 10);
	umask(before);
	char *file = g_build_filename(other, "new", name, NULL);
	char *folder = g_build_filename(other, "new", NULL);
	assert_int_equal(mode_of(other), 02770);
	assert_int_equal(mode_of(folder), 02770);
	assert_int_equal(mode_of(file), 0640);
	spool_close(spool);
	g_free(folder);
	g_free(file);
	g_free(name);
	g_free(other);
}

static void test_open_names_what_is_wrong(void **state)
{
	struct fixture *fixture = *state;
	char *file = path_in(fixture, "new", "file");
	write_file(file, "");
	char *error = NULL;
	assert_null(spool_open(file, QUOTA, &error));
	assert_non_null(strstr(error, file));
	assert_non_null(strstr(error, "Not a directory"));
	g_free(error);
	g_free(file);

	error = NULL;
	assert_null(spool_open("/nonexistent/spool", QUOTA, &error));
	assert_non_null(strstr(error, "No such file or directory"));
	g_free(error);
}

/* root may write anywhere but on what is mounted read-only. */
static void test_what_can_not_be_written_is_refused(void **state)
{
	struct fixture *fixture = *state;
	char *parent = g_path_get_dirname(fixture->directory);
	char *folder = path_in(fixture, "bad", NULL);
	bool root = geteuid() == 0;
	char *error = NULL;
	assert_int_equal(chmod(parent, 0755), 0);
	assert_int_equal(chmod(fixture->directory, 0755), 0);
	for (int i = 0; i < 3; i++) {
		static const char *const names[] = {"tmp", "new", "bad"};
		char *path = path_in(fixture, names[i], NULL);
		assert_int_equal(chmod(path, i < 2 ? 0777 : 0555), 0);
		g_free(path);
	}
	assert_false(root && seteuid(65534) != 0);
	struct spool *spool = spool_open(fixture->directory, QUOTA, &error);
	struct spool *reading = spool_open_existing(fixture->directory, NULL);
	assert_false(root && seteuid(0) != 0);
	assert_null(spool);
	assert_non_null(strstr(error, folder));
	assert_non_null(strstr(error, "Permission denied"));
	assert_non_null(strstr(error, "ReadWritePaths="));
	g_free(error);

	struct spool_status status;
	assert_non_null(reading);
	assert_int_equal(spool_status(reading, &status), SPOOL_OK);
	spool_close(reading);
	g_free(folder);
	g_free(parent);
}

static void test_open_existing_makes_nothing(void **state)
{
	struct fixture *fixture = *state;
	char *other = g_strconcat(fixture->directory, "-2", NULL);
	for (int i = 0; i < 2; i++) {
		char *error = NULL;
		assert_null(spool_open_existing(other, &error));
		assert_non_null(strstr(error, other));
		assert_non_null(strstr(error, "spool.directory"));
		g_free(error);
		assert_int_equal(access(other, F_OK) == 0, i > 0); /* ours */
		(void)g_mkdir(other, 0700);
	}
	assert_int_equal(g_rmdir(other), 0);
	g_free(other);
}

static void test_put_and_get(void **state)
{
	struct fixture *fixture = *state;
	char *name = must_put(fixture->spool, 1000);
	assert_int_equal(count_in(fixture, "tmp"), 0);
	assert_int_equal(count_in(fixture, "new"), 1);

	struct record *record = NULL;
	char *error = NULL;
	assert_int_equal(
	    spool_get(fixture->spool, name, &record, &error), SPOOL_OK);
	assert_string_equal(record->queue_id, "4XyZ12");
	assert_int_equal(record->received_at, INT64_C(1795552851123456));
	assert_int_equal(g_bytes_get_size(record->bytes), 1000);
	record_free(record);

	assert_int_equal(spool_remove(fixture->spool, name), SPOOL_OK);
	assert_int_equal(spool_sync(fixture->spool), SPOOL_OK);
	assert_int_equal(spool_remove(fixture->spool, name), SPOOL_GONE);
	assert_int_equal(
	    spool_get(fixture->spool, name, &record, &error), SPOOL_GONE);
	g_free(name);
}

static void test_names_are_in_order(void **state)
{
	struct fixture *fixture = *state;
	/* What starts with a dot is nobody's record. */
	char *hidden = path_in(fixture, "new", ".hidden");
	write_file(hidden, "");
	g_free(hidden);
	GPtrArray *put = g_ptr_array_new_with_free_func(g_free);
	for (int i = 0; i < 50; i++)
		g_ptr_array_add(put, must_put(fixture->spool, 10));
	GPtrArray *names = spool_list(fixture->spool);
	assert_int_equal(names->len, put->len);
	for (guint i = 0; i < names->len; i++) {
		const char *name = g_ptr_array_index(names, i);
		assert_string_equal(name, g_ptr_array_index(put, i));
		assert_null(strpbrk(name, "/ "));
		assert_true(name[0] != '.');
		assert_true(strlen(name) < 128);
	}
	g_ptr_array_unref(names);
	g_ptr_array_unref(put);
}

static void expect_damaged(struct spool *spool, const char *name)
{
	struct record *record = NULL;
	char *error = NULL;
	assert_int_equal(
	    spool_get(spool, name, &record, &error), SPOOL_DAMAGED);
	assert_null(record);
	assert_non_null(error);
	g_free(error);
}

static void test_get_reads_regular_records_only(void **state)
{
	struct fixture *fixture = *state;
	char *good = must_put(fixture->spool, 10);
	char *link = path_in(fixture, "new", "link");
	char *fifo = path_in(fixture, "new", "fifo");
	char *folder = path_in(fixture, "new", "folder");
	char *text = path_in(fixture, "new", "text");
	char *empty = path_in(fixture, "new", "empty");
	assert_int_equal(symlink(good, link), 0);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_int_equal(mkdir(folder, 0700), 0);
	write_file(text, "this is no record\n");
	write_file(empty, "");
	const char *const names[] = {"link", "fifo", "folder", "text", "empty"};
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		expect_damaged(fixture->spool, names[i]);
		assert_int_equal(
		    spool_set_aside(fixture->spool, names[i], "no record"),
		    SPOOL_OK);
	}
	assert_int_equal(count_in(fixture, "new"), 1);
	assert_int_equal(count_in(fixture, "bad"), 10);
	g_free(empty);
	g_free(text);
	g_free(folder);
	g_free(fifo);
	g_free(link);
	g_free(good);
}

static void test_names_do_not_leave_the_folder(void **state)
{
	struct fixture *fixture = *state;
	char *outside = path_in(fixture, "", "outside");
	write_file(outside, "x");
	static const char *const names[] = {
	    "../outside", "/etc/passwd", ".", "..", ""};
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		struct record *record = NULL;
		char *error = NULL;
		assert_int_equal(
		    spool_get(fixture->spool, names[i], &record, &error),
		    SPOOL_GONE);
		assert_int_equal(
		    spool_remove(fixture->spool, names[i]), SPOOL_GONE);
		assert_int_equal(
		    spool_set_aside(fixture->spool, names[i], "x"), SPOOL_GONE);
	}
	assert_int_equal(access(outside, F_OK), 0);
	g_free(outside);
}

static void test_damaged_bytes_are_noticed(void **state)
{
	struct fixture *fixture = *state;
	char *name = must_put(fixture->spool, 100);
	char *path = path_in(fixture, "new", name);
	assert_int_equal(truncate(path, 150), 0);
	expect_damaged(fixture->spool, name);
	g_free(path);
	g_free(name);
}

static void test_quota_counts_new_and_bad(void **state)
{
	struct fixture *fixture = *state;
	char *first = must_put(fixture->spool, 400 * 1024);
	char *second = must_put(fixture->spool, 400 * 1024);
	assert_int_equal(
	    spool_set_aside(fixture->spool, second, "refused"), SPOOL_OK);
	assert_true(spool_usage(fixture->spool) >= 800 * 1024);

	struct record *third = make_report(400 * 1024);
	char *name = NULL;
	assert_int_equal(spool_put(fixture->spool, third, &name), SPOOL_FULL);
	assert_null(name);
	assert_int_equal(count_in(fixture, "new"), 1);
	assert_int_equal(count_in(fixture, "tmp"), 0);

	spool_set_quota(fixture->spool, 2 * QUOTA);
	assert_int_equal(spool_put(fixture->spool, third, NULL), SPOOL_OK);
	record_free(third);

	/* What another process left there is known when a spool is opened. */
	struct spool *other = must_open(fixture->directory, 2 * QUOTA);
	assert_true(spool_usage(other) >= 1200 * 1024);
	spool_close(other);
	g_free(second);
	g_free(first);
}

static void test_rejections_have_a_tenth(void **state)
{
	struct fixture *fixture = *state;
	struct record *rejection = make_rejection(5000);
	unsigned int stored = 0;
	for (unsigned int i = 0; i < 40; i++) {
		enum spool_result result =
		    spool_put(fixture->spool, rejection, NULL);
		if (result == SPOOL_OK)
			stored++;
		else
			assert_int_equal(result, SPOOL_DROPPED);
	}
	struct spool_status status;
	assert_int_equal(spool_status(fixture->spool, &status), SPOOL_OK);
	assert_int_equal(status.records, stored);
	assert_int_equal(spool_dropped(fixture->spool), 40 - stored);
	/* As many as a tenth holds, and not one less. */
	assert_true(status.bytes <= QUOTA / 10);
	assert_true(status.bytes + status.bytes / stored > QUOTA / 10);

	/* Another process knows them by their names. */
	struct spool *other = must_open(fixture->directory, QUOTA);
	assert_int_equal(spool_put(other, rejection, NULL), SPOOL_DROPPED);
	spool_close(other);
	record_free(rejection);

	/* Reports are not touched by that. */
	g_free(must_put(fixture->spool, 100 * 1024));
}

/* A few are synced each by itself, many at once. */
static void test_held_records_come_all_at_once(void **state)
{
	struct fixture *fixture = *state;
	static const unsigned int counts[] = {1, 8, 9, 100};
	unsigned int all = 0;
	spool_hold(fixture->spool);
	assert_int_equal(spool_release(fixture->spool), SPOOL_OK);
	for (size_t i = 0; i < G_N_ELEMENTS(counts); i++) {
		for (unsigned int j = 0; j < counts[i]; j++)
			g_free(must_put(fixture->spool, 10));
		assert_int_equal(count_in(fixture, "tmp"), counts[i]);
		assert_int_equal(count_in(fixture, "new"), all);
		assert_int_equal(spool_release(fixture->spool), SPOOL_OK);
		all += counts[i];
		assert_int_equal(count_in(fixture, "tmp"), 0);
		assert_int_equal(count_in(fixture, "new"), all);
	}
}

static void test_held_records_that_cannot_be_released(void **state)
{
	struct fixture *fixture = *state;
	char *path = path_in(fixture, "new", NULL);
	spool_hold(fixture->spool);
	g_free(must_put(fixture->spool, 10));
	g_free(must_put(fixture->spool, 10));
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(spool_release(fixture->spool), SPOOL_ERROR);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(count_in(fixture, "tmp"), 0);
	g_free(path);
}

static void test_records_never_released_are_gone(void **state)
{
	struct fixture *fixture = *state;
	spool_hold(fixture->spool);
	g_free(must_put(fixture->spool, 10));
	spool_close(fixture->spool);
	fixture->spool = must_open(fixture->directory, QUOTA);
	assert_int_equal(count_in(fixture, "tmp"), 0);
	assert_int_equal(count_in(fixture, "new"), 0);
}

static void test_failed_write_leaves_nothing(void **state)
{
	struct fixture *fixture = *state;
	struct rlimit before;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	struct rlimit small = {4096, before.rlim_max};
	void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	struct record *record = make_report(100 * 1024);
	enum spool_result result = spool_put(fixture->spool, record, NULL);
	int error = errno;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	signal(SIGXFSZ, handler);
	assert_int_equal(result, SPOOL_ERROR);
	assert_int_equal(error, EFBIG);
	assert_int_equal(count_in(fixture, "tmp"), 0);
	assert_int_equal(count_in(fixture, "new"), 0);
	/* And nothing is counted for it. */
	assert_int_equal(spool_usage(fixture->spool), 0);
	record_free(record);
}

static void test_missing_folder_is_an_error(void **state)
{
	struct fixture *fixture = *state;
	char *path = path_in(fixture, "new", NULL);
	assert_int_equal(rmdir(path), 0);
	struct record *record = make_report(10);
	assert_int_equal(spool_put(fixture->spool, record, NULL), SPOOL_ERROR);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(count_in(fixture, "tmp"), 0);
	record_free(record);
	g_free(path);
}

static void test_old_files_in_tmp_are_purged(void **state)
{
	struct fixture *fixture = *state;
	char *old = path_in(fixture, "tmp", "old");
	char *young = path_in(fixture, "tmp", "young");
	write_file(old, "x");
	write_file(young, "x");
	struct utimbuf times = {time(NULL) - 3700, time(NULL) - 3700};
	assert_int_equal(utime(old, &times), 0);
	times.modtime = time(NULL) - 3500;
	assert_int_equal(utime(young, &times), 0);
	spool_close(must_open(fixture->directory, QUOTA));
	assert_int_not_equal(access(old, F_OK), 0);
	assert_int_equal(access(young, F_OK), 0);
	g_free(young);
	g_free(old);
}

static void test_tmpfile_has_no_name(void **state)
{
	struct fixture *fixture = *state;
	int fd = spool_tmpfile(fixture->spool);
	assert_true(fd >= 0);
	assert_int_equal(count_in(fixture, "tmp"), 0);
	assert_int_equal(write(fd, "abc", 3), 3);
	char back[3];
	assert_int_equal(pread(fd, back, 3, 0), 3);
	close(fd);
}

static void test_reserved_bytes_count(void **state)
{
	struct fixture *fixture = *state;
	assert_true(spool_reserve(fixture->spool, QUOTA / 2));
	assert_false(spool_reserve(fixture->spool, 1));
	assert_int_equal(errno, EDQUOT);
	struct record *record = make_report(QUOTA / 2);
	assert_int_equal(spool_put(fixture->spool, record, NULL), SPOOL_FULL);
	spool_unreserve(fixture->spool, QUOTA / 2);
	assert_int_equal(spool_put(fixture->spool, record, NULL), SPOOL_OK);
	record_free(record);
}

static void test_lock_is_one_loaders(void **state)
{
	struct fixture *fixture = *state;
	struct spool *other = must_open(fixture->directory, QUOTA);
	assert_true(spool_lock(fixture->spool));
	assert_false(spool_lock(other));
	assert_int_equal(errno, EWOULDBLOCK);
	spool_close(fixture->spool);
	fixture->spool = NULL;
	assert_true(spool_lock(other));
	spool_close(other);
}

static void test_set_aside_and_retry(void **state)
{
	struct fixture *fixture = *state;
	char *name = must_put(fixture->spool, 10);
	assert_int_equal(
	    spool_set_aside(fixture->spool, name, "first"), SPOOL_OK);
	char *reason = path_in(fixture, "bad", name);
	char *reason_path = g_strconcat(reason, ".reason", NULL);
	char *text = NULL;
	assert_true(g_file_get_contents(reason_path, &text, NULL, NULL));
	assert_string_equal(text, "first\n");
	g_free(text);
	assert_int_equal(
	    spool_set_aside(fixture->spool, name, "again"), SPOOL_GONE);

	struct spool_status status;
	assert_int_equal(spool_status(fixture->spool, &status), SPOOL_OK);
	assert_int_equal(status.loaded, 0);
	assert_true(spool_note_load(fixture->spool));
	assert_int_equal(spool_status(fixture->spool, &status), SPOOL_OK);
	assert_true(status.loaded > 0 && status.loaded <= time(NULL));
	assert_int_equal(status.records, 0);
	assert_int_equal(status.oldest, 0);
	assert_int_equal(status.bad, 1);
	assert_true(status.bad_bytes > 10 + strlen("first\n"));
	assert_int_equal(status.bad_bytes, spool_usage(fixture->spool));

	size_t count = 99;
	assert_int_equal(spool_retry_bad(fixture->spool, &count), SPOOL_OK);
	assert_int_equal(count, 1);
	assert_int_equal(count_in(fixture, "bad"), 0);
	assert_int_equal(spool_status(fixture->spool, &status), SPOOL_OK);
	assert_int_equal(status.records, 1);
	assert_true(status.bytes > 10);
	assert_true(status.oldest >= time(NULL) - 60);
	g_free(reason_path);
	g_free(reason);
	g_free(name);
}

/* Whoever wrote it last, even root: it is replaced. */
static void test_note_of_another_user(void **state)
{
	struct fixture *fixture = *state;
	char *parent = g_path_get_dirname(fixture->directory);
	char *path = path_in(fixture, "last-load", NULL);
	struct utimbuf old = {1000, 1000};
	struct stat status;
	bool root = geteuid() == 0;
	assert_int_equal(chmod(parent, 0755), 0);
	assert_int_equal(chmod(fixture->directory, 0777), 0);
	assert_true(spool_note_load(fixture->spool));
	assert_int_equal(utime(path, &old), 0);
	assert_int_equal(chmod(path, 0440), 0);
	assert_false(root && seteuid(65534) != 0);
	bool noted = spool_note_load(fixture->spool);
	assert_false(root && seteuid(0) != 0);
	assert_true(noted);
	assert_int_equal(stat(path, &status), 0);
	assert_true(status.st_mtime > 1000);
	assert_int_equal(status.st_mode & 0777, 0640);
	g_free(path);
	g_free(parent);
}

/* Set aside twice, a record has the last reason. */
static void test_reason_is_the_last_one(void **state)
{
	struct fixture *fixture = *state;
	char *name = must_put(fixture->spool, 10);
	char *file = g_strconcat(name, ".reason", NULL);
	char *path = path_in(fixture, "bad", file);
	write_file(path, "stale, and longer than what comes\n");
	assert_int_equal(
	    spool_set_aside(fixture->spool, name, "new"), SPOOL_OK);
	char *text = NULL;
	assert_true(g_file_get_contents(path, &text, NULL, NULL));
	assert_string_equal(text, "new\n");
	g_free(text);
	g_free(path);
	g_free(file);
	g_free(name);
}

static gint64 time_wait(struct spool *spool, int wake_fd, int timeout_ms)
{
	gint64 start = g_get_monotonic_time();
	spool_wait(spool, wake_fd, timeout_ms);
	return (g_get_monotonic_time() - start) / 1000;
}

static void *put_later(void *data)
{
	g_usleep(100 * 1000);
	g_free(must_put(data, 10));
	return NULL;
}

static void test_wait_ends_for_a_record(void **state)
{
	struct fixture *fixture = *state;
	/* The first call starts the watch. */
	assert_true(time_wait(fixture->spool, -1, 5000) < 1000);
	pthread_t thread;
	assert_int_equal(
	    pthread_create(&thread, NULL, put_later, fixture->spool), 0);
	gint64 waited = time_wait(fixture->spool, -1, 5000);
	pthread_join(thread, NULL);
	assert_true(waited >= 50 && waited < 2000);
	/* Its event is used up. */
	assert_true(time_wait(fixture->spool, -1, 100) >= 90);
	/* One that came before the call counts. */
	g_free(must_put(fixture->spool, 10));
	assert_true(time_wait(fixture->spool, -1, 5000) < 1000);
}

static void test_wait_ends_for_wake(void **state)
{
	struct fixture *fixture = *state;
	int wake = eventfd(1, EFD_NONBLOCK);
	spool_wait(fixture->spool, wake, 0);
	assert_true(time_wait(fixture->spool, wake, 5000) < 1000);
	close(wake);
}

#define WRITERS 8
#define EACH 25

static void *put_many(void *data)
{
	struct spool *spool = data;
	for (int i = 0; i < EACH; i++)
		g_free(must_put(spool, 100));
	return NULL;
}

static void test_many_writers(void **state)
{
	struct fixture *fixture = *state;
	pthread_t threads[WRITERS];
	for (int i = 0; i < WRITERS; i++)
		assert_int_equal(
		    pthread_create(&threads[i], NULL, put_many, fixture->spool),
		    0);
	for (int i = 0; i < WRITERS; i++)
		pthread_join(threads[i], NULL);
	struct spool_status status;
	assert_int_equal(spool_status(fixture->spool, &status), SPOOL_OK);
	assert_int_equal(status.records, WRITERS * EACH);
	g_usleep(1100 * 1000);
	assert_int_equal(spool_usage(fixture->spool), status.bytes);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_folders_have_their_mode_whatever_the_umask),
	    TEST(test_open_names_what_is_wrong),
	    TEST(test_what_can_not_be_written_is_refused),
	    TEST(test_open_existing_makes_nothing),
	    TEST(test_put_and_get),
	    TEST(test_names_are_in_order),
	    TEST(test_get_reads_regular_records_only),
	    TEST(test_names_do_not_leave_the_folder),
	    TEST(test_damaged_bytes_are_noticed),
	    TEST(test_quota_counts_new_and_bad),
	    TEST(test_rejections_have_a_tenth),
	    TEST(test_held_records_come_all_at_once),
	    TEST(test_held_records_that_cannot_be_released),
	    TEST(test_records_never_released_are_gone),
	    TEST(test_failed_write_leaves_nothing),
	    TEST(test_missing_folder_is_an_error),
	    TEST(test_old_files_in_tmp_are_purged),
	    TEST(test_tmpfile_has_no_name),
	    TEST(test_reserved_bytes_count),
	    TEST(test_lock_is_one_loaders),
	    TEST(test_set_aside_and_retry),
	    TEST(test_note_of_another_user),
	    TEST(test_reason_is_the_last_one),
	    TEST(test_wait_ends_for_a_record),
	    TEST(test_wait_ends_for_wake),
	    TEST(test_many_writers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
