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

/* Opens a folder, made with mode 2770 (whatever the umask) when missing. flags
 * are more flags for open(2). A descriptor, or -1. */
int folder_open(int parent, const char *path, int flags);

/* The same for one that is there. */
int folder_open_existing(int parent, const char *path, int flags);

/* Whether this process can make files in it, as far as can be told without. */
bool folder_is_writable(int folder);

/* Called with the name of an entry. */
typedef void (*folder_visit)(int folder, const char *name, void *data);

/* Visits every entry whose name does not start with a dot, in no order. */
bool folder_walk(int folder, folder_visit visit, void *data);

/* The same names, sorted, as a new array of char * (g_ptr_array_unref), or
 * NULL. */
GPtrArray *folder_list(int folder);

/* Whether this can be a file's name here: no '/', no leading dot. */
bool folder_is_name(const char *name);

/*
 * Writes a new file (mode 0640, whatever the umask) from two pieces, and syncs
 * it when told to; the folder is not synced. On failure no file is left; with
 * EEXIST the name was taken.
 */
bool folder_create(int folder, const char *name, const void *head,
    size_t head_length, const void *body, size_t body_length, bool sync);

/* Syncs a file that folder_create() did not. */
bool folder_sync(int folder, const char *name);

/* Moves a file without replacing one, where the file system knows how. */
bool folder_move(int from, int to, const char *name);

/* unlinkat(2) for clean-up: errno stays what it was. */
void folder_discard(int folder, const char *name);

/* A descriptor of a new file without a name, or -1. name is used for a moment
 * where the file system needs one. */
int folder_tmpfile(int folder, const char *name);

enum folder_result {
	FOLDER_OK,
	FOLDER_NONE,      /* no such file */
	FOLDER_IRREGULAR, /* a link, a FIFO, … */
	FOLDER_TOO_LARGE,
	FOLDER_ERROR
};

/* Reads a whole regular file of at most max bytes; *ret_bytes is the caller's
 * (g_free). */
enum folder_result folder_read(int folder, const char *name, size_t max,
    uint8_t **ret_bytes, size_t *ret_length);

#endif
