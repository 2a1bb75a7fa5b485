/* SPDX-License-Identifier: MIT */
/*
 * A verdict is decided from its arguments alone, so that the whole table can be
 * tested without a message, a spool or a mail server.
 */
#include "verdict.h"

#include <stdarg.h>
#include <string.h>

#include "base/escape.h"

/* RFC 5322 section 2.1.1 allows 998 bytes a line, field name included. */
#define HEADER_MAX 900
/* A reply line is 512 bytes with its code and line end (RFC 5321 section
 * 4.5.3.1.5). */
#define REPLY_MAX 400

static char *header_text(const char *format, ...)
    __attribute__((format(printf, 1, 2)));
static char *header_text(const char *format, ...)
{
	GString *out = g_string_new(NULL);
	char *text;
	va_list args;

	va_start(args, format);
	text = g_strdup_vprintf(format, args);
	va_end(args);
	escape_header(out, text, HEADER_MAX - strlen("..."));
	g_free(text);
	return g_string_free(out, FALSE);
}

/* The text of a 5xx reply, without '%', which libmilter and mail servers
 * expand. */
static char *reply_text(const char *what, const char *reason)
{
	GString *out = g_string_new(what);

	escape_header(out, reason, REPLY_MAX);
	return g_strdelimit(g_string_free(out, FALSE), "%", '?');
}

/* Whether every recipient is a report address. */
static bool only_report_recipients(const struct verdict_tally *tally)
{
	return tally->report_recipients > 0 &&
	       tally->report_recipients == tally->recipients;
}

/* The reason names the spool's folder and what is wrong with it, which is
 * nothing for whoever sent the mail: it goes to the log, and to the mail's
 * recipients. */
static void decide_failed(const struct config *config,
    const struct verdict_tally *tally, const char *reason,
    struct verdict *verdict)
{
	if (config->on_spool_error == CONFIG_SPOOL_TEMPFAIL) {
		verdict->action = VERDICT_TEMPFAIL;
		verdict->reply =
		    g_strdup("TLS report can't be stored now, try again later");
		return;
	}
	verdict->action = VERDICT_HEADER;
	if (tally->spooled + tally->invalid + tally->refused == 0)
		verdict->header = header_text("failed; %s", reason);
	else
		verdict->header = header_text(
		    "partial; stored=%zu invalid=%zu refused=%zu failed=%zu; "
		    "%s",
		    tally->spooled, tally->invalid, tally->refused,
		    tally->failed, reason);
}

static void decide_refused(const struct config *config,
    const struct verdict_tally *tally, const char *reason,
    struct verdict *verdict)
{
	if (config->on_refused == CONFIG_REFUSED_REJECT &&
	    only_report_recipients(tally)) {
		verdict->action = VERDICT_REJECT;
		verdict->reply = reply_text("TLS report refused: ", reason);
		return;
	}
	verdict->action = VERDICT_HEADER;
	verdict->header = header_text("refused; %s", reason);
}

static void decide_spooled(const struct config *config,
    const struct verdict_tally *tally, struct verdict *verdict)
{
	verdict->action = VERDICT_HEADER;
	if (config->disposition == CONFIG_DISCARD && tally->pure) {
		if (only_report_recipients(tally))
			verdict->action = VERDICT_DISCARD;
		else if (tally->report_recipients > 0)
			verdict->action = VERDICT_SPLIT;
	}
	if (verdict->action != VERDICT_DISCARD)
		verdict->header =
		    header_text("stored; reports=%zu", tally->spooled);
}

void verdict_decide(const struct config *config,
    const struct verdict_tally *tally, struct verdict *ret_verdict)
{
	struct verdict verdict = {VERDICT_ACCEPT, NULL, NULL};
	const char *reason = tally->reason != NULL ? tally->reason : "unknown";
	size_t bad = tally->invalid + tally->refused;

	if (tally->failed > 0) {
		decide_failed(config, tally, reason, &verdict);
	} else if (tally->spooled > 0 && bad > 0) {
		verdict.action = VERDICT_HEADER;
		verdict.header = header_text(
		    "partial; stored=%zu invalid=%zu refused=%zu; %s",
		    tally->spooled, tally->invalid, tally->refused, reason);
	} else if (tally->invalid > 0) {
		verdict.action = VERDICT_HEADER;
		verdict.header = header_text("invalid; %s", reason);
	} else if (tally->refused > 0) {
		decide_refused(config, tally, reason, &verdict);
	} else if (tally->spooled > 0) {
		decide_spooled(config, tally, &verdict);
	}
	if (!config->add_header) {
		g_free(verdict.header);
		verdict.header = NULL;
		if (verdict.action == VERDICT_HEADER)
			verdict.action = VERDICT_ACCEPT;
	}
	*ret_verdict = verdict;
}

void verdict_clear(struct verdict *verdict)
{
	g_free(verdict->header);
	g_free(verdict->reply);
	*verdict = (struct verdict){VERDICT_ACCEPT, NULL, NULL};
}

const char *verdict_action_name(enum verdict_action action)
{
	static const char *const names[] = {
	    [VERDICT_ACCEPT] = "keep",
	    [VERDICT_HEADER] = "keep",
	    [VERDICT_DISCARD] = "discard",
	    [VERDICT_SPLIT] = "split",
	    [VERDICT_REJECT] = "reject",
	    [VERDICT_TEMPFAIL] = "tempfail",
	};

	return names[action];
}
