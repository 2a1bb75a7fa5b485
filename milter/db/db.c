/* SPDX-License-Identifier: MIT */
/*
 * A connection is used until the first failure and then given up: what state it
 * is in after one is not worth knowing, and connecting anew takes milliseconds.
 *
 * Messages of the server may quote a report, and those of libpq a host; neither
 * contains the password. What PQconninfoParse() says can, so it is not shown.
 */
#include "db/db.h"

#include <errno.h>
#include <glib.h>
#include <libpq-fe.h>
#include <string.h>

#include "db_embedded.h"
#include "sqlstate.h"

/* A refusal comes at once; after a failure that took longer, a second attempt
 * would not tell what it was. */
#define QUICK_ANSWER (2 * G_USEC_PER_SEC)

struct db {
	PGconn *connection;
};

struct db_rows {
	PGresult *result;
};

/* The keywords and values of PQconnectdbParams(), which belong to others. */
struct parameters {
	GPtrArray *keywords;
	GPtrArray *values;
};

/* Used unless the connection string, its service or the environment say
 * otherwise: a peer that vanished is noticed within about a minute. */
static const struct {
	const char *keyword;
	const char *value;
} defaults[] = {
    {"connect_timeout", "10"},
    {"keepalives", "1"},
    {"keepalives_idle", "30"},
    {"keepalives_interval", "10"},
    {"keepalives_count", "3"},
    {"tcp_user_timeout", "10000"},
};

/* Connecting. */

static const char *find_option(
    const PQconninfoOption *options, const char *keyword)
{
	for (; options != NULL && options->keyword != NULL; options++)
		if (strcmp(options->keyword, keyword) == 0)
			return options->val;
	return NULL;
}

static void add_parameter(
    struct parameters *parameters, const char *keyword, const char *value)
{
	g_ptr_array_add(parameters->keywords, (char *)keyword);
	g_ptr_array_add(parameters->values, (char *)value);
}

static void free_parameters(struct parameters *parameters)
{
	g_ptr_array_unref(parameters->keywords);
	g_ptr_array_unref(parameters->values);
}

static const char *const *words(const GPtrArray *array)
{
	return (const char *const *)array->pdata;
}

static struct parameters copy_parameters(const PQconninfoOption *own)
{
	struct parameters copy = {
	    g_ptr_array_new_null_terminated(0, NULL, true),
	    g_ptr_array_new_null_terminated(0, NULL, true)};

	for (const PQconninfoOption *o = own; o->keyword != NULL; o++)
		if (o->val != NULL)
			add_parameter(&copy, o->keyword, o->val);
	return copy;
}

/*
 * What libpq makes of a connection string with its service and the environment.
 * Only PQconninfo() of a connection tells that; PQconndefaults() would need
 * PGSERVICE to be set, which a process with threads can't do. So this makes a
 * connection that libpq refuses before it looks at any host, for a value that
 * no sslmode has; with a password, so that no file is searched for one.
 */
static PQconninfoOption *find_effective(const PQconninfoOption *own)
{
	struct parameters trial = copy_parameters(own);
	PGconn *connection;
	PQconninfoOption *found;

	add_parameter(&trial, "password", "none");
	add_parameter(&trial, "sslmode", "none");
	connection =
	    PQconnectStartParams(words(trial.keywords), words(trial.values), 0);
	found = PQconninfo(connection);
	PQfinish(connection);
	free_parameters(&trial);
	return found;
}

static bool names_several_hosts(const PQconninfoOption *effective)
{
	const char *host = find_option(effective, "host");
	const char *address = find_option(effective, "hostaddr");

	return (host != NULL && strchr(host, ',') != NULL) ||
	       (address != NULL && strchr(address, ',') != NULL);
}

