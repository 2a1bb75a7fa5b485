/* SPDX-License-Identifier: MIT */
/*
 * tlsrpt-milter: the order of start and stop. Signals are blocked before any
 * thread exists; libmilter's own thread waits for SIGTERM, the housekeeping
 * thread below for SIGUSR1 and SIGQUIT.
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
/* Wakes the housekeeping thread when the work is over. daemon.done tells it
 * from a signal that somebody else sent. */
#define SIGNAL_END SIGUSR2

static const struct command_line command_line = {
    .program = PROGRAM,
    .usage = "[-c FILE] [--check-config]",
    .description =
	"A milter for Postfix and Sendmail that takes SMTP TLS reports "
	"(RFC 8460) out of\nincoming mail and puts them into the spool "
	"for tlsrpt-loader. Runs in the\nforeground; SIGTERM stops it, "
	"SIGUSR1 re-reads the configuration.",
};

struct daemon {
	const char *config_path;
	struct config *config; /* the housekeeping thread's, once that runs */
	struct spool *spool;
	atomic_bool done;
};

/* What can't change while the socket and the spool are open. A
 * housekeeping_fixed_key. */
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
	service_manager_status("listening at %s", config->socket);
}

static void reload(struct daemon *daemon)
{
	struct config *config = housekeeping_reload(
	    &command_line, daemon->config_path, daemon->config, fixed_key);

	if (config == NULL)
		return;
	spool_set_quota(daemon->spool, config->spool_quota);
	mlfi_set_config(config);
	config_unref(daemon->config);
	daemon->config = config;
	tell_status(config);
	log_event(
	    LOG_NOTICE, EVENT_RELOADED, "file", daemon->config_path, NULL);
}

/* The signals that do_housekeeping() waits for. */
static sigset_t housekeeping_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGQUIT);
	sigaddset(&set, SIGNAL_END);
	return set;
}

static void *do_housekeeping(void *data)
{
	const struct timespec period =
	    service_manager_pause(HOUSEKEEPING_SECONDS);
	const sigset_t set = housekeeping_signals();
	struct daemon *daemon = data;

	for (;;) {
		int received = sigtimedwait(&set, NULL, &period);

		if (atomic_load(&daemon->done))
			return NULL;
		if (received == SIGQUIT) {
			service_manager_stopping();
			mlfi_leave(LEAVE_SECONDS);
		}
		if (received == SIGUSR1) {
			service_manager_reloading();
			reload(daemon);
			service_manager_ready();
		}
		housekeeping_feed_watchdog(mlfi_is_stuck(),
		    "no message has made progress for twice limits.deadline");
		housekeeping_write_metrics(
		    daemon->config, daemon->spool, PROGRAM);
	}
}

static void block_signals(void)
{
	sigset_t set = housekeeping_signals();

	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
}

/* The path of milter.socket, or NULL when it has none. */
static const char *socket_path(const struct config *config)
{
	return g_str_has_prefix(config->socket, "unix:") ||
		       g_str_has_prefix(config->socket, "local:")
		   ? strchr(config->socket, ':') + 1
		   : NULL;
}

/* Removes the socket, which libmilter leaves behind when it runs as root, but
 * not if another process's is there by now. */
static void remove_socket(const char *path, const struct stat *ours)
{
	struct stat found;

	if (path != NULL && lstat(path, &found) == 0 &&
	    found.st_dev == ours->st_dev && found.st_ino == ours->st_ino)
		unlink(path);
}

static int refuse_socket(const struct config *config, const char *why)
{
	return housekeeping_refuse_start(config, PROGRAM, EX_UNAVAILABLE,
	    "milter.socket: %s can't be opened: %s", config->socket, why);
}

/* Opens the socket; an exit code. *ret_ours is the file at path, for
 * remove_socket(). */
static int open_socket(
    const struct daemon *daemon, const char *path, struct stat *ret_ours)
{
	struct config *config = daemon->config;

	/* libmilter would replace the other process's socket. And that process,
	 * unless it is root's, would remove ours when it ends. */
	if (path != NULL && listen_socket_is_in_use(path))
		return refuse_socket(config, "another process listens there");
	if (!mlfi_open(config, daemon->spool))
		return refuse_socket(config,
		    g_str_has_prefix(config->socket, "fd:")
			? "it is not a socket; systemd passes one by its unit "
			  "tlsrpt-milter.socket; to start by hand, name a path"
			: "does the folder exist, may this user write there, "
			  "is the address free?");
	if (path != NULL && lstat(path, ret_ours) != 0)
		return refuse_socket(config, g_strerror(errno));
	return EX_OK;
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
	error = pthread_create(&thread, NULL, do_housekeeping, daemon);
	if (error != 0) {
		config_unref(first);
		return housekeeping_refuse_start(daemon->config, PROGRAM,
		    EX_TEMPFAIL, "can't start a thread: %s", g_strerror(error));
	}
	log_event(LOG_NOTICE, EVENT_STARTED, "version", VERSION, "socket",
	    first->socket, NULL);
	if (first->policy_domains[0] == NULL)
		log_failure(LOG_WARNING, EVENT_ANY_DOMAIN_ACCEPTED,
		    "accept.policy-domains is empty: anybody can fill the "
		    "database with reports about any domain; list your own");
	service_manager_ready();
	tell_status(first);
	status = mlfi_run();
	service_manager_stopping();
	remove_socket(path, &ours);
	if (!mlfi_drain(DRAIN_SECONDS))
		log_failure(LOG_WARNING, EVENT_STOPPED_EARLY,
		    "messages were still being handled after %d s",
		    DRAIN_SECONDS);
	atomic_store(&daemon->done, true);
	pthread_kill(thread, SIGNAL_END);
	pthread_join(thread, NULL);
	log_event(LOG_NOTICE, EVENT_STOPPED, NULL);
	config_unref(first);
	return status;
}

int main(int argc, char **argv)
{
	static const enum metrics_counter counters[] = {METRICS_MESSAGES,
	    METRICS_CANDIDATES, METRICS_SPOOLED, METRICS_INVALID,
	    METRICS_REFUSED, METRICS_FAILED, METRICS_DROPPED};
	/* Static, since threads may use it until the process ends. */
	static struct daemon daemon;
	char *error = NULL;
	int status;

	block_signals();
	if (command_line_parse(&command_line, argc, argv, &daemon.config_path) <
	    argc)
		command_line_usage(&command_line, "takes no operands");
	daemon.config = command_line_config(&command_line, daemon.config_path);
	log_open(PROGRAM, daemon.config->log_target, daemon.config->log_level);
	daemon.spool = spool_open(
	    daemon.config->spool_directory, daemon.config->spool_quota, &error);
	if (daemon.spool == NULL) {
		status = housekeeping_refuse_start(
		    daemon.config, PROGRAM, EX_CANTCREAT, "%s", error);
		g_free(error);
		config_unref(daemon.config);
		return status;
	}
	pipeline_init();
	housekeeping_begin_counters(counters, G_N_ELEMENTS(counters));
	/* Nothing is freed: sleeping workers of libmilter may point to it. */
	return serve(&daemon);
}
