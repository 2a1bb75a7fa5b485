/* SPDX-License-Identifier: MIT */
/* Against a socket of ours in the place of systemd's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/service_manager.h"

struct manager {
	char *folder;
	char *path;
	int fd;
};

static int set_up(void **state)
{
	struct manager *manager = g_new0(struct manager, 1);
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	manager->folder = g_dir_make_tmp("notify-XXXXXX", NULL);
	assert_non_null(manager->folder);
	manager->path = g_build_filename(manager->folder, "socket", NULL);
	assert_true(g_strlcpy(address.sun_path, manager->path,
			sizeof(address.sun_path)) < sizeof(address.sun_path));
	manager->fd =
	    socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_true(manager->fd >= 0);
	assert_int_equal(bind(manager->fd, (const struct sockaddr *)&address,
			     sizeof(address)),
	    0);
	assert_true(g_setenv("NOTIFY_SOCKET", manager->path, TRUE));
	*state = manager;
	return 0;
}

static int tear_down(void **state)
{
	struct manager *manager = *state;

	g_unsetenv("NOTIFY_SOCKET");
	g_unsetenv("WATCHDOG_USEC");
	g_unsetenv("WATCHDOG_PID");
	close(manager->fd);
	g_unlink(manager->path);
	g_rmdir(manager->folder);
	g_free(manager->path);
	g_free(manager->folder);
	g_free(manager);
	return 0;
}

/* The next datagram, or NULL when there is none. */
static char *receive(const struct manager *manager)
{
	char text[512];
	ssize_t length = recv(manager->fd, text, sizeof(text), 0);

	return length < 0 ? NULL : g_strndup(text, (size_t)length);
}

static void assert_received(const struct manager *manager, const char *wanted)
{
	char *text = receive(manager);

	assert_non_null(text);
	assert_string_equal(text, wanted);
	g_free(text);
	assert_null(receive(manager));
}

static void test_states(void **state)
{
	service_manager_ready();
	assert_received(*state, "READY=1");
	service_manager_stopping();
	assert_received(*state, "STOPPING=1");
	service_manager_watchdog();
	assert_received(*state, "WATCHDOG=1");
}

/* One line, whatever is in it. */
static void test_status(void **state)
{
	service_manager_status("taking mail at %s", "fd:3");
	assert_received(*state, "STATUS=taking mail at fd:3");
	service_manager_status("%s", "a\r\nREADY=1\nb");
	assert_received(*state, "STATUS=a  READY=1 b");
}

/* With a time of CLOCK_MONOTONIC between one before and one after. */
static void test_reloading(void **state)
{
	static const char start[] = "RELOADING=1\nMONOTONIC_USEC=";
	int64_t before = g_get_monotonic_time();
	int64_t told;
	char *text, *end;

	service_manager_reloading();
	text = receive(*state);
	assert_non_null(text);
	assert_true(g_str_has_prefix(text, start));
	told = g_ascii_strtoll(text + strlen(start), &end, 10);
	assert_true(*end == '\0' || strcmp(end, "\n") == 0);
	assert_true(before <= told && told <= g_get_monotonic_time());
	g_free(text);
}

static void test_watchdog_interval(void **state)
{
	char *pid = g_strdup_printf("%d", (int)getpid());
	char *other = g_strdup_printf("%d", (int)getppid());

	(void)state;
	assert_int_equal(service_manager_pause(5).tv_sec, 5);
	assert_int_equal(service_manager_pause(60).tv_sec, 60);
	g_setenv("WATCHDOG_USEC", "3000000", TRUE);
	assert_int_equal(service_manager_pause(5).tv_sec, 1);
	assert_int_equal(service_manager_pause(5).tv_nsec, 500 * 1000 * 1000);
	g_setenv("WATCHDOG_USEC", "30000000", TRUE);
	assert_int_equal(service_manager_pause(60).tv_sec, 15);
	assert_int_equal(service_manager_pause(5).tv_sec, 5);
	assert_int_equal(service_manager_pause(5).tv_nsec, 0);
	g_setenv("WATCHDOG_PID", pid, TRUE);
	assert_int_equal(service_manager_pause(60).tv_sec, 15);
	/* Meant for the process that started us. */
	g_setenv("WATCHDOG_PID", other, TRUE);
	assert_int_equal(service_manager_pause(60).tv_sec, 60);
	g_unsetenv("WATCHDOG_PID");
	g_setenv("WATCHDOG_USEC", "soon", TRUE);
	assert_int_equal(service_manager_pause(60).tv_sec, 60);
	g_free(pid);
	g_free(other);
}

/* Without a manager, or with one that is gone, nothing happens. */
static void test_nobody(void **state)
{
	const struct manager *manager = *state;

	g_unsetenv("NOTIFY_SOCKET");
	service_manager_ready();
	service_manager_reloading();
	assert_null(receive(manager));
	g_setenv("NOTIFY_SOCKET", "/nonexistent/socket", TRUE);
	service_manager_ready();
	service_manager_watchdog();
	service_manager_stopping();
	assert_null(receive(manager));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_states, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_status, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_reloading, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		test_watchdog_interval, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_nobody, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
