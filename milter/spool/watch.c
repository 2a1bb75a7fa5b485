/* SPDX-License-Identifier: MIT */
/*
 * inotify may not be available: its limits are per user, and low on some
 * systems.
 */
#include "watch.h"

#include <glib.h>
#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

int watch_start(const char *folder)
{
	int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);

	if (fd >= 0 && inotify_add_watch(fd, folder, IN_MOVED_TO) < 0) {
		close(fd);
		fd = -1;
	}
	return fd < 0 ? WATCH_FAILED : fd;
}

bool watch_wait(int watch, int wake_fd, int timeout_ms)
{
	/* poll(2) passes over negative descriptors. */
	struct pollfd fds[] = {
	    {.fd = watch, .events = POLLIN},
	    {.fd = wake_fd, .events = POLLIN},
	};
	char events[4096];

	if (watch == WATCH_FAILED && (timeout_ms < 0 || timeout_ms > 1000))
		timeout_ms = 1000;
	if (poll(fds, G_N_ELEMENTS(fds), timeout_ms) <= 0 ||
	    fds[0].revents == 0)
		return watch == WATCH_FAILED;
	while (read(watch, events, sizeof(events)) > 0)
		;
	return true;
}
