/* SPDX-License-Identifier: MIT */
/*
 * Everything here is decided from its arguments alone, so that the whole table
 * of verdicts can be tested without a message, a spool or a mail server.
 */
#include "policy.h"

#include <string.h>

#include "authres.h"
#include "text.h"

/* RFC 5322 section 2.1.1 allows 998 bytes a line; the name takes its share. */
#define HEADER_MAX 900
/* A reply line is 512 bytes with its code and line end (RFC 5321 section
 * 4.5.3.1.5). */
#define REPLY_MAX 400

static bool list_has(char *const *list, const char *word)
{
	for (; *list != NULL; list++)
		if (strcmp(*list, word) == 0)
			return true;
	return false;
}

/* Whether name ends in parent with a dot before it. */
static bool is_below(const char *name, const char *parent)
{
	size_t name_length = strlen(name);
	size_t parent_length = strlen(parent);

	return parent_length > 0 && name_length > parent_length + 1 &&
	       name[name_length - parent_length - 1] == '.' &&
	       strcmp(name + name_length - parent_length, parent) == 0;
}

/*
 * Whether a signature of domain speaks for submitter: the same, or a parent of
 * at least two labels. Whoever holds a parent zone could sign for the child
 * anyway, so a list of public suffixes would change nothing but single labels.
 */
static bool speaks_for(const char *domain, const char *submitter)
{
	if (domain == NULL || *domain == '\0')
		return false;
	if (strcmp(domain, submitter) == 0)
		return true;
	return strchr(domain, '.') != NULL && is_below(submitter, domain);
}

/* How much a result is worth showing when none authenticates the submitter. */
static int dkim_rank(const char *result)
{
	if (strcmp(result, "pass") == 0)
		return 2;
	return strcmp(result, "none") == 0 ? 0 : 1;
}

/* The database knows pass, fail and none; the other results of RFC 8601 section
 * 2.7.1 (policy, neutral, temperror, permerror) did not pass. */
static const char *dkim_word(int rank)
{
	static const char *const words[] = {"none", "fail", "pass"};

	return words[rank];
}

static void dkim_take(
    struct policy_dkim *dkim, int rank, const char *domain, bool authenticated)
{
	policy_dkim_clear(dkim);
	dkim->result = g_strdup(dkim_word(rank));
	dkim->domain = g_strdup(domain);
	dkim->authenticated = authenticated;
}

/*
 * The topmost field of a trusted host that says anything of DKIM. A verifier
 * puts its field above what came with the message, so one further down may be
 * the sender's, whatever name stands in it (RFC 8601 section 5). One that can't
 * be read is not passed over for another below it: a sender has some influence
 * on what a verifier writes.
 */
static struct authres *find_decisive(
    const struct config *config, const GPtrArray *fields)
{
	for (guint i = 0; fields != NULL && i < fields->len; i++) {
		char *id = authres_authserv_id(fields->pdata[i]);
		bool trusted = id != NULL && list_has(config->authserv_ids, id);
		struct authres *field;

		g_free(id);
		if (!trusted)
			continue;
		field = authres_parse(fields->pdata[i]);
		if (field == NULL || field->dkim->len > 0)
			return field;
		authres_free(field);
	}
	return NULL;
}

void policy_judge_dkim(const struct config *config,
    const GPtrArray *authentication_results, const char *submitter,
    struct policy_dkim *ret_dkim)
{
	struct policy_dkim dkim = {NULL, NULL, false};
	struct authres *field = find_decisive(config, authentication_results);
	int best = 0;

	dkim_take(&dkim, 0, NULL, false);
	for (guint i = 0;
	     field != NULL && i < field->dkim->len && !dkim.authenticated;
	     i++) {
		const struct authres_dkim *found = field->dkim->pdata[i];
		int rank = dkim_rank(found->result);
		bool authenticated =
		    rank == 2 && speaks_for(found->domain, submitter);

		if (authenticated || rank > best) {
			dkim_take(&dkim, rank, found->domain, authenticated);
			best = rank;
		}
	}
	authres_free(field);
	*ret_dkim = dkim;
}

void policy_dkim_clear(struct policy_dkim *dkim)
{
	g_free(dkim->result);
	g_free(dkim->domain);
	*dkim = (struct policy_dkim){NULL, NULL, false};
}

/* "example.com" is itself, and for a TLSA policy any MX host below it (RFC 8460
 * section 4.4: its policy domain is the TLSA base domain); "*.example.com" is
 * everything below. */
static bool domain_is_ours(
    const struct config *config, const struct report_policy *policy)
{
	bool tlsa = g_strcmp0(policy->policy_type, "tlsa") == 0;

	for (char *const *p = config->policy_domains; *p != NULL; p++) {
		bool wild = strncmp(*p, "*.", 2) == 0;
		const char *listed = wild ? *p + 2 : *p;

		if (!wild && strcmp(policy->policy_domain, listed) == 0)
			return true;
		if ((wild || tlsa) && is_below(policy->policy_domain, listed))
			return true;
	}
	return false;
}

