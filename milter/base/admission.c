/* SPDX-License-Identifier: MIT */
/*
 * Threads are admitted in the order of arrival, so that one that needs much is
 * not overtaken for ever by those that need little. Each waits on a condition
 * of its own, and only the first of a queue is ever woken.
 *
 * Locks are those of POSIX here as everywhere: GLib's own are invisible to
 * ThreadSanitizer and helgrind.
 */
#include "base/admission.h"

#include <glib.h>
#include <pthread.h>
#include <time.h>

struct waiter {
	pthread_cond_t first; /* signalled when its turn may have come */
	size_t bytes;
	size_t capacity;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
	GQueue waiters;     /* of struct waiter *, on the stacks that wait */
	size_t admitted;    /* threads */
	size_t bytes;       /* that they were admitted with */
} queues[ADMISSION_QUEUES]; /* an empty GQueue is all zeros */

static bool fits(enum admission_queue kind, const struct waiter *waiter)
{
	return queues[kind].admitted == 0 ||
	       (queues[kind].bytes <= waiter->capacity &&
		   waiter->bytes <= waiter->capacity - queues[kind].bytes);
}

/* Called when a queue's first waiter, or what is admitted, has changed. */
static void wake_first(enum admission_queue kind)
{
	struct waiter *waiter = g_queue_peek_head(&queues[kind].waiters);

	if (waiter != NULL)
		pthread_cond_signal(&waiter->first);
}

/* False when the deadline has passed. */
static bool wait_until(pthread_cond_t *condition, int64_t deadline)
{
	struct timespec end = {
	    .tv_sec = (time_t)(deadline / G_USEC_PER_SEC),
	    .tv_nsec = (long)(deadline % G_USEC_PER_SEC) * 1000,
	};

	return pthread_cond_clockwait(
		   condition, &lock, CLOCK_MONOTONIC, &end) == 0;
}

static bool wait_for_turn(
    enum admission_queue kind, struct waiter *waiter, int64_t deadline)
{
	bool in_time = true;

	while (g_queue_peek_head(&queues[kind].waiters) != waiter ||
	       !fits(kind, waiter)) {
		if (!in_time)
			return false;
		if (deadline == 0)
			pthread_cond_wait(&waiter->first, &lock);
		else
			in_time = wait_until(&waiter->first, deadline);
	}
	return true;
}

bool admission_enter(
    enum admission_queue kind, size_t bytes, size_t capacity, int64_t deadline)
{
	struct waiter waiter = {.bytes = bytes, .capacity = capacity};
	bool admitted;

	pthread_cond_init(&waiter.first, NULL);
	pthread_mutex_lock(&lock);
	g_queue_push_tail(&queues[kind].waiters, &waiter);
	admitted = wait_for_turn(kind, &waiter, deadline);
	g_queue_remove(&queues[kind].waiters, &waiter);
	if (admitted) {
		queues[kind].admitted++;
		queues[kind].bytes += bytes;
	}
	wake_first(kind);
	pthread_mutex_unlock(&lock);
	pthread_cond_destroy(&waiter.first);
	return admitted;
}

void admission_leave(enum admission_queue kind, size_t bytes)
{
	pthread_mutex_lock(&lock);
	queues[kind].admitted--;
	queues[kind].bytes -= bytes;
	wake_first(kind);
	pthread_mutex_unlock(&lock);
}
