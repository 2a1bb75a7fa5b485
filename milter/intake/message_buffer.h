/* SPDX-License-Identifier: MIT */
/*
 * message_buffer: the bytes of one message as they come in.
 *
 * Up to 256 KiB are kept in memory, more in an unlinked file in the spool's
 * tmp; while all buffers of the process hold 32 MiB of memory, any growth goes
 * to a file. Files count against the spool's quota while they exist. Knows
 * nothing of what the bytes mean. One thread at a time.
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

/* Makes a buffer, the caller's. spool must outlive it; with NULL everything
 * stays in memory. */
struct message_buffer *message_buffer_new(struct spool *spool);
void message_buffer_free(struct message_buffer *buffer);

/* Appends bytes. False with errno when they can't be kept (EDQUOT: the spool is
 * full); what the buffer held before stays. */
bool message_buffer_append(
    struct message_buffer *buffer, const void *bytes, size_t length);

/* How many bytes were appended. */
size_t message_buffer_length(const struct message_buffer *buffer);

/* All bytes in one piece, valid until the next append or free. NULL with errno
 * when the file can't be mapped. */
const uint8_t *message_buffer_bytes(struct message_buffer *buffer);

#endif
