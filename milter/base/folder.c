/* SPDX-License-Identifier: MIT */
/*
 * Every path is relative to a descriptor, so that it makes no
 * difference when a folder is moved or replaced meanwhile.
 */
#include "base/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

#define FOLDER_MODE ((mode_t)02770)
#define FILE_MODE ((mode_t)0640)

/*
 * A new folder inherits the set-group-ID bit on Linux. It is set here only
 * where that did not happen, or where the umask cleared bits that the other
 * daemon's user needs: under RestrictSUIDSGID= of systemd.exec(5) a call that
 * sets the bit fails.
 */
static bool complete_mode(int fd)
{
	struct stat status;

	if (fstat(fd, &status) != 0)
		return false;
	return (status.st_mode & 07777) == FOLDER_MODE ||
	       fchmod(fd, FOLDER_MODE) == 0;
}

int folder_open_existing(int parent, const char *path, int flags)
{
	return openat(parent, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | flags);
}

int folder_open(int parent, const char *path, int flags)
{
	bool made = mkdirat(parent, path, FOLDER_MODE & 0777) == 0;
	int error = errno;
	int fd = folder_open_existing(parent, path, flags);

	if (fd < 0) {
		/* The error of making it says more than that it is missing.
		 * One that exists need not be in a folder that may be
		 * written to. */
		if (errno == ENOENT)
			errno = error;
		return -1;
	}
	if (made && !complete_mode(fd)) {
		file_close_quietly(fd);
		return -1;
	}
	return fd;
}

bool folder_is_writable(int folder)
{
	return faccessat(folder, ".", W_OK | X_OK, AT_EACCESS) == 0;
}

bool folder_walk(int folder, folder_visit visit, void *data)
{
	/* Opened again: a duplicate would share its position with others. */
	int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent *entry;
	DIR *stream;
	int error;

	if (fd < 0)
		return false;
	stream = fdopendir(fd);
	if (stream == NULL) {
		file_close_quietly(fd);
		return false;
	}
	while (errno = 0, (entry = readdir(stream)) != NULL)
		if (entry->d_name[0] != '.')
			visit(folder, entry->d_name, data);
	error = errno;
	closedir(stream);
	errno = error;
	return error == 0;
}

static void list_entry(int folder, const char *name, void *data)
{
	(void)folder;
	g_ptr_array_add(data, g_strdup(name));
}

static int compare_names(gconstpointer left, gconstpointer right)
{
	return strcmp(*(const char *const *)left, *(const char *const *)right);
}

GPtrArray *folder_list(int folder)
{
	GPtrArray *names = g_ptr_array_new_with_free_func(g_free);

	if (!folder_walk(folder, list_entry, names)) {
		int error = errno;

		g_ptr_array_unref(names);
		errno = error;
		return NULL;
	}
	g_ptr_array_sort(names, compare_names);
	return names;
}

bool folder_is_name(const char *name)
{
	return name[0] != '\0' && name[0] != '.' && strchr(name, '/') == NULL;
}

void folder_discard(int folder, const char *name)
{
	int error = errno;

	unlinkat(folder, name, 0);
	errno = error;
}

bool folder_create(int folder, const char *name, const void *head,
    size_t head_length, const void *body, size_t body_length, bool sync)
{
	int fd = openat(folder, name,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);
	bool done;

	if (fd < 0)
		return false;
	done = fchmod(fd, FILE_MODE) == 0 &&
	       file_write_all(fd, head, head_length) &&
	       file_write_all(fd, body, body_length) &&
	       (!sync || fsync(fd) == 0);
	/* Network file systems report a failed write only here. */
	if (!done)
		file_close_quietly(fd);
	else if (close(fd) != 0)
		done = false;
	if (!done)
		folder_discard(folder, name);
	return done;
}

bool folder_sync(int folder, const char *name)
{
	int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	bool done;

	if (fd < 0)
		return false;
	done = fsync(fd) == 0;
	file_close_quietly(fd);
	return done;
}

bool folder_move(int from, int to, const char *name)
{
	int result = renameat2(from, name, to, name, RENAME_NOREPLACE);

	if (result != 0 && (errno == EINVAL || errno == ENOSYS))
		result = renameat(from, name, to, name);
	return result == 0;
}

int folder_tmpfile(int folder, const char *name)
{
	int fd = openat(folder, ".", O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC,
	    S_IRUSR | S_IWUSR);

	/* The errors of kernels and file systems without O_TMPFILE. */
	if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR &&
			   errno != EINVAL && errno != ENOENT))
		return fd;
	fd = openat(folder, name,
	    O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
	    S_IRUSR | S_IWUSR);
	if (fd >= 0)
		folder_discard(folder, name);
	return fd;
}

/* Whether a part of a file has no place on the disk (lseek(2)). Its length says
 * nothing then of what it is, and reading it only makes zeros. */
static bool has_hole(int fd, off_t size)
{
	off_t hole = lseek(fd, 0, SEEK_HOLE);

	return hole >= 0 && hole < size;
}

/*
 * A file is read, not mapped: whoever can write here could truncate it
 * meanwhile, and the fault would end the process.
 */
static enum folder_result read_open(
    int fd, size_t max, uint8_t **ret_bytes, size_t *ret_length)
{
	struct stat status;
	uint8_t *bytes;
	size_t length;

	if (fstat(fd, &status) != 0)
		return FOLDER_ERROR;
	if (!S_ISREG(status.st_mode))
		return FOLDER_IRREGULAR;
	if ((uintmax_t)status.st_size > max)
		return FOLDER_TOO_LARGE;
	if (has_hole(fd, status.st_size))
		return FOLDER_SPARSE;
	length = (size_t)status.st_size;
	bytes = g_try_malloc(length + 1);
	if (bytes == NULL) {
		errno = ENOMEM;
		return FOLDER_ERROR;
	}
	if (lseek(fd, 0, SEEK_SET) != 0 || !file_read_all(fd, bytes, &length)) {
		int error = errno;

		g_free(bytes);
		errno = error;
		return FOLDER_ERROR;
	}
	*ret_bytes = bytes;
	*ret_length = length;
	return FOLDER_OK;
}

enum folder_result folder_read(int folder, const char *name, size_t max,
    uint8_t **ret_bytes, size_t *ret_length)
{
	/* O_NONBLOCK: opening a FIFO must not block. */
	int fd = openat(
	    folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	enum folder_result result;

	if (fd < 0 && errno == ENOENT)
		return FOLDER_NONE;
	if (fd < 0 && (errno == ELOOP || errno == ENXIO))
		return FOLDER_IRREGULAR;
	if (fd < 0)
		return FOLDER_ERROR;
	result = read_open(fd, max, ret_bytes, ret_length);
	file_close_quietly(fd);
	return result;
}
