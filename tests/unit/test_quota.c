/* SPDX-License-Identifier: MIT */
/* Counting what stands in two folders, to the block. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <glib.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/folder.h"
#include "spool/quota.h"
#include "tree.h"

#define MINOR ".minor"
#define BLOCK 4096

struct fixture {
	char *parent;
	int root;
	int folders[2];
};

static int set_up(void **state)
{
	struct fixture *fixture = g_new0(struct fixture, 1);
	fixture->parent = g_dir_make_tmp("tlsrpt-quota-XXXXXX", NULL);
	assert_non_null(fixture->parent);
	fixture->root = folder_open(AT_FDCWD, fixture->parent, 0);
	fixture->folders[0] = folder_open(fixture->root, "new", 0);
	fixture->folders[1] = folder_open(fixture->root, "bad", 0);
	assert_true(fixture->folders[0] >= 0 && fixture->folders[1] >= 0);
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;
	for (int i = 0; i < 2; i++)
		close(fixture->folders[i]);
	close(fixture->root);
	tree_remove(fixture->parent);
	g_free(fixture->parent);
	g_free(fixture);
	return 0;
}

static void must_create(int folder, const char *name, size_t length)
{
	char *bytes = g_malloc0(length);
	assert_true(folder_create(folder, name, bytes, length, NULL, 0, true));
	g_free(bytes);
}

static void test_bounds_are_exact(void **state)
{
	struct fixture *fixture = *state;
	struct quota *quota = quota_new(10 * BLOCK, fixture->folders, MINOR);
	assert_false(quota_reserve(quota, QUOTA_RECORD, 10 * BLOCK + 1));
	assert_true(quota_reserve(quota, QUOTA_RECORD, 10 * BLOCK));
	assert_false(quota_reserve(quota, QUOTA_RECORD, 1));
	quota_settle(quota, QUOTA_RECORD, 10 * BLOCK, false);
	assert_int_equal(quota_usage(quota), 0);

	assert_false(quota_reserve(quota, QUOTA_MINOR, BLOCK + 1));
	assert_true(quota_reserve(quota, QUOTA_MINOR, BLOCK));
	assert_false(quota_reserve(quota, QUOTA_MINOR, 1));
	assert_true(quota_reserve(quota, QUOTA_RECORD, 9 * BLOCK));
	must_create(fixture->folders[0], "a" MINOR, BLOCK);
	quota_settle(quota, QUOTA_MINOR, BLOCK, true);
	must_create(fixture->folders[0], "b", 9 * BLOCK);
	quota_settle(quota, QUOTA_RECORD, 9 * BLOCK, true);
	assert_int_equal(quota_usage(quota), 10 * BLOCK);
	assert_false(quota_reserve(quota, QUOTA_RECORD, 1));
	quota_set(quota, 10 * BLOCK + 1);
	assert_true(quota_reserve(quota, QUOTA_RECORD, 1));
	quota_free(quota);
	quota_free(NULL);
}

static void test_minor_files_need_room_in_the_whole_too(void **state)
{
	struct fixture *fixture = *state;
	struct quota *quota = quota_new(1000, fixture->folders, MINOR);
	assert_true(quota_reserve(quota, QUOTA_RECORD, 950));
	assert_false(quota_reserve(quota, QUOTA_MINOR, 51));
	assert_true(quota_reserve(quota, QUOTA_MINOR, 50));
	quota_free(quota);
}

static void test_what_passes_has_half(void **state)
{
	struct fixture *fixture = *state;
	struct quota *quota = quota_new(1000, fixture->folders, MINOR);
	assert_true(quota_reserve(quota, QUOTA_RECORD, 400));
	assert_false(quota_reserve(quota, QUOTA_PASSING, 501));
	assert_true(quota_reserve(quota, QUOTA_PASSING, 500));
	assert_false(quota_reserve(quota, QUOTA_PASSING, 1));
	assert_true(quota_reserve(quota, QUOTA_RECORD, 100));
	assert_false(quota_reserve(quota, QUOTA_RECORD, 1));
	quota_settle(quota, QUOTA_PASSING, 500, false);
	assert_int_equal(quota_usage(quota), 500);
	quota_free(quota);
}

static void test_files_of_others_count(void **state)
{
	struct fixture *fixture = *state;
	must_create(fixture->folders[0], "a", 3 * BLOCK);
	must_create(fixture->folders[1], "b" MINOR, 4 * BLOCK);
	struct quota *quota = quota_new(50 * BLOCK, fixture->folders, MINOR);
	assert_int_equal(quota_usage(quota), 7 * BLOCK);
	assert_false(quota_reserve(quota, QUOTA_MINOR, BLOCK + 1));
	assert_true(quota_reserve(quota, QUOTA_MINOR, BLOCK));
	quota_settle(quota, QUOTA_MINOR, BLOCK, false);

	/* Within the second the count stands, then it is made anew. */
	must_create(fixture->folders[0], "c", 2 * BLOCK);
	assert_int_equal(quota_usage(quota), 7 * BLOCK);
	g_usleep(1100 * 1000);
	assert_int_equal(quota_usage(quota), 9 * BLOCK);
	assert_int_equal(unlinkat(fixture->folders[1], "b" MINOR, 0), 0);
	g_usleep(1100 * 1000);
	assert_int_equal(quota_usage(quota), 5 * BLOCK);
	assert_true(quota_reserve(quota, QUOTA_MINOR, 5 * BLOCK));
	quota_free(quota);
}

