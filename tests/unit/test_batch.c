/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <jansson.h>
#include <string.h>

#include "document/decode.h"
#include "document/json_tree.h"
#include "load/batch.h"
#include "tree.h"

#define QUOTA ((uint64_t)64 << 20)

struct place {
	char *folder;
	struct spool *spool;
	struct config *config;
};

static int set_up(void **state)
{
	struct place *place = g_new0(struct place, 1);
	char *error = NULL;

	place->folder = g_dir_make_tmp("batch-XXXXXX", NULL);
	assert_non_null(place->folder);
	place->spool = spool_open(place->folder, QUOTA, &error);
	assert_non_null(place->spool);
	place->config = config_default();
	*state = place;
	return 0;
}

static int tear_down(void **state)
{
	struct place *place = *state;
	GPtrArray *names = spool_list(place->spool);

	for (guint i = 0; i < names->len; i++)
		assert_int_equal(
		    spool_remove(place->spool, names->pdata[i]), SPOOL_OK);
	g_ptr_array_unref(names);
	spool_close(place->spool);
	tree_remove(place->folder);
	config_unref(place->config);
	g_free(place->folder);
	g_free(place);
	return 0;
}

/* Spools a record; text is NULL for a rejection. Its name (g_free). */
static char *put_record(const struct place *place, const char *text)
{
	struct record *record = record_new();
	char *name = NULL;

	record->received_at = INT64_C(1720000000) * G_USEC_PER_SEC;
	record->queue_id = g_strdup("4XyZ12");
	record->media_type = g_strdup("application/tlsrpt+json");
	if (text == NULL) {
		record->kind = RECORD_REJECTION;
		record->detail = g_strdup("RFC 8259: byte 1, line 1: no");
	} else {
		record_set_bytes(record, text, strlen(text));
	}
	assert_int_equal(spool_put(place->spool, record, &name), SPOOL_OK);
	record_free(record);
	return name;
}

static void assert_row(const struct batch_item *item, const char *start)
{
	struct json_tree_info info;
	json_t *tree =
	    json_tree_load(item->row->str, item->row->len, &info, NULL);

	assert_non_null(tree);
	assert_int_equal(info.end, item->row->len);
	json_decref(tree);
	assert_true(g_str_has_prefix(item->row->str, start));
}

static void test_read_report(void **state)
{
	const struct place *place = *state;
	struct batch_item *item = NULL;
	char *text, *name, *reason = NULL;

	assert_true(g_file_get_contents(
	    FIXTURES "/documents/complete.json", &text, NULL, NULL));
	name = put_record(place, text);
	assert_int_equal(batch_read(place->spool, name, &place->config->limits,
			     &item, &reason),
	    SPOOL_OK);
	assert_null(reason);
	assert_string_equal(item->name, name);
	assert_string_equal(item->queue_id, "4XyZ12");
	assert_string_equal(item->organization_name, "Example Sender");
	assert_string_equal(
	    item->report_id, "2024-06-01T00:00:00Z_example.com");
	assert_false(item->keep);
	assert_row(item, "{\"kind\":\"report\"");
	batch_item_free(item);
	g_free(name);
	g_free(text);
}

static void test_read_rejection(void **state)
{
	const struct place *place = *state;
	char *name = put_record(place, NULL);
	struct batch_item *item = NULL;
	char *reason = NULL;

	assert_int_equal(batch_read(place->spool, name, &place->config->limits,
			     &item, &reason),
	    SPOOL_OK);
	assert_null(item->report_id);
	assert_row(item, "{\"kind\":\"rejection\"");
	batch_item_free(item);
	g_free(name);
}

/* What was valid at intake may not be by now: by a newer program, or by other
 * limits. */
static void test_read_damaged(void **state)
{
	static const char *const cases[][2] = {
	    {"{", "RFC 8259: "},
	    {"{\"policies\":[]}",
		"RFC 8460 section 4.4: date-range.start-datetime: is missing"},
	    {"[]", "RFC 8460 section 4.4: the document is an array "},
	};
	const struct place *place = *state;

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		char *name = put_record(place, cases[i][0]);
		struct batch_item *item = NULL;
		char *reason = NULL;

		assert_int_equal(batch_read(place->spool, name,
				     &place->config->limits, &item, &reason),
		    SPOOL_DAMAGED);
		assert_null(item);
		if (!g_str_has_prefix(reason, cases[i][1]))
			fail_msg(
			    "\"%s\" instead of \"%s\"", reason, cases[i][1]);
		g_free(reason);
		g_free(name);
	}
}

