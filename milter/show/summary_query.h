/* SPDX-License-Identifier: MIT */
/*
 * summary_query: a summary out of the database.
 *
 * Knows in which order the questions are asked, all in one snapshot. Leaves
 * connections to db.c, SQL to sql/, and columns to summary_table.c. One thread.
 */
#ifndef SHOW_SUMMARY_QUERY_H
#define SHOW_SUMMARY_QUERY_H

#include "db/db.h"
#include "summary.h"

struct summary_request {
	int days;                   /* 1 to 3650, today included */
	const char *const *domains; /* as syntax_domain() gives them, ended by
				     * NULL; may be empty: all */
	int problems;               /* how many at most */
	bool detail; /* failures and the newest document of each */
	/* NULL, or the id of the only problem that is asked for, with its
	 * newest 100 failures and the newest 3 documents that tell of it;
	 * domains and problems don't count then. */
	const char *problem;
};

/*
 * Asks for a summary. On success *ret_summary is the caller's (summary_free);
 * it has no problem when there is none with the id that was asked for, or none
 * that the role may see. Otherwise *ret_error is a sentence (g_free).
 */
enum db_result summary_ask(struct db *db, const struct summary_request *request,
    struct summary **ret_summary, char **ret_error);

#endif
