/* SPDX-License-Identifier: MIT */
/*
 * One statement in a transaction of its own: either all of a batch is committed
 * or nothing of it.
 */
#include "db/ingest.h"

#include "db_embedded.h"

enum db_result db_ingest_send(
    struct db *db, const char *batch, char **ret_error)
{
	return db_send(db, sql_ingest, &batch, 1, ret_error);
}

static void free_outcome(void *data)
{
	struct db_outcome *outcome = data;

	g_free(outcome->record);
	g_free(outcome->outcome);
	g_free(outcome);
}

enum db_result db_ingest_finish(
    struct db *db, GPtrArray **ret_outcomes, char **ret_error)
{
	struct db_rows *rows = NULL;
	GPtrArray *outcomes;
	enum db_result result = db_receive(db, &rows, ret_error);

	if (result != DB_OK)
		return result;
	outcomes = g_ptr_array_new_with_free_func(free_outcome);
	for (int i = 0; i < db_rows_count(rows); i++) {
		struct db_outcome *outcome = g_new0(struct db_outcome, 1);

		outcome->record = g_strdup(db_rows_get(rows, i, "record"));
		outcome->outcome = g_strdup(db_rows_get(rows, i, "outcome"));
		g_ptr_array_add(outcomes, outcome);
	}
	db_rows_free(rows);
	*ret_outcomes = outcomes;
	return DB_OK;
}