static void test_read_gone(void **state)
{
	const struct place *place = *state;
	struct batch_item *item = NULL;
	char *reason = NULL;

	assert_int_equal(batch_read(place->spool, "gone",
			     &place->config->limits, &item, &reason),
	    SPOOL_GONE);
	assert_null(item);
	assert_null(reason);
}

/* An item with a row of that length, a JSON string. */
static struct batch_item *make_item(size_t length)
{
	struct batch_item *item = g_new0(struct batch_item, 1);

	assert_true(length >= 2);
	item->row = g_string_sized_new(length);
	g_string_set_size(item->row, length);
	memset(item->row->str, 'x', length);
	item->row->str[0] = item->row->str[length - 1] = '"';
	return item;
}

static void assert_json(const struct batch *batch, const char *wanted)
{
	char *text = batch_json(batch);

	assert_string_equal(text, wanted);
	g_free(text);
}

static void test_count_bound(void **state)
{
	struct batch *batch = batch_new();
	struct batch_item *item;

	(void)state;
	assert_json(batch, "[]");
	for (size_t i = 0; i < 3; i++)
		assert_true(batch_add(batch, make_item(2 + i), 3));
	item = make_item(2);
	assert_false(batch_add(batch, item, 3));
	assert_json(batch, "[\"\",\"x\",\"xx\"]");
	assert_true(batch_add(batch, item, 4));
	batch_free(batch);
	batch_free(NULL);
	batch_item_free(NULL);
}

/* The text is never longer than BATCH_BYTES and its brackets, unless it is of
 * one record. */
static void test_size_bound(void **state)
{
	struct batch *batch = batch_new();
	struct batch_item *item = make_item(BATCH_BYTES / 2);
	char *text;

	(void)state;
	assert_true(batch_add(batch, make_item(BATCH_BYTES / 2 - 1), 100));
	assert_false(batch_add(batch, item, 100));
	g_string_truncate(item->row, item->row->len - 1);
	assert_true(batch_add(batch, item, 100));
	text = batch_json(batch);
	assert_true(strlen(text) <= BATCH_BYTES + 2);
	g_free(text);
	batch_free(batch);

	batch = batch_new();
	assert_true(batch_add(batch, make_item(BATCH_BYTES + 10), 100));
	item = make_item(2);
	assert_false(batch_add(batch, item, 100));
	batch_item_free(item);
	batch_free(batch);
}

static size_t sum_bytes(const struct batch *batch)
{
	size_t sum = 0;

	for (guint i = 0; i < batch->items->len; i++) {
		const struct batch_item *item =
		    g_ptr_array_index(batch->items, i);

		sum += item->row->len + 1;
	}
	return sum;
}

/* Split until each item is alone: none is lost, and their order stays. */
static void test_split(void **state)
{
	struct batch *batch = batch_new();
	struct batch *second, *third;

	(void)state;
	for (size_t i = 0; i < 5; i++)
		assert_true(batch_add(batch, make_item(2 + i), 10));
	second = batch_split(batch);
	assert_json(batch, "[\"\",\"x\",\"xx\"]");
	assert_json(second, "[\"xxx\",\"xxxx\"]");
	assert_int_equal(batch->bytes, sum_bytes(batch));
	assert_int_equal(second->bytes, sum_bytes(second));
	third = batch_split(second);
	assert_json(second, "[\"xxx\"]");
	assert_json(third, "[\"xxxx\"]");
	batch_free(batch);
	batch_free(second);
	batch = batch_split(third);
	assert_json(third, "[\"xxxx\"]");
	assert_json(batch, "[]");
	batch_free(third);
	batch_free(batch);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(test_read_report),
	    CASE(test_read_rejection),
	    CASE(test_read_damaged),
	    CASE(test_read_gone),
	    cmocka_unit_test(test_count_bound),
	    cmocka_unit_test(test_size_bound),
	    cmocka_unit_test(test_split),
	};

	decode_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
