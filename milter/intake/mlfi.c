/* SPDX-License-Identifier: MIT */
/*
 * Debian's libmilter is a pool of workers: the callbacks of one connection run
 * on different threads, one at a time. All state of a connection hangs on
 * smfi_setpriv(), and nothing here is thread-local.
 *
 * The process-wide state is the configuration for new messages, the spool, and
 * three counts. mlfi_drain() waits for the running callbacks, since smfi_main()
 * returns before they have ended. mlfi_leave() waits for the connections and
 * the messages: after smfi_stop() libmilter ignores open connections, so their
 * mail would hang until the mail server times out.
 */
#include "mlfi.h"

#include <errno.h>
#include <glib.h>
#include <libmilter/mfapi.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "listen_socket.h"
#include "session.h"

#define NAME "tlsrpt-milter"
#define HEADER "X-TLSRPT"
#define SIGNAL_WAKE SIGRTMIN

/* One connection with the mail server. */
struct connection {
	struct session *session;
	unsigned long actions;  /* SMFIF_*: changes that were negotiated */
	unsigned long protocol; /* SMFIP_*: protocol steps that were */
	struct config *config;  /* under which actions were negotiated */
	bool busy;              /* in a message */
};

static struct {
	pthread_mutex_t mutex;
	pthread_cond_t idle;
	unsigned int running; /* callbacks */
	int64_t progress;     /* when the last one began or ended */
	unsigned int connections;
	unsigned int busy; /* connections in a message */
	bool returned;     /* smfi_main() has returned */
	pthread_t server;  /* the thread in smfi_main(), while serving */
	bool serving;
	struct config *config;
	struct spool *spool;
} shared = {
    .mutex = PTHREAD_MUTEX_INITIALIZER, .idle = PTHREAD_COND_INITIALIZER};

static void enter(void)
{
	pthread_mutex_lock(&shared.mutex);
	shared.running++;
	shared.progress = g_get_monotonic_time();
	pthread_mutex_unlock(&shared.mutex);
}

/* Call with the mutex held. */
static void count_busy(struct connection *connection, bool busy)
{
	if (busy && !connection->busy)
		shared.busy++;
	if (!busy && connection->busy)
		shared.busy--;
	connection->busy = busy;
}

static void leave(struct connection *connection)
{
	bool busy = session_config(connection->session) != NULL;

	pthread_mutex_lock(&shared.mutex);
	count_busy(connection, busy);
	shared.progress = g_get_monotonic_time();
	if (--shared.running == 0)
		pthread_cond_broadcast(&shared.idle);
	pthread_mutex_unlock(&shared.mutex);
}

static struct config *current_config(void)
{
	struct config *config;

	pthread_mutex_lock(&shared.mutex);
	config = config_ref(shared.config);
	pthread_mutex_unlock(&shared.mutex);
	return config;
}

void mlfi_set_config(struct config *config)
{
	struct config *old;

	config_ref(config);
	pthread_mutex_lock(&shared.mutex);
	old = shared.config;
	shared.config = config;
	pthread_mutex_unlock(&shared.mutex);
	config_unref(old);
}

/* The SMFIF_* actions that messages may need under a configuration. */
static unsigned long actions_of(const struct config *config)
{
	unsigned long actions = 0;

	if (config->add_header)
		actions |= SMFIF_ADDHDRS | SMFIF_CHGHDRS;
	if (config->disposition == CONFIG_DISCARD)
		actions |= SMFIF_DELRCPT;
	return actions;
}

static void count_connection(void)
{
	pthread_mutex_lock(&shared.mutex);
	shared.connections++;
	pthread_mutex_unlock(&shared.mutex);
}

static void connection_free(struct connection *connection)
{
	if (connection == NULL)
		return;
	pthread_mutex_lock(&shared.mutex);
	count_busy(connection, false);
	shared.connections--;
	pthread_mutex_unlock(&shared.mutex);
	session_free(connection->session);
	config_unref(connection->config);
	g_free(connection);
}

/*
 * Asks the mail server to send neither the connection nor HELO, and to expect
 * no answer to MAIL, RCPT and header fields: an ordinary mail then costs three
 * round trips. Body chunks are answered, since the answer may be SKIP.
 */
