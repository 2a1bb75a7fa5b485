/* SPDX-License-Identifier: MIT */
/*
 * db: a connection to PostgreSQL by libpq, and queries over it.
 *
 * Knows how to connect and how rows are fetched. Leaves the meaning of an
 * SQLSTATE to sqlstate.c, the schema's version to migrate.c, storing reports to
 * ingest.c, and to the callers what to ask and when to try again. One thread a
 * connection.
 *
 * On failure *ret_error is a sentence (g_free) without the password, and other
 * out-parameters are untouched.
 */
#ifndef DB_DB_H
#define DB_DB_H

#include <stdbool.h>

/* What a failure means for the caller. */
enum db_result {
	DB_OK,
	DB_RETRY,   /* passing: connection, resources, serialization */
	DB_WAIT,    /* passing, and nothing in the batch can be the cause:
		     * read-only, shutting down, locked by somebody, no answer
		     */
	DB_REFUSED, /* content was refused: of the batch, of a value */
	DB_OPERATOR /* somebody must act: schema, permission, password */
};

struct db;

/* Rows of text. */
struct db_rows;

/*
 * Connects. Keepalives, a connect timeout of 10 s an address and a statement
 * timeout of five minutes are set unless conninfo, its service, the environment
 * or the role has its own. primary: connects to the one of several hosts that
 * is read-write, unless target_session_attrs says otherwise. A host that lets
 * us in and then says nothing is passed over when there are others.
 *
 * An answer that takes some seconds longer than the statement timeout does not
 * come any more: then queries fail with DB_WAIT.
 */
enum db_result db_connect(
    const char *conninfo, bool primary, struct db **ret_db, char **ret_error);
/* Takes NULL. Never waits for the server. */
void db_free(struct db *db);

/* From now on an answer may take any time. For statements that lift the
 * statement timeout. */
void db_wait_forever(struct db *db);

/* The server's process that serves this connection. */
int db_process(const struct db *db);

/* Whether an idle connection still stands, as far as can be told without
 * asking the server. */
bool db_alive(struct db *db);

/* Runs one query with count text parameters (NULL for SQL's NULL) and fetches
 * all its rows (db_rows_free). */
enum db_result db_query(struct db *db, const char *sql,
    const char *const *values, int count, struct db_rows **ret_rows,
    char **ret_error);
/* Runs several statements; the first that fails ends it. */
enum db_result db_script(struct db *db, const char *sql, char **ret_error);

/*
 * A query in two halves: db_send() returns without waiting, db_receive() waits
 * for the rows (db_rows_free) and until the server has committed. After a
 * failure the connection is to be freed.
 */
enum db_result db_send(struct db *db, const char *sql,
    const char *const *values, int count, char **ret_error);
enum db_result db_receive(
    struct db *db, struct db_rows **ret_rows, char **ret_error);

/* Waits for so many seconds at most. Whether db_receive() would return without
 * waiting any longer. */
bool db_wait(struct db *db, unsigned int seconds);

/* Takes NULL. */
void db_rows_free(struct db_rows *rows);
int db_rows_count(const struct db_rows *rows);
/* A field as text, or NULL for SQL's NULL or an unknown column name; belongs to
 * the rows. */
const char *db_rows_get(
    const struct db_rows *rows, int row, const char *column);

#endif
