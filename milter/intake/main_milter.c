/* SPDX-License-Identifier: MIT */
/*
 * tlsrpt-milter: the order of start and stop. Signals are blocked before any
 * thread exists; libmilter's own thread takes SIGTERM, the housekeeping thread
 * below takes SIGUSR1 and SIGQUIT.
 */
#include <errno.h>
#include <glib.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/metrics.h"
#include "daemon/command_line.h"
#include "daemon/housekeeping.h"
#include "daemon/service_manager.h"
#include "listen_socket.h"
#include "mlfi.h"
#include "pipeline.h"
#include "spool/spool.h"

#define PROGRAM "tlsrpt-milter"
#define LEAVE_SECONDS 10
#define DRAIN_SECONDS 20
#define HOUSEKEEPING_SECONDS 5
/* Wakes the housekeeping thread when the work is over; daemon.done says that it
 * is, since anybody may send a signal. */
#define SIGNAL_END SIGUSR2

struct daemon {
	const char *config_path;
	struct config *config; /* the housekeeping thread's once it runs */
	struct spool *spool;
	atomic_bool done;
};

/* What can't change while the socket and the spool are open. */
static const char *fixed_key(const struct config *old, const struct config *new)
{
	if (strcmp(old->socket, new->socket) != 0)
		return "milter.socket";
	if (strcmp(old->spool_directory, new->spool_directory) != 0)
		return "spool.directory";
	return NULL;
}

static void tell_status(const struct config *config)
{
	service_manager_status("taking mail at %s", config->socket);
}

static void reload(struct daemon *daemon)
{
	char *error = NULL;
	struct config *config = config_load(daemon->config_path, &error);
	const char *key;

	if (config == NULL) {
		housekeeping_refuse_reload(error);
		g_free(error);
		return;
	}
	key = fixed_key(daemon->config, config);
	if (key != NULL) {
		error = g_strdup_printf("%s: %s can't change while running, "
					"restart for that",
		    daemon->config_path, key);
		housekeeping_refuse_reload(error);
		g_free(error);
		config_unref(config);
		return;
	}
	log_open(PROGRAM, config->log_target, config->log_level);
	spool_set_quota(daemon->spool, config->spool_quota);
	mlfi_set_config(config);
	config_unref(daemon->config);
	daemon->config = config;
	tell_status(config);
	log_event(LOG_NOTICE, "reloaded", "file", daemon->config_path, NULL);
}

static void *keep_house(void *data)
{
	const struct timespec period =
	    service_manager_pause(HOUSEKEEPING_SECONDS);
	struct daemon *daemon = data;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGQUIT);
	sigaddset(&set, SIGNAL_END);
	for (;;) {
		int taken = sigtimedwait(&set, NULL, &period);

		if (atomic_load(&daemon->done))
			return NULL;
		if (taken == SIGQUIT) {
			service_manager_stopping();
			mlfi_leave(LEAVE_SECONDS);
		}
		if (taken == SIGUSR1) {
			service_manager_reloading();
			reload(daemon);
			service_manager_ready();
		}
		housekeeping_feed_watchdog(mlfi_is_stuck(),
		    "no message makes progress for more than twice "
		    "limits.deadline");
		housekeeping_write_metrics(
		    daemon->config, daemon->spool, PROGRAM);
	}
}

static void block_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGQUIT);
	sigaddset(&set, SIGNAL_END);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
}

/* The path of milter.socket, or NULL when it has none. */
static const char *socket_path(const struct config *config)
{
	static const char *const kinds[] = {"unix:", "local:"};

	for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++)
		if (g_str_has_prefix(config->socket, kinds[i]))
			return config->socket + strlen(kinds[i]);
	return NULL;
}

/* libmilter leaves the socket behind when it runs as root. What is there by now
 * may be another's. */
static void remove_socket(const char *path, const struct stat *ours)
{
	struct stat found;

	if (path != NULL && lstat(path, &found) == 0 &&
	    found.st_dev == ours->st_dev && found.st_ino == ours->st_ino)
		unlink(path);
}

/* Counters begin at 0: Prometheus sees the first event only as a rise from
 * there. */
static void begin_counters(void)
{
	static const enum metrics_counter ours[] = {METRICS_MESSAGES,
	    METRICS_CANDIDATES, METRICS_SPOOLED, METRICS_INVALID,
	    METRICS_REFUSED, METRICS_FAILED, METRICS_DROPPED};

	for (size_t i = 0; i < G_N_ELEMENTS(ours); i++)
		metrics_add(ours[i], 0);
}

