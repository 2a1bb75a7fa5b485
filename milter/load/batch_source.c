/* SPDX-License-Identifier: MIT */
/*
 * The folder is listed once and used up before it is listed again, so that a
 * long backlog is not read anew for each batch. What is in hand then still
 * stands there, and is passed over by its name.
 */
#include <errno.h>

#include "base/log.h"
#include "base/metrics.h"
#include "batch_source.h"

/* After which a record that could not be read, moved or removed is tried
 * again. */
#define TROUBLE_PAUSE (5 * (gint64)G_USEC_PER_SEC)
/* Batches in hand beyond which no further records are read. */
#define RETURNED_MAX 1024

struct batch_source {
	struct spool *spool;
	GPtrArray *names; /* of the last listing */
	guint next;
	bool list_failed;
	GHashTable *held;         /* set of names that are in a batch */
	GHashTable *done;         /* set of those that only can't be removed */
	GHashTable *troubled;     /* name to when it is tried again */
	struct batch_item *carry; /* did not fit into the batch before */
	GQueue returned;          /* of struct batch * */
};

struct batch_source *batch_source_new(struct spool *spool)
{
	struct batch_source *source = g_new0(struct batch_source, 1);
	source->spool = spool;
	source->names = g_ptr_array_new_with_free_func(g_free);
	source->held =
	    g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	source->done =
	    g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	source->troubled =
	    g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	g_queue_init(&source->returned);
	return source;
}

void batch_source_free(struct batch_source *source)
{
	if (source == NULL)
		return;
	struct batch *batch;
	while ((batch = g_queue_pop_head(&source->returned)) != NULL)
		batch_free(batch);
	batch_item_free(source->carry);
	g_hash_table_unref(source->troubled);
	g_hash_table_unref(source->done);
	g_hash_table_unref(source->held);
	g_ptr_array_unref(source->names);
	g_free(source);
}

bool batch_source_troubled(const struct batch_source *source)
{
	return source->list_failed || g_hash_table_size(source->troubled) > 0;
}

/* Leaves a record alone for a while; a line the first time. */
static void note_trouble(
    struct batch_source *source, const char *name, const char *what, int error)
{
	if (!g_hash_table_contains(source->troubled, name))
		log_event(LOG_ERR, "record-stuck", "record", name, "reason",
		    g_strerror(error), "while", what, NULL);
	gint64 *due = g_new(gint64, 1);
	*due = g_get_monotonic_time() + TROUBLE_PAUSE;
	g_hash_table_replace(source->troubled, g_strdup(name), due);
}

static bool is_waiting(const struct batch_source *source, const char *name)
{
	const gint64 *due = g_hash_table_lookup(source->troubled, name);
	return due != NULL && g_get_monotonic_time() < *due;
}

static void set_aside(
    struct batch_source *source, const char *name, const char *reason)
{
	if (spool_set_aside(source->spool, name, reason) == SPOOL_ERROR) {
		note_trouble(source, name, "moving it to bad", errno);
		return;
	}
	g_hash_table_remove(source->troubled, name);
	metrics_add(METRICS_LOADED_BAD, 1);
	log_event(LOG_ERR, "set-aside", "record", name, "reason", reason, NULL);
}

/* Moved or not, the name in new is no longer ours to remove: --retry-bad may
 * have put it back there meanwhile. */
void batch_source_set_aside(
    struct batch_source *source, struct batch_item *item, const char *reason)
{
	set_aside(source, item->name, reason);
	item->keep = true;
}

static void list_names(struct batch_source *source)
{
	GPtrArray *names = spool_list(source->spool);
	if (names == NULL) {
		if (!source->list_failed)
			log_failure(LOG_ERR, "spool-unreadable",
			    "the folder new can't be listed: %s",
			    g_strerror(errno));
		source->list_failed = true;
		return;
	}
	source->list_failed = false;
	g_ptr_array_unref(source->names);
	source->names = names;
	source->next = 0;
}

