/* SPDX-License-Identifier: MIT */
/* A spool that several processes use, and what others put into it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <grp.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <utime.h>

#include "spool/spool.h"
#include "tree.h"

#define QUOTA ((uint64_t)1 << 20)

static int set_up(void **state)
{
	*state = g_dir_make_tmp("tlsrpt-shared-XXXXXX", NULL);
	assert_non_null(*state);
	return 0;
}

static int tear_down(void **state)
{
	tree_remove(*state);
	g_free(*state);
	return 0;
}

static struct spool *must_open(const char *directory)
{
	char *error = NULL;
	struct spool *spool = spool_open(directory, QUOTA, &error);

	if (spool == NULL)
		fail_msg("%s", error);
	return spool;
}

static struct record *make_report(const char *submitter, size_t length)
{
	struct record *record = record_new();
	char *bytes = g_strnfill(length, '{');

	record->submitter = g_strdup(submitter);
	record_set_bytes(record, bytes, length);
	g_free(bytes);
	return record;
}

static char *put(struct spool *spool, const char *submitter, bool authenticated)
{
	struct record *record = make_report(submitter, 10);
	char *name = NULL;

	record->authenticated = authenticated;
	assert_int_equal(spool_put(spool, record, &name), SPOOL_OK);
	record_free(record);
	return name;
}

/* Writes a record of another process, which lives until the pipe is closed, to
 * tmp: it is held back there. Returns the process. */
static pid_t start_writer(const char *directory, int held[2], int end[2])
{
	pid_t writer;

	assert_int_equal(pipe(held) | pipe(end), 0);
	writer = fork();
	assert_true(writer >= 0);
	if (writer == 0) {
		char *error = NULL;
		struct spool *spool = spool_open(directory, QUOTA, &error);
		struct record *record = make_report("a.example", 10);
		char byte;

		close(end[1]);
		spool_hold(spool);
		byte = spool_put(spool, record, NULL) == SPOOL_OK ? '+' : '-';
		if (write(held[1], &byte, 1) != 1 ||
		    read(end[0], &byte, 1) < 0 ||
		    spool_release(spool) != SPOOL_OK)
			_exit(1);
		_exit(0);
	}
	close(end[0]);
	close(held[1]);
	return writer;
}

/* Makes the only file in tmp older than any message takes: what a clock that is
 * set does. */
static char *age_file(const char *directory)
{
	char *folder = g_build_filename(directory, "tmp", NULL);
	GDir *dir = g_dir_open(folder, 0, NULL);
	char *path = g_build_filename(folder, g_dir_read_name(dir), NULL);
	struct utimbuf times = {time(NULL) - 7200, time(NULL) - 7200};

	assert_int_equal(utime(path, &times), 0);
	g_dir_close(dir);
	g_free(folder);
	return path;
}

static void test_files_of_living_writers_stay(void **state)
{
	int held[2], end[2], status;
	pid_t writer = start_writer(*state, held, end);
	char byte = '-';
	char *path;

	assert_int_equal(read(held[0], &byte, 1), 1);
	assert_int_equal(byte, '+');
	path = age_file(*state);
	spool_close(must_open(*state));
	assert_int_equal(access(path, F_OK), 0);
	close(end[1]);
	assert_int_equal(waitpid(writer, &status, 0), writer);
	assert_int_equal(status, 0);
	/* It was moved to new, since it was still there. */
	assert_int_not_equal(access(path, F_OK), 0);
	close(held[0]);
	g_free(path);
}

static void test_files_of_dead_writers_go(void **state)
{
	int held[2], end[2], status;
	pid_t writer = start_writer(*state, held, end);
	char byte = '-';
	char *path;

	assert_int_equal(read(held[0], &byte, 1), 1);
	path = age_file(*state);
	kill(writer, SIGKILL);
	assert_int_equal(waitpid(writer, &status, 0), writer);
	assert_int_equal(access(path, F_OK), 0);
	spool_close(must_open(*state));
	assert_int_not_equal(access(path, F_OK), 0);
	close(held[0]);
	close(end[1]);
	g_free(path);
}

#define WRITERS 4

/* Fills the spool from several processes at once. */
static void fill(const char *directory)
{
	pid_t writers[WRITERS];
	int status;

	for (int i = 0; i < WRITERS; i++) {
		writers[i] = fork();
		assert_true(writers[i] >= 0);
		if (writers[i] == 0) {
			char *error = NULL;
			struct spool *spool =
			    spool_open(directory, QUOTA, &error);
			struct record *record = make_report("a.example", 9000);

			while (spool_put(spool, record, NULL) == SPOOL_OK)
				;
			_exit(0);
		}
	}
	for (int i = 0; i < WRITERS; i++)
		assert_int_equal(waitpid(writers[i], &status, 0), writers[i]);
}

static void test_several_writers_keep_the_quota(void **state)
{
	struct spool *spool;
	struct spool_status status;

	fill(*state);
	spool = must_open(*state);
	assert_int_equal(spool_status(spool, &status), SPOOL_OK);
	assert_true(status.bytes > QUOTA - QUOTA / 10);
	if (status.bytes > QUOTA + QUOTA / 10)
		fail_msg("%" G_GUINT64_FORMAT " bytes", status.bytes);
	spool_close(spool);
}