static void test_own_files_are_not_counted_twice(void **state)
{
	struct fixture *fixture = *state;
	struct quota *quota = quota_new(10 * BLOCK, fixture->folders, MINOR);
	assert_true(quota_reserve(quota, QUOTA_RECORD, 4 * BLOCK));
	must_create(fixture->folders[0], "a", 4 * BLOCK);
	quota_settle(quota, QUOTA_RECORD, 4 * BLOCK, true);
	assert_int_equal(quota_usage(quota), 4 * BLOCK);
	g_usleep(1100 * 1000);
	assert_int_equal(quota_usage(quota), 4 * BLOCK);
	quota_free(quota);
}

/* A file counts with its blocks: a small one with a whole block, and one whose
 * length was only claimed with none. */
static void test_blocks_count(void **state)
{
	struct fixture *fixture = *state;
	must_create(fixture->folders[0], "small", 1);
	int fd =
	    openat(fixture->folders[0], "sparse", O_WRONLY | O_CREAT, 0640);
	assert_int_equal(ftruncate(fd, (off_t)1 << 32), 0);
	close(fd);
	struct quota *quota = quota_new(10 * BLOCK, fixture->folders, MINOR);
	assert_int_equal(quota_usage(quota), BLOCK);
	assert_true(quota_reserve(quota, QUOTA_RECORD, 9 * BLOCK));
	quota_free(quota);
	assert_int_equal(quota_file_size(0), 0);
	assert_int_equal(quota_file_size(1), BLOCK);
	assert_int_equal(quota_file_size(BLOCK), BLOCK);
	assert_int_equal(quota_file_size(BLOCK + 1), 2 * BLOCK);
}

/* What another process writes is known at once when the limit is near. */
static void test_near_the_limit_others_are_seen(void **state)
{
	struct fixture *fixture = *state;
	struct quota *quota = quota_new(16 * BLOCK, fixture->folders, MINOR);
	must_create(fixture->folders[0], "a", 15 * BLOCK);
	/* Far from the limit the first count stands. */
	assert_true(quota_reserve(quota, QUOTA_RECORD, BLOCK));
	quota_settle(quota, QUOTA_RECORD, BLOCK, false);
	g_usleep(50 * 1000);
	assert_false(quota_reserve(quota, QUOTA_RECORD, 15 * BLOCK));
	assert_true(quota_reserve(quota, QUOTA_RECORD, BLOCK));
	quota_free(quota);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_bounds_are_exact),
	    TEST(test_minor_files_need_room_in_the_whole_too),
	    TEST(test_what_passes_has_half),
	    TEST(test_files_of_others_count),
	    TEST(test_own_files_are_not_counted_twice),
	    TEST(test_blocks_count),
	    TEST(test_near_the_limit_others_are_seen),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
