/* SPDX-License-Identifier: MIT */
/*
 * Looks for itself instead of asking the daemon: what counts is whether the
 * database can be used by this configuration now, and that a status is to be
 * had while the daemon is down.
 */
#include <errno.h>
#include <inttypes.h>
#include <sysexits.h>
#include <time.h>

#include "base/escape.h"
#include "base/syntax.h"
#include "db/db.h"
#include "loader_status.h"
#include "spool/spool.h"

/* Seconds that a record may wait before --status calls it trouble. */
#define WAIT_MAX 3600

struct state {
	struct spool_status spool;
	int64_t now;
	char *spool_error;
	bool reachable;
	int version; /* found; 0: none, or not known */
	char *database_error;
	int exit_code;
};

static void ask_database(const struct config *config, struct state *state)
{
	struct db *store = NULL;
	enum db_result result = db_connect_primary(
	    config->conninfo, &store, &state->database_error);
	if (result != DB_OK) {
		state->exit_code = EX_UNAVAILABLE;
		return;
	}
	state->reachable = true;
	result =
	    db_check_schema(store, &state->version, &state->database_error);
	if (result == DB_OPERATOR)
		state->exit_code = EX_CONFIG;
	else if (result != DB_OK)
		state->exit_code = EX_UNAVAILABLE;
	db_free(store);
}

/* Makes nothing: the directory may be mistyped, and whoever asks need not be
 * one who may write there. */
static void look_at_spool(const struct config *config, struct state *state)
{
	struct spool *spool =
	    spool_open_existing(config->spool_directory, &state->spool_error);
	if (spool != NULL && spool_status(spool, &state->spool) != SPOOL_OK)
		state->spool_error = g_strdup_printf("spool folder %s: %s",
		    config->spool_directory, g_strerror(errno));
	spool_close(spool);
	if (state->spool_error != NULL)
		state->exit_code = EX_NOINPUT;
	else if (state->exit_code == EX_OK &&
		 (state->spool.bad > 0 ||
		     (state->spool.oldest != 0 &&
			 state->now - state->spool.oldest > WAIT_MAX)))
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
		g_string_append_printf(
		    out, "\nset aside %" PRIu64 " records\n", state->spool.bad);
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
static void append_time(GString *out, int64_t seconds)
{
	char text[SYNTAX_TIME_SIZE];
	syntax_time_format(seconds, text);
	escape_json(out, seconds == 0 ? NULL : text);
}

static void append_json(
    GString *out, const struct config *config, const struct state *state)
{
	g_string_append(out, "{\"spool\":{\"directory\":");
	escape_json(out, config->spool_directory);
	g_string_append_printf(out,
	    ",\"records\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"oldest\":",
	    state->spool.records, state->spool.bytes);
	append_time(out, state->spool.oldest);
	g_string_append_printf(
	    out, ",\"bad\":%" PRIu64 ",\"error\":", state->spool.bad);
	escape_json(out, state->spool_error);
	g_string_append_printf(out,
	    "},\"database\":{\"reachable\":%s,\"schema_version\":%d,"
	    "\"schema_version_needed\":%d,\"error\":",
	    state->reachable ? "true" : "false", state->version,
	    db_schema_version());
	escape_json(out, state->database_error);
	g_string_append(out, "},\"last_load\":");
	append_time(out, state->spool.loaded);
	g_string_append(out, "}\n");
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
