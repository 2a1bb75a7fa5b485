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
#include <stdatomic.h>
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
#define DISCARDS_TO_WAKE 10

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
	pthread_t server;  /* the thread in smfi_main() */
	struct config *config;
	struct spool *spool;
} shared = {
    .mutex = PTHREAD_MUTEX_INITIALIZER, .idle = PTHREAD_COND_INITIALIZER};

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

/* Call with the mutex held. */
static void count_busy(struct connection *connection, bool busy)
{
	if (busy && !connection->busy)
		shared.busy++;
	if (!busy && connection->busy)
		shared.busy--;
	connection->busy = busy;
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

/* Begins a callback: returns its connection, which is new in the first one. */
static struct connection *enter(SMFICTX *ctx)
{
	struct connection *connection = smfi_getpriv(ctx);
	bool first = connection == NULL;

	if (first) {
		connection = g_new0(struct connection, 1);
		connection->session = session_new(shared.spool);
		smfi_setpriv(ctx, connection);
	}
	pthread_mutex_lock(&shared.mutex);
	shared.connections += first;
	shared.running++;
	shared.progress = g_get_monotonic_time();
	pthread_mutex_unlock(&shared.mutex);
	return connection;
}

/* Ends a callback; returns its answer. */
static sfsistat leave(struct connection *connection, sfsistat answer)
{
	pthread_mutex_lock(&shared.mutex);
	count_busy(connection, connection->session->config != NULL);
	shared.progress = g_get_monotonic_time();
	if (--shared.running == 0)
		pthread_cond_broadcast(&shared.idle);
	pthread_mutex_unlock(&shared.mutex);
	return answer;
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
	struct connection *connection = enter(ctx);

	(void)offered2;
	(void)offered3;
	session_reset(connection->session);
	config_unref(connection->config);
	connection->config = current_config();
	connection->actions = actions_of(connection->config) & offered_actions;
	connection->protocol = wanted & offered_protocol;
	*actions = connection->actions;
	*protocol = connection->protocol;
	*ret2 = 0;
	*ret3 = 0;
	return leave(connection, SMFIS_CONTINUE);
}

/* Ends a callback whose answer the mail server may have been told not to
 * expect. */
static sfsistat leave_silently(
    struct connection *connection, unsigned long waived)
{
	return leave(connection, (connection->protocol & waived) != 0
				     ? SMFIS_NOREPLY
				     : SMFIS_CONTINUE);
}

/* Ends a callback with a step of the session. No callback follows ACCEPT for
 * this message, so the session is reset here. */
static sfsistat leave_with(
    struct connection *connection, enum session_step step)
{
	if (step == SESSION_ACCEPT) {
		session_reset(connection->session);
		return leave(connection, SMFIS_ACCEPT);
	}
	if (step == SESSION_SKIP && (connection->protocol & SMFIP_SKIP) != 0)
		return leave(connection, SMFIS_SKIP);
	return leave(connection, SMFIS_CONTINUE);
}

/*
 * A message begins under the newest configuration, unless that one may need an
 * action that was not asked for when the connection began. Where nothing was
 * negotiated no message begins, and the session accepts what comes.
 */
static void begin(struct connection *connection, const char *from)
{
	struct config *config = current_config();
	struct config *agreed = connection->config;

	if (agreed != NULL)
		session_mail(connection->session,
		    (actions_of(config) & ~actions_of(agreed)) != 0 ? agreed
								    : config,
		    from);
	config_unref(config);
}

static sfsistat on_mail(SMFICTX *ctx, char **arguments)
{
	struct connection *connection = enter(ctx);

	begin(connection, arguments[0]);
	return leave_silently(connection, SMFIP_NR_MAIL);
}

static sfsistat on_rcpt(SMFICTX *ctx, char **arguments)
{
	struct connection *connection = enter(ctx);

	session_rcpt(connection->session, arguments[0]);
	return leave_silently(connection, SMFIP_NR_RCPT);
}

static sfsistat on_data(SMFICTX *ctx)
{
	struct connection *connection = enter(ctx);

	return leave_with(connection, session_data(connection->session));
}

static sfsistat on_header(SMFICTX *ctx, char *name, char *value)
{
	struct connection *connection = enter(ctx);

	session_header(connection->session, name, value);
	return leave_silently(connection, SMFIP_NR_HDR);
}

static sfsistat on_end_of_header(SMFICTX *ctx)
{
	struct connection *connection = enter(ctx);

	return leave_with(
	    connection, session_end_of_header(connection->session));
}

static sfsistat on_body(SMFICTX *ctx, unsigned char *bytes, size_t length)
{
	struct connection *connection = enter(ctx);

	return leave_with(
	    connection, session_body(connection->session, bytes, length));
}

/* Logs an action that the mail server did not take. */
static bool expect_success(int result, const char *queue_id, const char *action)
{
	if (result == MI_SUCCESS)
		return true;
	log_event(LOG_WARNING, EVENT_MAIL_SERVER_REFUSED, "queue-id", queue_id,
	    "action", action, NULL);
	return false;
}

/* Removes X-TLSRPT fields that the message came with, and adds the verdict's.
 */
static void change_header(SMFICTX *ctx, const struct connection *connection,
    const char *value, const char *queue_id)
{
	static char header[] = HEADER;
	unsigned int forged = connection->session->forged;

	if (!connection->session->config->add_header ||
	    (connection->actions & SMFIF_CHGHDRS) == 0)
		forged = 0;
	/* From the last on, since each deletion renumbers those after it. */
	for (; forged > 0; forged--)
		(void)expect_success(
		    smfi_chgheader(ctx, header, (int)forged, NULL), queue_id,
		    "delete-header");
	if (value != NULL && (connection->actions & SMFIF_ADDHDRS) != 0)
		(void)expect_success(smfi_addheader(ctx, header, (char *)value),
		    queue_id, "add-header");
}

/* Deletes the report addresses. The mail server matches recipients exactly, so
 * they go back verbatim. False when one is left. */
static bool delete_recipients(
    SMFICTX *ctx, const struct connection *connection, const char *queue_id)
{
	const GPtrArray *recipients = connection->session->report_recipients;
	bool deleted = (connection->actions & SMFIF_DELRCPT) != 0;

	for (guint i = 0; i < recipients->len && deleted; i++)
		deleted = expect_success(
		    smfi_delrcpt(ctx, g_ptr_array_index(recipients, i)),
		    queue_id, "delete-recipient");
	return deleted;
}

/*
 * Postfix's cleanup(8) spends a token on each message, and the queue manager
 * supplies new ones when it runs. A discarded message does not wake it, so
 * after as many discards as there are tokens (default_process_limit, 100) each
 * further message of anybody would wait for in_flow_delay. Therefore one
 * message of ten is not discarded but loses its recipients, which are all
 * report addresses: the queue manager removes it, and supplies tokens.
 */
static sfsistat discard(
    SMFICTX *ctx, const struct connection *connection, const char *queue_id)
{
	static atomic_uint discarded;
	const char *server = smfi_getsymval(ctx, "v");

	if (server != NULL && g_str_has_prefix(server, "Postfix") &&
	    atomic_fetch_add(&discarded, 1) % DISCARDS_TO_WAKE ==
		DISCARDS_TO_WAKE - 1 &&
	    delete_recipients(ctx, connection, queue_id))
		return SMFIS_ACCEPT;
	return SMFIS_DISCARD;
}

static void set_reply(
    SMFICTX *ctx, char *code, char *enhanced, char *text, const char *queue_id)
{
	(void)expect_success(
	    smfi_setreply(ctx, code, enhanced, text), queue_id, "set-reply");
}

static sfsistat carry_out(SMFICTX *ctx, const struct connection *connection,
    const struct verdict *verdict, const char *queue_id)
{
	switch (verdict->action) {
	case VERDICT_DISCARD:
		return discard(ctx, connection, queue_id);
	case VERDICT_REJECT:
		set_reply(ctx, "550", "5.7.1", verdict->reply, queue_id);
		return SMFIS_REJECT;
	case VERDICT_TEMPFAIL:
		set_reply(ctx, "451", "4.3.0", verdict->reply, queue_id);
		return SMFIS_TEMPFAIL;
	case VERDICT_SPLIT:
		(void)delete_recipients(ctx, connection, queue_id);
		break;
	case VERDICT_ACCEPT:
	case VERDICT_HEADER:
		break;
	}
	change_header(ctx, connection, verdict->header, queue_id);
	return SMFIS_ACCEPT;
}

static sfsistat on_end(SMFICTX *ctx)
{
	struct connection *connection = enter(ctx);
	const char *queue_id = smfi_getsymval(ctx, "i");
	sfsistat result = SMFIS_ACCEPT;

	if (connection->session->config != NULL)
		result = carry_out(ctx, connection,
		    session_end(connection->session, queue_id), queue_id);
	session_reset(connection->session);
	return leave(connection, result);
}

static sfsistat on_abort(SMFICTX *ctx)
{
	struct connection *connection = enter(ctx);

	session_reset(connection->session);
	return leave(connection, SMFIS_CONTINUE);
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

static void wake_up(int number)
{
	(void)number;
}

bool mlfi_open(struct config *config, struct spool *spool)
{
	/* Without SA_RESTART, so that the signal ends libmilter's poll(2). */
	const struct sigaction action = {.sa_handler = wake_up};
	mode_t old;
	bool opened;

	mlfi_set_config(config);
	shared.spool = spool;
	shared.server = pthread_self();
	sigaction(SIGNAL_WAKE, &action, NULL);
	if (!register_callbacks() || smfi_setconn(config->socket) != MI_SUCCESS)
		return false;
	/* The socket's mode comes from umask: owner and group may connect. */
	old = umask(0007);
	opened = smfi_opensocket(true) == MI_SUCCESS;
	umask(old);
	return opened;
}

int mlfi_run(void)
{
	int result = smfi_main();

	pthread_mutex_lock(&shared.mutex);
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
	returned = shared.returned;
	if (!returned)
		pthread_kill(shared.server, SIGNAL_WAKE);
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
		log_failure(LOG_WARNING, EVENT_STOPPED_EARLY,
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

	/* Not the time of day, which somebody may set meanwhile. */
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += (time_t)seconds;
	pthread_mutex_lock(&shared.mutex);
	while (shared.running > 0 && error == 0)
		error = pthread_cond_clockwait(
		    &shared.idle, &shared.mutex, CLOCK_MONOTONIC, &until);
	drained = shared.running == 0;
	pthread_mutex_unlock(&shared.mutex);
	nanosleep(&grace, NULL);
	return drained;
}
