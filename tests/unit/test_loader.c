/* SPDX-License-Identifier: MIT */
/* What can be said of the loader without a database; the rest is in tests/e2e.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <unistd.h>

#include "load/loader.h"
#include "tree.h"

struct fixture {
	char *directory;
	struct spool *spool;
	struct config *config;
	struct loader *loader;
};

static int set_up(void **state)
{
	struct fixture *f = g_new0(struct fixture, 1);
	char *error = NULL;

	f->directory = g_dir_make_tmp("tlsrpt-XXXXXX", NULL);
	f->spool = spool_open(f->directory, UINT64_C(1) << 20, &error);
	assert_non_null(f->spool);
	f->config = config_default();
	f->loader = loader_new(f->config, f->spool, -1);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	loader_free(f->loader);
	config_unref(f->config);
	spool_close(f->spool);
	tree_remove(f->directory);
	g_free(f->directory);
	g_free(f);
	return 0;
}

/* A loader counts as stuck by the time since its last step, the first being
 * that it was made. */
static void test_stuck(void **state)
{
	const struct fixture *f = *state;

	assert_false(loader_is_stuck(f->loader, 60));
	usleep(2000);
	assert_true(loader_is_stuck(f->loader, 0));
	assert_false(loader_is_stuck(f->loader, 60));
}

/* With nothing to load a drain is a step and asks for no database. */
static void test_drain_of_nothing(void **state)
{
	const struct fixture *f = *state;

	usleep(1100 * 1000);
	assert_true(loader_is_stuck(f->loader, 1));
	assert_int_equal(loader_run(f->loader, true), 0);
	assert_false(loader_is_stuck(f->loader, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_stuck, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		test_drain_of_nothing, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
