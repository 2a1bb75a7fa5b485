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
#ifndef BASE_ADMISSION_H
#define BASE_ADMISSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum admission_queue {
	ADMISSION_SMALL, /* documents, by decode.c */
	ADMISSION_LARGE,
	ADMISSION_MESSAGE_SMALL, /* whole messages, by pipeline.c */
	ADMISSION_MESSAGE_LARGE,
	ADMISSION_QUEUES /* how many */
};

/*
 * Waits until the turns held in this queue and this one of bytes fit into
 * capacity together, or until none is held at all. False, and nothing taken,
 * when that has not come by deadline (microseconds of g_get_monotonic_time();
 * 0: none); a turn that is free at once is taken even after it.
 */
bool admission_enter(
    enum admission_queue kind, size_t bytes, size_t capacity, int64_t deadline);

/* Gives back what admission_enter() granted. */
void admission_leave(enum admission_queue kind, size_t bytes);

#endif
