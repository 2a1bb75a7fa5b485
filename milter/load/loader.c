/* SPDX-License-Identifier: MIT */
/*
 * While PostgreSQL works on a batch, the files of the one before are removed
 * and the next one is read, so that disk and database are busy together. A
 * crash between commit and removal loads a batch twice, which the reports'
 * identity makes harmless.
 *
 * A batch that is refused for its content (DB_REFUSED) is halved until the
 * record that is refused stands alone. A batch that keeps failing for reasons
 * that should pass is halved as well; a single record that keeps failing is
 * tried after all others: something about it may kill the server's process.
 */
#include "loader.h"

#include <poll.h>
#include <stdatomic.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/log.h"
#include "base/metrics.h"
#include "batch_source.h"
#include "daemon/service_manager.h"
#include "db/db.h"
#include "db/ingest.h"
#include "db/lock_holder.h"
#include "db/migrate.h"

/* Back-off in milliseconds. What only a person can repair is retried less often
 * from the start. */
#define DELAY_MIN 200U
#define DELAY_MIN_OPERATOR 2000U
#define DELAY_MAX 30000U
/* Failures in a row after which --drain gives up. */
#define DRAIN_FAILURES 5U
/* The longest wait for new records. Then the folder is listed, in case inotify
 * lost something. */
#define IDLE_MS 10000
/* How long a batch takes before the log says what it waits for, at first. */
#define LONG_WAIT_SECONDS 5U

enum step { STEP_CONNECT, STEP_SCHEMA, STEP_INGEST };

enum database_state { DATABASE_UNKNOWN, DATABASE_UP, DATABASE_DOWN };

struct loader {
	struct config *config;
	struct spool *spool;
	int wake_fd;
	atomic_bool stop;
	atomic_int_fast64_t progress;         /* when the last step began */
	_Atomic(struct config *) next_config; /* to be adopted, or NULL */

	struct batch_source *source;
	struct batch *ahead; /* read while the one before was in flight */
	struct batch
	    *committed; /* in the database, its files not removed yet */

	struct db *db;
	enum database_state state;
	enum db_result down_as; /* the last failure, while DATABASE_DOWN */
	enum step down_at;      /* the latest step that failed since it is */
	enum step failed_at;    /* the step of the last failure */
	unsigned int delay;     /* milliseconds, of the last back-off */
	unsigned int failures;  /* in a row */
	int exit_code;          /* after the last failure, for drain */
	uint64_t loaded;
};

static void note_progress(struct loader *loader)
{
	atomic_store(&loader->progress, g_get_monotonic_time());
}

bool loader_is_stuck(const struct loader *loader, unsigned int seconds)
{
	int64_t since = atomic_load(&loader->progress);

	return g_get_monotonic_time() - since > seconds * G_USEC_PER_SEC;
}

struct loader *loader_new(
    struct config *config, struct spool *spool, int wake_fd)
{
	struct loader *loader = g_new0(struct loader, 1);

	loader->config = config_ref(config);
	loader->spool = spool;
	loader->wake_fd = wake_fd;
	loader->source = batch_source_new(spool);
	note_progress(loader);
	return loader;
}

void loader_free(struct loader *loader)
{
	if (loader == NULL)
		return;
	db_free(loader->db);
	batch_free(loader->ahead);
	batch_free(loader->committed);
	batch_source_free(loader->source);
	config_unref(loader->next_config);
	config_unref(loader->config);
	g_free(loader);
}

void loader_stop(struct loader *loader)
{
	atomic_store(&loader->stop, true);
}

static bool is_stopped(const struct loader *loader)
{
	return atomic_load(&loader->stop);
}

void loader_set_config(struct loader *loader, struct config *config)
{
	config_unref(atomic_exchange(&loader->next_config, config_ref(config)));
}

/* Uses a new configuration, if there is one. Closes the connection when it was
 * made by another conninfo. */
static void adopt_config(struct loader *loader)
{
	struct config *config = atomic_exchange(&loader->next_config, NULL);

	if (config == NULL)
		return;
	if (strcmp(config->conninfo, loader->config->conninfo) != 0)
		g_clear_pointer(&loader->db, db_free);
	config_unref(loader->config);
	loader->config = config;
	loader->delay = 0;
	/* The status may show a reload that was refused. */
	if (loader->state == DATABASE_UP)
		service_manager_status("loading into PostgreSQL");
}

