/* SPDX-License-Identifier: MIT */
/*
 * loader: records from the spool into the database, in batches.
 *
 * Knows retry with back-off, and poison: a record that fails alone. Leaves SQL
 * to db.c, files to spool.c, and which record comes next to batch_source.c.
 *
 * One thread, but loader_stop(), loader_is_stuck() and loader_set_config().
 */
#ifndef LOAD_LOADER_H
#define LOAD_LOADER_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "spool/spool.h"

struct loader;

/*
 * Does not connect yet. The loader takes a reference to config; spool must
 * outlive it. wake_fd is an eventfd(2), non-blocking, or -1: whoever calls
 * loader_stop() or loader_set_config() writes to it, so that a wait ends at
 * once; the loader reads it away.
 */
struct loader *loader_new(
    struct config *config, struct spool *spool, int wake_fd);
void loader_free(struct loader *loader);

/* Asks loader_run() to return after what is in flight. Async-signal-safe. */
void loader_stop(struct loader *loader);

/*
 * Loads until loader_stop(). With drain: until nothing is left in new; then
 * returns 0, or EX_UNAVAILABLE when the database can't be reached or used,
 * EX_CONFIG when its schema is not the one needed, EX_TEMPFAIL when records are
 * left that could not be read or removed, or the loader was stopped before.
 */
int loader_run(struct loader *loader, bool drain);

/* Whether loader_run() got no step further for so many seconds. A step is at
 * most a back-off, or connecting, or a batch. Any thread. */
bool loader_is_stuck(const struct loader *loader, unsigned int seconds);

/* Uses another configuration from the next batch on, and tries the database at
 * once if it is waiting to. Any thread. */
void loader_set_config(struct loader *loader, struct config *config);

#endif
