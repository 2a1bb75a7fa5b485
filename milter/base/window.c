/* SPDX-License-Identifier: MIT */
/*
 * The piece is moved to the front of the memory only when it is shorter than
 * what was dropped before it, so that moving costs no more than reading. Else
 * the second half of the memory has room for whatever may be read.
 */
#include "base/window.h"

#include <errno.h>
#include <glib.h>
#include <string.h>
#include <unistd.h>

void window_init(struct window *window, size_t step, size_t most)
{
	*window = (struct window){
	    .most = most,
	    .fd = -1,
	    .step = step,
	    .memory = g_malloc(2 * most),
	};
}

void window_clear(struct window *window)
{
	g_free(window->memory);
	window->memory = NULL;
}

void window_open(struct window *window, int fd)
{
	window->bytes = window->memory;
	window->length = 0;
	window->ended = false;
	window->error = 0;
	window->fd = fd;
}

bool window_grow(struct window *window)
{
	size_t target =
	    MIN(MAX(2 * window->length, window->step), window->most);
	size_t dropped = (size_t)(window->bytes - window->memory);

	if (window->ended || window->length == window->most)
		return false;
	if (dropped >= window->length) {
		memmove(window->memory, window->bytes, window->length);
		dropped = 0;
		window->bytes = window->memory;
	}
	while (window->length < target && !window->ended) {
		ssize_t got =
		    read(window->fd, window->memory + dropped + window->length,
			target - window->length);

		if (got < 0)
			window->error = errno;
		if (got <= 0)
			window->ended = true;
		else
			window->length += (size_t)got;
	}
	return true;
}

void window_skip(struct window *window, size_t count)
{
	window->bytes += count;
	window->length -= count;
}