static void read_wake(struct loader *loader)
{
	uint64_t count;

	if (loader->wake_fd >= 0)
		while (read(loader->wake_fd, &count, sizeof(count)) > 0)
			;
}

/* The state of the database: each change is logged once. */

static void note_up(struct loader *loader, enum step step)
{
	/* A failure at a later step is not over yet. */
	if (loader->state == DATABASE_UP ||
	    (loader->state == DATABASE_DOWN && step < loader->down_at))
		return;
	loader->state = DATABASE_UP;
	metrics_set(METRICS_DATABASE_UP, 1);
	log_event(LOG_NOTICE, EVENT_DATABASE_UP, NULL);
	service_manager_status("loading into PostgreSQL");
}

static void note_down(struct loader *loader, enum db_result result,
    enum step step, const char *reason)
{
	bool was_down = loader->state == DATABASE_DOWN;
	bool known = was_down && loader->down_as == result;

	loader->state = DATABASE_DOWN;
	loader->down_as = result;
	loader->down_at = was_down ? MAX(loader->down_at, step) : step;
	loader->failed_at = step;
	metrics_set(METRICS_DATABASE_UP, 0);
	log_failure(known                   ? LOG_DEBUG
		    : result == DB_OPERATOR ? LOG_ERR
					    : LOG_WARNING,
	    EVENT_DATABASE_DOWN, "%s; the spool keeps the reports", reason);
	service_manager_status("waiting for PostgreSQL: %s", reason);
}

/* Waits for the time, a stop or a new configuration, whichever is first. */
static void pause_for(struct loader *loader, unsigned int milliseconds)
{
	gint64 end = g_get_monotonic_time() + (gint64)milliseconds * 1000;
	struct pollfd wake = {.fd = loader->wake_fd, .events = POLLIN};

	while (
	    !is_stopped(loader) && atomic_load(&loader->next_config) == NULL) {
		gint64 left = end - g_get_monotonic_time();

		if (left <= 0)
			return;
		if (poll(&wake, 1, (int)(left / 1000) + 1) > 0)
			read_wake(loader);
	}
}

/* Removes the files of the committed batch. */
static void settle(struct loader *loader)
{
	if (loader->committed != NULL)
		batch_source_done(
		    loader->source, g_steal_pointer(&loader->committed));
}

/* Notes a failure other than DB_REFUSED, and closes the connection. The caller
 * backs off. */
static void fail(struct loader *loader, enum db_result result, enum step step,
    const char *reason)
{
	g_clear_pointer(&loader->db, db_free);
	settle(loader);
	note_down(loader, result, step, reason);
	loader->failures++;
	loader->exit_code = step == STEP_SCHEMA && result == DB_OPERATOR
				? EX_CONFIG
				: EX_UNAVAILABLE;
}

/* Connecting. */

static enum db_result connect_database(struct loader *loader)
{
	struct db *db = NULL;
	char *error = NULL;
	enum step step = STEP_CONNECT;
	enum db_result result;

	/* A server that was restarted while nothing was loaded is no failure.
	 */
	if (loader->db != NULL && !db_alive(loader->db))
		g_clear_pointer(&loader->db, db_free);
	if (loader->db != NULL)
		return DB_OK;
	settle(loader);
	result = db_connect(loader->config->conninfo, true, &db, &error);
	if (result == DB_OK) {
		step = STEP_SCHEMA;
		result = db_check_schema(db, NULL, &error);
	}
	if (result == DB_OK) {
		loader->db = db;
		note_up(loader, STEP_SCHEMA);
		return DB_OK;
	}
	db_free(db);
	fail(loader, result, step, error);
	g_free(error);
	return result;
}

/* What became of a batch. */

static void count_outcome(const char *outcome)
{
	static const struct {
		const char *name;
		enum metrics_counter counter;
	} counters[] = {
	    {"stored", METRICS_LOADED_STORED},
	    {"duplicate", METRICS_LOADED_DUPLICATE},
	    {"replaced", METRICS_LOADED_REPLACED},
	    {"conflict", METRICS_LOADED_CONFLICT},
	    {"rejected", METRICS_LOADED_REJECTED},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(counters); i++)
		if (strcmp(counters[i].name, outcome) == 0)
			metrics_add(counters[i].counter, 1);
}