static sfsistat on_negotiate(SMFICTX *ctx, unsigned long offered_actions,
    unsigned long offered_protocol, unsigned long offered2,
    unsigned long offered3, unsigned long *actions, unsigned long *protocol,
    unsigned long *ret2, unsigned long *ret3)
{
	static const unsigned long wanted =
	    SMFIP_NOCONNECT | SMFIP_NOHELO | SMFIP_NOUNKNOWN | SMFIP_NR_CONN |
	    SMFIP_NR_HELO | SMFIP_NR_MAIL | SMFIP_NR_RCPT | SMFIP_NR_HDR |
	    SMFIP_SKIP;
	struct connection *connection;

	(void)offered2;
	(void)offered3;
	enter();
	connection = g_new0(struct connection, 1);
	count_connection();
	connection->session = session_new(shared.spool);
	connection->config = current_config();
	connection->actions = actions_of(connection->config) & offered_actions;
	connection->protocol = wanted & offered_protocol;
	*actions = connection->actions;
	*protocol = connection->protocol;
	*ret2 = 0;
	*ret3 = 0;
	connection_free(smfi_getpriv(ctx));
	smfi_setpriv(ctx, connection);
	leave(connection);
	return SMFIS_CONTINUE;
}

/* The answer to a step that the mail server may expect no answer to. */
static sfsistat answer(
    const struct connection *connection, unsigned long waived)
{
	return (connection->protocol & waived) != 0 ? SMFIS_NOREPLY
						    : SMFIS_CONTINUE;
}

static sfsistat step(enum session_step step)
{
	switch (step) {
	case SESSION_ACCEPT:
		return SMFIS_ACCEPT;
	case SESSION_SKIP:
		return SMFIS_SKIP;
	case SESSION_CONTINUE:
		break;
	}
	return SMFIS_CONTINUE;
}

/*
 * A message begins under the newest configuration, unless that one may need an
 * action that was not asked for when the connection began.
 */
static void begin(struct connection *connection, const char *from)
{
	struct config *config = current_config();

	if ((actions_of(config) & ~actions_of(connection->config)) != 0)
		session_mail(connection->session, connection->config, from);
	else
		session_mail(connection->session, config, from);
	config_unref(config);
}

static sfsistat on_mail(SMFICTX *ctx, char **arguments)
{
	struct connection *connection = smfi_getpriv(ctx);

	if (connection == NULL)
		return SMFIS_ACCEPT;
	enter();
	begin(connection, arguments[0]);
	leave(connection);
	return answer(connection, SMFIP_NR_MAIL);
}

static sfsistat on_rcpt(SMFICTX *ctx, char **arguments)
{
	struct connection *connection = smfi_getpriv(ctx);

	if (connection == NULL)
		return SMFIS_ACCEPT;
	enter();
	session_rcpt(connection->session, arguments[0]);
	leave(connection);
	return answer(connection, SMFIP_NR_RCPT);
}

/* No callback follows ACCEPT for this message, so the session is reset here. */
static sfsistat finish_step(
    struct connection *connection, enum session_step result)
{
	if (result == SESSION_ACCEPT)
		session_reset(connection->session);
	return step(result);
}

static sfsistat on_data(SMFICTX *ctx)
{
	struct connection *connection = smfi_getpriv(ctx);
	sfsistat result;

	if (connection == NULL)
		return SMFIS_ACCEPT;
	enter();
	result = finish_step(connection, session_data(connection->session));
	leave(connection);
	return result;
}

static sfsistat on_header(SMFICTX *ctx, char *name, char *value)
{
	struct connection *connection = smfi_getpriv(ctx);

	if (connection == NULL)
		return SMFIS_ACCEPT;
	enter();
	session_header(connection->session, name, value);
	leave(connection);
	return answer(connection, SMFIP_NR_HDR);
}

static sfsistat on_end_of_header(SMFICTX *ctx)
{
	struct connection *connection = smfi_getpriv(ctx);
	sfsistat result;

	if (connection == NULL)
		return SMFIS_ACCEPT;
	enter();
	result =
	    finish_step(connection, session_end_of_header(connection->session));
	leave(connection);
	return result;
}

static sfsistat on_body(SMFICTX *ctx, unsigned char *bytes, size_t length)
{
	struct connection *connection = smfi_getpriv(ctx);
	enum session_step result;

	if (connection == NULL)
		return SMFIS_ACCEPT;
	enter();
	result = session_body(connection->session, bytes, length);
	leave(connection);
	if (result == SESSION_SKIP && (connection->protocol & SMFIP_SKIP) == 0)
		result = SESSION_CONTINUE;
	return step(result);
}

static void warn(const char *queue_id, const char *what)
{
	log_event(LOG_WARNING, "mail-server-refused", "queue-id", queue_id,
	    "action", what, NULL);
}

