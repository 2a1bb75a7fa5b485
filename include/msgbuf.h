/* SPDX-License-Identifier: MIT */
/*
 * msgbuf: the bytes of one message as they come in: memory up to 256 KiB, then
 * an unlinked file in the spool's tmp; a file at once while all buffers of the
 * process hold 32 MiB. What is in files counts for the spool's quota while it
 * is there. Knows nothing of what they are. One thread at a time.
 */
#ifndef MSGBUF_H
#define MSGBUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "spool.h"

#define MSGBUF_MEMORY ((size_t)256 * 1024)
#define MSGBUF_ALL ((size_t)32 << 20)

struct msgbuf;

/* spool may be NULL: then all stays in memory. It must outlive the buffer. */
struct msgbuf *msgbuf_new(struct spool *spool);
void msgbuf_free(struct msgbuf *buffer);

/* Appends; false with errno when the file can't take it (EDQUOT: the spool is
 * full). */
bool msgbuf_append(struct msgbuf *buffer, const void *bytes, size_t length);
size_t msgbuf_length(const struct msgbuf *buffer);

/* All bytes in one piece, valid until the next append or free; NULL with errno
 * when they can't be mapped. */
const uint8_t *msgbuf_bytes(struct msgbuf *buffer);

#endif
