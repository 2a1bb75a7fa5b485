/* SPDX-License-Identifier: MIT */
/*
 * tlsrpt-loader: arguments, and the order of start and stop. Signals are
 * blocked before any thread exists; one thread waits for them, so that no query
 * and no wait is interrupted, and writes the metrics, so that they tell of a
 * database that does not answer.
 */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/command_line.h"
#include "daemon/housekeeping.h"
#include "daemon/service_manager.h"
#include "db/conninfo.h"
#include "db/db.h"
#include "db/migrate.h"
#include "db/migrations.h"
#include "document/decode.h"
#include "loader.h"
#include "loader_status.h"
#include "spool/spool.h"

#define PROGRAM "tlsrpt-loader"
#define HOUSEKEEPING_SECONDS 5
#define DRAIN_SECONDS 20
/* Three times as long as a statement may take (db.h). */
#define PATIENCE_SECONDS 900
/* Wakes the signal thread when the work is over. daemon.done tells it from a
 * signal that somebody else sent. */
#define SIGNAL_END SIGUSR2

enum mode { MODE_NONE, DRAIN, MIGRATE, STATUS, RETRY_BAD, JSON };

struct arguments {
	enum mode mode;
	bool json;
};

struct daemon {
	const char *config_path;
	struct config *config; /* the signal thread's, once that runs */
	struct spool *spool;
	struct loader *loader;
	int wake_fd;
	bool drain;
	atomic_bool done; /* loader_run() has returned */
};

static const struct option own_options[] = {
    {"drain", no_argument, NULL, DRAIN},
    {"json", no_argument, NULL, JSON},
    {"migrate", no_argument, NULL, MIGRATE},
    {"retry-bad", no_argument, NULL, RETRY_BAD},
    {"status", no_argument, NULL, STATUS},
    {NULL, 0, NULL, 0},
};

static void on_option(int val, const char *argument, void *data);

static struct arguments arguments;

static const struct command_line command_line = {
    .program = PROGRAM,
    .usage = "[-c FILE] [--drain | --migrate | --status | --retry-bad]",
    .description =
	"Loads SMTP TLS reports (RFC 8460) from the spool into PostgreSQL as "
	"they arrive.\nRuns in the foreground; SIGTERM stops it, SIGUSR1 "
	"re-reads the configuration.",
    .options =
	"      --drain        load what is in the spool, and exit\n"
	"      --migrate      bring the schema to this program's version, as\n"
	"                     the owner of the database\n"
	"      --status       print the state of spool and database; exits "
	"with\n"
	"                     66 if the spool can't be read, 69 if the "
	"database\n"
	"                     can't be used, 75 if a record has waited for an\n"
	"                     hour or was set aside or the quota is nearly\n"
	"                     used up, 78 if the schema has another version\n"
	"      --json         with --status: print JSON\n"
	"      --retry-bad    put back records that were set aside\n",
    .own = own_options,
    .on_option = on_option,
    .data = &arguments,
    .check = conninfo_check,
};

static void on_option(int val, const char *argument, void *data)
{
	struct arguments *given = data;

	(void)argument;
	if (val == JSON) {
		given->json = true;
		return;
	}
	if (given->mode != MODE_NONE && (int)given->mode != val)
		command_line_usage(&command_line,
		    "--drain, --migrate, --status and --retry-bad exclude each "
		    "other");
	given->mode = (enum mode)val;
}

/* --migrate. */

/* Prints the migrations that were applied to a database of version before. */
static void print_applied(int before)
{
	for (const struct migration *m = migrations; m->version != 0; m++)
		if (m->version > before)
			printf("applied %s\n", m->name);
	printf("schema version %d%s\n", db_schema_version(),
	    before == db_schema_version() ? ", nothing to do" : "");
}

static int finish_output(void)
{
	if (fflush(stdout) == 0)
		return EX_OK;
	perror(PROGRAM ": standard output");
	return EX_CANTCREAT;
}

static int migrate(const struct config *config)
{
	struct db *db = NULL;
	char *error = NULL;
	int before = 0;
	bool connected;
	enum db_result result = db_connect(config->conninfo, true, &db, &error);

	if (result == DB_OK)
		result = db_migrate(db, &before, &error);
	connected = db != NULL;
	db_free(db);
	if (result == DB_OK) {
		print_applied(before);
		return finish_output();
	}
	fprintf(stderr, PROGRAM ": %s\n", error);
	g_free(error);
	return connected && (result == DB_REFUSED || result == DB_OPERATOR)
		   ? EX_CONFIG
		   : EX_UNAVAILABLE;
}

