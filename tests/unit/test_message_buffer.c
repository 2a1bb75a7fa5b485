/* SPDX-License-Identifier: MIT */
/* Memory, then a file. The spool is played by this test: it hands out unlinked
 * files, or none. */
/* cmocka.h needs these four before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "intake/message_buffer.h"

static int tmpfiles;
static int tmpfile_errno;
static uint64_t reserved; /* of the quota, in bytes */
static uint64_t quota;
static char place;

int spool_tmpfile(struct spool *spool)
{
	char *path;
	int fd;

	assert_ptr_equal(spool, &place);
	tmpfiles++;
	if (tmpfile_errno != 0) {
		errno = tmpfile_errno;
		return -1;
	}
	fd = g_file_open_tmp("test_msgbuf_XXXXXX", &path, NULL);
	assert_true(fd >= 0);
	unlink(path);
	g_free(path);
	return fd;
}

bool spool_reserve(struct spool *spool, uint64_t bytes)
{
	assert_ptr_equal(spool, &place);
	if (bytes > quota - reserved) {
		errno = EDQUOT;
		return false;
	}
	reserved += bytes;
	return true;
}

void spool_unreserve(struct spool *spool, uint64_t bytes)
{
	assert_ptr_equal(spool, &place);
	assert_true(bytes > 0 && bytes <= reserved);
	reserved -= bytes;
}

static int begin(void **state)
{
	(void)state;
	tmpfiles = 0;
	tmpfile_errno = 0;
	reserved = 0;
	quota = UINT64_MAX;
	return 0;
}

/* All of the quota is given back. */
static int end(void **state)
{
	(void)state;
	return reserved == 0 ? 0 : -1;
}

static struct spool *spool(void)
{
	return (struct spool *)(void *)&place;
}

/* Bytes that differ at every offset of the first 251 and not from file to
 * memory. */
static uint8_t *make_bytes(size_t length)
{
	uint8_t *bytes = g_malloc(length);

	for (size_t i = 0; i < length; i++)
		bytes[i] = (uint8_t)((i * 7 + i / 251) & 0xff);
	return bytes;
}

static void assert_bytes(
    struct message_buffer *buffer, const uint8_t *expected, size_t length)
{
	const uint8_t *bytes = message_buffer_bytes(buffer);

	assert_non_null(bytes);
	assert_int_equal(message_buffer_length(buffer), length);
	assert_memory_equal(bytes, expected, length);
}

static void test_empty(void **state)
{
	struct message_buffer *buffer = message_buffer_new(spool());

	(void)state;
	assert_int_equal(message_buffer_length(buffer), 0);
	assert_non_null(message_buffer_bytes(buffer));
	assert_true(message_buffer_append(buffer, NULL, 0));
	assert_int_equal(message_buffer_length(buffer), 0);
	message_buffer_free(buffer);
	message_buffer_free(NULL);
}

static void test_boundary(void **state)
{
	uint8_t *bytes = make_bytes(MESSAGE_BUFFER_MEMORY + 2);
	struct message_buffer *buffer = message_buffer_new(spool());

	(void)state;
	assert_true(
	    message_buffer_append(buffer, bytes, MESSAGE_BUFFER_MEMORY - 1));
	assert_true(message_buffer_append(
	    buffer, bytes + MESSAGE_BUFFER_MEMORY - 1, 1));
	assert_bytes(buffer, bytes, MESSAGE_BUFFER_MEMORY);
	assert_int_equal(tmpfiles, 0);
	assert_true(
	    message_buffer_append(buffer, bytes + MESSAGE_BUFFER_MEMORY, 1));
	assert_int_equal(tmpfiles, 1);
	assert_bytes(buffer, bytes, MESSAGE_BUFFER_MEMORY + 1);
	/* Appending after a look at the bytes. */
	assert_true(message_buffer_append(
	    buffer, bytes + MESSAGE_BUFFER_MEMORY + 1, 1));
	assert_bytes(buffer, bytes, MESSAGE_BUFFER_MEMORY + 2);
	assert_int_equal(tmpfiles, 1);
	message_buffer_free(buffer);
	g_free(bytes);
}

