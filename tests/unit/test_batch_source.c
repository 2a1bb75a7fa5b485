/* SPDX-License-Identifier: MIT */
/* In which order records come, and when others get a turn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glib.h>
#include <string.h>

#include "load/batch_source.h"
#include "tree.h"

struct fixture {
	char *folder;
	struct spool *spool;
	struct config *config;
	struct batch_source *source;
};

static int set_up(void **state)
{
	struct fixture *f = g_new0(struct fixture, 1);
	char *error = NULL;

	f->folder = g_dir_make_tmp("source-XXXXXX", NULL);
	f->spool = spool_open(f->folder, UINT64_C(1) << 26, &error);
	assert_non_null(f->spool);
	f->config = config_default();
	f->source = batch_source_new(f->spool);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	batch_source_free(f->source);
	spool_close(f->spool);
	config_unref(f->config);
	tree_remove(f->folder);
	g_free(f->folder);
	g_free(f);
	return 0;
}

/* Spools rejections, one of each submitter whose letter is named. Each has its
 * letter as queue id. */
static void put(const struct fixture *f, const char *letters)
{
	for (; *letters != '\0'; letters++) {
		struct record *record = record_new();

		record->kind = RECORD_REJECTION;
		record->submitter = g_strdup_printf("%c.example", *letters);
		record->queue_id = g_strndup(letters, 1);
		assert_int_equal(spool_put(f->spool, record, NULL), SPOOL_OK);
		record_free(record);
	}
}

static void expect(const struct batch *batch, const char *letters)
{
	assert_non_null(batch);
	assert_int_equal(batch->items->len, strlen(letters));
	for (guint i = 0; i < batch->items->len; i++) {
		const struct batch_item *item =
		    g_ptr_array_index(batch->items, i);

		assert_int_equal(item->queue_id[0], letters[i]);
	}
}

/* The next batch is of these, in that order, and is loaded. */
static void expect_next(struct fixture *f, const char *letters)
{
	struct batch *batch = batch_source_next(f->source, f->config);

	expect(batch, letters);
	batch_source_done(f->source, batch);
}

static void test_submitters_take_turns(void **state)
{
	struct fixture *f = *state;

	put(f, "aaaaabcb");
	f->config->batch = 3;
	expect_next(f, "abc");
	expect_next(f, "aba");
	expect_next(f, "aa");
	assert_null(batch_source_next(f->source, f->config));
}

static void test_the_oldest_of_a_submitter_comes_first(void **state)
{
	struct fixture *f = *state;
	char *last = NULL;

	put(f, "abababab");
	f->config->batch = 1;
	for (int i = 0; i < 8; i++) {
		struct batch *batch = batch_source_next(f->source, f->config);
		const struct batch_item *item =
		    g_ptr_array_index(batch->items, 0);

		assert_true(last == NULL || strcmp(item->name, last) > 0);
		g_free(last);
		last = g_strdup(item->name);
		batch_source_done(f->source, batch);
	}
	g_free(last);
}

/* A record that comes while a backlog is loaded needs not wait for its end. */
static void test_a_newcomer_overtakes_a_backlog(void **state)
{
	struct fixture *f = *state;
	struct batch *flying;

	put(f, "aaaaaaaaaaaa");
	f->config->batch = 2;
	expect_next(f, "aa");
	flying = batch_source_next(f->source, f->config);
	expect(flying, "aa");
	put(f, "b");
	/* The folder is not listed for each record that comes. */
	expect_next(f, "aa");
	g_usleep(1100 * 1000);
	expect_next(f, "ba");
	batch_source_done(f->source, flying);
	for (int i = 0; i < 2; i++)
		expect_next(f, "aa");
	expect_next(f, "a");
	assert_null(batch_source_next(f->source, f->config));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_submitters_take_turns),
	    TEST(test_the_oldest_of_a_submitter_comes_first),
	    TEST(test_a_newcomer_overtakes_a_backlog),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
