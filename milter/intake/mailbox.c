/* SPDX-License-Identifier: MIT */
/*
 * Folders are read by descriptor, without following symbolic links, since
 * whoever delivers mail may own them. Files are read and never mapped: a mail
 * program may shorten an mbox at any time.
 */
#include "mailbox.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/window.h"
#include "file_kind.h"
#include "mail/mbox.h"

/* Folders deeper than this are a mistake or an attack. */
#define MAX_DEPTH 64

/* How many bytes are read at a time. */
#define STEP ((size_t)256 * 1024)

struct walk {
	mailbox_visit visit;
	mailbox_problem problem;
	void *data;
	struct window window; /* the current file */
};

__attribute__((format(printf, 3, 4))) static void tell_problem(
    struct walk *walk, const char *path, const char *format, ...)
{
	va_list arguments;
	char *sentence;

	va_start(arguments, format);
	sentence = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	walk->problem(path, sentence, walk->data);
	g_free(sentence);
}

static void tell_errno(struct walk *walk, const char *path, int error)
{
	tell_problem(walk, path, "can't be read: %s", g_strerror(error));
}

static bool walk_mbox(struct walk *walk, const char *path)
{
	struct mailbox_item item = {.path = path};
	struct mbox_message message;
	struct mbox mbox;
	bool more = true;

	mbox_init(&mbox, &walk->window);
	while (more && mbox_next(&mbox, &message)) {
		item.number++;
		item.bytes = message.bytes;
		item.length = message.length;
		more = walk->visit(&item, walk->data);
	}
	mbox_clear(&mbox);
	return more;
}

/* Walks a message or a bare report; of one that can't be read to its end
 * nothing is visited. */
static bool walk_single(struct walk *walk, const char *path, const char *name,
    const struct file_kind *kind)
{
	struct window *window = &walk->window;
	struct mailbox_item item = {
	    .path = path,
	    .bare = kind->kind == FILE_KIND_REPORT,
	};

	while (window_grow(window))
		;
	if (window->error != 0)
		return true;
	if (item.bare && !g_str_equal(path, "-"))
		item.filename = name;
	item.bytes = window->bytes;
	item.length = MIN(window->length, kind->length);
	return walk->visit(&item, walk->data);
}

/* Walks what can be read of a file. */
static bool walk_bytes(struct walk *walk, const char *path, int fd)
{
	struct window *window = &walk->window;
	struct file_kind kind;
	char *name;
	bool more = true;

	window_open(window, fd);
	window_grow(window);
	if (window->length > 0) {
		name = g_path_get_basename(path);
		file_kind_judge(name, window->bytes, window->length, &kind);
		window_skip(window, kind.start);
		if (kind.kind == FILE_KIND_OTHER)
			tell_problem(walk, path, "%s", kind.problem);
		else if (kind.kind == FILE_KIND_MBOX)
			more = walk_mbox(walk, path);
		else
			more = walk_single(walk, path, name, &kind);
		g_free(name);
	}
	if (window->error == EINTR) /* interrupted by the user */
		return false;
	if (window->error != 0)
		tell_errno(walk, path, window->error);
	return more;
}

/* Walks an open file; one that is not a pipe may be changed meanwhile. */
static bool walk_file(
    struct walk *walk, const char *path, int fd, const struct stat *before)
{
	bool more = walk_bytes(walk, path, fd);
	struct stat after;

	if (S_ISREG(before->st_mode) && fstat(fd, &after) == 0 &&
	    (before->st_size != after.st_size ||
		memcmp(&before->st_mtim, &after.st_mtim,
		    sizeof(after.st_mtim)) != 0))
		tell_problem(walk, path,
		    "changed while it was read; what was read is imported; "
		    "import it again for the rest");
	return more;
}

static bool walk_folder(
    struct walk *walk, const char *path, int fd, unsigned int depth);

/* Walks an open file or folder, and closes fd. */
static bool walk_open(
    struct walk *walk, const char *path, int fd, unsigned int depth)
{
	struct stat status;
	bool more = true;