static int refuse_socket(const struct config *config, const char *why)
{
	char *reason = g_strdup_printf(
	    "milter.socket: %s can't be opened: %s", config->socket, why);

	housekeeping_refuse_start(config, PROGRAM, EX_UNAVAILABLE, reason);
	g_free(reason);
	return EX_UNAVAILABLE;
}

/* *ret_ours is the file at path, for remove_socket(). */
static int open_socket(
    const struct daemon *daemon, const char *path, struct stat *ret_ours)
{
	struct config *config = daemon->config;

	/* libmilter would take that one's place, and when that one ends it
	 * removes, unless it is root's, whatever socket is there: ours. */
	if (path != NULL && listen_socket_is_in_use(path))
		return refuse_socket(
		    config, "another process takes connections there");
	if (!mlfi_open(config, daemon->spool))
		return refuse_socket(config,
		    g_str_has_prefix(config->socket, "fd:")
			? "it is no socket; tlsrpt-milter.socket of systemd "
			  "passes fd:3, by hand name a path"
			: "does the folder exist, may this user write there, "
			  "is the address free?");
	if (path != NULL && lstat(path, ret_ours) != 0)
		return refuse_socket(config, g_strerror(errno));
	return EX_OK;
}

static int refuse_thread(const struct config *config, int error)
{
	char *reason = g_strdup_printf("thread: %s", g_strerror(error));

	housekeeping_refuse_start(config, PROGRAM, EX_TEMPFAIL, reason);
	g_free(reason);
	return EX_TEMPFAIL;
}

static int serve(struct daemon *daemon)
{
	struct config *first = daemon->config;
	const char *path = socket_path(first);
	struct stat ours = {0};
	pthread_t thread;
	int error, status;

	status = open_socket(daemon, path, &ours);
	if (status != EX_OK)
		return status;
	config_ref(first);
	error = pthread_create(&thread, NULL, keep_house, daemon);
	if (error != 0) {
		status = refuse_thread(first, error);
		config_unref(first);
		return status;
	}
	log_event(LOG_NOTICE, "started", "version", VERSION, "socket",
	    first->socket, NULL);
	service_manager_ready();
	tell_status(first);
	status = mlfi_run();
	service_manager_stopping();
	remove_socket(path, &ours);
	if (!mlfi_drain(DRAIN_SECONDS))
		log_failure(LOG_WARNING, "stopped-early",
		    "messages were still in flight after %d s", DRAIN_SECONDS);
	atomic_store(&daemon->done, true);
	pthread_kill(thread, SIGNAL_END);
	pthread_join(thread, NULL);
	log_event(LOG_NOTICE, "stopped", NULL);
	config_unref(first);
	return status;
}

int main(int argc, char **argv)
{
	static const struct command_line command_line = {
	    .program = PROGRAM,
	    .usage = "[-c FILE] [--check-config]",
	    .description =
		"Takes SMTP TLS reports (RFC 8460) out of the mail that "
		"Postfix or Sendmail\nhands it as a milter, and puts them "
		"into the spool for tlsrpt-loader.\nRuns in the foreground; "
		"SIGTERM stops it, SIGUSR1 re-reads the configuration.",
	};
	/* Of the process: see the end. */
	static struct daemon daemon;
	char *error = NULL;
	int status;

	block_signals();
	if (command_line_parse(&command_line, argc, argv, &daemon.config_path) <
	    argc)
		command_line_usage(&command_line, "no operand is taken");
	daemon.config = command_line_config(&command_line, daemon.config_path);
	log_open(PROGRAM, daemon.config->log_target, daemon.config->log_level);
	daemon.spool = spool_open(
	    daemon.config->spool_directory, daemon.config->spool_quota, &error);
	if (daemon.spool == NULL) {
		status = housekeeping_refuse_start(
		    daemon.config, PROGRAM, EX_CANTCREAT, error);
		g_free(error);
		config_unref(daemon.config);
		return status;
	}
	pipeline_init();
	begin_counters();
	status = serve(&daemon);
	/* Workers of libmilter may still be asleep with pointers to the spool,
	 * so the end of the process is what frees it. */
	return status;
}
