/* SPDX-License-Identifier: MIT */
/*
 * Forward only: a database that is newer than this program is left alone, since
 * this program does not know what changed in it.
 */
#include "db/migrate.h"

#include <glib.h>
#include <stdlib.h>

#include "db/migrations.h"
#include "db_embedded.h"

#define MIGRATE_HINT "run tlsrpt-loader --migrate as the owner of the database"

int db_schema_version(void)
{
	int version = 0;

	for (const struct migration *m = migrations; m->version != 0; m++)
		version = m->version;
	return version;
}

static enum db_result read_number(
    struct db *db, const char *sql, int *ret_number, char **ret_error)
{
	struct db_rows *rows = NULL;
	const char *text;
	enum db_result result = db_query(db, sql, NULL, 0, &rows, ret_error);

	if (result != DB_OK)
		return result;
	text = db_rows_get(rows, 0, "number");
	*ret_number = text == NULL ? 0 : (int)strtol(text, NULL, 10);
	db_rows_free(rows);
	return DB_OK;
}

/* The version that the database has, 0 when it has none. */
static enum db_result read_version(
    struct db *db, int *ret_version, char **ret_error)
{
	int present = 0;
	enum db_result result =
	    read_number(db, sql_schema_present, &present, ret_error);

	if (result == DB_OK && present == 0)
		*ret_version = 0;
	else if (result == DB_OK)
		result =
		    read_number(db, sql_schema_version, ret_version, ret_error);
	return result;
}

/* NULL when the version is the one needed. */
static char *describe_version(int found, int needed)
{
	if (found == 0)
		return g_strdup(
		    "the database has no schema tlsrpt; " MIGRATE_HINT);
	if (found < needed)
		return g_strdup_printf("the database has schema version %d, "
				       "this program needs %d; " MIGRATE_HINT,
		    found, needed);
	if (found > needed)
		return g_strdup_printf(
		    "the database has schema version %d, newer than the %d "
		    "that this program knows; install the release of "
		    "tlsrpt-milter that made it",
		    found, needed);
	return NULL;
}

enum db_result db_check_schema(
    struct db *db, int *ret_version, char **ret_error)
{
	int found = 0;
	enum db_result result = read_version(db, &found, ret_error);

	if (result != DB_OK)
		return result;
	if (ret_version != NULL)
		*ret_version = found;
	*ret_error = describe_version(found, db_schema_version());
	return *ret_error == NULL ? DB_OK : DB_OPERATOR;
}

static enum db_result apply_migration(
    struct db *db, const struct migration *migration, char **ret_error)
{
	char *note = g_strdup_printf(
	    "insert into tlsrpt.schema_version (version) values (%d)",
	    migration->version);
	char *error = NULL;
	const char *const steps[] = {"begin", migration->sql, note, "commit"};
	enum db_result result = DB_OK;

	for (size_t i = 0; i < G_N_ELEMENTS(steps) && result == DB_OK; i++)
		result = db_script(db, steps[i], &error);
	g_free(note);
	if (result == DB_OK)
		return DB_OK;
	*ret_error =
	    g_strdup_printf("migration %s: %s", migration->name, error);
	g_free(error);
	return result;
}

/* Called under the lock, which the session holds. */
static enum db_result apply_missing(
    struct db *db, int *ret_before, char **ret_error)
{
	int found = 0;
	enum db_result result = read_version(db, &found, ret_error);

	if (result == DB_OK && found > db_schema_version()) {
		*ret_error = describe_version(found, db_schema_version());
		return DB_OPERATOR;
	}
	for (const struct migration *m = migrations;
	     m->version != 0 && result == DB_OK; m++)
		if (m->version > found)
			result = apply_migration(db, m, ret_error);
	*ret_before = found;
	return result;
}

enum db_result db_migrate(struct db *db, int *ret_before, char **ret_error)
{
	enum db_result result;

	db_wait_forever(db);
	result = db_script(db, sql_lock_schema, ret_error);

	if (result == DB_OK)
		result = apply_missing(db, ret_before, ret_error);
	return result;
}
