/* SPDX-License-Identifier: MIT */
/*
 * folder: files in a folder, by its descriptor.
 *
 * Knows how a file is written so that it lasts, moved, read and listed. Leaves
 * to spool.c what the files are. Any thread. What fails says so by errno.
 */
#ifndef BASE_FOLDER_H
#define BASE_FOLDER_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Opens a folder, and makes it with mode 2770 (whatever the umask) when it is
 * missing. flags are more flags for open(2). Returns a descriptor, or -1. */
int folder_open(int parent, const char *path, int flags);

/* Opens a folder that must exist. Returns a descriptor, or -1. */
int folder_open_existing(int parent, const char *path, int flags);

/* Whether this process can make files in a folder, as far as can be told
 * without making one. */
bool folder_is_writable(int folder);

/* Called with the name of an entry. */
typedef void (*folder_visit)(int folder, const char *name, void *data);

/* Visits every entry whose name does not start with a dot, in no order. */
bool folder_walk(int folder, folder_visit visit, void *data);

/* The names that folder_walk() visits, sorted, as a new array of char *
 * (g_ptr_array_unref), or NULL. */
GPtrArray *folder_list(int folder);

/* Whether a text can be a file's name here: without '/' and a leading dot. */
bool folder_is_name(const char *name);

/*
 * Writes a new file (mode 0640, whatever the umask) from two pieces, and syncs
 * it when asked to; the folder is not synced. On failure no file is left;
 * EEXIST: there is a file of that name.
 */
bool folder_create(int folder, const char *name, const void *head,
    size_t head_length, const void *body, size_t body_length, bool sync);

/* Syncs a file that folder_create() did not. */
bool folder_sync(int folder, const char *name);

/* Moves a file without replacing another, where the file system can do that. */
bool folder_move(int from, int to, const char *name);

/* unlinkat(2) for clean-up: errno stays what it was. */
void folder_discard(int folder, const char *name);

/* Makes a file without a name; returns its descriptor, or -1. Where the file
 * system needs a name, name is used for a moment. */
int folder_tmpfile(int folder, const char *name);

enum folder_result {
	FOLDER_OK,
	FOLDER_NONE,      /* no such file */
	FOLDER_IRREGULAR, /* a link, a FIFO, … */
	FOLDER_TOO_LARGE,
	FOLDER_SPARSE, /* parts of it were never written */
	FOLDER_ERROR
};

/* Reads a whole regular file of at most max bytes; *ret_bytes is the caller's
 * (g_free). */
enum folder_result folder_read(int folder, const char *name, size_t max,
    uint8_t **ret_bytes, size_t *ret_length);

#endif
