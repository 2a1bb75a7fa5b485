/* SPDX-License-Identifier: MIT */
/*
 * A descriptor can't be taken away from libmilter, which would report that as
 * an error over and over; what is behind it can. Not blocking, since the one
 * before may have woken who will now accept from this one.
 */
#include "listen_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* It is opened before any message is: its number is low. */
#define MOST 64

static bool is_listening(int fd)
{
	int yes = 0;
	socklen_t size = sizeof(yes);

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &yes, &size) == 0 &&
	       yes != 0;
}

/* Without a name of ours: the kernel gives one, outside of the file system. */
static int listen_nowhere(void)
{
	const struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int error;

	if (fd < 0)
		return -1;
	if (bind(fd, (const struct sockaddr *)&address,
		offsetof(struct sockaddr_un, sun_path)) == 0 &&
	    listen(fd, 1) == 0)
		return fd;
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

bool listen_socket_withdraw(void)
{
	int nowhere = listen_nowhere();
	bool done = true;
	int error = 0;

	if (nowhere < 0)
		return false;
	for (int fd = 3; fd < MOST; fd++)
		if (fd != nowhere && is_listening(fd) &&
		    dup3(nowhere, fd, O_CLOEXEC) < 0) {
			error = errno;
			done = false;
		}
	close(nowhere);
	errno = error;
	return done;
}

bool listen_socket_is_in_use(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t length = strlen(path);
	bool taken;
	int fd;

	if (length >= sizeof(address.sun_path))
		return false;
	memcpy(address.sun_path, path, length);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	/* EAGAIN: there are so many that they wait. */
	taken = connect(fd, (const struct sockaddr *)&address,
		    sizeof(address)) == 0 ||
		errno == EAGAIN;
	close(fd);
	return taken;
}
