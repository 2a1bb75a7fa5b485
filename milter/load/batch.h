/* SPDX-License-Identifier: MIT */
/*
 * batch: spooled records as one JSON array for tlsrpt.ingest.
 *
 * Knows how a record becomes a row, and how many fit. Leaves to batch_source.c
 * which records, to loader.c what becomes of them. One thread.
 */
#ifndef LOAD_BATCH_H
#define LOAD_BATCH_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"
#include "spool/spool.h"

/* The most JSON text in a batch of several records: some seconds of work for
 * PostgreSQL, in which all other records wait. */
#define BATCH_BYTES ((size_t)4 * 1024 * 1024)
/* The most JSON text of one record: a jsonb value ends at 256 MiB. */
#define BATCH_ROW_BYTES ((size_t)255 * 1024 * 1024)

struct batch_item {
	char *name; /* of the record */
	char *queue_id;
	char *organization_name;
	char *report_id;
	GString *row; /* JSON text */
	bool keep;    /* batch_source_done() must not remove its file */
};

struct batch {
	GPtrArray *items;      /* of struct batch_item * */
	size_t bytes;          /* of JSON text */
	unsigned int attempts; /* that ended in a passing failure */
	bool named; /* its one record was logged as the one that fails */
};

/*
 * Reads a record of the spool and makes its row. On SPOOL_OK *ret_item is the
 * caller's (batch_item_free). On SPOOL_DAMAGED, when the record or the report
 * in it can't be read, *ret_reason is a sentence (g_free). SPOOL_GONE and
 * SPOOL_ERROR are those of spool_get().
 */
enum spool_result batch_read(struct spool *spool, const char *name,
    const struct limits *limits, struct batch_item **ret_item,
    char **ret_reason);
void batch_item_free(struct batch_item *item);

/* Makes an empty batch, the caller's. batch_free() frees its items too. */
struct batch *batch_new(void);
void batch_free(struct batch *batch);

/* Adds an item, which the batch owns from then on. False when the batch has
 * max_items, or would grow over BATCH_BYTES; an empty batch takes any item. */
bool batch_add(
    struct batch *batch, struct batch_item *item, unsigned int max_items);

/* The JSON array of all rows (g_free). */
char *batch_json(const struct batch *batch);

/* Moves the second half of the items into a new batch, the caller's. */
struct batch *batch_split(struct batch *batch);

#endif
