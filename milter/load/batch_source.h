/* SPDX-License-Identifier: MIT */
/*
 * source: the spool's records as a line of batches.
 *
 * Knows which records are in hand, which can't be read or removed, and what
 * comes first. Leaves to loader.c what a batch met in the database. One thread.
 */
#ifndef LOAD_BATCH_SOURCE_H
#define LOAD_BATCH_SOURCE_H

#include <stdbool.h>

#include "batch.h"
#include "config/config.h"
#include "spool/spool.h"

struct batch_source;

/* spool must outlive it. */
struct batch_source *batch_source_new(struct spool *spool);
void batch_source_free(struct batch_source *source);

/*
 * The next batch, the caller's until it is given to batch_source_return() or
 * batch_source_done(); NULL when there is none now. Records that can't be read
 * are set aside on the way.
 */
struct batch *batch_source_next(
    struct batch_source *source, const struct config *config);

/* Takes back a batch that was not loaded: it comes first again, or, after
 * BATCH_SOURCE_PATIENCE attempts, after everything else. */
#define BATCH_SOURCE_PATIENCE 3
void batch_source_return(struct batch_source *source, struct batch *batch);

/* Takes back a batch that was dealt with: its files are removed, but those of
 * items that are to be kept. */
void batch_source_done(struct batch_source *source, struct batch *batch);

/* Moves an item's record to bad, with a loud line. */
void batch_source_set_aside(
    struct batch_source *source, struct batch_item *item, const char *reason);

/* Whether records are left in the spool that could not be read or moved. */
bool batch_source_troubled(const struct batch_source *source);

#endif