/* What is held back counts, although it is not in new. */
static void test_what_is_held_back_counts(void **state)
{
	struct spool *spool = must_open(*state);
	struct record *record = make_report("a.example", 100000);
	unsigned int count = 0;

	spool_hold(spool);
	while (spool_put(spool, record, NULL) == SPOOL_OK) {
		count++;
		g_usleep(count == 5 ? 1100 * 1000 : 0);
		assert_true(count <= QUOTA / 100000);
	}
	assert_true(count >= 9);
	assert_int_equal(spool_release(spool), SPOOL_OK);
	assert_true(spool_usage(spool) >= 900000);
	assert_true(spool_usage(spool) <= QUOTA);
	record_free(record);
	spool_close(spool);
}

/* A file of great length and no content fills nothing and is not read. */
static void test_sparse_file(void **state)
{
	struct spool *spool = must_open(*state);
	char *path = g_build_filename(*state, "new", "sparse", NULL);
	struct spool_status status;
	struct record *record = NULL;
	char *error = NULL;

	for (off_t size = 5000; size <= (off_t)1 << 32; size <<= 10) {
		int fd = open(path, O_WRONLY | O_CREAT, 0640);

		assert_int_equal(ftruncate(fd, size), 0);
		close(fd);
		assert_int_equal(
		    spool_get(spool, "sparse", &record, &error), SPOOL_DAMAGED);
		assert_non_null(error);
		g_clear_pointer(&error, g_free);
	}
	g_usleep(1100 * 1000);
	assert_int_equal(spool_usage(spool), 0);
	assert_int_equal(spool_status(spool, &status), SPOOL_OK);
	assert_int_equal(status.bytes, 0);
	g_free(put(spool, "a.example", false));
	assert_int_equal(spool_set_aside(spool, "sparse", "sparse"), SPOOL_OK);
	g_free(path);
	spool_close(spool);
}

/* A file that its owner keeps from the group is not a record, and is set aside
 * without being read. */
static void test_file_of_somebody_else(void **state)
{
	struct spool *spool = must_open(*state);
	char *mine = put(spool, "a.example", false);
	char *other = g_build_filename(*state, "new", "other", NULL);
	char *path = g_build_filename(*state, "new", mine, NULL);
	bool root = geteuid() == 0;
	struct record *record = NULL;
	char *error = NULL;

	assert_true(g_file_set_contents(other, "x", 1, NULL));
	assert_int_equal(chmod(other, root ? 0600 : 0), 0);
	/* Everybody may look into the folder, but nobody else read a record. */
	assert_int_equal(chmod(*state, 0755), 0);
	g_free(error);
	error = g_build_filename(*state, "new", NULL);
	assert_int_equal(chmod(error, 0755), 0);
	g_clear_pointer(&error, g_free);
	assert_false(root && (setgroups(0, NULL) != 0 || setegid(65534) != 0 ||
				 seteuid(65534) != 0));
	assert_int_equal(
	    spool_get(spool, "other", &record, &error), SPOOL_DAMAGED);
	/* A record that this process may not read is another trouble. */
	if (root) {
		g_clear_pointer(&error, g_free);
		assert_int_equal(
		    spool_get(spool, mine, &record, &error), SPOOL_ERROR);
		assert_null(error);
	}
	assert_false(root && (seteuid(0) != 0 || setegid(0) != 0));
	g_free(error);
	g_free(path);
	g_free(other);
	g_free(mine);
	spool_close(spool);
}

/* Records of one submitter share a lane, whoever claims to be another does
 * not. */
static void test_lanes(void **state)
{
	struct spool *spool = must_open(*state);
	char *genuine = put(spool, "a.example", true);
	char *again = put(spool, "a.example", true);
	char *claimed = put(spool, "a.example", false);
	char *other = put(spool, "b.example", true);
	char *nobody = put(spool, NULL, false);

	assert_int_not_equal(spool_lane(genuine), 0);
	assert_true(spool_lane(genuine) == spool_lane(again));
	assert_true(spool_lane(genuine) != spool_lane(claimed));
	assert_true(spool_lane(genuine) != spool_lane(other));
	assert_true(spool_lane(claimed) != spool_lane(nobody));
	assert_int_not_equal(spool_lane(nobody), 0);
	assert_true(spool_lane("20261124T202051.000001Z-812-0-mx") == 0);
	assert_true(spool_lane("x") == 0);
	g_free(nobody);
	g_free(other);
	g_free(claimed);
	g_free(again);
	g_free(genuine);
	spool_close(spool);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_files_of_living_writers_stay),
	    TEST(test_files_of_dead_writers_go),
	    TEST(test_several_writers_keep_the_quota),
	    TEST(test_what_is_held_back_counts),
	    TEST(test_sparse_file),
	    TEST(test_file_of_somebody_else),
	    TEST(test_lanes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
