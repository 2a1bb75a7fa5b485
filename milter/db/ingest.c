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

enum db_result db_ingest_finish(
    struct db *db, GHashTable **ret_outcomes, char **ret_error)
{
	struct db_rows *rows = NULL;
	GHashTable *outcomes;
	enum db_result result = db_receive(db, &rows, ret_error);

	if (result != DB_OK)
		return result;
	outcomes =
	    g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	for (int i = 0; i < db_rows_count(rows); i++) {
		const char *record = db_rows_get(rows, i, "record");

		if (record != NULL)
			g_hash_table_insert(outcomes, g_strdup(record),
			    g_strdup(db_rows_get(rows, i, "outcome")));
	}
	db_rows_free(rows);
	*ret_outcomes = outcomes;
	return DB_OK;
}
