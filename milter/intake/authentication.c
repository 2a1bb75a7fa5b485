/* SPDX-License-Identifier: MIT */
#include "authentication.h"

#include <string.h>

#include "base/syntax.h"
#include "mail/authres.h"

/*
 * Whether a signature of a domain, as a verifier wrote it, authenticates
 * submitter: the domain is submitter or a parent of at least two labels.
 * Whoever holds a parent zone could sign for the child anyway, so a list of
 * public suffixes would add nothing beyond excluding single labels.
 */
static bool speaks_for(const char *written, const char *submitter)
{
	g_autofree char *domain = NULL;

	if (written == NULL ||
	    syntax_domain(written, false, &domain) == SYNTAX_BAD)
		return false;
	if (strcmp(domain, submitter) == 0)
		return true;
	return strchr(domain, '.') != NULL &&
	       syntax_domain_is_below(submitter, domain);
}

/* What the database knows, by rank. The other results of RFC 8601 section 2.7.1
 * (policy, neutral, temperror, permerror) count as fail. */
static const char *const dkim_words[] = {"none", "fail", "pass"};
enum { DKIM_NONE, DKIM_FAIL, DKIM_PASS };

/* Which result is shown when none authenticates the submitter: the highest. */
static int dkim_rank(const char *result)
{
	if (strcmp(result, "pass") == 0)
		return DKIM_PASS;
	return strcmp(result, "none") == 0 ? DKIM_NONE : DKIM_FAIL;
}

/*
 * The topmost field of a trusted host that says anything about DKIM. A verifier
 * puts its field above those that came with the message, so a field further
 * down may be the sender's, whatever host it names (RFC 8601 section 5). A
 * trusted field that can't be read ends the search: the sender has some
 * influence on what a verifier writes, and could make room for a forged one.
 */
static GPtrArray *find_decisive(
    const struct config *config, const GPtrArray *fields)
{
	const char *const *trusted = (const char *const *)config->authserv_ids;

	for (guint i = 0; fields != NULL && i < fields->len; i++) {
		const char *text = g_ptr_array_index(fields, i);
		char *id = authres_authserv_id(text);
		bool found = id != NULL && g_strv_contains(trusted, id);
		GPtrArray *results;

		g_free(id);
		if (!found)
			continue;
		results = authres_dkim(text);
		if (results == NULL || results->len > 0)
			return results;
		g_ptr_array_unref(results);
	}
	return NULL;
}

void authentication_judge(const struct config *config,
    const GPtrArray *authentication_results, const char *submitter,
    struct authentication *ret_dkim)
{
	GPtrArray *results = find_decisive(config, authentication_results);
	const char *domain = NULL;
	bool authenticated = false;
	int best = DKIM_NONE;

	for (guint i = 0; results != NULL && i < results->len && !authenticated;
	     i++) {
		const struct authres_dkim *found =
		    g_ptr_array_index(results, i);
		int rank = dkim_rank(found->result);

		authenticated =
		    rank == DKIM_PASS && speaks_for(found->domain, submitter);
		if (authenticated || rank > best) {
			domain = found->domain;
			best = rank;
		}
	}
	*ret_dkim = (struct authentication){
	    dkim_words[best], g_strdup(domain), authenticated};
	g_clear_pointer(&results, g_ptr_array_unref);
}
