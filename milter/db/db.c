/* SPDX-License-Identifier: MIT */
/*
 * A connection is used until the first failure and then given up: what state it
 * is in after one is not worth knowing, and connecting anew takes milliseconds.
 *
 * Messages of the server may quote a report, and those of libpq a host; neither
 * holds the password. What PQconninfoParse() says can, so it is kept back.
 */
#include <errno.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/db.h"

/* SQLSTATE of a missing permission. */
#define NO_PERMISSION "42501"

/* A refusal comes at once; a failure that took longer has no use for a second
 * attempt to tell what it was. */
#define QUICK_ANSWER (2 * G_USEC_PER_SEC)

struct db {
	PGconn *connection;
};

struct db_rows {
	PGresult *result;
};

/* The keywords and values of PQconnectdbParams(). */
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

/*
 * What an SQLSTATE that begins so means for a batch; the first that fits. What
 * is not here passes, or is a record's own doing that loader.c finds by trying
 * again in smaller batches: connections (08), deadlocks (40), resources (53),
 * timeouts and shutdown (57), the server's disk (58), its own errors (XX).
 */
static const struct {
	const char *prefix;
	enum db_result result;
} classes[] = {
    {"0A", DB_OPERATOR}, /* the server does not have a feature */
    {"21", DB_POISON},   /* one row touched twice */
    {"22", DB_POISON},   /* data that can't be taken */
    {"23503", DB_RETRY}, /* foreign key: a month is dropped just now */
    {"23505", DB_RETRY}, /* unique: two loaders at once */
    {"23", DB_POISON},   /* not null, check */
    {"25", DB_WAIT},     /* read-only */
    {"28", DB_OPERATOR}, /* authorization */
    {"3D", DB_OPERATOR}, /* no such database */
    {"3F", DB_OPERATOR}, /* no such schema */
    {"42", DB_OPERATOR}, /* no such table, no permission, syntax */
    {"54", DB_POISON},   /* over one of the server's limits */
    {"55P03", DB_WAIT},  /* somebody has a lock */
    {"57P", DB_WAIT},    /* shutting down, starting, promoting */
    {"P0", DB_POISON},   /* raised by tlsrpt.ingest itself */
};

static enum db_result classify(const char *sqlstate)
{
	/* Without a state it is libpq's own: the connection broke. */
	if (sqlstate == NULL)
		return DB_RETRY;
	for (size_t i = 0; i < G_N_ELEMENTS(classes); i++)
		if (g_str_has_prefix(sqlstate, classes[i].prefix))
			return classes[i].result;
	return DB_RETRY;
}

/* Lines as one sentence. */
static char *join_lines(const char *text)
{
	GString *out = g_string_new(NULL);
	char **lines = g_strsplit(text, "\n", -1);
	for (size_t i = 0; lines[i] != NULL; i++) {
		char *line = g_strstrip(lines[i]);
		if (line[0] == '\0')
			continue;
		if (out->len > 0)
			g_string_append(out, "; ");
		g_string_append(out, line);
	}
	g_strfreev(lines);
	if (out->len == 0)
		g_string_append(out, "unknown failure in libpq");
	return g_string_free(out, FALSE);
}

/* What a failed result says, with its SQLSTATE. */
static char *describe_result(const PGconn *connection, const PGresult *result)
{
	const char *primary =
	    PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	const char *detail = PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL);
	const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	if (primary == NULL || sqlstate == NULL)
		return join_lines(PQerrorMessage(connection));
	GString *text = g_string_new(primary);
	/* Of a constraint it is the whole row, which nobody can read. */
	if (detail != NULL && !g_str_has_prefix(sqlstate, "23"))
		g_string_append_printf(text, " (%s)", detail);
	g_string_append_printf(text, " (SQLSTATE %s)", sqlstate);
	if (strcmp(sqlstate, NO_PERMISSION) == 0)
		g_string_append(text, "; the role has to be a member of "
				      "tlsrpt_loader or tlsrpt_reader");
	char *sentence = join_lines(text->str);
	g_string_free(text, TRUE);
	return sentence;
}

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
	g_ptr_array_add(parameters->keywords, g_strdup(keyword));
	g_ptr_array_add(parameters->values, g_strdup(value));
}

static void end_parameters(struct parameters *parameters)
{
	g_ptr_array_add(parameters->keywords, NULL);
	g_ptr_array_add(parameters->values, NULL);
}

static void free_parameters(struct parameters *parameters)
{
	g_ptr_array_unref(parameters->keywords);
	g_ptr_array_unref(parameters->values);
}

static struct parameters copy_parameters(const PQconninfoOption *own)
{
	struct parameters copy = {g_ptr_array_new_with_free_func(g_free),
	    g_ptr_array_new_with_free_func(g_free)};
	for (const PQconninfoOption *o = own; o->keyword != NULL; o++)
		if (o->val != NULL)
			add_parameter(&copy, o->keyword, o->val);
	return copy;
}

