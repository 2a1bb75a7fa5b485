/* SPDX-License-Identifier: MIT */
/*
 * Each item keeps its own row, so that a batch can be split without reading its
 * records again; the array's text is put together only for sending.
 */
#include "batch.h"

#include "document/decode.h"
#include "ingest_row.h"

void batch_item_free(struct batch_item *item)
{
	if (item == NULL)
		return;
	g_free(item->name);
	g_free(item->queue_id);
	g_free(item->organization_name);
	g_free(item->report_id);
	if (item->row != NULL)
		g_string_free(item->row, TRUE);
	g_free(item);
}

static struct batch_item *make_item(
    const char *name, const struct record *record)
{
	struct batch_item *item = g_new0(struct batch_item, 1);

	item->name = g_strdup(name);
	item->queue_id = g_strdup(record->queue_id);
	item->row = g_string_new(NULL);
	return item;
}

/* Decodes the bytes by the same code as at intake: a spooled record is trusted
 * no more than a mail. */
static enum decode_result decode_record(const struct record *record,
    const struct limits *limits, struct report **ret_report, char **ret_reason)
{
	size_t length = 0;
	const uint8_t *bytes = record->bytes == NULL
				   ? NULL
				   : g_bytes_get_data(record->bytes, &length);
	struct decode_input input = {
	    .bytes = bytes,
	    .length = length,
	    .media_type = record->media_type,
	    .filename = record->filename,
	    .tls_report_domain = record->tls_report_domain,
	    .received_at = record->received_at / G_USEC_PER_SEC,
	};

	return decode_report(&input, limits, ret_report, ret_reason);
}

static enum spool_result make_report_row(const char *name,
    const struct record *record, const struct limits *limits,
    struct batch_item **ret_item, char **ret_reason)
{
	struct report *report = NULL;
	struct batch_item *item;
	char *reason = NULL;
	enum decode_result decoded =
	    decode_record(record, limits, &report, &reason);

	if (decoded != DECODE_OK) {
		*ret_reason =
		    decoded == DECODE_OTHER
			? g_strdup("the record's bytes are not a report")
			: reason;
		return SPOOL_DAMAGED;
	}
	item = make_item(name, record);
	item->organization_name = g_strdup(report->organization_name);
	item->report_id = g_strdup(report->report_id);
	ingest_row_report(item->row, name, record, report);
	report_free(report);
	*ret_item = item;
	return SPOOL_OK;
}

static enum spool_result make_row(const char *name, const struct record *record,
    const struct limits *limits, struct batch_item **ret_item,
    char **ret_reason)
{
	struct batch_item *item = NULL;
	enum spool_result result = SPOOL_OK;

	if (record->kind == RECORD_REJECTION) {
		item = make_item(name, record);
		ingest_row_rejection(item->row, name, record);
	} else {
		result =
		    make_report_row(name, record, limits, &item, ret_reason);
	}
	if (result != SPOOL_OK)
		return result;
	if (item->row->len > BATCH_ROW_BYTES) {
		*ret_reason = g_strdup_printf(
		    "its row of %zu bytes is larger than the %zu that fit into "
		    "a jsonb value",
		    (size_t)item->row->len, BATCH_ROW_BYTES);
		batch_item_free(item);
		return SPOOL_DAMAGED;
	}
	*ret_item = item;
	return SPOOL_OK;
}

enum spool_result batch_read(struct spool *spool, const char *name,
    const struct limits *limits, struct batch_item **ret_item,
    char **ret_reason)
{
	struct record *record = NULL;
	enum spool_result result = spool_get(spool, name, &record, ret_reason);

	if (result != SPOOL_OK)
		return result;
	result = make_row(name, record, limits, ret_item, ret_reason);
	record_free(record);
	return result;
}

static void free_item(gpointer item)
{
	batch_item_free(item);
}

struct batch *batch_new(void)
{
	struct batch *batch = g_new0(struct batch, 1);

	batch->items = g_ptr_array_new_with_free_func(free_item);
	return batch;
}

void batch_free(struct batch *batch)
{
	if (batch == NULL)
		return;
	g_ptr_array_unref(batch->items);
	g_free(batch);
}

static void append_item(struct batch *batch, struct batch_item *item)
{
	g_ptr_array_add(batch->items, item);
	batch->bytes += item->row->len + 1;
}

bool batch_add(
    struct batch *batch, struct batch_item *item, unsigned int max_items)
{
	if (batch->items->len > 0 &&
	    (batch->items->len >= max_items ||
		batch->bytes + item->row->len + 1 > BATCH_BYTES))
		return false;
	append_item(batch, item);
	return true;
}

char *batch_json(const struct batch *batch)
{
	GString *text = g_string_sized_new(batch->bytes + 2);

	for (guint i = 0; i < batch->items->len; i++) {
		const struct batch_item *item =
		    g_ptr_array_index(batch->items, i);

		g_string_append_c(text, i == 0 ? '[' : ',');
		g_string_append_len(
		    text, item->row->str, (gssize)item->row->len);
	}
	if (text->len == 0)
		g_string_append_c(text, '[');
	g_string_append_c(text, ']');
	return g_string_free(text, FALSE);
}

struct batch *batch_split(struct batch *batch)
{
	struct batch *second = batch_new();
	guint middle = (batch->items->len + 1) / 2;

	batch->bytes = 0;
	for (guint i = 0; i < middle; i++) {
		const struct batch_item *item =
		    g_ptr_array_index(batch->items, i);

		batch->bytes += item->row->len + 1;
	}
	for (guint i = middle; i < batch->items->len; i++)
		append_item(second, g_ptr_array_index(batch->items, i));
	/* The second half has moved: the array must not free it. */
	g_ptr_array_set_free_func(batch->items, NULL);
	g_ptr_array_set_size(batch->items, (gint)middle);
	g_ptr_array_set_free_func(batch->items, free_item);
	return second;
}