/* --status and --retry-bad. */

static int print_status(const struct config *config, bool json)
{
	GString *out = g_string_new(NULL);
	int status = loader_status(config, json, out);
	int written;

	fwrite(out->str, 1, out->len, stdout);
	g_string_free(out, TRUE);
	written = finish_output();
	return written == EX_OK ? status : written;
}

static int retry_bad(const struct config *config)
{
	char *reason = NULL;
	struct spool *spool =
	    spool_open_existing(config->spool_directory, &reason);
	size_t count = 0;
	enum spool_result result;
	int error;

	if (spool == NULL) {
		fprintf(stderr, PROGRAM ": %s\n", reason);
		g_free(reason);
		return EX_NOINPUT;
	}
	result = spool_retry_bad(spool, &count);
	error = errno;
	spool_close(spool);
	if (result != SPOOL_OK) {
		fprintf(stderr, PROGRAM ": %s/bad: %s\n",
		    config->spool_directory, g_strerror(error));
		return EX_CANTCREAT;
	}
	printf("%zu\n", count);
	return finish_output();
}

/* Signals. */

static void wake_loader(const struct daemon *daemon)
{
	uint64_t one = 1;

	/* It only fails when the counter is full, and then the loader wakes. */
	if (write(daemon->wake_fd, &one, sizeof(one)) < 0)
		return;
}

/* What can't change while the spool is open. A housekeeping_fixed_key. */
static const char *fixed_key(const struct config *old, const struct config *new)
{
	return strcmp(old->spool_directory, new->spool_directory) == 0
		   ? NULL
		   : "spool.directory";
}

static void reload(struct daemon *daemon)
{
	struct config *config = housekeeping_reload(
	    &command_line, daemon->config_path, daemon->config, fixed_key);

	if (config == NULL)
		return;
	loader_set_config(daemon->loader, config);
	wake_loader(daemon);
	config_unref(daemon->config);
	daemon->config = config;
	log_event(
	    LOG_NOTICE, EVENT_RELOADED, "file", daemon->config_path, NULL);
}

static void make_signal_set(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGHUP);
	sigaddset(set, SIGUSR1);
	sigaddset(set, SIGNAL_END);
}

/*
 * Ends the process if the loader doesn't. The batch in flight may take longer
 * than a service manager waits, and a server may never answer. To end without
 * its answer is safe: the records stay in the spool until it comes.
 */
static void end_in_time(const struct daemon *daemon)
{
	int64_t end = g_get_monotonic_time() + DRAIN_SECONDS * G_USEC_PER_SEC;
	int64_t left;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGNAL_END);
	while (!atomic_load(&daemon->done)) {
		struct timespec limit;

		left = end - g_get_monotonic_time();
		if (left <= 0) {
			log_failure(LOG_WARNING, EVENT_STOPPED_EARLY,
			    "PostgreSQL did not answer within %d s; the last "
			    "batch is loaded again at the next start",
			    DRAIN_SECONDS);
			_exit(daemon->drain ? EX_TEMPFAIL : EX_OK);
		}
		limit.tv_sec = (time_t)(left / G_USEC_PER_SEC);
		limit.tv_nsec = (long)(left % G_USEC_PER_SEC) * 1000;
		(void)sigtimedwait(&set, NULL, &limit);
	}
}

/* Waits for signals, and does what must go on however long the database makes
 * the other thread wait. */
static void *keep_house(void *data)
{
	const struct timespec period =
	    service_manager_pause(HOUSEKEEPING_SECONDS);
	struct daemon *daemon = data;
	sigset_t set;

	make_signal_set(&set);
	while (!atomic_load(&daemon->done)) {
		housekeeping_feed_watchdog(
		    loader_is_stuck(daemon->loader, PATIENCE_SECONDS),
		    "no progress for " G_STRINGIFY(PATIENCE_SECONDS) " s");
		housekeeping_write_metrics(
		    daemon->config, daemon->spool, PROGRAM);
		switch (sigtimedwait(&set, NULL, &period)) {
		case SIGTERM:
		case SIGINT:
			service_manager_stopping();
			loader_stop(daemon->loader);
			wake_loader(daemon);
			end_in_time(daemon);
			return NULL;
		case SIGUSR1:
			service_manager_reloading();
			reload(daemon);
			service_manager_ready();
			break;
		default:
			break;
		}
	}
	return NULL;
}

