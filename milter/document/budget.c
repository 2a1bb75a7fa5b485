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
	size_t held;
	struct block *last;
	unsigned char *free; /* in a block for small pieces */
	size_t left;         /* bytes there */
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

bool budget_end(void)
{
	while (budget.last != NULL) {
		struct block *before = budget.last->before;

		free(budget.last);
		budget.last = before;
	}
	budget.active = false;
	if (budget.held >= TRIM_FROM)
		(void)malloc_trim(0);
	return budget.refused;
}

size_t budget_peak(void)
{
	return budget.held;
}

/* Once something was refused, everything is: a library that went on after a
 * failed allocation could only give a wrong result. */
static unsigned char *add_block(size_t size)
{
	size_t left = budget.limit - budget.held;
	struct block *block = NULL;

	if (!budget.refused && left >= sizeof(*block) &&
	    size <= left - sizeof(*block))
		block = malloc(sizeof(*block) + size);
	if (block == NULL) {
		budget.refused = true;
		budget.left = 0;
		return NULL;
	}
	budget.held += sizeof(*block) + size;
	block->before = budget.last;
	budget.last = block;
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
	if (size > budget.left) {
		budget.free = add_block(BLOCK_SIZE);
		if (budget.free == NULL)
			return NULL;
		budget.left = BLOCK_SIZE;
	}
	memory = budget.free;
	budget.free += size;
	budget.left -= size;
	return memory;
}

void budget_free(void *memory)
{
	if (!budget.active)
		free(memory);
}
