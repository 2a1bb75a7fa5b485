/* SPDX-License-Identifier: MIT */
/*
 * admission: which threads may parse now, so that all of them together stay
 * within bounds.
 *
 * Knows a few queues, and nothing of what is parsed. Each queue admits threads
 * in the order of their arrival, and no queue waits for another.
 *
 * Any thread. A thread that was admitted with a message may enter a queue with
 * a document, but not the other way round, and not twice with either: threads
 * could wait for each other, or for themselves.
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
 * Waits until the bytes admitted to this queue and these ones together fit into
 * capacity, or until nothing is admitted at all. False, and not admitted, when
 * that has not happened by the deadline (microseconds of
 * g_get_monotonic_time(); 0: none). A thread that need not wait is admitted
 * even after the deadline.
 */
bool admission_enter(
    enum admission_queue kind, size_t bytes, size_t capacity, int64_t deadline);

/* Gives back what admission_enter() granted. */
void admission_leave(enum admission_queue kind, size_t bytes);

#endif