/* Removes X-TLSRPT fields that the message came with, from the last to the
 * first, since each deletion renumbers the ones after it. */
static void remove_forged(
    SMFICTX *ctx, const struct connection *connection, const char *queue_id)
{
	static char header[] = HEADER;

	if ((connection->actions & SMFIF_CHGHDRS) == 0 ||
	    !session_config(connection->session)->add_header)
		return;
	for (unsigned int i = session_forged_headers(connection->session);
	     i > 0; i--)
		if (smfi_chgheader(ctx, header, (int)i, NULL) != MI_SUCCESS)
			warn(queue_id, "delete-header");
}

static void add_header(SMFICTX *ctx, const struct connection *connection,
    const struct verdict *verdict, const char *queue_id)
{
	static char header[] = HEADER;

	if (verdict->header == NULL ||
	    (connection->actions & SMFIF_ADDHDRS) == 0)
		return;
	if (smfi_addheader(ctx, header, verdict->header) != MI_SUCCESS)
		warn(queue_id, "add-header");
}

/* Deletes the report addresses. The mail server matches recipients exactly, so
 * they go back verbatim. */
static void delete_recipients(
    SMFICTX *ctx, const struct connection *connection, const char *queue_id)
{
	const GPtrArray *recipients =
	    session_report_recipients(connection->session);

	if ((connection->actions & SMFIF_DELRCPT) == 0)
		return;
	for (guint i = 0; i < recipients->len; i++)
		if (smfi_delrcpt(ctx, g_ptr_array_index(recipients, i)) !=
		    MI_SUCCESS)
			warn(queue_id, "delete-recipient");
}

static void set_reply(SMFICTX *ctx, const char *code, const char *enhanced,
    const char *text, const char *queue_id)
{
	if (smfi_setreply(ctx, (char *)code, (char *)enhanced, (char *)text) !=
	    MI_SUCCESS)
		warn(queue_id, "set-reply");
}

static sfsistat carry_out(SMFICTX *ctx, const struct connection *connection,
    const struct verdict *verdict, const char *queue_id)
{
	switch (verdict->action) {
	case VERDICT_DISCARD:
		return SMFIS_DISCARD;
	case VERDICT_REJECT:
		set_reply(ctx, "550", "5.7.1", verdict->reply, queue_id);
		return SMFIS_REJECT;
	case VERDICT_TEMPFAIL:
		set_reply(ctx, "451", "4.3.0", verdict->reply, queue_id);
		return SMFIS_TEMPFAIL;
	case VERDICT_SPLIT:
		delete_recipients(ctx, connection, queue_id);
		break;
	case VERDICT_ACCEPT:
	case VERDICT_HEADER:
		break;
	}
	remove_forged(ctx, connection, queue_id);
	add_header(ctx, connection, verdict, queue_id);
	return SMFIS_ACCEPT;
}

static sfsistat on_end(SMFICTX *ctx)
{
	struct connection *connection = smfi_getpriv(ctx);
	const struct verdict *verdict;
	const char *queue_id;
	sfsistat result = SMFIS_ACCEPT;

	if (connection == NULL)
		return SMFIS_ACCEPT;
	enter();
	if (session_config(connection->session) != NULL) {
		queue_id = smfi_getsymval(ctx, "i");
		verdict = session_end(connection->session, queue_id);
		result = carry_out(ctx, connection, verdict, queue_id);
	}
	session_reset(connection->session);
	leave(connection);
	return result;
}

static sfsistat on_abort(SMFICTX *ctx)
{
	struct connection *connection = smfi_getpriv(ctx);

	if (connection == NULL)
		return SMFIS_CONTINUE;
	enter();
	session_reset(connection->session);
	leave(connection);
	return SMFIS_CONTINUE;
}

/* libmilter may hold its pool's lock here, so this does nothing but free. */
static sfsistat on_close(SMFICTX *ctx)
{
	connection_free(smfi_getpriv(ctx));
	smfi_setpriv(ctx, NULL);
	return SMFIS_CONTINUE;
}

static bool register_callbacks(void)
{
	static char name[] = NAME;
	const struct smfiDesc description = {
	    .xxfi_name = name,
	    .xxfi_version = SMFI_VERSION,
	    .xxfi_flags = SMFIF_ADDHDRS | SMFIF_CHGHDRS | SMFIF_DELRCPT,
	    .xxfi_envfrom = on_mail,
	    .xxfi_envrcpt = on_rcpt,
	    .xxfi_header = on_header,
	    .xxfi_eoh = on_end_of_header,
	    .xxfi_body = on_body,
	    .xxfi_eom = on_end,
	    .xxfi_abort = on_abort,
	    .xxfi_close = on_close,
	    .xxfi_data = on_data,
	    .xxfi_negotiate = on_negotiate,
	};

	return smfi_register(description) == MI_SUCCESS;
}

