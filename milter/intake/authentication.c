/* SPDX-License-Identifier: MIT */
#include "authentication.h"

#include <string.h>

#include "base/syntax.h"
#include "mail/authres.h"

/*
 * Whether a signature of domain authenticates submitter: domain is submitter or
 * a parent of at least two labels. Whoever holds a parent zone could sign for
 * the child anyway, so a list of public suffixes would add nothing beyond
 * excluding single labels.
 */
static bool speaks_for(const char *domain, const char *submitter)
{
	if (domain == NULL || *domain == '\0')
		return false;
	if (strcmp(domain, submitter) == 0)
		return true;
	return strchr(domain, '.') != NULL &&
	       syntax_domain_is_below(submitter, domain);
}

/* Which result is shown when none authenticates the submitter: the highest. */
static int dkim_rank(const char *result)
{
	if (strcmp(result, "pass") == 0)
		return 2;
	return strcmp(result, "none") == 0 ? 0 : 1;
}

/* The database knows pass, fail and none. The other results of RFC 8601 section
 * 2.7.1 (policy, neutral, temperror, permerror) count as fail. */
static const char *dkim_word(int rank)
{
	static const char *const words[] = {"none", "fail", "pass"};

	return words[rank];
}

static void set_result(struct authentication *dkim, int rank,
    const char *domain, bool authenticated)
{
	authentication_clear(dkim);
	dkim->result = g_strdup(dkim_word(rank));
	dkim->domain = g_strdup(domain);
	dkim->authenticated = authenticated;
}

/*
 * The topmost field of a trusted host that says anything about DKIM. A verifier
 * puts its field above those that came with the message, so a field further
 * down may be the sender's, whatever host it names (RFC 8601 section 5). A
 * trusted field that can't be read ends the search: the sender has some
 * influence on what a verifier writes, and could make room for a forged one.
 */
static struct authres *find_decisive(
    const struct config *config, const GPtrArray *fields)
{
	for (guint i = 0; fields != NULL && i < fields->len; i++) {
		const char *text = g_ptr_array_index(fields, i);
		char *id = authres_authserv_id(text);
		bool trusted =
		    id != NULL &&
		    g_strv_contains(
			(const char *const *)config->authserv_ids, id);
		struct authres *field;

		g_free(id);
		if (!trusted)
			continue;
		field = authres_parse(text);
		if (field == NULL || field->dkim->len > 0)
			return field;
		authres_free(field);
	}
	return NULL;
}

void authentication_judge(const struct config *config,
    const GPtrArray *authentication_results, const char *submitter,
    struct authentication *ret_dkim)
{
	struct authentication dkim = {NULL, NULL, false};
	struct authres *field = find_decisive(config, authentication_results);
	int best = 0;

	set_result(&dkim, 0, NULL, false);
	for (guint i = 0;
	     field != NULL && i < field->dkim->len && !dkim.authenticated;
	     i++) {
		const struct authres_dkim *found =
		    g_ptr_array_index(field->dkim, i);
		int rank = dkim_rank(found->result);
		bool authenticated =
		    rank == 2 && speaks_for(found->domain, submitter);

		if (authenticated || rank > best) {
			set_result(&dkim, rank, found->domain, authenticated);
			best = rank;
		}
	}
	authres_free(field);
	*ret_dkim = dkim;
}

void authentication_clear(struct authentication *dkim)
{
	g_free(dkim->result);
	g_free(dkim->domain);
	*dkim = (struct authentication){NULL, NULL, false};
}
