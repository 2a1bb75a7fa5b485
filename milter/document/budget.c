/* SPDX-License-Identifier: MIT */
/*
 * The budget is thread-local, because an allocator's hooks are told nothing
 * else. That is safe here: a document is parsed and freed within one call, so
 * no budget outlives the call that set it, whatever thread pool makes that
 * call.
 *
 * A tree consists of a million small pieces that are freed together, so they
 * are cut from blocks: no bookkeeping for each, nothing to merge, and what is
 * freed leaves the process, without which a bound on what is held would mean
 * nothing. For everything else threads share two of glibc's arenas, and a
 * thread that took much trims them.
 */
#include "budget.h"

#include <glib.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#define ARENAS 2
#define MMAP_THRESHOLD (256 << 10)
#define TRIM_FROM ((size_t)32 << 20)

#define BLOCK_SIZE ((size_t)16 << 10)
/* A larger piece has a block of its own, so that little is left unused. */
#define PIECE_MOST (BLOCK_SIZE / 16)
/* What malloc(3) aligns to. */
#define ALIGNMENT ((size_t)16)

struct block {
	struct block *before;
	_Alignas(16) unsigned char bytes[];
};

static _Thread_local struct {
	bool active;
	bool refused;
	size_t limit;
	size_t peak;
	struct budget_mark now;
} budget;

void budget_init(void)
{
	(void)mallopt(M_ARENA_MAX, ARENAS);
	/* Setting it also stops glibc from raising it with what it sees. */
	(void)mallopt(M_MMAP_THRESHOLD, MMAP_THRESHOLD);
	(void)mallopt(M_TRIM_THRESHOLD, MMAP_THRESHOLD);
}

void budget_begin(size_t limit)
{
	memset(&budget, 0, sizeof(budget));
	budget.active = true;
	budget.limit = limit;
}

struct budget_mark budget_mark(void)
{
	return budget.now;
}

void budget_release(struct budget_mark mark)
{
	while (budget.now.last != mark.last) {
		struct block *before = budget.now.last->before;

		free(budget.now.last);
		budget.now.last = before;
	}
	budget.now = mark;
	if (budget.refused)
		budget.now.left = 0;
}

bool budget_end(void)
{
	budget_release((struct budget_mark){0});
	budget.active = false;
	if (budget.peak >= TRIM_FROM)
		(void)malloc_trim(0);
	return budget.refused;
}

size_t budget_peak(void)
{
	return budget.peak;
}

/* Once something was refused, everything is: a library that went on after a
 * failed allocation could only give a wrong result. */
static unsigned char *add_block(size_t size)
{
	size_t left = budget.limit - budget.now.held;
	struct block *block = NULL;

	if (!budget.refused && left >= sizeof(*block) &&
	    size <= left - sizeof(*block))
		block = malloc(sizeof(*block) + size);
	if (block == NULL) {
		budget.refused = true;
		budget.now.left = 0;
		return NULL;
	}
	budget.now.held += sizeof(*block) + size;
	budget.peak = MAX(budget.peak, budget.now.held);
	block->before = budget.now.last;
	budget.now.last = block;
	return block->bytes;
}

void *budget_malloc(size_t size)
{
	void *memory;

	if (!budget.active)
		return malloc(size);
	if (size > PIECE_MOST)
		return add_block(size);
	size = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	if (size > budget.now.left) {
		budget.now.free = add_block(BLOCK_SIZE);
		if (budget.now.free == NULL)
			return NULL;
		budget.now.left = BLOCK_SIZE;
	}
	memory = budget.now.free;
	budget.now.free += size;
	budget.now.left -= size;
	return memory;
}

void budget_free(void *memory)
{
	if (!budget.active)
		free(memory);
}