static void test_chunks(void **state)
{
	size_t length = 3 * MESSAGE_BUFFER_MEMORY + 17;
	uint8_t *bytes = make_bytes(length);
	struct message_buffer *buffer = message_buffer_new(spool());

	(void)state;
	for (size_t at = 0; at < length;) {
		size_t step = MIN((size_t)65535, length - at);

		assert_true(message_buffer_append(buffer, bytes + at, step));
		at += step;
		assert_bytes(buffer, bytes, at);
	}
	assert_int_equal(tmpfiles, 1);
	message_buffer_free(buffer);
	g_free(bytes);
}

/* The first piece alone is too large for memory. */
static void test_at_once(void **state)
{
	size_t length = MESSAGE_BUFFER_MEMORY + 1;
	uint8_t *bytes = make_bytes(length);
	struct message_buffer *buffer = message_buffer_new(spool());

	(void)state;
	assert_true(message_buffer_append(buffer, bytes, length));
	assert_int_equal(tmpfiles, 1);
	assert_bytes(buffer, bytes, length);
	message_buffer_free(buffer);
	g_free(bytes);
}

static void test_without_spool(void **state)
{
	size_t length = 4 * MESSAGE_BUFFER_MEMORY;
	uint8_t *bytes = make_bytes(length);
	struct message_buffer *buffer = message_buffer_new(NULL);

	(void)state;
	assert_true(message_buffer_append(buffer, bytes, length / 2));
	assert_true(
	    message_buffer_append(buffer, bytes + length / 2, length / 2));
	assert_int_equal(tmpfiles, 0);
	assert_bytes(buffer, bytes, length);
	message_buffer_free(buffer);
	g_free(bytes);
}

/* What was there before a failure is there after it. */
static void test_no_file(void **state)
{
	uint8_t *bytes = make_bytes(MESSAGE_BUFFER_MEMORY + 1);
	struct message_buffer *buffer = message_buffer_new(spool());

	(void)state;
	tmpfile_errno = ENOSPC;
	assert_true(message_buffer_append(buffer, bytes, 1000));
	errno = 0;
	assert_false(
	    message_buffer_append(buffer, bytes, MESSAGE_BUFFER_MEMORY));
	assert_int_equal(errno, ENOSPC);
	assert_bytes(buffer, bytes, 1000);
	tmpfile_errno = 0;
	assert_true(message_buffer_append(
	    buffer, bytes + 1000, MESSAGE_BUFFER_MEMORY + 1 - 1000));
	assert_bytes(buffer, bytes, MESSAGE_BUFFER_MEMORY + 1);
	message_buffer_free(buffer);
	g_free(bytes);
}

static void set_file_limit(size_t limit)
{
	struct rlimit rlimit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &rlimit), 0);
	rlimit.rlim_cur = limit == 0 ? rlimit.rlim_max : (rlim_t)limit;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &rlimit), 0);
}

/* A disk that fills up in the middle of a write, played by a file limit. */
static void test_full(void **state)
{
	size_t length = 2 * MESSAGE_BUFFER_MEMORY;
	uint8_t *bytes = make_bytes(length);
	struct message_buffer *buffer = message_buffer_new(spool());

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	set_file_limit(MESSAGE_BUFFER_MEMORY + 5000);
	assert_true(
	    message_buffer_append(buffer, bytes, MESSAGE_BUFFER_MEMORY + 1000));
	errno = 0;
	assert_false(message_buffer_append(buffer, bytes, 5000));
	assert_int_equal(errno, EFBIG);
	assert_bytes(buffer, bytes, MESSAGE_BUFFER_MEMORY + 1000);
	set_file_limit(0);
	assert_true(
	    message_buffer_append(buffer, bytes + MESSAGE_BUFFER_MEMORY + 1000,
		length - MESSAGE_BUFFER_MEMORY - 1000));
	assert_bytes(buffer, bytes, length);
	message_buffer_free(buffer);
	g_free(bytes);
}

