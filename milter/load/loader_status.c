/* SPDX-License-Identifier: MIT */
/*
 * Looks for itself instead of asking the daemon: what counts is whether the
 * database can be used by this configuration now, and a status is wanted even
 * while the daemon is down.
 */
#include "loader_status.h"

#include <errno.h>
#include <inttypes.h>
#include <sysexits.h>
#include <time.h>

#include "base/escape.h"
#include "base/json_writer.h"
#include "base/syntax.h"
#include "db/db.h"
#include "db/migrate.h"
#include "spool/spool.h"

/* Seconds that a record may wait before --status calls it trouble. */
#define WAIT_MAX 3600
/* Per cent of the quota from which on --status calls it trouble, as the alert
 * in packaging/prometheus does. */
#define FULL_PERCENT 80

struct state {
	struct spool_status spool;
	int64_t now;
	char *spool_error;
	unsigned int percent; /* of the quota that is used */
	bool loader;          /* runs */
	bool reachable;
	int version; /* found; 0: none, or not known */
	char *database_error;
	int exit_code;
};

static void ask_database(const struct config *config, struct state *state)
{
	struct db *db = NULL;
	enum db_result result =
	    db_connect(config->conninfo, true, &db, &state->database_error);
	if (result != DB_OK) {
		state->exit_code = EX_UNAVAILABLE;
		return;
	}
	state->reachable = true;
	result = db_check_schema(db, &state->version, &state->database_error);
	if (result == DB_OPERATOR)
		state->exit_code = EX_CONFIG;
	else if (result != DB_OK)
		state->exit_code = EX_UNAVAILABLE;
	db_free(db);
}

/* Makes nothing: the directory may be mistyped, and whoever asks need not be
 * one who may write there. */
static void look_at_spool(const struct config *config, struct state *state)
{
	struct spool *spool =
	    spool_open_existing(config->spool_directory, &state->spool_error);
	const struct spool_status *found = &state->spool;

	if (spool != NULL && spool_status(spool, &state->spool) != SPOOL_OK)
		state->spool_error = g_strdup_printf("spool folder %s: %s",
		    config->spool_directory, g_strerror(errno));
	state->loader = spool != NULL && spool_has_loader(spool);
	spool_close(spool);
	state->percent =
	    (unsigned int)(100.0 * (double)(found->bytes + found->bad_bytes) /
			   (double)config->spool_quota);
	if (state->spool_error != NULL)
		state->exit_code = EX_NOINPUT;
	else if (state->exit_code == EX_OK &&
		 (found->bad > 0 || state->percent >= FULL_PERCENT ||
		     (found->oldest != 0 &&
			 state->now - found->oldest > WAIT_MAX)))
		state->exit_code = EX_TEMPFAIL;
}

static void append_loaded(GString *out, const struct state *state)
{
	char text[SYNTAX_TIME_SIZE];
	if (state->spool.loaded == 0) {
		g_string_append(out, "last load never\n");
		return;
	}
	syntax_time_format(state->spool.loaded, text);
	g_string_append_printf(out, "last load %s, %" PRId64 " s ago\n", text,
	    MAX(state->now - state->spool.loaded, 0));
}

static void append_text(
    GString *out, const struct config *config, const struct state *state)
{
	g_string_append(out, "spool     ");
	escape_terminal(out,
	    state->spool_error != NULL ? state->spool_error
				       : config->spool_directory,
	    0);
	g_string_append_c(out, '\n');
	if (state->spool_error == NULL) {
		g_string_append_printf(out,
		    "waiting   %" PRIu64 " records, %" PRIu64 " bytes",
		    state->spool.records, state->spool.bytes);
		if (state->spool.oldest != 0)
			g_string_append_printf(out,
			    ", the oldest for %" PRId64 " s",
			    MAX(state->now - state->spool.oldest, 0));
		g_string_append_printf(out,
		    "\nset aside %" PRIu64 " records, %" PRIu64 " bytes\n"
		    "quota     %u per cent of %" PRIu64 " bytes used\n"
		    "loader    %s\n",
		    state->spool.bad, state->spool.bad_bytes, state->percent,
		    config->spool_quota,
		    state->loader ? "running" : "not running");
		append_loaded(out, state);
	}
	g_string_append_printf(out, "database  %s\n",
	    state->reachable ? "reachable" : "not reachable");
	if (state->reachable)
		g_string_append_printf(out, "schema    version %d, needed %d\n",
		    state->version, db_schema_version());
	if (state->database_error != NULL) {
		g_string_append(out, "problem   ");
		escape_terminal(out, state->database_error, 0);
		g_string_append_c(out, '\n');
	}
}

/* A time, or null for 0. */
static void add_time(
    struct json_writer *json, const char *name, int64_t seconds)
{
	char text[SYNTAX_TIME_SIZE];

	syntax_time_format(seconds, text);
	json_writer_string(json, name, seconds == 0 ? NULL : text);
}

static void append_json(
    GString *out, const struct config *config, const struct state *state)
{
	struct json_writer json = {.out = out};

	json_writer_begin_object(&json, NULL);
	json_writer_begin_object(&json, "spool");
	json_writer_string(&json, "directory", config->spool_directory);
	json_writer_integer(&json, "records", (int64_t)state->spool.records);
	json_writer_integer(&json, "bytes", (int64_t)state->spool.bytes);
	add_time(&json, "oldest", state->spool.oldest);
	json_writer_integer(&json, "bad", (int64_t)state->spool.bad);
	json_writer_integer(
	    &json, "bad_bytes", (int64_t)state->spool.bad_bytes);
	json_writer_integer(&json, "quota", (int64_t)config->spool_quota);
	json_writer_integer(&json, "percent_used", state->percent);
	json_writer_boolean(&json, "loader_running", state->loader);
	json_writer_string(&json, "error", state->spool_error);
	json_writer_end_object(&json);
	json_writer_begin_object(&json, "database");
	json_writer_boolean(&json, "reachable", state->reachable);
	json_writer_integer(&json, "schema_version", state->version);
	json_writer_integer(
	    &json, "schema_version_needed", db_schema_version());
	json_writer_string(&json, "error", state->database_error);
	json_writer_end_object(&json);
	add_time(&json, "last_load", state->spool.loaded);
	json_writer_end_object(&json);
	g_string_append_c(out, '\n');
}

int loader_status(const struct config *config, bool json, GString *out)
{
	struct state state = {.now = time(NULL), .exit_code = EX_OK};
	ask_database(config, &state);
	look_at_spool(config, &state);
	if (json)
		append_json(out, config, &state);
	else
		append_text(out, config, &state);
	g_free(state.spool_error);
	g_free(state.database_error);
	return state.exit_code;
}
