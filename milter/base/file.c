/* SPDX-License-Identifier: MIT */
#include "base/file.h"

#include <errno.h>
#include <unistd.h>

bool file_write_all(int fd, const void *bytes, size_t length)
{
	const char *at = bytes;

	while (length > 0) {
		ssize_t written = write(fd, at, length);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0) {
			if (written == 0)
				errno = EIO;
			return false;
		}
		at += written;
		length -= (size_t)written;
	}
	return true;
}

bool file_read_all(int fd, void *bytes, size_t *length)
{
	char *at = bytes;
	size_t done = 0;

	while (done < *length) {
		ssize_t got = read(fd, at + done, *length - done);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return false;
		if (got == 0)
			break;
		done += (size_t)got;
	}
	*length = done;
	return true;
}

void file_close_quietly(int fd)
{
	int error = errno;

	close(fd);
	errno = error;
}