static void note_outcome(
    struct loader *loader, struct batch_item *item, const char *outcome)
{
	if (outcome == NULL) {
		batch_source_set_aside(loader->source, item,
		    "tlsrpt.ingest() gave no outcome for this record");
		return;
	}
	loader->loaded++;
	count_outcome(outcome);
	log_event(LOG_INFO, EVENT_LOADED, "queue-id", item->queue_id, "outcome",
	    outcome, "record", item->name, "organization",
	    item->organization_name, "report-id", item->report_id, NULL);
}

static void commit(
    struct loader *loader, struct batch *batch, GHashTable *outcomes)
{
	for (guint i = 0; i < batch->items->len; i++) {
		struct batch_item *item = g_ptr_array_index(batch->items, i);

		note_outcome(
		    loader, item, g_hash_table_lookup(outcomes, item->name));
	}
	metrics_add(METRICS_BATCHES, 1);
	/* Only --status reads it, so a failure does not matter. */
	(void)spool_note_load(loader->spool);
	loader->committed = batch;
	loader->delay = 0;
	loader->failures = 0;
	note_up(loader, STEP_INGEST);
}

static void return_halves(struct loader *loader, struct batch *batch)
{
	struct batch *second = batch_split(batch);

	second->attempts = batch->attempts;
	batch_source_return(loader->source, second);
	batch_source_return(loader->source, batch);
}

/* Deals with a batch that was refused for its content. */
static void refuse(
    struct loader *loader, struct batch *batch, const char *reason)
{
	batch->attempts = 0;
	if (batch->items->len > 1) {
		return_halves(loader, batch);
		return;
	}
	batch_source_set_aside(
	    loader->source, g_ptr_array_index(batch->items, 0), reason);
	batch_source_done(loader->source, batch);
}

/* Deals with a batch whose failure may pass. */
static void retry(
    struct loader *loader, struct batch *batch, const char *reason)
{
	const struct batch_item *item;

	batch->attempts++;
	if (batch->attempts >= BATCH_SOURCE_PATIENCE && batch->items->len > 1) {
		batch->attempts = BATCH_SOURCE_PATIENCE - 1;
		return_halves(loader, batch);
		return;
	}
	/* If others were loaded meanwhile, this record is the cause. */
	if (batch->attempts >= BATCH_SOURCE_PATIENCE && loader->failures == 0 &&
	    !batch->named) {
		item = g_ptr_array_index(batch->items, 0);
		batch->named = true;
		log_event(LOG_ERR, EVENT_RECORD_STUCK, "record", item->name,
		    "reason", reason, "while", "loading it by itself", NULL);
	}
	batch_source_return(loader->source, batch);
}

static void handle_failure(struct loader *loader, struct batch *batch,
    enum db_result result, const char *reason)
{
	/* The batch that was read ahead comes after the one that failed. */
	if (loader->ahead != NULL)
		batch_source_return(
		    loader->source, g_steal_pointer(&loader->ahead));
	if (result == DB_REFUSED) {
		g_clear_pointer(&loader->db, db_free);
		settle(loader);
		refuse(loader, batch, reason);
		return;
	}
	if (result == DB_RETRY)
		retry(loader, batch, reason);
	else
		batch_source_return(loader->source, batch);
	fail(loader, result, STEP_INGEST, reason);
}

/* Says who holds the lock that the batch waits for, or how to find out. False
 * when it waits for none. */
static bool tell_wait(const struct loader *loader, unsigned int seconds)
{
	char *holders = NULL, *error = NULL;
	enum db_result result = db_lock_holder(
	    loader->db, loader->config->conninfo, &holders, &error);

	if (result != DB_OK)
		log_failure(LOG_WARNING, EVENT_LOCK_WAIT,
		    "PostgreSQL has not answered for %u s; whether a lock is "
		    "the reason could not be asked (%s), but SELECT * FROM "
		    "pg_stat_activity WHERE pid = ANY (pg_blocking_pids(%d)) "
		    "shows it",
		    seconds, error, db_process(loader->db));
	else if (holders != NULL)
		log_failure(LOG_WARNING, EVENT_LOCK_WAIT,
		    "PostgreSQL has not answered for %u s, since it waits for "
		    "a lock that others hold: %s",
		    seconds, holders);
	g_free(holders);
	g_free(error);
	return result != DB_OK || holders != NULL;
}

