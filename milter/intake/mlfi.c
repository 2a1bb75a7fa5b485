/* SPDX-License-Identifier: MIT */
/*
 * Debian's libmilter is a pool of workers: the callbacks of one connection run
 * on different threads, one at a time. All state of a connection hangs on
 * smfi_setpriv(), and nothing here is thread-local.
 *
 * The process-wide state is the configuration for new messages, the spool, and
 * the number of callbacks that are running, which mlfi_drain() waits for since
 * smfi_main() returns while some still are; and of connections and messages,
 * which mlfi_leave() waits for: told to stop, the pool no longer looks at
 * connections, whose mail would wait for its time limit.
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
struct link {
	struct session *session;
	unsigned long actions;  /* SMFIF_*: what we may do to a message */
	unsigned long protocol; /* SMFIP_*: what was agreed on */
	struct config *config;  /* the one that actions were asked for */
	bool busy;              /* in a message */
};

static struct {
	pthread_mutex_t mutex;
	pthread_cond_t idle;
	unsigned int running; /* callbacks */
	int64_t progress;     /* when the last one began or ended */
	unsigned int links;
	unsigned int busy; /* links in a message */
	bool returned;     /* smfi_main() has */
	pthread_t server;  /* who is in smfi_main() */
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

/* Under the mutex. */
static void count_busy(struct link *link, bool busy)
{
	if (busy && !link->busy)
		shared.busy++;
	if (!busy && link->busy)
		shared.busy--;
	link->busy = busy;
}

static void leave(struct link *link)
{
	bool busy = session_config(link->session) != NULL;

	pthread_mutex_lock(&shared.mutex);
	count_busy(link, busy);
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

/* Changes to a message that a configuration can lead to. */
static unsigned long actions_of(const struct config *config)
{
	unsigned long actions = 0;

	if (config->add_header)
		actions |= SMFIF_ADDHDRS | SMFIF_CHGHDRS;
	if (config->disposition == CONFIG_DISCARD)
		actions |= SMFIF_DELRCPT;
	return actions;
}

static void count_link(void)
{
	pthread_mutex_lock(&shared.mutex);
	shared.links++;
	pthread_mutex_unlock(&shared.mutex);
}

static void link_free(struct link *link)
{
	if (link == NULL)
		return;
	pthread_mutex_lock(&shared.mutex);
	count_busy(link, false);
	shared.links--;
	pthread_mutex_unlock(&shared.mutex);
	session_free(link->session);
	config_unref(link->config);
	g_free(link);
}

/*
 * Without connection and HELO, and with no answer to MAIL, RCPT and each header
 * field, an ordinary mail costs three round trips. Body chunks are answered,
 * since the answer may be SKIP.
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
	struct link *link;

	(void)offered2;
	(void)offered3;
	enter();
	link = g_new0(struct link, 1);
	count_link();
	link->session = session_new(shared.spool);
	link->config = current_config();
	link->actions = actions_of(link->config) & offered_actions;
	link->protocol = wanted & offered_protocol;
	*actions = link->actions;
	*protocol = link->protocol;
	*ret2 = 0;
	*ret3 = 0;
	link_free(smfi_getpriv(ctx));
	smfi_setpriv(ctx, link);
	leave(link);
	return SMFIS_CONTINUE;
}

/* What to answer in a state whose answer may have been waived. */
static sfsistat answer(const struct link *link, unsigned long waived)
{
	return (link->protocol & waived) != 0 ? SMFIS_NOREPLY : SMFIS_CONTINUE;
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
static void begin(struct link *link, const char *from)
{
	struct config *config = current_config();

	if ((actions_of(config) & ~actions_of(link->config)) != 0)
		session_mail(link->session, link->config, from);
	else
		session_mail(link->session, config, from);
	config_unref(config);
}

static sfsistat on_mail(SMFICTX *ctx, char **arguments)
{
	struct link *link = smfi_getpriv(ctx);

	if (link == NULL)
		return SMFIS_ACCEPT;
	enter();
	begin(link, arguments[0]);
	leave(link);
	return answer(link, SMFIP_NR_MAIL);
}

static sfsistat on_rcpt(SMFICTX *ctx, char **arguments)
{
	struct link *link = smfi_getpriv(ctx);

	if (link == NULL)
		return SMFIS_ACCEPT;
	enter();
	session_rcpt(link->session, arguments[0]);
	leave(link);
	return answer(link, SMFIP_NR_RCPT);
}

/* ACCEPT ends a message without an abort: the session is reset on every way
 * out. */
static sfsistat finish_step(struct link *link, enum session_step result)
{
	if (result == SESSION_ACCEPT)
		session_reset(link->session);
	return step(result);
}

static sfsistat on_data(SMFICTX *ctx)
{
	struct link *link = smfi_getpriv(ctx);
	sfsistat result;

	if (link == NULL)
		return SMFIS_ACCEPT;
	enter();
	result = finish_step(link, session_data(link->session));
	leave(link);
	return result;
}

static sfsistat on_header(SMFICTX *ctx, char *name, char *value)
{
	struct link *link = smfi_getpriv(ctx);

	if (link == NULL)
		return SMFIS_ACCEPT;
	enter();
	session_header(link->session, name, value);
	leave(link);
	return answer(link, SMFIP_NR_HDR);
}

static sfsistat on_end_of_header(SMFICTX *ctx)
{
	struct link *link = smfi_getpriv(ctx);
	sfsistat result;

	if (link == NULL)
		return SMFIS_ACCEPT;
	enter();
	result = finish_step(link, session_end_of_header(link->session));
	leave(link);
	return result;
}

static sfsistat on_body(SMFICTX *ctx, unsigned char *bytes, size_t length)
{
	struct link *link = smfi_getpriv(ctx);
	enum session_step result;

	if (link == NULL)
		return SMFIS_ACCEPT;
	enter();
	result = session_body(link->session, bytes, length);
	leave(link);
	if (result == SESSION_SKIP && (link->protocol & SMFIP_SKIP) == 0)
		result = SESSION_CONTINUE;
	return step(result);
}

static void warn(const char *queue_id, const char *what)
{
	log_event(LOG_WARNING, "mail-server-refused", "queue-id", queue_id,
	    "action", what, NULL);
}

/* From the last to the first, since each deletion renumbers those behind. */
static void remove_forged(
    SMFICTX *ctx, const struct link *link, const char *queue_id)
{
	static char header[] = HEADER;

	if ((link->actions & SMFIF_CHGHDRS) == 0 ||
	    !session_config(link->session)->add_header)
		return;
	for (unsigned int i = session_forged_headers(link->session); i > 0; i--)
		if (smfi_chgheader(ctx, header, (int)i, NULL) != MI_SUCCESS)
			warn(queue_id, "delete-header");
}

static void add_header(SMFICTX *ctx, const struct link *link,
    const struct verdict *verdict, const char *queue_id)
{
	static char header[] = HEADER;

	if (verdict->header == NULL || (link->actions & SMFIF_ADDHDRS) == 0)
		return;
	if (smfi_addheader(ctx, header, verdict->header) != MI_SUCCESS)
		warn(queue_id, "add-header");
}

/* The mail server matches recipients exactly, so they go back verbatim. */
static void delete_recipients(
    SMFICTX *ctx, const struct link *link, const char *queue_id)
{
	const GPtrArray *recipients = session_report_recipients(link->session);

	if ((link->actions & SMFIF_DELRCPT) == 0)
		return;
	for (guint i = 0; i < recipients->len; i++)
		if (smfi_delrcpt(ctx, recipients->pdata[i]) != MI_SUCCESS)
			warn(queue_id, "delete-recipient");
}

static void set_reply(SMFICTX *ctx, const char *code, const char *enhanced,
    const char *text, const char *queue_id)
{
	if (smfi_setreply(ctx, (char *)code, (char *)enhanced, (char *)text) !=
	    MI_SUCCESS)
		warn(queue_id, "set-reply");
}

static sfsistat carry_out(SMFICTX *ctx, const struct link *link,
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
		delete_recipients(ctx, link, queue_id);
		break;
	case VERDICT_ACCEPT:
	case VERDICT_HEADER:
		break;
	}
	remove_forged(ctx, link, queue_id);
	add_header(ctx, link, verdict, queue_id);
	return SMFIS_ACCEPT;
}

static sfsistat on_end(SMFICTX *ctx)
{
	struct link *link = smfi_getpriv(ctx);
	const struct verdict *verdict;
	const char *queue_id;
	sfsistat result = SMFIS_ACCEPT;

	if (link == NULL)
		return SMFIS_ACCEPT;
	enter();
	if (session_config(link->session) != NULL) {
		queue_id = smfi_getsymval(ctx, "i");
		verdict = session_end(link->session, queue_id);
		result = carry_out(ctx, link, verdict, queue_id);
	}
	session_reset(link->session);
	leave(link);
	return result;
}

static sfsistat on_abort(SMFICTX *ctx)
{
	struct link *link = smfi_getpriv(ctx);

	if (link == NULL)
		return SMFIS_CONTINUE;
	enter();
	session_reset(link->session);
	leave(link);
	return SMFIS_CONTINUE;
}

/* May run with the pool's lock held, so it only frees. */
static sfsistat on_close(SMFICTX *ctx)
{
	link_free(smfi_getpriv(ctx));
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
	/* Without SA_RESTART: the wait for connections ends. */
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

/* libmilter waits for connections five seconds at a time. */
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

/* A mail server may keep a connection for the next message: one that is in none
 * is waited for a second. */
static bool is_in_use(int64_t waited)
{
	bool used;

	pthread_mutex_lock(&shared.mutex);
	if (waited < G_USEC_PER_SEC / 5)
		used = true; /* one may be accepted and not counted yet */
	else if (waited < G_USEC_PER_SEC)
		used = shared.links > 0;
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
		    "the socket can't be given up: %s", g_strerror(errno));
	while (wake_server() && waited < limit && is_in_use(waited)) {
		nanosleep(&moment, NULL);
		waited = g_get_monotonic_time() - start;
	}
	/* Not smfi_stop(), which waits for a lock that is held while libmilter
	 * waits for connections: its own thread does, and we wake it. */
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
	/* libmilter writes the answer after the callback has returned. */
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
