/* SPDX-License-Identifier: MIT */
/*
 * Closing libmilter's descriptor would make it report errors over and over, so
 * another socket is put behind the same descriptor with dup3(2). That socket
 * doesn't block: a thread that the old one woke may now accept from it.
 */
#include "listen_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/file.h"

/* The socket is opened before any message comes in, so its descriptor is low.
 */
#define DESCRIPTORS 64

static bool is_listening(int fd)
{
	int yes = 0;
	socklen_t size = sizeof(yes);

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &yes, &size) == 0 &&
	       yes != 0;
}

/* A listening UNIX socket to which the kernel gives a name outside of the file
 * system, or -1 with errno. */
static int listen_nowhere(void)
{
	const struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0 || (bind(fd, (const struct sockaddr *)&address,
			   offsetof(struct sockaddr_un, sun_path)) == 0 &&
			  listen(fd, 1) == 0))
		return fd;
	file_close_quietly(fd);
	return -1;
}

bool listen_socket_withdraw(void)
{
	int nowhere = listen_nowhere();
	int error = 0;

	if (nowhere < 0)
		return false;
	for (int fd = 3; fd < DESCRIPTORS; fd++)
		if (fd != nowhere && is_listening(fd) &&
		    dup3(nowhere, fd, O_CLOEXEC) < 0)
			error = errno;
	close(nowhere);
	errno = error;
	return error == 0;
}

bool listen_socket_is_in_use(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t length = strlen(path);
	bool in_use;
	int fd;

	if (length >= sizeof(address.sun_path))
		return false;
	memcpy(address.sun_path, path, length);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	/* EAGAIN: the queue of the listening socket is full. */
	in_use = connect(fd, (const struct sockaddr *)&address,
		     sizeof(address)) == 0 ||
		 errno == EAGAIN;
	close(fd);
	return in_use;
}
