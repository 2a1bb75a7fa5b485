/* SPDX-License-Identifier: MIT */
/*
 * feed: the spool's records as a line of batches.
 *
 * Knows which records are in hand, which can't be read or removed, and what
 * comes first. Leaves to loader.c what a batch met in the database. One thread.
 */
#ifndef FEED_H
#define FEED_H

#include <stdbool.h>

#include "batch.h"
#include "config.h"
#include "spool.h"

struct feed;

/* spool must outlive it. */
struct feed *feed_new(struct spool *spool);
void feed_free(struct feed *feed);

/*
 * The next batch, the caller's until it is given to feed_return() or
 * feed_done(); NULL when there is none now. Records that can't be read are
 * set aside on the way.
 */
struct batch *feed_next(struct feed *feed, const struct config *config);

/* Takes back a batch that was not loaded: it comes first again, or, after
 * FEED_PATIENCE attempts, after everything else. */
#define FEED_PATIENCE 3
void feed_return(struct feed *feed, struct batch *batch);

/* Takes back a batch that was dealt with: its files are removed, but those of
 * items that are to be kept. */
void feed_done(struct feed *feed, struct batch *batch);

/* Moves an item's record to bad, with a loud line. */
void feed_set_aside(
    struct feed *feed, struct batch_item *item, const char *reason);

/* Whether records are left in the spool that could not be read or moved. */
bool feed_troubled(const struct feed *feed);

#endif
