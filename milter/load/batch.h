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

/* JSON text of a batch of more than one record. */
#define BATCH_BYTES ((size_t)32 * 1024 * 1024)
/* And of one record: a jsonb value ends at 256 MiB. */
#define BATCH_ROW_BYTES ((size_t)255 * 1024 * 1024)

struct batch_item {
	char *name; /* of the record */
	char *queue_id;
	char *organization_name;
	char *report_id;
	GString *row;
	bool keep; /* its file must stay where it is */
};

struct batch {
	GPtrArray *items; /* of struct batch_item * */
	size_t bytes;
	unsigned int attempts; /* that ended in a passing failure */
	bool named;            /* the log told that it fails by itself */
};

/*
 * Reads a record of the spool and makes its row. On SPOOL_OK *ret_item is the
 * caller's (batch_item_free). SPOOL_DAMAGED: the record, or the report in it,
 * can't be read, with a sentence (g_free). SPOOL_GONE and SPOOL_ERROR as of
 * spool_get().
 */
enum spool_result batch_read(struct spool *spool, const char *name,
    const struct limits *limits, struct batch_item **ret_item,
    char **ret_reason);
void batch_item_free(struct batch_item *item);

struct batch *batch_new(void);
void batch_free(struct batch *batch);

/* Takes the item, unless the batch has max_items or would pass BATCH_BYTES by
 * it. An empty batch takes any. */
bool batch_add(
    struct batch *batch, struct batch_item *item, unsigned int max_items);

/* The array's text (g_free). */
char *batch_json(const struct batch *batch);

/* Moves the second half of the items into a new batch, the caller's. */
struct batch *batch_split(struct batch *batch);

#endif
