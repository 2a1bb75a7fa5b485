/* SPDX-License-Identifier: MIT */
/*
 * file: whole pieces to and from an open file.
 *
 * Knows that read(2) and write(2) may do a part, or be interrupted by a signal.
 * Any thread. What fails says so by errno.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>

/* Writes all of the bytes; false when that failed after some of them. */
bool file_write_all(int fd, const void *bytes, size_t length);

/* Reads up to *length bytes, fewer only at the end of the file; *length becomes
 * how many there were. */
bool file_read_all(int fd, void *bytes, size_t *length);

/* close(2) for clean-up: errno stays what it was. */
void file_close_quietly(int fd);

#endif
