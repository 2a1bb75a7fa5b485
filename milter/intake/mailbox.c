/* SPDX-License-Identifier: MIT */
/*
 * A file's first bytes say what it is. Where they say nothing, a name in .json
 * or .gz makes it a report, so that a broken report is reported as one. Folders
 * are read by descriptor, without following symbolic links, since whoever
 * delivers mail may own them. A compressed mailbox could be of any size, so of
 * gzip only the beginning is looked at, to say that the rest was not read.
 * Pages of a mapped file are given back while it is walked: an archive of many
 * gigabytes takes no more memory than a small one.
 */
#include "mailbox.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/sniff.h"
#include "base/span.h"
#include "document/gunzip.h"
#include "mail/mbox.h"

/* Folders deeper than this are a mistake or an attack. */
#define MAX_DEPTH 64

/* How many bytes are walked before their pages are given back. */
#define RELEASE_SIZE ((size_t)16 * 1024 * 1024)

struct walk {
	mailbox_visit visit;
	mailbox_problem problem;
	void *data;
};

/* So many blanks may precede what is in gzip. */
#define PEEK_SIZE ((size_t)64 * 1024)

enum kind { KIND_MESSAGE, KIND_MBOX, KIND_BARE, KIND_PACKED };

__attribute__((format(printf, 3, 4))) static void tell_problem(
    const struct walk *walk, const char *path, const char *format, ...)
{
	va_list arguments;
	char *sentence;

	va_start(arguments, format);
	sentence = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	walk->problem(path, sentence, walk->data);
	g_free(sentence);
}

/* What is in gzip, as far as its first byte tells. */
struct peek {
	bool seen, report;
};

/* A gunzip_sink that stops at the first byte that is not a blank or BOM. */
static bool peek_piece(void *context, const uint8_t *bytes, size_t length)
{
	struct peek *peek = context;
	size_t start = sniff_start(bytes, length);

	peek->seen = start < length;
	peek->report =
	    sniff_report(bytes, length) || (peek->seen && bytes[start] == '[');
	return !peek->seen;
}

/* Of what is broken there is a report to be told by its name, or nothing. */
static enum kind sniff_packed(
    const char *name, const uint8_t *bytes, size_t length)
{
	struct peek peek = {0};

	if (span_ends(span_of(name), ".json.gz"))
		return KIND_BARE;
	(void)gunzip(bytes, length, PEEK_SIZE, 1, peek_piece, &peek, NULL);
	return peek.seen && !peek.report ? KIND_PACKED : KIND_BARE;
}

static enum kind sniff(const char *name, const uint8_t *bytes, size_t length)
{
	if (mbox_sniff(bytes, length))
		return KIND_MBOX;
	if (sniff_gzip(bytes, length))
		return sniff_packed(name, bytes, length);
	return sniff_report(bytes, length) || sniff_name(span_of(name))
		   ? KIND_BARE
		   : KIND_MESSAGE;
}

/* Gives back whole pages of a mapping before offset. */
static void release_pages(const uint8_t *bytes, size_t offset, size_t *released)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t upto = offset / page * page;

	if (upto < *released + RELEASE_SIZE)
		return;
	madvise((void *)(bytes + *released), upto - *released, MADV_DONTNEED);
	*released = upto;
}

static bool walk_mbox(const struct walk *walk, const char *path,
    const uint8_t *bytes, size_t length)
{
	struct mailbox_item item = {.path = path};
	struct mbox_message message;
	struct mbox mbox;
	size_t released = 0;
	bool more = true;

	mbox_init(&mbox, bytes, length);
	while (more && mbox_next(&mbox, &message)) {
		item.number++;
		item.bytes = message.bytes;
		item.length = message.length;
		more = walk->visit(&item, walk->data);
		release_pages(bytes, mbox.offset, &released);
	}
	mbox_clear(&mbox);
	return more;
}

static bool walk_bytes(const struct walk *walk, const char *path,
    const uint8_t *bytes, size_t length)
{
	char *name = g_path_get_basename(path);
	struct mailbox_item item = {.path = path};
	enum kind kind = sniff(name, bytes, length);
	size_t bom = 0;
	bool more;

	if (kind == KIND_MBOX) {
		more = walk_mbox(walk, path, bytes, length);
	} else if (kind == KIND_PACKED) {
		tell_problem(walk, path,
		    "is compressed, and not a report; to import what it holds: "
		    "gzip -dc FILE | tlsrpt-import -");
		more = true;
	} else {
		item.bare = kind == KIND_BARE;
		if (!item.bare) /* a header field can't begin with one */
			bom = sniff_bom(bytes, length);
		item.bytes = bytes + bom;
		item.length = length - bom;
		item.filename =
		    item.bare && !g_str_equal(path, "-") ? name : NULL;
		more = walk->visit(&item, walk->data);
	}
	g_free(name);
	return more;
}

/* Maps a regular file and walks it. */
static bool walk_mapped(
    const struct walk *walk, const char *path, int fd, off_t size)
{
	size_t length = (size_t)size;
	void *bytes;
	bool more;

	if (size == 0)
		return true;
	bytes = mmap(NULL, length, PROT_READ, MAP_PRIVATE, fd, 0);
	if (bytes == MAP_FAILED) {
		tell_problem(
		    walk, path, "can't be mapped: %s", g_strerror(errno));
		return true;
	}
	madvise(bytes, length, MADV_SEQUENTIAL);
	more = walk_bytes(walk, path, bytes, length);
	munmap(bytes, length);
	return more;
}

