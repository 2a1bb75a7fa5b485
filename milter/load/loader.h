/* SPDX-License-Identifier: MIT */
/*
 * loader: loads records from the spool into the database, in batches.
 *
 * Knows retry with back-off, and how to find the record that makes a batch
 * fail. Leaves SQL to db.c, files to spool.c, and which record comes next to
 * batch_source.c. One thread, except where a function says any.
 */
#ifndef LOAD_LOADER_H
#define LOAD_LOADER_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "spool/spool.h"

struct loader;

/*
 * Makes a loader, the caller's; does not connect. It takes a reference to
 * config; spool must outlive it. wake_fd is a non-blocking eventfd(2), or -1:
 * after loader_stop() or loader_set_config() the caller writes to it, so that
 * the loader stops waiting at once. The loader resets it.
 */
struct loader *loader_new(
    struct config *config, struct spool *spool, int wake_fd);
void loader_free(struct loader *loader);

/* Asks loader_run() to return once the batch in flight is done. Any thread. */
void loader_stop(struct loader *loader);

/*
 * Loads until loader_stop(), and returns EX_OK. With drain: loads until nothing
 * is left in new, and returns EX_OK; EX_UNAVAILABLE when the database can't be
 * reached or used; EX_CONFIG when its schema is not the one needed; EX_TEMPFAIL
 * when records are left that could not be read or removed, or when the loader
 * was stopped before.
 */
int loader_run(struct loader *loader, bool drain);

/* Whether loader_run() has made no progress for that many seconds. Its longest
 * steps are a back-off, connecting, and a batch. Any thread. */
bool loader_is_stuck(const struct loader *loader, unsigned int seconds);

/* Uses config, of which it takes a reference, from the next batch on. Ends a
 * back-off. Any thread. */
void loader_set_config(struct loader *loader, struct config *config);

#endif