/* Only for the modes that start the thread; signals just end the others. */
static void block_signals(void)
{
	sigset_t set;

	make_signal_set(&set);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
}

/* Running. */

static int run_loader(struct daemon *daemon)
{
	static const enum metrics_counter counters[] = {METRICS_LOADED_STORED,
	    METRICS_LOADED_DUPLICATE, METRICS_LOADED_REPLACED,
	    METRICS_LOADED_CONFLICT, METRICS_LOADED_REJECTED,
	    METRICS_LOADED_BAD, METRICS_BATCHES};
	pthread_t thread;
	int error, status;

	housekeeping_begin_counters(counters, G_N_ELEMENTS(counters));
	error = pthread_create(&thread, NULL, keep_house, daemon);
	if (error != 0)
		return housekeeping_refuse_start(daemon->config, PROGRAM,
		    EX_TEMPFAIL, "can't start a thread: %s", g_strerror(error));
	log_event(LOG_NOTICE, EVENT_STARTED, "version", VERSION, NULL);
	service_manager_ready();
	status = loader_run(daemon->loader, daemon->drain);
	atomic_store(&daemon->done, true);
	pthread_kill(thread, SIGNAL_END);
	pthread_join(thread, NULL);
	housekeeping_write_metrics(daemon->config, daemon->spool, PROGRAM);
	log_event(LOG_NOTICE, EVENT_STOPPED, NULL);
	return status;
}

static int lock_spool(const struct daemon *daemon)
{
	bool locked;

	if (spool_lock(daemon->spool))
		return EX_OK;
	locked = errno == EWOULDBLOCK;
	return housekeeping_refuse_start(daemon->config, PROGRAM,
	    locked ? EX_TEMPFAIL : EX_CANTCREAT, "spool folder %s: %s",
	    daemon->config->spool_directory,
	    locked ? "another tlsrpt-loader is using it" : g_strerror(errno));
}

static int serve(struct daemon *daemon)
{
	const struct config *config = daemon->config;
	char *error = NULL;
	int status;

	daemon->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	daemon->spool =
	    spool_open(config->spool_directory, config->spool_quota, &error);
	if (daemon->spool == NULL) {
		status = housekeeping_refuse_start(
		    config, PROGRAM, EX_CANTCREAT, "%s", error);
		goto out;
	}
	status = lock_spool(daemon);
	if (status != EX_OK)
		goto out;
	daemon->loader =
	    loader_new(daemon->config, daemon->spool, daemon->wake_fd);
	status = run_loader(daemon);
out:
	g_free(error);
	loader_free(daemon->loader);
	spool_close(daemon->spool);
	if (daemon->wake_fd >= 0)
		close(daemon->wake_fd);
	return status;
}

static int run(struct daemon *daemon)
{
	switch (arguments.mode) {
	case MIGRATE:
		return migrate(daemon->config);
	case STATUS:
		return print_status(daemon->config, arguments.json);
	case RETRY_BAD:
		return retry_bad(daemon->config);
	default:
		return serve(daemon);
	}
}

int main(int argc, char **argv)
{
	struct daemon daemon = {.wake_fd = -1};
	int status;

	if (command_line_parse(&command_line, argc, argv, &daemon.config_path) <
	    argc)
		command_line_usage(&command_line, "takes no operands");
	if (arguments.json && arguments.mode != STATUS)
		command_line_usage(&command_line, "--json goes with --status");
	daemon.drain = arguments.mode == DRAIN;
	if (daemon.drain || arguments.mode == MODE_NONE)
		block_signals();
	signal(SIGPIPE, SIG_IGN);
	umask(0007);
	daemon.config = command_line_config(&command_line, daemon.config_path);
	log_open(PROGRAM, daemon.config->log_target, daemon.config->log_level);
	decode_init();
	status = run(&daemon);
	config_unref(daemon.config);
	return status;
}
