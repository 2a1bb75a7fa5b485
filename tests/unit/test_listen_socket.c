/* SPDX-License-Identifier: MIT */
/* Sockets in a folder of their own; a copy of a descriptor is what systemd
 * holds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "intake/listen_socket.h"

struct place {
	char *folder;
	char *path;
	struct sockaddr_un address;
	int fd;
};

static int set_up(void **state)
{
	struct place *place = g_new0(struct place, 1);

	place->folder = g_dir_make_tmp("listen-XXXXXX", NULL);
	assert_non_null(place->folder);
	place->path = g_build_filename(place->folder, "socket", NULL);
	place->address.sun_family = AF_UNIX;
	assert_true(g_strlcpy(place->address.sun_path, place->path,
			sizeof(place->address.sun_path)) <
		    sizeof(place->address.sun_path));
	place->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(place->fd >= 0);
	assert_int_equal(
	    bind(place->fd, (const struct sockaddr *)&place->address,
		sizeof(place->address)),
	    0);
	assert_int_equal(listen(place->fd, 5), 0);
	*state = place;
	return 0;
}

static int tear_down(void **state)
{
	struct place *place = *state;

	close(place->fd);
	g_unlink(place->path);
	g_rmdir(place->folder);
	g_free(place->path);
	g_free(place->folder);
	g_free(place);
	return 0;
}

/* The connection, or -1. */
static int call(const struct place *place)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	if (connect(fd, (const struct sockaddr *)&place->address,
		sizeof(place->address)) == 0)
		return fd;
	close(fd);
	return -1;
}

/* Who comes waits for who holds the other descriptor; accept() here has
 * nobody and does not wait. */
static void test_others_keep_it(void **state)
{
	const struct place *place = *state;
	int copy = fcntl(place->fd, F_DUPFD_CLOEXEC, 64);
	int caller, taken;

	assert_true(copy >= 64);
	assert_true(listen_socket_withdraw());
	caller = call(place);
	assert_true(caller >= 0);
	assert_int_equal(accept(place->fd, NULL, NULL), -1);
	assert_int_equal(errno, EAGAIN);
	taken = accept(copy, NULL, NULL);
	assert_true(taken >= 0);
	close(taken);
	close(caller);
	close(copy);
}

static void test_nobody_else_has_it(void **state)
{
	const struct place *place = *state;

	assert_true(listen_socket_withdraw());
	assert_int_equal(call(place), -1);
	assert_int_equal(errno, ECONNREFUSED);
}

/* What does not listen is let alone; twice is as good as once. */
static void test_connections_stay(void **state)
{
	const struct place *place = *state;
	int caller = call(place);
	int taken = accept(place->fd, NULL, NULL);
	char byte = 'x';

	assert_true(caller >= 0 && taken >= 0);
	assert_true(listen_socket_withdraw());
	assert_true(listen_socket_withdraw());
	assert_int_equal(write(caller, "a", 1), 1);
	assert_int_equal(read(taken, &byte, 1), 1);
	assert_int_equal(byte, 'a');
	close(taken);
	close(caller);
}

static void test_taken(void **state)
{
	const struct place *place = *state;
	char *long_path = g_strnfill(200, 'x');
	int callers[8], last = 0, file;

	assert_true(listen_socket_is_in_use(place->path));
	/* So many wait that no more can. */
	for (int i = 0; i < 8; i++) {
		callers[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
		last = connect(callers[i],
		    (const struct sockaddr *)&place->address,
		    sizeof(place->address));
	}
	assert_int_equal(last, -1);
	assert_int_equal(errno, EAGAIN);
	for (int i = 0; i < 8; i++)
		close(callers[i]);
	assert_true(listen_socket_is_in_use(place->path));
	assert_true(listen_socket_withdraw());
	assert_false(listen_socket_is_in_use(place->path));
	g_unlink(place->path);
	assert_false(listen_socket_is_in_use(place->path));
	file = open(place->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(file >= 0);
	close(file);
	assert_false(listen_socket_is_in_use(place->path));
	assert_false(listen_socket_is_in_use(long_path));
	g_free(long_path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		test_others_keep_it, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		test_nobody_else_has_it, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		test_connections_stay, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_taken, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
