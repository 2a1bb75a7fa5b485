/* SPDX-License-Identifier: MIT */
/*
 * Most messages with a report are a few kilobytes and never touch the disk. A
 * large one takes page cache, which the kernel can write out, instead of our
 * memory. The file is written at a known offset, so that a write that fails
 * half-way leaves what was there before. The memory of all buffers together is
 * bounded too, since opening many connections costs a stranger nothing.
 */
#include "message_buffer.h"

#include <errno.h>
#include <glib.h>
#include <limits.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"

struct message_buffer {
	struct spool *spool;
	size_t length;
	uint8_t *memory; /* NULL once the bytes are in the file */
	size_t capacity;
	int fd;            /* -1 while in memory */
	uint64_t reserved; /* of the spool's quota, for the file */
	void *mapped;      /* of length bytes, or NULL */
};

/* Bytes of memory that all buffers have allocated. */
static atomic_size_t held;

struct message_buffer *message_buffer_new(struct spool *spool)
{
	struct message_buffer *buffer = g_new0(struct message_buffer, 1);

	buffer->spool = spool;
	buffer->fd = -1;
	return buffer;
}

static void unmap(struct message_buffer *buffer)
{
	if (buffer->mapped != NULL)
		(void)munmap(buffer->mapped, buffer->length);
	buffer->mapped = NULL;
}

/* Reserves quota for needed bytes of file, in large steps: asking for it with
 * each block of a message would cost too much. */
static bool reserve(struct message_buffer *buffer, size_t needed)
{
	uint64_t steps, more;

	if (needed <= buffer->reserved)
		return true;
	steps = (needed - buffer->reserved - 1) / MESSAGE_BUFFER_MEMORY + 1;
	more = steps * MESSAGE_BUFFER_MEMORY;
	if (!spool_reserve(buffer->spool, more))
		return false;
	buffer->reserved += more;
	return true;
}

static void free_memory(struct message_buffer *buffer)
{
	g_free(buffer->memory);
	atomic_fetch_sub(&held, buffer->capacity);
	buffer->memory = NULL;
	buffer->capacity = 0;
}

void message_buffer_free(struct message_buffer *buffer)
{
	if (buffer == NULL)
		return;
	unmap(buffer);
	if (buffer->fd >= 0)
		(void)close(buffer->fd);
	if (buffer->reserved > 0)
		spool_unreserve(buffer->spool, buffer->reserved);
	free_memory(buffer);
	g_free(buffer);
}

static bool write_at(int fd, const uint8_t *bytes, size_t length, size_t offset)
{
	while (length > 0) {
		ssize_t written = pwrite(fd, bytes, length, (off_t)offset);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return false;
		bytes += written;
		offset += (size_t)written;
		length -= (size_t)written;
	}
	return true;
}

/* Moves what is in memory to a file. */
static bool move_to_file(struct message_buffer *buffer)
{
	int fd = spool_tmpfile(buffer->spool);

	if (fd < 0)
		return false;
	if (!write_at(fd, buffer->memory, buffer->length, 0)) {
		file_close_quietly(fd);
		return false;
	}
	buffer->fd = fd;
	free_memory(buffer);
	return true;
}

/* Makes room for needed bytes by doubling, so that appending takes linear time.
 */
static bool grow_memory(struct message_buffer *buffer, size_t needed)
{
	size_t capacity = MAX(buffer->capacity, (size_t)4096);
	uint8_t *memory;

	if (needed <= buffer->capacity)
		return true;
	while (capacity < needed)
		capacity *= 2;
	memory = g_try_realloc(buffer->memory, capacity);
	if (memory == NULL) {
		errno = ENOMEM;
		return false;
	}
	atomic_fetch_add(&held, capacity - buffer->capacity);
	buffer->memory = memory;
	buffer->capacity = capacity;
	return true;
}

/* Whether the bytes have to move from memory to a file. */
static bool wants_file(const struct message_buffer *buffer, size_t needed)
{
	return buffer->fd < 0 && buffer->spool != NULL &&
	       (needed > MESSAGE_BUFFER_MEMORY ||
		   (needed > buffer->capacity &&
		       atomic_load(&held) >= MESSAGE_BUFFER_ALL));
}

bool message_buffer_append(
    struct message_buffer *buffer, const void *bytes, size_t length)
{
	size_t needed;

	if (length == 0)
		return true;
	if (length > (size_t)SSIZE_MAX - buffer->length) {
		errno = EFBIG;
		return false;
	}
	needed = buffer->length + length;
	unmap(buffer);
	if (wants_file(buffer, needed) &&
	    !(reserve(buffer, needed) && move_to_file(buffer)))
		return false;
	if (buffer->fd >= 0) {
		if (!reserve(buffer, needed) ||
		    !write_at(buffer->fd, bytes, length, buffer->length))
			return false;
	} else {
		if (!grow_memory(buffer, needed))
			return false;
		memcpy(buffer->memory + buffer->length, bytes, length);
	}
	buffer->length = needed;
	return true;
}

size_t message_buffer_length(const struct message_buffer *buffer)
{
	return buffer->length;
}

const uint8_t *message_buffer_bytes(struct message_buffer *buffer)
{
	static const uint8_t nothing[1];

	if (buffer->length == 0)
		return nothing;
	if (buffer->fd < 0)
		return buffer->memory;
	if (buffer->mapped == NULL)
		buffer->mapped = mmap(NULL, buffer->length, PROT_READ,
		    MAP_PRIVATE, buffer->fd, 0);
	if (buffer->mapped == MAP_FAILED)
		buffer->mapped = NULL;
	return buffer->mapped;
}