static struct parameters make_parameters(
    const PQconninfoOption *own, bool primary)
{
	struct parameters made = copy_parameters(own);
	PQconninfoOption *effective = find_effective(own);
	const char *wanted;

	for (size_t i = 0; i < G_N_ELEMENTS(defaults); i++)
		if (find_option(effective, defaults[i].keyword) == NULL)
			add_parameter(
			    &made, defaults[i].keyword, defaults[i].value);
	wanted = find_option(effective, "target_session_attrs");
	/* Of several servers only the primary stores reports. "any" is libpq's
	 * own default, which can't be told from one that somebody wrote. */
	if (primary && names_several_hosts(effective) &&
	    (wanted == NULL || strcmp(wanted, "any") == 0))
		add_parameter(&made, "target_session_attrs", "read-write");
	add_parameter(
	    &made, "fallback_application_name", program_invocation_short_name);
	/* Whatever is configured: this program sends UTF-8. The last value of a
	 * keyword counts. */
	add_parameter(&made, "client_encoding", "UTF8");
	PQconninfoFree(effective);
	return made;
}

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
	    words(parameters->keywords), words(parameters->values), 0);
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
	    words(parameters->keywords), words(parameters->values), 0);
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
	*ret_db = g_new0(struct db, 1);
	(*ret_db)->connection = connection;
	return DB_OK;
}

enum db_result db_connect(
    const char *conninfo, bool primary, struct db **ret_db, char **ret_error)
{
	PQconninfoOption *own = PQconninfoParse(conninfo, NULL);
	struct parameters parameters;
	struct db *db = NULL;
	enum db_result result;

	if (own == NULL) {
		*ret_error = g_strdup(
		    "database.conninfo is not a connection string of libpq");
		return DB_OPERATOR;
	}
	parameters = make_parameters(own, primary);
	result = open_connection(&parameters, &db, ret_error);
	if (result == DB_OK)
		result = db_script(db, sql_limit_statements, ret_error);
	if (result == DB_OK)
		*ret_db = db;
	else
		db_free(db);
	free_parameters(&parameters);
	PQconninfoFree(own);
	return result;
}

void db_free(struct db *db)
{
	if (db == NULL)
		return;
	PQfinish(db->connection);
	g_free(db);
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
static enum db_result take_answer(struct db *db, PGresult *answer,
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

enum db_result db_query(struct db *db, const char *sql,
    const char *const *values, int count, struct db_rows **ret_rows,
    char **ret_error)
{
	PGresult *answer = PQexecParams(
	    db->connection, sql, count, NULL, values, NULL, NULL, 0);

	return take_answer(db, answer, ret_rows, ret_error);
}

enum db_result db_script(struct db *db, const char *sql, char **ret_error)
{
	struct db_rows *rows = NULL;
	PGresult *answer = PQexec(db->connection, sql);
	enum db_result result = take_answer(db, answer, &rows, ret_error);

	db_rows_free(rows);
	return result;
}

enum db_result db_send(struct db *db, const char *sql,
    const char *const *values, int count, char **ret_error)
{
	if (PQsendQueryParams(
		db->connection, sql, count, NULL, values, NULL, NULL, 0) == 1)
		return DB_OK;
	*ret_error = sqlstate_join_lines(PQerrorMessage(db->connection));
	return DB_RETRY;
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
	enum db_result result = DB_OK;
	struct db_rows *rows = NULL;
	PGresult *answer;

	while ((answer = PQgetResult(db->connection)) != NULL) {
		if (result != DB_OK) {
			PQclear(answer);
			continue;
		}
		g_clear_pointer(&rows, db_rows_free);
		result = take_answer(db, answer, &rows, ret_error);
	}
	if (result == DB_OK &&
	    (rows == NULL ||
		PQtransactionStatus(db->connection) != PQTRANS_IDLE)) {
		*ret_error = g_strdup(
		    "the connection broke before the commit was confirmed");
		result = DB_RETRY;
	}
	if (result == DB_OK)
		*ret_rows = rows;
	else
		db_rows_free(rows);
	return result;
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
