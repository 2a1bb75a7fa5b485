/* SPDX-License-Identifier: MIT */
/* Turns: what fits runs, what does not waits, in order, and not for ever. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above before it. */
#include <cmocka.h>
#include <glib.h>

#include "base/admission.h"

#define SOON (50 * G_TIME_SPAN_MILLISECOND)

struct want {
	enum admission_queue kind;
	size_t bytes;
	size_t capacity;
	int64_t deadline;
	gint started;
	gint taken; /* -1 while it waits */
};

static gpointer take(gpointer data)
{
	struct want *want = data;

	g_atomic_int_set(&want->started, 1);
	g_atomic_int_set(&want->taken, admission_enter(want->kind, want->bytes,
					   want->capacity, want->deadline));
	return NULL;
}

static GThread *start(struct want *want)
{
	GThread *thread;

	want->taken = -1;
	thread = g_thread_new("turn", take, want);
	while (g_atomic_int_get(&want->started) == 0)
		g_usleep(1000);
	/* Time to reach the queue; a test must not fail without it. */
	g_usleep(20000);
	return thread;
}

static void test_fits(void **state)
{
	int64_t past = 1;

	(void)state;
	assert_true(admission_enter(ADMISSION_SMALL, 60, 100, 0));
	assert_true(admission_enter(ADMISSION_SMALL, 40, 100, 0));
	assert_false(admission_enter(ADMISSION_SMALL, 1, 100, past));
	assert_false(admission_enter(
	    ADMISSION_SMALL, 1, 100, g_get_monotonic_time() + SOON));
	admission_leave(ADMISSION_SMALL, 40);
	assert_true(admission_enter(ADMISSION_SMALL, 40, 100, past));
	assert_false(admission_enter(ADMISSION_SMALL, 1, 50, past));
	assert_false(
	    admission_enter(ADMISSION_SMALL, SIZE_MAX, SIZE_MAX, past));
	admission_leave(ADMISSION_SMALL, 40);
	admission_leave(ADMISSION_SMALL, 60);
}

static void test_one_always_runs(void **state)
{
	(void)state;
	assert_true(admission_enter(ADMISSION_LARGE, 1000, 10, 1));
	assert_false(admission_enter(ADMISSION_LARGE, 0, 10, 1));
	admission_leave(ADMISSION_LARGE, 1000);
}

static void test_kinds_do_not_wait_for_each_other(void **state)
{
	(void)state;
	assert_true(admission_enter(ADMISSION_LARGE, 100, 100, 0));
	assert_true(admission_enter(ADMISSION_SMALL, 100, 100, 1));
	admission_leave(ADMISSION_SMALL, 100);
	admission_leave(ADMISSION_LARGE, 100);
}

static void test_wakes(void **state)
{
	struct want want = {.kind = ADMISSION_LARGE, .bytes = 5, .capacity = 5};
	GThread *thread;

	(void)state;
	assert_true(admission_enter(ADMISSION_LARGE, 5, 5, 0));
	thread = start(&want);
	assert_int_equal(g_atomic_int_get(&want.taken), -1);
	admission_leave(ADMISSION_LARGE, 5);
	g_thread_join(thread);
	assert_int_equal(want.taken, 1);
	admission_leave(ADMISSION_LARGE, 5);
}

/* A small want that came later does not overtake; once the first has given up,
 * it is let in. */
static void test_order(void **state)
{
	struct want big = {
	    .kind = ADMISSION_SMALL, .bytes = 90, .capacity = 100};
	struct want little = {
	    .kind = ADMISSION_SMALL, .bytes = 1, .capacity = 100};
	GThread *threads[2];

	(void)state;
	big.deadline = g_get_monotonic_time() + 6 * SOON;
	assert_true(admission_enter(ADMISSION_SMALL, 50, 100, 0));
	threads[0] = start(&big);
	threads[1] = start(&little);
	assert_int_equal(g_atomic_int_get(&little.taken), -1);
	g_thread_join(threads[0]);
	assert_int_equal(big.taken, 0);
	g_thread_join(threads[1]);
	assert_int_equal(little.taken, 1);
	admission_leave(ADMISSION_SMALL, 1);
	admission_leave(ADMISSION_SMALL, 50);
}

static gint running, refused, too_many;

static gpointer work(gpointer data)
{
	(void)data;
	for (int i = 0; i < 300; i++) {
		if (!admission_enter(ADMISSION_SMALL, 30, 100, 0))
			g_atomic_int_inc(&refused);
		if (g_atomic_int_add(&running, 1) >= 3)
			g_atomic_int_inc(&too_many);
		g_thread_yield();
		g_atomic_int_add(&running, -1);
		admission_leave(ADMISSION_SMALL, 30);
	}
	return NULL;
}

static void test_many_threads(void **state)
{
	GThread *threads[16];

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
		threads[i] = g_thread_new("work", work, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
		g_thread_join(threads[i]);
	assert_int_equal(refused, 0);
	assert_int_equal(too_many, 0);
	assert_true(admission_enter(ADMISSION_SMALL, 100, 100, 1));
	admission_leave(ADMISSION_SMALL, 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_fits),
	    cmocka_unit_test(test_one_always_runs),
	    cmocka_unit_test(test_kinds_do_not_wait_for_each_other),
	    cmocka_unit_test(test_wakes),
	    cmocka_unit_test(test_order),
	    cmocka_unit_test(test_many_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