/* A file never has more than was reserved for it. */
static void test_quota(void **state)
{
	const size_t most = 4 * MESSAGE_BUFFER_MEMORY;
	uint8_t *bytes = make_bytes(most + 1);
	struct message_buffer *buffer = message_buffer_new(spool());
	struct message_buffer *other = message_buffer_new(spool());

	(void)state;
	quota = most;
	assert_true(
	    message_buffer_append(buffer, bytes, MESSAGE_BUFFER_MEMORY));
	assert_int_equal(reserved, 0);
	for (size_t at = MESSAGE_BUFFER_MEMORY; at < most; at += 1024) {
		assert_true(message_buffer_append(buffer, bytes + at, 1024));
		assert_true(reserved >= at + 1024);
	}
	assert_int_equal(reserved, most);
	errno = 0;
	assert_false(message_buffer_append(buffer, bytes, 1));
	assert_int_equal(errno, EDQUOT);
	assert_bytes(buffer, bytes, most);
	/* Another has none left, and no file is made for it. */
	assert_false(
	    message_buffer_append(other, bytes, MESSAGE_BUFFER_MEMORY + 1));
	assert_int_equal(errno, EDQUOT);
	assert_int_equal(tmpfiles, 1);
	message_buffer_free(buffer);
	assert_int_equal(reserved, 0);
	assert_true(message_buffer_append(other, bytes, most));
	assert_int_equal(reserved, most);
	message_buffer_free(other);
	g_free(bytes);
}

static void test_overflow(void **state)
{
	struct message_buffer *buffer = message_buffer_new(spool());

	(void)state;
	assert_true(message_buffer_append(buffer, "x", 1));
	errno = 0;
	assert_false(message_buffer_append(buffer, "x", SIZE_MAX));
	assert_int_equal(errno, EFBIG);
	assert_bytes(buffer, (const uint8_t *)"x", 1);
	message_buffer_free(buffer);
}

/* Many that are small: what all of them hold is bounded as well. */
static void test_all_together(void **state)
{
	const size_t each = MESSAGE_BUFFER_MEMORY - 1;
	const size_t count = 2 * MESSAGE_BUFFER_ALL / MESSAGE_BUFFER_MEMORY;
	struct message_buffer **buffers =
	    g_new0(struct message_buffer *, count + 1);
	uint8_t *bytes = make_bytes(each);

	(void)state;
	for (size_t i = 0; i < count; i++) {
		buffers[i] = message_buffer_new(spool());
		assert_true(message_buffer_append(buffers[i], bytes, each));
	}
	assert_int_equal(tmpfiles, count / 2);
	for (size_t i = 0; i < count; i++) {
		if (i % 16 == 0)
			assert_bytes(buffers[i], bytes, each);
		message_buffer_free(buffers[i]);
	}
	/* And given back. */
	buffers[count] = message_buffer_new(spool());
	assert_true(message_buffer_append(buffers[count], bytes, each));
	assert_int_equal(tmpfiles, count / 2);
	message_buffer_free(buffers[count]);
	g_free(buffers);
	g_free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_empty, begin, end),
	    cmocka_unit_test_setup_teardown(test_boundary, begin, end),
	    cmocka_unit_test_setup_teardown(test_chunks, begin, end),
	    cmocka_unit_test_setup_teardown(test_at_once, begin, end),
	    cmocka_unit_test_setup_teardown(test_without_spool, begin, end),
	    cmocka_unit_test_setup_teardown(test_no_file, begin, end),
	    cmocka_unit_test_setup_teardown(test_full, begin, end),
	    cmocka_unit_test_setup_teardown(test_quota, begin, end),
	    cmocka_unit_test_setup_teardown(test_overflow, begin, end),
	    cmocka_unit_test_setup_teardown(test_all_together, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
