/* SPDX-License-Identifier: MIT */
/*
 * budget: malloc and free with an upper bound on what one thread holds by them.
 *
 * For a library that has no bound of its own, lets its allocator be replaced,
 * and frees everything in the end. Does not know which library that is.
 *
 * Each thread has a budget of its own, and none until budget_begin().
 */
#ifndef DOCUMENT_BUDGET_H
#define DOCUMENT_BUDGET_H

#include <stdbool.h>
#include <stddef.h>

/* Call once, before any thread: settings of the process's allocator. */
void budget_init(void);

/* From now on this thread may take at most limit bytes by budget_malloc().
 * Budgets don't nest. */
void budget_begin(size_t limit);

/* Ends the budget, and frees all that was allocated under it: none of that may
 * be used any more. True when something was refused since budget_begin(). */
bool budget_end(void);

/* How far a budget is used; its members are for budget.c only. */
struct budget_mark {
	struct block *last;
	size_t held;
	unsigned char *free; /* in a block for small pieces */
	size_t left;         /* bytes there */
};

/* Gives back what this thread allocated since the mark was made: none of that
 * may be used any more. What was refused stays refused. */
struct budget_mark budget_mark(void);
void budget_release(struct budget_mark mark);

/* How many bytes this thread held at most under its last budget. */
size_t budget_peak(void);

/* malloc(3), but NULL for what would exceed the budget, and free(3), which
 * frees nothing: budget_release() and budget_end() do. */
void *budget_malloc(size_t size);
void budget_free(void *memory);

#endif
