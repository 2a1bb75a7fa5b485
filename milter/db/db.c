/* SPDX-License-Identifier: MIT */
/*
 * A connection is used until the first failure and then given up: what state it
 * is in after one is not worth knowing, and connecting anew takes milliseconds.
 *
 * Messages of the server may quote a report, and those of libpq a host; neither
 * contains the password. What PQconninfoParse() says can, so it is not shown.
 *
 * Once connected, libpq never waits in its own functions, which know no
 * deadline: a query is sent and received by poll(2).
 */
#include "db/db.h"

#include <glib.h>
#include <libpq-fe.h>
#include <poll.h>
#include <string.h>

#include "db_embedded.h"
#include "parameters.h"
#include "sqlstate.h"

/* A refusal comes at once; after a failure that took longer, a second attempt
 * would not tell what it was. */
#define QUICK_ANSWER (2 * G_USEC_PER_SEC)

/* How long an answer may take beyond the statement timeout, by which the server
 * itself ends a query: the way there and back, and the commit. */
#define GRACE_SECONDS 5
/* How long the first answer may take. */
#define FIRST_SECONDS 10

struct db {
	PGconn *connection;
	int64_t patience; /* seconds that an answer may take; 0: any */
	int64_t deadline; /* of the query in flight; 0: none */
};

struct db_rows {
	PGresult *result;
};

/* Connecting. */

/*
 * libpq does not tell the SQLSTATE of a refused connection. A server that
 * accepts connections, but not ours, wants another password, role, database or
 * pg_hba.conf.
 */
static enum db_result judge_refusal(const PGconn *connection,
    const struct parameters *parameters, int64_t started)
{
	PGPing answer;

	if (PQconnectionNeedsPassword(connection))
		return DB_OPERATOR;
	if (g_get_monotonic_time() - started > QUICK_ANSWER)
		return DB_RETRY;
	answer = PQpingParams(
	    parameters_keywords(parameters), parameters_values(parameters), 0);
	return answer == PQPING_OK || answer == PQPING_NO_ATTEMPT ? DB_OPERATOR
								  : DB_RETRY;
}

static void ignore_notice(void *data, const char *message)
{
	(void)data;
	(void)message;
}

static enum db_result open_connection(
    const struct parameters *parameters, struct db **ret_db, char **ret_error)
{
	int64_t started = g_get_monotonic_time();
	PGconn *connection = PQconnectdbParams(
	    parameters_keywords(parameters), parameters_values(parameters), 0);
	enum db_result result;

	if (connection == NULL) {
		*ret_error = g_strdup("libpq is out of memory");
		return DB_RETRY;
	}
	if (PQstatus(connection) != CONNECTION_OK) {
		result = judge_refusal(connection, parameters, started);
		*ret_error = sqlstate_join_lines(PQerrorMessage(connection));
		PQfinish(connection);
		return result;
	}
	PQsetNoticeProcessor(connection, ignore_notice, NULL);
	(void)PQsetnonblocking(connection, 1);
	*ret_db = g_new0(struct db, 1);
	(*ret_db)->connection = connection;
	(*ret_db)->patience = FIRST_SECONDS;
	return DB_OK;
}

/* Limits how long a statement may take, in the server and from here. */
static enum db_result limit_statements(struct db *db, char **ret_error)
{
	struct db_rows *rows = NULL;
	enum db_result result =
	    db_query(db, sql_limit_statements, NULL, 0, &rows, ret_error);

	if (result == DB_OK)
		db->patience =
		    GRACE_SECONDS +
		    g_ascii_strtoll(db_rows_get(rows, 0, "seconds"), NULL, 10);
	db_rows_free(rows);
	return result;
}

