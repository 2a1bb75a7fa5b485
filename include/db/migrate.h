/* SPDX-License-Identifier: MIT */
/*
 * migrate: the schema's version and its migrations, which are the files of
 * schema/ as the build embeds them (db/migrations.h).
 *
 * One thread a connection. On failure *ret_error is a sentence (g_free) that
 * says what to do.
 */
#ifndef DB_MIGRATE_H
#define DB_MIGRATE_H

#include "db/db.h"

/* The schema version that this program needs. */
int db_schema_version(void);

/* Checks that the database has exactly the version needed: DB_OK, or
 * DB_OPERATOR. *ret_version (may be NULL) is what was found, 0 for none,
 * written in both cases. */
enum db_result db_check_schema(
    struct db *db, int *ret_version, char **ret_error);

/* Applies the migrations that are missing, each in one transaction, under an
 * advisory lock that is held until db_free(). *ret_before is the version that
 * the database had; on failure what was applied before stays applied. */
enum db_result db_migrate(struct db *db, int *ret_before, char **ret_error);

#endif
