/* SPDX-License-Identifier: MIT */
/*
 * A file's age alone says nothing: when somebody sets the clock, a file that is
 * being written is an hour old at once. So each process that is writing holds a
 * shared lock on the byte of the folder whose number is its process ID, which
 * others can test for. The kernel releases it however the process ends, and it
 * is seen across PID namespaces; where two processes have the same number in
 * different ones, files stay until both have ended. A process ID in a name
 * would be looked up in the wrong namespace, and a lock on each file would need
 * a descriptor for each that is held back.
 */
#include "leftover.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/folder.h"

struct purge {
	int locks; /* the folder, opened anew: own locks are seen only so */
	time_t before;
};

void leftover_mark_writer(int folder, bool writing)
{
	struct flock mark = {.l_type = writing ? F_RDLCK : F_UNLCK,
	    .l_whence = SEEK_SET,
	    .l_start = getpid(),
	    .l_len = 1};
	int error = errno;

	/* Without it only the file's age counts. */
	(void)fcntl(folder, F_OFD_SETLK, &mark);
	errno = error;
}

/* Whether the writer that a file's name tells of is writing. */
static bool is_writing(int locks, const char *name)
{
	const char *number = strchr(name, '-');
	struct flock found = {
	    .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1};

	if (number == NULL)
		return false;
	found.l_start = (off_t)g_ascii_strtoull(number + 1, NULL, 10);
	return found.l_start > 0 && fcntl(locks, F_OFD_GETLK, &found) == 0 &&
	       found.l_type != F_UNLCK;
}

static void purge_file(int folder, const char *name, void *data)
{
	const struct purge *purge = data;
	struct stat status;

	if (fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
	    status.st_mtime < purge->before && !is_writing(purge->locks, name))
		unlinkat(folder, name, 0);
}

void leftover_purge(int folder)
{
	struct purge purge = {
	    .locks = folder_open_existing(folder, ".", 0),
	    .before = time(NULL) - LEFTOVER_LIFETIME,
	};

	/* What can't be asked about stays. */
	if (purge.locks < 0)
		return;
	folder_walk(folder, purge_file, &purge);
	close(purge.locks);
}
