/* SPDX-License-Identifier: MIT */
/*
 * window: a file read from front to back, of which a piece is in memory.
 *
 * For files that others may change meanwhile, where a mapping could end the
 * process by SIGBUS, and for pipes. Leaves what the bytes mean to others. One
 * thread a window.
 */
#ifndef BASE_WINDOW_H
#define BASE_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Only window.c changes the members. */
struct window {
	const uint8_t *bytes; /* the piece in memory */
	size_t length;
	size_t most; /* that length becomes */
	bool ended;  /* the file has no bytes behind the piece */
	int error;   /* errno of the read(2) that ended it, else 0 */
	int fd;
	size_t step; /* how many bytes are read at least */
	uint8_t *memory;
};

/* Makes a window of up to most bytes. It reserves twice as much address space,
 * and uses as much memory as the longest piece takes. */
void window_init(struct window *window, size_t step, size_t most);
void window_clear(struct window *window);

/* Begins with a file, from where it is read; the caller closes fd later. */
void window_open(struct window *window, int fd);

/*
 * Reads more, at least doubling the piece or reading step bytes where most and
 * the file allow it. bytes moves. False when nothing changed: the file has
 * ended, or the piece has most bytes. A signal whose handler has no SA_RESTART
 * ends the file with the error EINTR.
 */
bool window_grow(struct window *window);

/* Drops the first count bytes of the piece. */
void window_skip(struct window *window, size_t count);

#endif
