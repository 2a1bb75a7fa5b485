/* SPDX-License-Identifier: MIT */
/*
 * msgbuf: the bytes of one message as they come in: memory up to 256 KiB, then
 * an unlinked file in the spool's tmp; a file at once while all buffers of the
 * process hold 32 MiB. What is in files counts for the spool's quota while it
 * is there. Knows nothing of what they are. One thread at a time.
 */
#ifndef INTAKE_MESSAGE_BUFFER_H
#define INTAKE_MESSAGE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "spool/spool.h"

#define MESSAGE_BUFFER_MEMORY ((size_t)256 * 1024)
#define MESSAGE_BUFFER_ALL ((size_t)32 << 20)

struct message_buffer;

/* spool may be NULL: then all stays in memory. It must outlive the buffer. */
struct message_buffer *message_buffer_new(struct spool *spool);
void message_buffer_free(struct message_buffer *buffer);

/* Appends; false with errno when the file can't take it (EDQUOT: the spool is
 * full). */
bool message_buffer_append(
    struct message_buffer *buffer, const void *bytes, size_t length);
size_t message_buffer_length(const struct message_buffer *buffer);

/* All bytes in one piece, valid until the next append or free; NULL with errno
 * when they can't be mapped. */
const uint8_t *message_buffer_bytes(struct message_buffer *buffer);

#endif
