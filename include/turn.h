/* SPDX-License-Identifier: MIT */
/*
 * turn: who may parse now, so that all threads together stay within bounds.
 *
 * Knows a few queues, and nothing of what is parsed. Each queue admits in the
 * order of arrival, and none waits for another.
 *
 * Any thread. Who holds a turn for a message may take one for a document, but
 * not the other way round, nor two of either: threads could wait for each
 * other, or for themselves.
 */
#ifndef TURN_H
#define TURN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum turn_kind {
	TURN_SMALL, /* documents, by decode.c */
	TURN_LARGE,
	TURN_MESSAGE_SMALL, /* whole messages, by process.c */
	TURN_MESSAGE_LARGE,
	TURN_KINDS /* how many */
};

/*
 * Waits until the turns held in this queue and this one of bytes fit into
 * capacity together, or until none is held at all. False, and nothing taken,
 * when that has not come by deadline (microseconds of g_get_monotonic_time();
 * 0: none); a turn that is free at once is taken even after it.
 */
bool turn_take(
    enum turn_kind kind, size_t bytes, size_t capacity, int64_t deadline);

/* Gives back what turn_take() granted. */
void turn_give(enum turn_kind kind, size_t bytes);

#endif