/*
 * What libpq makes of a connection string with its service and the environment.
 * It has no function for that but PQconninfo() of a connection, and to set
 * PGSERVICE for PQconndefaults() is not for a process with threads. So here is
 * a connection that is refused before any host is looked at, for a value that
 * no sslmode has; with a password, so that no file is searched for one.
 */
static PQconninfoOption *find_effective(const PQconninfoOption *own)
{
	struct parameters trial = copy_parameters(own);
	add_parameter(&trial, "password", "none");
	add_parameter(&trial, "sslmode", "none");
	end_parameters(&trial);
	PGconn *connection =
	    PQconnectStartParams((const char *const *)trial.keywords->pdata,
		(const char *const *)trial.values->pdata, 0);
	PQconninfoOption *found = PQconninfo(connection);
	PQfinish(connection);
	free_parameters(&trial);
	return found;
}

static bool names_several_hosts(const PQconninfoOption *effective)
{
	static const char *const keywords[] = {"host", "hostaddr"};
	for (size_t i = 0; i < G_N_ELEMENTS(keywords); i++) {
		const char *hosts = find_option(effective, keywords[i]);
		if (hosts != NULL && strchr(hosts, ',') != NULL)
			return true;
	}
	return false;
}

/* "any" is libpq's own default of it, which can't be told from one that
 * somebody wrote. */
static bool wants_any_session(const PQconninfoOption *effective)
{
	const char *wanted = find_option(effective, "target_session_attrs");
	return wanted == NULL || strcmp(wanted, "any") == 0;
}

static struct parameters make_parameters(
    const PQconninfoOption *own, bool primary)
{
	struct parameters made = copy_parameters(own);
	PQconninfoOption *effective = find_effective(own);
	for (size_t i = 0; i < G_N_ELEMENTS(defaults); i++)
		if (find_option(effective, defaults[i].keyword) == NULL)
			add_parameter(
			    &made, defaults[i].keyword, defaults[i].value);
	/* Of several servers only the primary takes reports. */
	if (primary && names_several_hosts(effective) &&
	    wants_any_session(effective))
		add_parameter(&made, "target_session_attrs", "read-write");
	add_parameter(
	    &made, "fallback_application_name", program_invocation_short_name);
	/* Whatever is configured: this program sends UTF-8. A later value of a
	 * keyword goes before an earlier one. */
	add_parameter(&made, "client_encoding", "UTF8");
	end_parameters(&made);
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
	if (PQconnectionNeedsPassword(connection))
		return DB_OPERATOR;
	if (g_get_monotonic_time() - started > QUICK_ANSWER)
		return DB_RETRY;
	PGPing answer =
	    PQpingParams((const char *const *)parameters->keywords->pdata,
		(const char *const *)parameters->values->pdata, 0);
	return answer == PQPING_OK || answer == PQPING_NO_ATTEMPT ? DB_OPERATOR
								  : DB_RETRY;
}

static void ignore_notice(void *data, const char *message)
{
	(void)data;
	(void)message;
}

static enum db_result open_connection(const struct parameters *parameters,
    struct db **ret_store, char **ret_error)
{
	int64_t started = g_get_monotonic_time();
	PGconn *connection =
	    PQconnectdbParams((const char *const *)parameters->keywords->pdata,
		(const char *const *)parameters->values->pdata, 0);
	if (connection == NULL) {
		*ret_error = g_strdup("libpq is out of memory");
		return DB_RETRY;
	}
	if (PQstatus(connection) != CONNECTION_OK) {
		enum db_result result =
		    judge_refusal(connection, parameters, started);
		*ret_error = join_lines(PQerrorMessage(connection));
		PQfinish(connection);
		return result;
	}
	PQsetNoticeProcessor(connection, ignore_notice, NULL);
	*ret_store = g_new0(struct db, 1);
	(*ret_store)->connection = connection;
	return DB_OK;
}

/* No call may hang for ever on a lock, unless a timeout was set by somebody
 * who knows better. */
static enum db_result limit_statements(struct db *store, char **ret_error)
{
	struct db_rows *rows = NULL;
	enum db_result result = db_query(store,
	    "select pg_catalog.set_config('statement_timeout', '5min', false) "
	    "where pg_catalog.current_setting('statement_timeout') = '0'",
	    NULL, 0, &rows, ret_error);
	db_rows_free(rows);
	return result;
}

