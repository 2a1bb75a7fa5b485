/* SPDX-License-Identifier: MIT */
/*
 * summary_query: a summary out of the database.
 *
 * Knows in which order the questions are asked, all in one snapshot. Leaves
 * connections to db.c, SQL to sql/, and rows to summary_questions.c and
 * problem_questions.c. One thread.
 */
#ifndef SHOW_SUMMARY_QUERY_H
#define SHOW_SUMMARY_QUERY_H

#include "db/db.h"
#include "summary.h"

struct summary_request {
	int days;             /* 1 to 3650, today included */
	char *const *domains; /* NULL-terminated, may be empty: all */
	int problems;         /* how many at most */
	bool detail;          /* failures and the newest document of each */
};

/*
 * Asks for a summary. On success *ret_summary is the caller's (summary_free);
 * otherwise *ret_error is a sentence (g_free).
 */
enum db_result summary_ask(struct db *db, const struct summary_request *request,
    struct summary **ret_summary, char **ret_error);

/*
 * Asks for one problem with the newest 100 failures and the newest 3 documents
 * that tell of it. *ret_problem is the caller's (summary_problem_free), or NULL
 * when there is none with this id, or none that the role may see.
 */
enum db_result summary_ask_problem(struct db *db, const char *id,
    struct summary_problem **ret_problem, char **ret_error);

#endif