/* Waits for the answer to a batch, and tells once what a long wait is for. */
static void await_answer(const struct loader *loader)
{
	gint64 start = g_get_monotonic_time();
	unsigned int seconds = LONG_WAIT_SECONDS;
	bool told = false;

	while (!told && !db_wait(loader->db, seconds)) {
		gint64 waited = g_get_monotonic_time() - start;

		told =
		    tell_wait(loader, (unsigned int)(waited / G_USEC_PER_SEC));
		seconds *= 2;
	}
}

static enum db_result ingest(struct loader *loader, const struct batch *batch,
    GHashTable **ret_outcomes, char **ret_error)
{
	char *text = batch_json(batch);
	enum db_result result = db_ingest_send(loader->db, text, ret_error);

	g_free(text);
	if (result != DB_OK)
		return result;
	settle(loader);
	if (!is_stopped(loader))
		loader->ahead =
		    batch_source_next(loader->source, loader->config);
	await_answer(loader);
	return db_ingest_finish(loader->db, ret_outcomes, ret_error);
}

/* Loads a batch, or returns it to the source. The result says how long to back
 * off. */
static enum db_result load(struct loader *loader, struct batch *batch)
{
	GHashTable *outcomes = NULL;
	char *error = NULL;
	enum db_result result = connect_database(loader);

	if (result != DB_OK) {
		batch_source_return(loader->source, batch);
		return result;
	}
	result = ingest(loader, batch, &outcomes, &error);
	if (result == DB_OK) {
		commit(loader, batch, outcomes);
		g_hash_table_unref(outcomes);
	} else {
		handle_failure(loader, batch, result, error);
		g_free(error);
	}
	return result;
}

/* The loop. */

static void back_off(struct loader *loader, enum db_result result)
{
	unsigned int least =
	    result == DB_OPERATOR ? DELAY_MIN_OPERATOR : DELAY_MIN;
	unsigned int jitter;

	if (result == DB_OK || result == DB_REFUSED)
		return;
	loader->delay = CLAMP(loader->delay * 2, least, DELAY_MAX);
	/* Several loaders must not all come back at once. */
	jitter = (unsigned int)g_random_int_range(
	    0, (gint32)(loader->delay / 2 + 1));
	pause_for(loader, loader->delay - jitter);
}

static struct batch *next_batch(struct loader *loader)
{
	struct batch *batch = g_steal_pointer(&loader->ahead);

	note_progress(loader);
	return batch != NULL
		   ? batch
		   : batch_source_next(loader->source, loader->config);
}

/* Waits for records. Connects all the same, so that a database that can't be
 * used is noticed now and not with the next record. */
static enum db_result idle(struct loader *loader)
{
	enum db_result result;

	settle(loader);
	result = connect_database(loader);
	if (result != DB_OK)
		return result;
	spool_wait(loader->spool, loader->wake_fd, IDLE_MS);
	read_wake(loader);
	return DB_OK;
}

/* Whether to end a drain: at once after a failure to connect, but after several
 * failures of batches, which another try may cure. */
static bool gives_up(const struct loader *loader)
{
	return loader->failures > 0 && (loader->failed_at != STEP_INGEST ||
					   loader->failures >= DRAIN_FAILURES);
}

static int drain_spool(struct loader *loader)
{
	struct batch *batch;
	enum db_result result;

	while (!is_stopped(loader) && (batch = next_batch(loader)) != NULL) {
		result = load(loader, batch);
		if (gives_up(loader))
			return loader->exit_code;
		back_off(loader, result);
	}
	settle(loader);
	return is_stopped(loader) || batch_source_troubled(loader->source)
		   ? EX_TEMPFAIL
		   : EX_OK;
}

static int serve(struct loader *loader)
{
	struct batch *batch;
	enum db_result result;

	/* The watch begins before the first listing: nothing is missed. */
	spool_wait(loader->spool, loader->wake_fd, 0);
	while (!is_stopped(loader)) {
		adopt_config(loader);
		batch = next_batch(loader);
		result = batch == NULL ? idle(loader) : load(loader, batch);
		back_off(loader, result);
	}
	settle(loader);
	return EX_OK;
}

int loader_run(struct loader *loader, bool drain)
{
	char count[24];
	int status;

	status = drain ? drain_spool(loader) : serve(loader);
	if (drain) {
		g_snprintf(
		    count, sizeof(count), "%" G_GUINT64_FORMAT, loader->loaded);
		log_event(LOG_NOTICE, EVENT_DRAINED, "records", count, NULL);
	}
	return status;
}
