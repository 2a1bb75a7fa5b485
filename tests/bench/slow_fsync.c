/* SPDX-License-Identifier: MIT */
/*
 * A library for LD_PRELOAD in which fsync costs FSYNC_MS milliseconds (5 unless
 * set) and nothing else: a disk that serves any number of them at a time. 0
 * makes it free, for what is only to be prepared.
 */
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static int wait_for_disk(void)
{
	static const long million = 1000 * 1000;
	const char *set = getenv("FSYNC_MS");
	long ms = set != NULL ? strtol(set, NULL, 10) : 5;
	struct timespec pause = {ms / 1000, ms % 1000 * million};

	if (ms > 0)
		nanosleep(&pause, NULL);
	return 0;
}

int fsync(int fd)
{
	(void)fd;
	return wait_for_disk();
}

int fdatasync(int fd)
{
	(void)fd;
	return wait_for_disk();
}

int syncfs(int fd)
{
	(void)fd;
	return wait_for_disk();
}