	if (fstat(fd, &status) != 0) {
		tell_errno(walk, path, errno);
	} else if (S_ISDIR(status.st_mode)) {
		return walk_folder(walk, path, fd, depth);
	} else if (S_ISREG(status.st_mode)) {
		more = walk_file(walk, path, fd, &status);
	} else {
		tell_problem(
		    walk, path, "is neither a regular file nor a folder");
	}
	close(fd);
	return more;
}

/* Walks one entry of a folder, if it is a regular file or a folder. Anything
 * else is passed over: opening a device or a pipe can have effects. So are
 * files that a mail server keeps beside a Maildir's cur and new. */
static bool walk_entry(struct walk *walk, const char *folder, int dir_fd,
    const char *name, bool maildir, unsigned int depth)
{
	char *path = g_build_filename(folder, name, NULL);
	struct stat status;
	bool more = true;
	int fd = -1;

	if (fstatat(dir_fd, name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
		/* A mail may have been moved from new to cur meanwhile. */
		if (errno != ENOENT)
			tell_errno(walk, path, errno);
	} else if (S_ISDIR(status.st_mode) ||
		   (S_ISREG(status.st_mode) && !maildir)) {
		fd = openat(dir_fd, name,
		    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
		if (fd >= 0)
			more = walk_open(walk, path, fd, depth);
		else
			tell_errno(walk, path, errno);
	}
	g_free(path);
	return more;
}

static int is_listed(const struct dirent *entry)
{
	return !g_str_equal(entry->d_name, ".") &&
	       !g_str_equal(entry->d_name, "..");
}

static bool is_maildir(int fd)
{
	static const char *const parts[] = {"cur", "new", "tmp"};
	struct stat status;

	for (size_t i = 0; i < G_N_ELEMENTS(parts); i++)
		if (fstatat(fd, parts[i], &status, AT_SYMLINK_NOFOLLOW) != 0 ||
		    !S_ISDIR(status.st_mode))
			return false;
	return true;
}

/* Walks an open folder, and closes fd. */
static bool walk_folder(
    struct walk *walk, const char *path, int fd, unsigned int depth)
{
	struct dirent **entries = NULL;
	bool maildir = is_maildir(fd);
	bool more = true;
	int count = 0;

	if (depth >= MAX_DEPTH)
		tell_problem(walk, path, "is nested more than %d folders deep",
		    MAX_DEPTH);
	else if ((count = scandirat(fd, ".", &entries, is_listed, alphasort)) <
		 0)
		tell_errno(walk, path, errno);
	for (int i = 0; i < count; i++) {
		const char *name = entries[i]->d_name;

		if (more && (!maildir || !g_str_equal(name, "tmp")))
			more = walk_entry(
			    walk, path, fd, name, maildir, depth + 1);
		free(entries[i]);
	}
	free(entries);
	close(fd);
	return more;
}

/* Walks one path that the user named. */
static bool walk_path(struct walk *walk, const char *path)
{
	struct stat status;
	int fd;

	if (stat(path, &status) == 0 && !S_ISREG(status.st_mode) &&
	    !S_ISDIR(status.st_mode)) {
		tell_problem(
		    walk, path, "is neither a regular file nor a folder");
		return true;
	}
	fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0) {
		tell_errno(walk, path, errno);
		return true;
	}
	return walk_open(walk, path, fd, 0);
}

bool mailbox_walk(const char *path, size_t largest, mailbox_visit visit,
    mailbox_problem problem, void *data)
{
	struct walk walk = {.visit = visit, .problem = problem, .data = data};
	struct stat status = {0};
	bool more;

	(void)fstat(STDIN_FILENO, &status);
	window_init(&walk.window, STEP, largest + MBOX_MARGIN);
	if (!g_str_equal(path, "-"))
		more = walk_path(&walk, path);
	else
		more = walk_file(&walk, path, STDIN_FILENO, &status);
	window_clear(&walk.window);
	return more;
}
