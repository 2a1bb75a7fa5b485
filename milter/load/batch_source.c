/* SPDX-License-Identifier: MIT */
/*
 * The folder is listed once, and that list is used up before it is listed
 * again, so that a long backlog is not listed for each batch. It is listed
 * sooner only when records have come meanwhile, or those of one submitter would
 * wait for the backlog of another; that takes at most a twentieth of the time.
 * Records in a batch are still in the folder then; their names are passed over.
 */
#include "batch_source.h"

#include <errno.h>

#include "base/log.h"
#include "base/metrics.h"

/* Time until a record that could not be read, moved or removed is tried again.
 */
#define TROUBLE_PAUSE (5 * (gint64)G_USEC_PER_SEC)
/* With so many batches returned, no further records are read. */
#define RETURNED_MAX 1024
/* The shortest time between two listings on account of new records. */
#define LIST_PAUSE ((gint64)G_USEC_PER_SEC)

struct batch_source {
	struct spool *spool;
	GPtrArray *names; /* of the last listing, in turn */
	guint next;
	bool news;       /* records have come since */
	gint64 list_due; /* when to list on account of them */
	bool list_failed;
	GHashTable *held;         /* names in a batch, or in done */
	GHashTable *done;         /* names that are loaded but not removed */
	GHashTable *troubled;     /* name to the time of the next try */
	struct batch_item *carry; /* did not fit into the batch before */
	GQueue returned;          /* of struct batch * */
};

static GHashTable *new_table(GDestroyNotify free_value)
{
	return g_hash_table_new_full(
	    g_str_hash, g_str_equal, g_free, free_value);
}

struct batch_source *batch_source_new(struct spool *spool)
{
	struct batch_source *source = g_new0(struct batch_source, 1);

	source->spool = spool;
	source->names = g_ptr_array_new_with_free_func(g_free);
	source->held = new_table(NULL);
	source->done = new_table(NULL);
	source->troubled = new_table(g_free);
	g_queue_init(&source->returned);
	return source;
}

void batch_source_free(struct batch_source *source)
{
	struct batch *batch;

	if (source == NULL)
		return;
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

/* Leaves a record alone for a while, and logs that the first time. */
static void note_trouble(
    struct batch_source *source, const char *name, const char *what, int error)
{
	gint64 *due = g_new(gint64, 1);

	if (!g_hash_table_contains(source->troubled, name))
		log_event(LOG_ERR, EVENT_RECORD_STUCK, "record", name, "reason",
		    g_strerror(error), "while", what, NULL);
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
	log_event(
	    LOG_ERR, EVENT_SET_ASIDE, "record", name, "reason", reason, NULL);
}

/* Even if it can't be moved, its file in new must stay: --retry-bad may have
 * put it there again meanwhile. */
void batch_source_set_aside(
    struct batch_source *source, struct batch_item *item, const char *reason)
{
	set_aside(source, item->name, reason);
	item->keep = true;
}

/* The place of a name: records of its lane before it, then its age. */
struct turn {
	guint before;
	guint age;
};

static gint compare_turns(gconstpointer left, gconstpointer right)
{
	const struct turn *a = left, *b = right;

	if (a->before != b->before)
		return a->before < b->before ? -1 : 1;
	return a->age < b->age ? -1 : a->age > b->age;
}

/* Puts names, the oldest first, into the order in which the lanes take turns:
 * the first of each, the second of each, and so on. Returns a new array. */
static GPtrArray *take_turns(GPtrArray *names)
{
	GPtrArray *ordered = g_ptr_array_new_full(names->len, g_free);
	GArray *turns =
	    g_array_sized_new(FALSE, FALSE, sizeof(struct turn), names->len);
	GHashTable *counts = g_hash_table_new(NULL, NULL); /* by lane */

	for (guint i = 0; i < names->len; i++) {
		gpointer lane =
		    GSIZE_TO_POINTER(spool_lane(g_ptr_array_index(names, i)));
		gsize before =
		    GPOINTER_TO_SIZE(g_hash_table_lookup(counts, lane));
		struct turn turn = {(guint)before, i};

		g_array_append_val(turns, turn);
		g_hash_table_insert(counts, lane, GSIZE_TO_POINTER(before + 1));
	}
	g_array_sort(turns, compare_turns);
	for (guint i = 0; i < turns->len; i++)
		g_ptr_array_add(
		    ordered, g_ptr_array_index(names,
				 g_array_index(turns, struct turn, i).age));
	g_hash_table_unref(counts);
	g_array_unref(turns);
	g_ptr_array_set_free_func(names, NULL);
	g_ptr_array_unref(names);
	return ordered;
}

static void list_names(struct batch_source *source)
{
	gint64 start = g_get_monotonic_time(), end;
	GPtrArray *names = spool_list(source->spool);

	source->news = false;
	if (names == NULL) {
		if (!source->list_failed)
			log_failure(LOG_ERR, EVENT_SPOOL_UNREADABLE,
			    "the folder new can't be listed: %s",
			    g_strerror(errno));
		source->list_failed = true;
		return;
	}
	source->list_failed = false;
	g_ptr_array_unref(source->names);
	source->names = take_turns(names);
	source->next = 0;
	end = g_get_monotonic_time();
	source->list_due = end + MAX(LIST_PAUSE, 20 * (end - start));
}

/* Whether the list is used up, or others' records may have come. */
static bool is_list_old(struct batch_source *source)
{
	if (spool_wait(source->spool, -1, 0))
		source->news = true;
	return source->next >= source->names->len ||
	       (source->news && g_get_monotonic_time() >= source->list_due);
}

/* Reads a record into an item; NULL when it can't be loaded, now or at all. */
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
 * Removes the file of a record that was loaded. If that fails the record stays
 * held: loaded again, it would be counted as received again, over and over.
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

/* Whether a listed name is not to be read now. */
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
	struct batch_item *item = NULL;

	if (source->carry != NULL)
		return g_steal_pointer(&source->carry);
	while (item == NULL && source->next < source->names->len) {
		const char *name =
		    g_ptr_array_index(source->names, source->next++);

		if (!is_passed_over(source, name))
			item = read_record(source, name, config);
	}
	return item;
}

/* A batch of records that are in no batch yet, or NULL. */
static struct batch *gather(
    struct batch_source *source, const struct config *config)
{
	struct batch *batch;
	struct batch_item *item;

	if (g_queue_get_length(&source->returned) >= RETURNED_MAX)
		return NULL;
	if (is_list_old(source))
		list_names(source);
	batch = batch_new();
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
		log_failure(LOG_ERR, EVENT_SPOOL_SYNC_FAILED,
		    "fsync of the folder new: %s; after a crash records may "
		    "be loaded again, which the database recognises",
		    g_strerror(errno));
	batch_free(batch);
}