/* A new file without a name, or -1 with errno. */
static int make_temporary(void)
{
	char *path = g_build_filename(g_get_tmp_dir(), "tlsrpt-XXXXXX", NULL);
	int fd = g_mkstemp_full(path, O_RDWR | O_CLOEXEC, 0600);
	int saved = errno;

	if (fd >= 0)
		unlink(path);
	g_free(path);
	errno = saved;
	return fd;
}

/* Copies standard input; NULL, or what failed, with errno. */
static const char *copy_input(int fd, off_t *ret_size)
{
	char piece[65536];
	off_t size = 0;
	ssize_t got;

	while ((got = read(STDIN_FILENO, piece, sizeof(piece))) != 0) {
		if (got < 0)
			return "can't be read";
		if (!file_write_all(fd, piece, (size_t)got))
			return "can't be kept in a temporary file";
		size += got;
	}
	*ret_size = size;
	return NULL;
}

/* Walks standard input by way of a temporary file: a pipe can't be mapped, and
 * may carry an mbox of any size. */
static bool walk_input(const struct walk *walk)
{
	int fd = make_temporary();
	const char *failed = "can't be kept in a temporary file";
	off_t size = 0;
	bool more = true;

	if (fd >= 0)
		failed = copy_input(fd, &size);
	if (failed == NULL)
		more = walk_mapped(walk, "-", fd, size);
	else if (errno == EINTR) /* interrupted by the user */
		more = false;
	else
		tell_problem(walk, "-", "standard input %s: %s", failed,
		    g_strerror(errno));
	if (fd >= 0)
		close(fd);
	return more;
}

static bool walk_folder(
    const struct walk *walk, const char *path, int fd, unsigned int depth);

/* Walks an open file or folder, and closes fd. */
static bool walk_open(
    const struct walk *walk, const char *path, int fd, unsigned int depth)
{
	struct stat status;
	bool more = true;

	if (fstat(fd, &status) != 0) {
		tell_problem(
		    walk, path, "can't be read: %s", g_strerror(errno));
	} else if (S_ISDIR(status.st_mode)) {
		return walk_folder(walk, path, fd, depth);
	} else if (S_ISREG(status.st_mode)) {
		more = walk_mapped(walk, path, fd, status.st_size);
	} else {
		tell_problem(
		    walk, path, "is neither a regular file nor a folder");
	}
	close(fd);
	return more;
}

/* Walks one entry of a folder, if it is a regular file or a folder. Anything
 * else is passed over: opening a device or a pipe can have effects. */
static bool walk_entry(const struct walk *walk, const char *folder, int dir_fd,
    const char *name, unsigned int depth)
{
	char *path = g_build_filename(folder, name, NULL);
	struct stat status;
	bool more = true;
	int fd = -1;

	if (fstatat(dir_fd, name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
		/* A mail may have been moved from new to cur meanwhile. */
		if (errno != ENOENT)
			tell_problem(
			    walk, path, "can't be read: %s", g_strerror(errno));
	} else if (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode)) {
		fd = openat(dir_fd, name,
		    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
		if (fd >= 0)
			more = walk_open(walk, path, fd, depth);
		else
			tell_problem(
			    walk, path, "can't be read: %s", g_strerror(errno));
	}
	g_free(path);
	return more;
}

static int compare_names(const void *a, const void *b)
{
	const char *const *first = a;
	const char *const *second = b;

	return strcmp(*first, *second);
}

/* All names in a folder, sorted, without . and .. */
static GPtrArray *list_names(DIR *dir)
{
	GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
	const struct dirent *entry;

	while ((entry = readdir(dir)) != NULL)
		if (!g_str_equal(entry->d_name, ".") &&
		    !g_str_equal(entry->d_name, ".."))
			g_ptr_array_add(names, g_strdup(entry->d_name));
	g_ptr_array_sort(names, compare_names);
	return names;
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

static bool walk_folder(
    const struct walk *walk, const char *path, int fd, unsigned int depth)
{
	GPtrArray *names;
	DIR *dir;
	bool maildir, more = true;

	if (depth >= MAX_DEPTH) {
		tell_problem(walk, path, "is nested more than %d folders deep",
		    MAX_DEPTH);
		close(fd);
		return true;
	}
	dir = fdopendir(fd);
	if (dir == NULL) {
		tell_problem(
		    walk, path, "can't be read: %s", g_strerror(errno));
		close(fd);
		return true;
	}
	maildir = is_maildir(fd);
	names = list_names(dir);
	for (guint i = 0; more && i < names->len; i++) {
		const char *name = g_ptr_array_index(names, i);

		if (!maildir || !g_str_equal(name, "tmp"))
			more = walk_entry(walk, path, fd, name, depth + 1);
	}
	g_ptr_array_unref(names);
	closedir(dir);
	return more;
}

bool mailbox_walk(
    const char *path, mailbox_visit visit, mailbox_problem problem, void *data)
{
	const struct walk walk = {visit, problem, data};
	struct stat status;
	int fd;

	if (g_str_equal(path, "-"))
		return walk_input(&walk);
	if (stat(path, &status) == 0 && !S_ISREG(status.st_mode) &&
	    !S_ISDIR(status.st_mode)) {
		tell_problem(
		    &walk, path, "is neither a regular file nor a folder");
		return true;
	}
	fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0) {
		tell_problem(
		    &walk, path, "can't be read: %s", g_strerror(errno));
		return true;
	}
	return walk_open(&walk, path, fd, 0);
}
