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
#include <poll.h>
#include <string.h>

#include "db_embedded.h"
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
	int64_t
	    deadline; /* of the query in flight, by g_get_monotonic_time() */
};

struct db_rows {
	PGresult *result;
};

/* The keywords and values of PQconnectdbParams(), which belong to others, but
 * for those in own. */
struct parameters {
	GPtrArray *keywords;
	GPtrArray *values;
	GPtrArray *own;
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
	g_ptr_array_unref(parameters->own);
}

static const char *const *words(const GPtrArray *array)
{
	return (const char *const *)array->pdata;
}

static struct parameters copy_parameters(const PQconninfoOption *own)
{
	struct parameters copy = {
	    g_ptr_array_new_null_terminated(0, NULL, true),
	    g_ptr_array_new_null_terminated(0, NULL, true),
	    g_ptr_array_new_with_free_func(g_free)};

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

/* How many hosts a list of them names. */
static unsigned int count_hosts(const PQconninfoOption *effective)
{
	const char *list = find_option(effective, "hostaddr");
	unsigned int count = 1;

	if (list == NULL)
		list = find_option(effective, "host");
	for (; list != NULL && *list != '\0'; list++)
		count += *list == ',';
	return count;
}

/* Has libpq begin with another host than the first: those before it come last.
 * Lists of one item are for all hosts. */
static void begin_with(struct parameters *parameters,
    const PQconninfoOption *effective, unsigned int host)
{
	static const char *const lists[] = {"host", "hostaddr", "port"};

	for (size_t i = 0; i < G_N_ELEMENTS(lists); i++) {
		const char *list = find_option(effective, lists[i]);
		char **items = g_strsplit(list == NULL ? "" : list, ",", -1);
		guint count = g_strv_length(items);
		GString *turned = g_string_new(NULL);

		for (guint k = 0; k < count; k++)
			g_string_append_printf(turned, "%s%s",
			    k == 0 ? "" : ",", items[(host + k) % count]);
		if (count > 1)
			add_parameter(parameters, lists[i], turned->str);
		g_ptr_array_add(parameters->own, g_string_free(turned, FALSE));
		g_strfreev(items);
	}
}

static struct parameters make_parameters(const PQconninfoOption *own,
    const PQconninfoOption *effective, bool primary, unsigned int host)
{
	struct parameters made = copy_parameters(own);
	const char *wanted = find_option(effective, "target_session_attrs");

	for (size_t i = 0; i < G_N_ELEMENTS(defaults); i++)
		if (find_option(effective, defaults[i].keyword) == NULL)
			add_parameter(
			    &made, defaults[i].keyword, defaults[i].value);
	/* Of several servers only the primary stores reports. "any" is libpq's
	 * own default, which can't be told from one that somebody wrote. */
	if (primary && count_hosts(effective) > 1 &&
	    (wanted == NULL || strcmp(wanted, "any") == 0))
		add_parameter(&made, "target_session_attrs", "read-write");
	add_parameter(
	    &made, "fallback_application_name", program_invocation_short_name);
	/* Whatever is configured: this program sends UTF-8. The last value of a
	 * keyword counts. */
	add_parameter(&made, "client_encoding", "UTF8");
	if (host > 0)
		begin_with(&made, effective, host);
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
	PQconninfoOption *own = PQconninfoParse(conninfo, NULL);
	PQconninfoOption *effective;
	enum db_result result = DB_WAIT;
	char *error = NULL;
	unsigned int hosts;

	if (own == NULL) {
		*ret_error = g_strdup(
		    "[database] conninfo: is not a connection string of libpq");
		return DB_OPERATOR;
	}
	effective = find_effective(own);
	hosts = count_hosts(effective);
	for (unsigned int host = 0; host < hosts && result == DB_WAIT; host++) {
		struct parameters parameters =
		    make_parameters(own, effective, primary, host);
		struct db *db = NULL;

		g_clear_pointer(&error, g_free);
		result = open_connection(&parameters, &db, &error);
		if (result == DB_OK)
			result = limit_statements(db, &error);
		if (result == DB_OK)
			*ret_db = db;
		else
			db_free(db);
		free_parameters(&parameters);
	}
	if (result != DB_OK)
		*ret_error = error;
	PQconninfoFree(effective);
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

/* Sends what is left of a query, and reads until a part of the answer, or a
 * failure, is there for PQgetResult(). False when the time has come before. */
static bool wait_answer(struct db *db, int64_t until)
{
	PGconn *connection = db->connection;

	for (;;) {
		int unsent = PQflush(connection);

		if (unsent < 0 || PQconsumeInput(connection) == 0)
			return true;
		if (unsent == 0 && PQisBusy(connection) == 0)
			return true;
		if (!wait_socket(db, unsent > 0, until))
			return false;
	}
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
			*ret_error = g_strdup_printf(
			    "PostgreSQL has not answered within %d s",
			    (int)db->patience);
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

	/* So that the server begins; the rest goes out in wait_answer(). */
	if (result == DB_OK)
		(void)PQflush(db->connection);
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
