/* SPDX-License-Identifier: MIT */
/*
 * store_pg: PostgreSQL by libpq.
 *
 * Knows connections, the schema's version and migrations, the call of
 * tlsrpt.ingest, and what an SQLSTATE means for a batch. Leaves to loader.c
 * when to try again, and to summary.c what to ask. One thread a connection.
 */
#ifndef STORE_PG_H
#define STORE_PG_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

/* What a failure means for whoever called. */
enum store_result {
	STORE_OK,
	STORE_RETRY,   /* passing: connection, resources, serialization */
	STORE_WAIT,    /* passing, and nothing in the batch can be the cause:
			  read-only, shutting down, locked by somebody */
	STORE_POISON,  /* content was refused: of the batch, of a value */
	STORE_OPERATOR /* somebody must act: schema, permission, password */
};

struct store;

/* One outcome of tlsrpt.ingest. */
struct store_outcome {
	char *record;
	char *outcome; /* stored, duplicate, replaced, conflict, rejected */
};

/*
 * Connects. Keepalives, a connect timeout of 10 s an address and a statement
 * timeout of five minutes are set unless conninfo, its service, the environment
 * or the role has its own. On failure *ret_error is a sentence (g_free) without
 * the password.
 */
enum store_result store_connect(
    const char *conninfo, struct store **ret_store, char **ret_error);
/* The same for one that writes: of several hosts the one that is read-write,
 * unless target_session_attrs says otherwise. */
enum store_result store_connect_primary(
    const char *conninfo, struct store **ret_store, char **ret_error);
void store_free(struct store *store);

/* Whether an idle connection still stands, as far as can be told without
 * asking the server. */
bool store_alive(struct store *store);

/* store_schema.c: the schema version that this program needs. */
int store_schema_version(void);

/* Checks that the database has exactly the version needed: STORE_OK, or
 * STORE_OPERATOR with a sentence that says what to do. *ret_version (may be
 * NULL) is what was found, 0 for none, written in both cases. */
enum store_result store_check_schema(
    struct store *store, int *ret_version, char **ret_error);

/* Applies the migrations that are missing, each in one transaction, under an
 * advisory lock that is held until store_free(). *ret_applied is their number;
 * on failure those before the one that failed stay applied. */
enum store_result store_migrate(
    struct store *store, int *ret_applied, char **ret_error);

/*
 * Sends a batch (a JSON array) and returns without waiting; then
 * store_ingest_finish() waits for the answer: *ret_outcomes is an array of
 * struct store_outcome * (g_ptr_array_unref). After any failure the connection
 * is to be freed.
 */
enum store_result store_ingest_send(
    struct store *store, const char *batch, char **ret_error);
enum store_result store_ingest_finish(
    struct store *store, GPtrArray **ret_outcomes, char **ret_error);

/* A result of rows as text. */
struct store_rows;

/*
 * Runs one query with text parameters (NULL allowed) and fetches all rows.
 */
enum store_result store_query(struct store *store, const char *sql,
    const char *const *values, int count, struct store_rows **ret_rows,
    char **ret_error);
/* Runs several statements; the first that fails ends it. */
enum store_result store_script(
    struct store *store, const char *sql, char **ret_error);

void store_rows_free(struct store_rows *rows);
int store_rows_count(const struct store_rows *rows);
/* A field as text, or NULL for SQL's NULL or an unknown column name; belongs to
 * the rows. */
const char *store_rows_get(
    const struct store_rows *rows, int row, const char *column);

#endif
