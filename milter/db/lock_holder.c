/* SPDX-License-Identifier: MIT */
/*
 * Everybody may call pg_blocking_pids(), and see a session's process, role and
 * application. Behind a connection pool the process is not known, and nobody is
 * found.
 */
#include "db/lock_holder.h"

#include <glib.h>

#include "db_embedded.h"

enum db_result db_lock_holder(const struct db *db, const char *conninfo,
    char **ret_holders, char **ret_error)
{
	char *process = g_strdup_printf("%d", db_process(db));
	const char *values[] = {process};
	struct db_rows *rows = NULL;
	struct db *second = NULL;
	enum db_result result = db_connect(conninfo, true, &second, ret_error);

	if (result == DB_OK)
		result = db_query(
		    second, sql_lock_holders, values, 1, &rows, ret_error);
	if (result == DB_OK)
		*ret_holders = g_strdup(db_rows_get(rows, 0, "holders"));
	db_rows_free(rows);
	db_free(second);
	g_free(process);
	return result;
}
