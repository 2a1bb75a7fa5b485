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
	g_string_free(item->row, TRUE);
	g_free(item);
}

/* Decodes the bytes by the same code as at intake: a spooled record is trusted
 * no more than a mail. */
static enum decode_result decode_record(const struct record *record,
    const struct limits *limits, struct report **ret_report, char **ret_reason)
{
	size_t length = 0;
	const uint8_t *bytes = g_bytes_get_data(record->bytes, &length);
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

/* Writes the row of a record. NULL, or why there is none (g_free). */
static char *make_row(struct batch_item *item, const struct record *record,
    const struct limits *limits)
{
	struct report *report = NULL;
	char *reason = NULL;

	if (record->kind == RECORD_REJECTION) {
		ingest_row_rejection(item->row, item->name, record);
		return NULL;
	}
	switch (decode_record(record, limits, &report, &reason)) {
	case DECODE_OK:
		break;
	case DECODE_OTHER:
		return g_strdup("the record's bytes are not a report");
	default:
		return reason;
	}
	item->organization_name = g_strdup(report->organization_name);
	item->report_id = g_strdup(report->report_id);
	ingest_row_report(item->row, item->name, record, report);
	report_free(report);
	if (item->row->len <= BATCH_ROW_BYTES)
		return NULL;
	return g_strdup_printf(
	    "its row of %zu bytes is larger than the %zu that fit into "
	    "a jsonb value",
	    (size_t)item->row->len, BATCH_ROW_BYTES);
}

enum spool_result batch_read(struct spool *spool, const char *name,
    const struct limits *limits, struct batch_item **ret_item,
    char **ret_reason)
{
	struct record *record = NULL;
	enum spool_result result = spool_get(spool, name, &record, ret_reason);
	struct batch_item *item;
	char *reason;

	if (result != SPOOL_OK)
		return result;
	item = g_new0(struct batch_item, 1);
	item->name = g_strdup(name);
	item->queue_id = g_strdup(record->queue_id);
	item->row = g_string_new(NULL);
	reason = make_row(item, record, limits);
	record_free(record);
	if (reason != NULL) {
		batch_item_free(item);
		*ret_reason = reason;
		return SPOOL_DAMAGED;
	}
	*ret_item = item;
	return SPOOL_OK;
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

	g_string_append_c(text, '[');
	for (guint i = 0; i < batch->items->len; i++) {
		const struct batch_item *item =
		    g_ptr_array_index(batch->items, i);

		if (i > 0)
			g_string_append_c(text, ',');
		g_string_append_len(
		    text, item->row->str, (gssize)item->row->len);
	}
	g_string_append_c(text, ']');
	return g_string_free(text, FALSE);
}

struct batch *batch_split(struct batch *batch)
{
	struct batch *second = batch_new();
	guint middle = (batch->items->len + 1) / 2;

	while (batch->items->len > middle) {
		struct batch_item *item =
		    g_ptr_array_steal_index(batch->items, middle);

		batch->bytes -= item->row->len + 1;
		append_item(second, item);
	}
	return second;
}