static char *foreign_domain(
    const struct config *config, const struct report *report)
{
	bool named = false;

	if (config->policy_domains[0] == NULL)
		return NULL;
	for (guint i = 0; i < report->policies->len; i++) {
		const struct report_policy *policy = report->policies->pdata[i];

		if (policy->policy_domain == NULL)
			continue;
		if (!domain_is_ours(config, policy))
			return g_strdup_printf(
			    "accept.policy-domains: policies[%u].policy."
			    "policy-domain: %.253s is not listed",
			    i, policy->policy_domain);
		named = true;
	}
	if (named)
		return NULL;
	return g_strdup("accept.policy-domains: the report names no policy "
			"domain");
}

char *policy_refusal(const struct config *config, const struct report *report,
    const struct policy_dkim *dkim, const char *submitter)
{
	char *reason = foreign_domain(config, report);

	if (reason == NULL && config->authentication == CONFIG_AUTH_REQUIRE &&
	    !dkim->authenticated)
		reason = g_strdup_printf(
		    "RFC 8460 section 3: accept.authentication = require, and "
		    "no "
		    "trusted Authentication-Results field has a DKIM pass for "
		    "%.253s",
		    *submitter != '\0' ? submitter : "an unnamed submitter");
	return reason;
}

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
	text_header(out, text, HEADER_MAX - strlen("..."));
	g_free(text);
	return g_string_free(out, FALSE);
}

/* libmilter and the mail servers give '%' a meaning of their own in replies. */
static char *reply_text(const char *what, const char *reason)
{
	GString *out = g_string_new(what);
	GString *tail = g_string_new(NULL);

	text_header(tail, reason, REPLY_MAX);
	g_strdelimit(tail->str, "%", '?');
	g_string_append(out, tail->str);
	g_string_free(tail, TRUE);
	return g_string_free(out, FALSE);
}

/* No recipient is left that did not ask for reports. */
static bool only_report_recipients(const struct policy_tally *tally)
{
	return tally->report_recipients > 0 &&
	       tally->report_recipients == tally->recipients;
}

static void decide_spool_failed(const struct config *config, const char *reason,
    struct policy_verdict *verdict)
{
	if (config->on_spool_error == CONFIG_SPOOL_TEMPFAIL) {
		verdict->action = POLICY_TEMPFAIL;
		verdict->reply = reply_text(
		    "TLS report can't be stored now, try again later: ",
		    reason);
	}
}

static void decide_refused(const struct config *config,
    const struct policy_tally *tally, const char *reason,
    struct policy_verdict *verdict)
{
	if (config->on_refused == CONFIG_REFUSED_REJECT &&
	    only_report_recipients(tally)) {
		verdict->action = POLICY_REJECT;
		verdict->reply = reply_text("TLS report refused: ", reason);
		return;
	}
	verdict->action = POLICY_HEADER;
	verdict->header = header_text("refused; %s", reason);
}

static void decide_stored(const struct config *config,
    const struct policy_tally *tally, struct policy_verdict *verdict)
{
	verdict->action = POLICY_HEADER;
	if (config->disposition == CONFIG_DISCARD) {
		if (only_report_recipients(tally))
			verdict->action = POLICY_DISCARD;
		else if (tally->report_recipients > 0)
			verdict->action = POLICY_SPLIT;
	}
	if (verdict->action != POLICY_DISCARD)
		verdict->header =
		    header_text("stored; reports=%zu", tally->stored);
}

void policy_decide(const struct config *config,
    const struct policy_tally *tally, struct policy_verdict *ret_verdict)
{
	struct policy_verdict verdict = {POLICY_ACCEPT, NULL, NULL};
	const char *reason = tally->reason != NULL ? tally->reason : "unknown";
	size_t bad = tally->invalid + tally->refused;

	if (tally->spool_failed) {
		decide_spool_failed(config, reason, &verdict);
	} else if (tally->stored > 0 && bad > 0) {
		verdict.action = POLICY_HEADER;
		verdict.header = header_text(
		    "partial; stored=%zu invalid=%zu refused=%zu; %s",
		    tally->stored, tally->invalid, tally->refused, reason);
	} else if (tally->invalid > 0) {
		verdict.action = POLICY_HEADER;
		verdict.header = header_text("invalid; %s", reason);
	} else if (tally->refused > 0) {
		decide_refused(config, tally, reason, &verdict);
	} else if (tally->stored > 0) {
		decide_stored(config, tally, &verdict);
	}
	if (!config->add_header) {
		g_free(verdict.header);
		verdict.header = NULL;
		if (verdict.action == POLICY_HEADER)
			verdict.action = POLICY_ACCEPT;
	}
	*ret_verdict = verdict;
}

void policy_verdict_clear(struct policy_verdict *verdict)
{
	g_free(verdict->header);
	g_free(verdict->reply);
	*verdict = (struct policy_verdict){POLICY_ACCEPT, NULL, NULL};
}

const char *policy_action_name(enum policy_action action)
{
	switch (action) {
	case POLICY_ACCEPT:
	case POLICY_HEADER:
		return "keep";
	case POLICY_DISCARD:
		return "discard";
	case POLICY_SPLIT:
		return "split";
	case POLICY_REJECT:
		return "reject";
	case POLICY_TEMPFAIL:
		return "tempfail";
	}
	return "keep";
}
