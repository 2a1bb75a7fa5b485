/* SPDX-License-Identifier: MIT */
/*
 * store_pg: PostgreSQL by libpq.
 *
 * Knows connections, the schema's version and migrations, the call of
 * tlsrpt.ingest, and what an SQLSTATE means for a batch. Leaves to loader.c
 * when to try again, and to summary.c what to ask. One thread a connection.
 */
#ifndef DB_DB_H
#define DB_DB_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

/* What a failure means for whoever called. */
enum db_result {
	DB_OK,
	DB_RETRY,   /* passing: connection, resources, serialization */
	DB_WAIT,    /* passing, and nothing in the batch can be the cause:
			  read-only, shutting down, locked by somebody */
	DB_POISON,  /* content was refused: of the batch, of a value */
	DB_OPERATOR /* somebody must act: schema, permission, password */
};

struct db;

/* One outcome of tlsrpt.ingest. */
struct db_outcome {
	char *record;
	char *outcome; /* stored, duplicate, replaced, conflict, rejected */
};

/*
 * Connects. Keepalives, a connect timeout of 10 s an address and a statement
 * timeout of five minutes are set unless conninfo, its service, the environment
 * or the role has its own. On failure *ret_error is a sentence (g_free) without
 * the password.
 */
enum db_result db_connect(
    const char *conninfo, struct db **ret_store, char **ret_error);
/* The same for one that writes: of several hosts the one that is read-write,
 * unless target_session_attrs says otherwise. */
enum db_result db_connect_primary(
    const char *conninfo, struct db **ret_store, char **ret_error);
void db_free(struct db *store);

/* Whether an idle connection still stands, as far as can be told without
 * asking the server. */
bool db_alive(struct db *store);

/* migrate.c: the schema version that this program needs. */
int db_schema_version(void);

/* Checks that the database has exactly the version needed: DB_OK, or
 * DB_OPERATOR with a sentence that says what to do. *ret_version (may be
 * NULL) is what was found, 0 for none, written in both cases. */
enum db_result db_check_schema(
    struct db *store, int *ret_version, char **ret_error);

/* Applies the migrations that are missing, each in one transaction, under an
 * advisory lock that is held until db_free(). *ret_applied is their number;
 * on failure those before the one that failed stay applied. */
enum db_result db_migrate(struct db *store, int *ret_applied, char **ret_error);

/*
 * Sends a batch (a JSON array) and returns without waiting; then
 * db_ingest_finish() waits for the answer: *ret_outcomes is an array of
 * struct db_outcome * (g_ptr_array_unref). After any failure the connection
 * is to be freed.
 */
enum db_result db_ingest_send(
    struct db *store, const char *batch, char **ret_error);
enum db_result db_ingest_finish(
    struct db *store, GPtrArray **ret_outcomes, char **ret_error);

/* A result of rows as text. */
struct db_rows;

/*
 * Runs one query with text parameters (NULL allowed) and fetches all rows.
 */
enum db_result db_query(struct db *store, const char *sql,
    const char *const *values, int count, struct db_rows **ret_rows,
    char **ret_error);
/* Runs several statements; the first that fails ends it. */
enum db_result db_script(struct db *store, const char *sql, char **ret_error);

void db_rows_free(struct db_rows *rows);
int db_rows_count(const struct db_rows *rows);
/* A field as text, or NULL for SQL's NULL or an unknown column name; belongs to
 * the rows. */
const char *db_rows_get(
    const struct db_rows *rows, int row, const char *column);

#endif
