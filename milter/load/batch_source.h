/* SPDX-License-Identifier: MIT */
/*
 * batch_source: the spool's records as a sequence of batches.
 *
 * Knows which records are in a batch already, which can't be read or removed,
 * and which come first: those of different submitters in turn, of each
 * submitter the oldest. Leaves to loader.c what the database does with a batch.
 * One thread.
 */
#ifndef LOAD_BATCH_SOURCE_H
#define LOAD_BATCH_SOURCE_H

#include <stdbool.h>

#include "batch.h"
#include "config/config.h"
#include "spool/spool.h"

struct batch_source;

/* Makes a source, the caller's. spool must outlive it. */
struct batch_source *batch_source_new(struct spool *spool);
void batch_source_free(struct batch_source *source);

/*
 * The next batch, the caller's until it is given to batch_source_return() or
 * batch_source_done(); NULL when there is none now. Damaged records are set
 * aside on the way.
 */
struct batch *batch_source_next(
    struct batch_source *source, const struct config *config);

/* Takes back a batch that was not loaded. It comes first again; after
 * BATCH_SOURCE_PATIENCE attempts it comes after everything else. */
#define BATCH_SOURCE_PATIENCE 3
void batch_source_return(struct batch_source *source, struct batch *batch);

/* Takes back a batch that was loaded, and removes its files, except those of
 * items with keep. */
void batch_source_done(struct batch_source *source, struct batch *batch);

/* Moves an item's record to bad, logs that, and sets keep. */
void batch_source_set_aside(
    struct batch_source *source, struct batch_item *item, const char *reason);

/* Whether the spool could not be listed, or has records that could not be read,
 * moved or removed. */
bool batch_source_troubled(const struct batch_source *source);

#endif
