/* SPDX-License-Identifier: MIT */
/*
 * tlsrpt-milter: the order of start and stop. Signals are blocked before any
 * thread exists; libmilter's own thread takes SIGTERM, the housekeeping thread
 * below takes SIGUSR1 and SIGQUIT.
 */
#include <glib.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"
#include "house.h"
#include "log.h"
#include "metrics.h"
#include "mlfi.h"
#include "notify.h"
#include "process.h"
#include "spool.h"

#define PROGRAM "tlsrpt-milter"
#define LEAVE_SECONDS 10
#define DRAIN_SECONDS 20
#define HOUSEKEEPING_SECONDS 5
/* Tells the housekeeping thread that the work is over. */
#define SIGNAL_END SIGUSR2

struct daemon {
	const char *config_path;
	struct config *config; /* the housekeeping thread's once it runs */
	struct spool *spool;
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
	notify_status("taking mail at %s", config->socket);
}

static void reload(struct daemon *daemon)
{
	char *error = NULL;
	struct config *config = config_load(daemon->config_path, &error);
	const char *key;

	if (config == NULL) {
		house_refuse_reload(error);
		g_free(error);
		return;
	}
	key = fixed_key(daemon->config, config);
	if (key != NULL) {
		error = g_strdup_printf("%s: %s can't change while running, "
					"restart for that",
		    daemon->config_path, key);
		house_refuse_reload(error);
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
	const struct timespec period = notify_pause(HOUSEKEEPING_SECONDS);
	struct daemon *daemon = data;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGQUIT);
	sigaddset(&set, SIGNAL_END);
	for (;;) {
		int taken = sigtimedwait(&set, NULL, &period);
		if (taken == SIGNAL_END)
			return NULL;
		if (taken == SIGQUIT) {
			notify_stopping();
			mlfi_leave(LEAVE_SECONDS);
		}
		if (taken == SIGUSR1) {
			notify_reloading();
			reload(daemon);
			notify_ready();
		}
		house_feed_watchdog(mlfi_is_stuck(),
		    "no message makes progress for more than twice "
		    "limits.deadline");
		house_write_metrics(daemon->config, daemon->spool, PROGRAM);
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

/* libmilter leaves the socket behind when it runs as root. */
static void remove_socket(const struct config *config)
{
	static const char *const kinds[] = {"unix:", "local:"};

	for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++)
		if (g_str_has_prefix(config->socket, kinds[i]))
			unlink(config->socket + strlen(kinds[i]));
}

/* Counters begin at 0: Prometheus sees the first event only as a rise from
 * there. */
static void begin_counters(void)
{
	static const enum metrics_counter ours[] = {METRICS_MESSAGES,
	    METRICS_CANDIDATES, METRICS_STORED, METRICS_INVALID,
	    METRICS_REFUSED, METRICS_FAILED};

	for (size_t i = 0; i < G_N_ELEMENTS(ours); i++)
		metrics_add(ours[i], 0);
}

static void refuse_socket(const char *socket)
{
	const char *advice = "does the folder exist, may this user write "
			     "there, is the address free?";

	if (g_str_has_prefix(socket, "fd:"))
		advice = "it is no socket; tlsrpt-milter.socket of systemd "
			 "passes fd:3, by hand name a path";
	log_failure(LOG_ERR, "start-failed",
	    "milter.socket: %s can't be opened: %s", socket, advice);
}

static int serve(struct daemon *daemon)
{
	struct config *first = daemon->config;
	pthread_t thread;
	int error, status;

	if (!mlfi_open(first, daemon->spool)) {
		refuse_socket(first->socket);
		return EX_UNAVAILABLE;
	}
	config_ref(first);
	error = pthread_create(&thread, NULL, keep_house, daemon);
	if (error != 0) {
		log_failure(
		    LOG_ERR, "start-failed", "thread: %s", g_strerror(error));
		config_unref(first);
		return EX_TEMPFAIL;
	}
	log_event(LOG_NOTICE, "started", "version", VERSION, "socket",
	    first->socket, NULL);
	notify_ready();
	tell_status(first);
	status = mlfi_run();
	notify_stopping();
	remove_socket(first);
	if (!mlfi_drain(DRAIN_SECONDS))
		log_failure(LOG_WARNING, "stopped-early",
		    "messages were still in flight after %d s", DRAIN_SECONDS);
	pthread_kill(thread, SIGNAL_END);
	pthread_join(thread, NULL);
	log_event(LOG_NOTICE, "stopped", NULL);
	config_unref(first);
	return status;
}

int main(int argc, char **argv)
{
	static const struct cli cli = {
	    .program = PROGRAM,
	    .usage = "[-c FILE] [--check-config]",
	    .description =
		"Takes SMTP TLS reports (RFC 8460) out of the mail that "
		"Postfix or Sendmail\nhands it as a milter, and puts them "
		"into the spool for tlsrpt-loader.\nRuns in the foreground; "
		"SIGTERM stops it, SIGUSR1 re-reads the configuration.",
	};
	struct daemon daemon = {NULL, NULL, NULL};
	char *error = NULL;
	int status;

	block_signals();
	if (cli_parse(&cli, argc, argv, &daemon.config_path) < argc)
		cli_usage(&cli, "no operand is taken");
	daemon.config = cli_config(daemon.config_path);
	log_open(PROGRAM, daemon.config->log_target, daemon.config->log_level);
	daemon.spool = spool_open(
	    daemon.config->spool_directory, daemon.config->spool_quota, &error);
	if (daemon.spool == NULL) {
		log_failure(LOG_ERR, "start-failed", "%s", error);
		g_free(error);
		config_unref(daemon.config);
		return EX_CANTCREAT;
	}
	process_init();
	begin_counters();
	status = serve(&daemon);
	/* Workers of libmilter may still be asleep with pointers to the spool,
	 * so the end of the process is what frees it. */
	return status;
}