/* One record of the listing as an item, or NULL when there is nothing to load
 * of it. */
static struct batch_item *read_record(
    struct batch_source *source, const char *name, const struct config *config)
{
	struct batch_item *item = NULL;
	char *reason = NULL;
	switch (
	    batch_read(source->spool, name, &config->limits, &item, &reason)) {
	case SPOOL_OK:
		g_hash_table_remove(source->troubled, name);
		g_hash_table_add(source->held, g_strdup(name));
		return item;
	case SPOOL_DAMAGED:
		set_aside(source, name, reason);
		g_free(reason);
		return NULL;
	case SPOOL_GONE:
		g_hash_table_remove(source->troubled, name);
		return NULL;
	default:
		note_trouble(source, name, "reading it", errno);
		return NULL;
	}
}

/*
 * A file that can't be removed stays held: read once more, it would be counted
 * as received once more, and then again.
 */
static void remove_record(struct batch_source *source, const char *name)
{
	if (spool_remove(source->spool, name) == SPOOL_ERROR) {
		note_trouble(source, name, "removing it", errno);
		g_hash_table_add(source->done, g_strdup(name));
		return;
	}
	g_hash_table_remove(source->troubled, name);
	g_hash_table_remove(source->done, name);
	g_hash_table_remove(source->held, name);
}

/* Whether there is nothing to load of a name now. */
static bool is_passed_over(struct batch_source *source, const char *name)
{
	if (is_waiting(source, name))
		return true;
	if (g_hash_table_contains(source->done, name)) {
		remove_record(source, name);
		return true;
	}
	return g_hash_table_contains(source->held, name);
}

static struct batch_item *next_item(
    struct batch_source *source, const struct config *config)
{
	if (source->carry != NULL)
		return g_steal_pointer(&source->carry);
	while (source->next < source->names->len) {
		const char *name =
		    g_ptr_array_index(source->names, source->next++);
		if (is_passed_over(source, name))
			continue;
		struct batch_item *item = read_record(source, name, config);
		if (item != NULL)
			return item;
	}
	return NULL;
}

/* A batch of records that are not in hand yet, or NULL. */
static struct batch *gather(
    struct batch_source *source, const struct config *config)
{
	if (g_queue_get_length(&source->returned) >= RETURNED_MAX)
		return NULL;
	if (source->next >= source->names->len)
		list_names(source);
	struct batch *batch = batch_new();
	struct batch_item *item;
	while ((item = next_item(source, config)) != NULL) {
		if (!batch_add(batch, item, config->batch)) {
			source->carry = item;
			break;
		}
		if (batch->items->len >= config->batch)
			break;
	}
	if (batch->items->len == 0)
		g_clear_pointer(&batch, batch_free);
	return batch;
}

struct batch *batch_source_next(
    struct batch_source *source, const struct config *config)
{
	struct batch *head = g_queue_peek_head(&source->returned);
	struct batch *fresh = NULL;
	if (head == NULL || head->attempts >= BATCH_SOURCE_PATIENCE)
		fresh = gather(source, config);
	return fresh != NULL ? fresh : g_queue_pop_head(&source->returned);
}

void batch_source_return(struct batch_source *source, struct batch *batch)
{
	if (batch->attempts < BATCH_SOURCE_PATIENCE)
		g_queue_push_head(&source->returned, batch);
	else
		g_queue_push_tail(&source->returned, batch);
}

void batch_source_done(struct batch_source *source, struct batch *batch)
{
	for (guint i = 0; i < batch->items->len; i++) {
		const struct batch_item *item =
		    g_ptr_array_index(batch->items, i);
		if (item->keep)
			g_hash_table_remove(source->held, item->name);
		else
			remove_record(source, item->name);
	}
	if (spool_sync(source->spool) != SPOOL_OK)
		log_failure(LOG_ERR, "spool-sync-failed",
		    "fsync of the folder new: %s; after a crash records may "
		    "come up once more, which the database recognises",
		    g_strerror(errno));
	batch_free(batch);
}
