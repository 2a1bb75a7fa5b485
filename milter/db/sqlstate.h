/* SPDX-License-Identifier: MIT */
/*
 * sqlstate: what an SQLSTATE (PostgreSQL manual, appendix A) means for whoever
 * asked, and the sentence for people. Leaves libpq to db.c. Pure; any thread.
 */
#ifndef DB_SQLSTATE_H
#define DB_SQLSTATE_H

#include "db/db.h"

/* What a failure with this SQLSTATE means; NULL when there is none, which is
 * libpq's own failure: the connection broke. */
enum db_result sqlstate_judge(const char *sqlstate);

/* The failure as one sentence (g_free). primary and detail are the server's
 * message and may quote a report; detail may be NULL. */
char *sqlstate_describe(
    const char *sqlstate, const char *primary, const char *detail);

/* The lines of a message as one sentence (g_free). */
char *sqlstate_join_lines(const char *text);

#endif