static enum db_result connect_as(
    const char *conninfo, bool primary, struct db **ret_store, char **ret_error)
{
	PQconninfoOption *own = PQconninfoParse(conninfo, NULL);
	if (own == NULL) {
		*ret_error = g_strdup(
		    "database.conninfo is not a connection string of libpq");
		return DB_OPERATOR;
	}
	struct parameters parameters = make_parameters(own, primary);
	struct db *store = NULL;
	enum db_result result = open_connection(&parameters, &store, ret_error);
	if (result == DB_OK)
		result = limit_statements(store, ret_error);
	if (result == DB_OK)
		*ret_store = store;
	else
		db_free(store);
	free_parameters(&parameters);
	PQconninfoFree(own);
	return result;
}

enum db_result db_connect(
    const char *conninfo, struct db **ret_store, char **ret_error)
{
	return connect_as(conninfo, false, ret_store, ret_error);
}

enum db_result db_connect_primary(
    const char *conninfo, struct db **ret_store, char **ret_error)
{
	return connect_as(conninfo, true, ret_store, ret_error);
}

void db_free(struct db *store)
{
	if (store == NULL)
		return;
	PQfinish(store->connection);
	g_free(store);
}

bool db_alive(struct db *store)
{
	/* The first call may read the words of a server that shuts down, the
	 * second finds the end behind them. */
	for (int i = 0; i < 2; i++)
		if (PQconsumeInput(store->connection) == 0)
			return false;
	return PQstatus(store->connection) == CONNECTION_OK;
}

/* Queries. */

/* Takes the result over: it is either stored or freed. */
static enum db_result take_rows(struct db *store, PGresult *result,
    struct db_rows **ret_rows, char **ret_error)
{
	ExecStatusType status = PQresultStatus(result);
	if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) {
		*ret_rows = g_new0(struct db_rows, 1);
		(*ret_rows)->result = result;
		return DB_OK;
	}
	enum db_result verdict =
	    classify(PQresultErrorField(result, PG_DIAG_SQLSTATE));
	*ret_error = describe_result(store->connection, result);
	PQclear(result);
	return verdict;
}

enum db_result db_query(struct db *store, const char *sql,
    const char *const *values, int count, struct db_rows **ret_rows,
    char **ret_error)
{
	PGresult *result = PQexecParams(
	    store->connection, sql, count, NULL, values, NULL, NULL, 0);
	return take_rows(store, result, ret_rows, ret_error);
}

enum db_result db_script(struct db *store, const char *sql, char **ret_error)
{
	struct db_rows *rows = NULL;
	PGresult *answer = PQexec(store->connection, sql);
	enum db_result result = take_rows(store, answer, &rows, ret_error);
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

/* Ingest. */

static void free_outcome(gpointer data)
{
	struct db_outcome *outcome = data;
	g_free(outcome->record);
	g_free(outcome->outcome);
	g_free(outcome);
}

enum db_result db_ingest_send(
    struct db *store, const char *batch, char **ret_error)
{
	const char *const values[] = {batch};
	if (PQsendQueryParams(store->connection,
		"select record, outcome from tlsrpt.ingest($1::jsonb)", 1, NULL,
		values, NULL, NULL, 0) == 1)
		return DB_OK;
	*ret_error = join_lines(PQerrorMessage(store->connection));
	return DB_RETRY;
}

static GPtrArray *read_outcomes(const struct db_rows *rows)
{
	GPtrArray *outcomes = g_ptr_array_new_with_free_func(free_outcome);
	for (int i = 0; i < db_rows_count(rows); i++) {
		struct db_outcome *outcome = g_new0(struct db_outcome, 1);
		outcome->record = g_strdup(db_rows_get(rows, i, "record"));
		outcome->outcome = g_strdup(db_rows_get(rows, i, "outcome"));
		g_ptr_array_add(outcomes, outcome);
	}
	return outcomes;
}

/*
 * The rows come before the commit: in the extended protocol the transaction
 * ends with Sync, after the last row and the command's completion. So a failure
 * behind the rows counts, and only a connection that is back at rest has
 * committed.
 */
enum db_result db_ingest_finish(
    struct db *store, GPtrArray **ret_outcomes, char **ret_error)
{
	enum db_result result = DB_OK;
	struct db_rows *rows = NULL;
	PGresult *answer;
	while ((answer = PQgetResult(store->connection)) != NULL) {
		if (result != DB_OK) {
			PQclear(answer);
			continue;
		}
		g_clear_pointer(&rows, db_rows_free);
		result = take_rows(store, answer, &rows, ret_error);
	}
	if (result == DB_OK &&
	    (rows == NULL ||
		PQtransactionStatus(store->connection) != PQTRANS_IDLE)) {
		*ret_error = g_strdup("the connection broke before the commit "
				      "was answered");
		result = DB_RETRY;
	}
	if (result == DB_OK)
		*ret_outcomes = read_outcomes(rows);
	db_rows_free(rows);
	return result;
}