enum db_result db_connect(
    const char *conninfo, bool primary, struct db **ret_db, char **ret_error)
{
	struct parameters parameters = {0};
	enum db_result result;
	char *error = NULL;
	unsigned int host = 0;

	do {
		struct db *db = NULL;

		g_clear_pointer(&error, g_free);
		if (!parameters_make(conninfo, primary, host, &parameters)) {
			*ret_error = g_strdup("database.conninfo is not a "
					      "connection string of libpq");
			return DB_OPERATOR;
		}
		result = open_connection(&parameters, &db, &error);
		if (result == DB_OK)
			result = limit_statements(db, &error);
		if (result == DB_OK)
			*ret_db = db;
		else
			db_free(db);
		parameters_free(&parameters);
	} while (result == DB_WAIT && ++host < parameters.hosts);
	if (result != DB_OK)
		*ret_error = error;
	return result;
}

void db_free(struct db *db)
{
	if (db == NULL)
		return;
	PQfinish(db->connection);
	g_free(db);
}

void db_wait_forever(struct db *db)
{
	db->patience = 0;
}

int db_process(const struct db *db)
{
	return PQbackendPID(db->connection);
}

bool db_alive(struct db *db)
{
	/* When a server shuts down, the first call may read its message, and
	 * only the second finds the end behind it. */
	for (int i = 0; i < 2; i++)
		if (PQconsumeInput(db->connection) == 0)
			return false;
	return PQstatus(db->connection) == CONNECTION_OK;
}

/* Queries. */

static char *describe_failure(const PGconn *connection, const PGresult *answer)
{
	const char *sqlstate = PQresultErrorField(answer, PG_DIAG_SQLSTATE);
	const char *primary =
	    PQresultErrorField(answer, PG_DIAG_MESSAGE_PRIMARY);

	if (primary == NULL || sqlstate == NULL)
		return sqlstate_join_lines(PQerrorMessage(connection));
	return sqlstate_describe(sqlstate, primary,
	    PQresultErrorField(answer, PG_DIAG_MESSAGE_DETAIL));
}

/* Owns the answer from here on: it becomes *ret_rows or is freed. */
static enum db_result judge_answer(struct db *db, PGresult *answer,
    struct db_rows **ret_rows, char **ret_error)
{
	ExecStatusType status = PQresultStatus(answer);
	enum db_result result;

	if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) {
		*ret_rows = g_new0(struct db_rows, 1);
		(*ret_rows)->result = answer;
		return DB_OK;
	}
	result = sqlstate_judge(PQresultErrorField(answer, PG_DIAG_SQLSTATE));
	*ret_error = describe_failure(db->connection, answer);
	PQclear(answer);
	return result;
}

/* Waits until the connection can be read, or written if that is wanted. False
 * when the time (0: none) has come before. */
static bool wait_socket(const struct db *db, bool writing, int64_t until)
{
	struct pollfd ready = {.fd = PQsocket(db->connection),
	    .events = writing ? POLLIN | POLLOUT : POLLIN};
	int64_t left = -1;

	do {
		if (until > 0) {
			left = until - g_get_monotonic_time();
			if (left <= 0)
				return false;
			left = MIN(left / 1000 + 1, G_MAXINT);
		}
	} while (poll(&ready, 1, (int)left) <= 0);
	return true;
}

/* Sends what is left of a query, unless the connection has failed. False when
 * the time has come before. */
static bool wait_sent(const struct db *db, int64_t until)
{
	while (PQflush(db->connection) > 0) {
		if (!wait_socket(db, true, until))
			return false;
		/* A server that has something to say first waits to be heard.
		 */
		if (PQconsumeInput(db->connection) == 0)
			break;
	}
	return true;
}

/* Reads until a part of the answer, or a failure, is there for PQgetResult().
 * False when the time has come before. */
static bool wait_answer(const struct db *db, int64_t until)
{
	if (!wait_sent(db, until))
		return false;
	while (PQconsumeInput(db->connection) != 0 &&
	       PQisBusy(db->connection) != 0)
		if (!wait_socket(db, false, until))
			return false;
	return true;
}

/* Sets the deadline of a query that libpq has taken, or says why it has not. */
static enum db_result begin(struct db *db, int taken, char **ret_error)
{
	db->deadline = db->patience == 0 ? 0
					 : g_get_monotonic_time() +
					       db->patience * G_USEC_PER_SEC;
	if (taken == 1)
		return DB_OK;
	*ret_error = sqlstate_join_lines(PQerrorMessage(db->connection));
	return DB_RETRY;
}

