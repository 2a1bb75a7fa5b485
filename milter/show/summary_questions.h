/* SPDX-License-Identifier: MIT */
/*
 * summary_sql: the questions about domains, days and reporters.
 *
 * Knows their SQL and which column goes where. Leaves to summary_query.c when
 * they are asked. Pure but for the struct that a row is added to; one thread.
 */
#ifndef SHOW_SUMMARY_QUESTIONS_H
#define SHOW_SUMMARY_QUESTIONS_H

#include "db/db.h"
#include "summary.h"

/* $1 is the number of days, $2 the domains as an array or NULL for all, $3 how
 * many rows at most where there may be many. */
struct summary_question {
	const char *sql;
	void (*take)(
	    struct summary *summary, const struct db_rows *rows, int row);
	bool (*wanted)(const struct summary *summary); /* NULL: always */
};

/* In the order to be asked in; ended by one without sql. */
extern const struct summary_question summary_questions[];

#define SQL_TODAY "(now() AT TIME ZONE 'UTC')::date"
#define SQL_LAST_DAYS "day > " SQL_TODAY " - $1::int"
#define SQL_DOMAINS "($2::text[] IS NULL OR policy_domain = ANY ($2::text[]))"

/* A column as a count, not negative; as a text of its own. */
int64_t summary_questions_count(
    const struct db_rows *rows, int row, const char *column);
char *summary_questions_text(
    const struct db_rows *rows, int row, const char *column);

#endif