bool mlfi_open(struct config *config, struct spool *spool)
{
	mode_t old;
	bool opened;

	mlfi_set_config(config);
	shared.spool = spool;
	if (!register_callbacks() || smfi_setconn(config->socket) != MI_SUCCESS)
		return false;
	/* The socket's mode comes from umask: owner and group may connect. */
	old = umask(0007);
	opened = smfi_opensocket(true) == MI_SUCCESS;
	umask(old);
	return opened;
}

static void wake_up(int number)
{
	(void)number;
}

int mlfi_run(void)
{
	/* Without SA_RESTART, so that the signal ends libmilter's poll(2). */
	const struct sigaction action = {.sa_handler = wake_up};
	int result;

	sigaction(SIGNAL_WAKE, &action, NULL);
	pthread_mutex_lock(&shared.mutex);
	shared.server = pthread_self();
	shared.serving = true;
	pthread_mutex_unlock(&shared.mutex);
	result = smfi_main();
	pthread_mutex_lock(&shared.mutex);
	shared.serving = false;
	shared.returned = true;
	pthread_mutex_unlock(&shared.mutex);
	return result == MI_SUCCESS ? EX_OK : EX_UNAVAILABLE;
}

/* Ends libmilter's wait for connections, which else lasts up to five seconds.
 * False once smfi_main() has returned. */
static bool wake_server(void)
{
	bool returned;

	pthread_mutex_lock(&shared.mutex);
	if (shared.serving)
		pthread_kill(shared.server, SIGNAL_WAKE);
	returned = shared.returned;
	pthread_mutex_unlock(&shared.mutex);
	return !returned;
}

/*
 * Whether mlfi_leave() has to wait on, having waited for that many
 * microseconds. A mail server may keep a connection open for its next message,
 * so a connection without a message is waited for one second only.
 */
static bool is_in_use(int64_t waited)
{
	bool used;

	pthread_mutex_lock(&shared.mutex);
	if (waited < G_USEC_PER_SEC / 5)
		used = true; /* one may be accepted but not counted yet */
	else if (waited < G_USEC_PER_SEC)
		used = shared.connections > 0;
	else
		used = shared.busy > 0;
	pthread_mutex_unlock(&shared.mutex);
	return used;
}

void mlfi_leave(unsigned int seconds)
{
	static const struct timespec moment = {0, 20 * 1000 * 1000};
	int64_t limit = (int64_t)seconds * G_USEC_PER_SEC;
	int64_t start = g_get_monotonic_time(), waited = 0;

	if (!listen_socket_withdraw())
		log_failure(LOG_WARNING, "stopped-early",
		    "the listening socket can't be replaced: %s",
		    g_strerror(errno));
	while (wake_server() && waited < limit && is_in_use(waited)) {
		nanosleep(&moment, NULL);
		waited = g_get_monotonic_time() - start;
	}
	/* Not smfi_stop(): it waits for a lock that libmilter holds while it
	 * waits for connections. libmilter's signal thread stops it instead,
	 * and we wake it up. */
	kill(getpid(), SIGTERM);
	while (wake_server())
		nanosleep(&moment, NULL);
}

bool mlfi_is_stuck(void)
{
	int64_t now = g_get_monotonic_time(), patience;
	bool stuck;

	pthread_mutex_lock(&shared.mutex);
	patience =
	    (2 * (int64_t)shared.config->limits.deadline + 2) * G_USEC_PER_SEC;
	stuck = shared.running > 0 && now - shared.progress > patience;
	pthread_mutex_unlock(&shared.mutex);
	return stuck;
}

bool mlfi_drain(unsigned int seconds)
{
	/* libmilter writes its answer after the callback has returned. */
	static const struct timespec grace = {0, 100 * 1000 * 1000};
	struct timespec until;
	bool drained;
	int error = 0;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += (time_t)seconds;
	pthread_mutex_lock(&shared.mutex);
	while (shared.running > 0 && error == 0)
		error =
		    pthread_cond_timedwait(&shared.idle, &shared.mutex, &until);
	drained = shared.running == 0;
	pthread_mutex_unlock(&shared.mutex);
	nanosleep(&grace, NULL);
	return drained;
}