static char *describe_silence(const struct db *db)
{
	return g_strdup_printf(
	    "PostgreSQL has not answered within %d s", (int)db->patience);
}

/* Receives all results of what was sent: the rows of the last one, or the first
 * failure. */
static enum db_result receive_all(
    struct db *db, struct db_rows **ret_rows, char **ret_error)
{
	enum db_result result = DB_OK;
	struct db_rows *rows = NULL;

	for (;;) {
		PGresult *answer;

		if (!wait_answer(db, db->deadline)) {
			db_rows_free(rows);
			g_free(result == DB_OK ? NULL : *ret_error);
			*ret_error = describe_silence(db);
			return DB_WAIT;
		}
		answer = PQgetResult(db->connection);
		if (answer == NULL)
			break;
		if (result == DB_OK) {
			g_clear_pointer(&rows, db_rows_free);
			result = judge_answer(db, answer, &rows, ret_error);
		} else {
			PQclear(answer);
		}
	}
	if (result == DB_OK && rows == NULL) {
		*ret_error = g_strdup("the connection broke");
		result = DB_RETRY;
	}
	if (result == DB_OK)
		*ret_rows = rows;
	else
		db_rows_free(rows);
	return result;
}

enum db_result db_query(struct db *db, const char *sql,
    const char *const *values, int count, struct db_rows **ret_rows,
    char **ret_error)
{
	enum db_result result = db_send(db, sql, values, count, ret_error);

	return result == DB_OK ? receive_all(db, ret_rows, ret_error) : result;
}

enum db_result db_script(struct db *db, const char *sql, char **ret_error)
{
	struct db_rows *rows = NULL;
	enum db_result result =
	    begin(db, PQsendQuery(db->connection, sql), ret_error);

	if (result == DB_OK)
		result = receive_all(db, &rows, ret_error);
	db_rows_free(rows);
	return result;
}

enum db_result db_send(struct db *db, const char *sql,
    const char *const *values, int count, char **ret_error)
{
	enum db_result result = begin(db,
	    PQsendQueryParams(
		db->connection, sql, count, NULL, values, NULL, NULL, 0),
	    ret_error);

	/* All of it, so that the server works while the caller does. */
	if (result == DB_OK && !wait_sent(db, db->deadline)) {
		*ret_error = describe_silence(db);
		result = DB_WAIT;
	}
	return result;
}

bool db_wait(struct db *db, unsigned int seconds)
{
	int64_t until = g_get_monotonic_time() + seconds * G_USEC_PER_SEC;
	bool last = db->deadline > 0 && db->deadline <= until;

	return wait_answer(db, last ? db->deadline : until) || last;
}

/*
 * The rows come before the commit: in the extended protocol the transaction
 * ends with Sync, after the last row and the command's completion. So a failure
 * behind the rows counts, and only a connection that is idle again has
 * committed.
 */
enum db_result db_receive(
    struct db *db, struct db_rows **ret_rows, char **ret_error)
{
	struct db_rows *rows = NULL;
	enum db_result result = receive_all(db, &rows, ret_error);

	if (result != DB_OK)
		return result;
	if (PQtransactionStatus(db->connection) == PQTRANS_IDLE) {
		*ret_rows = rows;
		return DB_OK;
	}
	db_rows_free(rows);
	*ret_error =
	    g_strdup("the connection broke before the commit was confirmed");
	return DB_RETRY;
}

void db_rows_free(struct db_rows *rows)
{
	if (rows == NULL)
		return;
	PQclear(rows->result);
	g_free(rows);
}

int db_rows_count(const struct db_rows *rows)
{
	return PQntuples(rows->result);
}

const char *db_rows_get(const struct db_rows *rows, int row, const char *column)
{
	int field = PQfnumber(rows->result, column);

	if (field < 0 || row < 0 || row >= PQntuples(rows->result) ||
	    PQgetisnull(rows->result, row, field))
		return NULL;
	return PQgetvalue(rows->result, row, field);
}
