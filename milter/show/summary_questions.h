/* SPDX-License-Identifier: MIT */
/*
 * summary_questions: the questions about domains, days and reporters.
 *
 * Knows which column goes where. Leaves the SQL to sql/, and to summary_query.c
 * when a question is asked. Pure but for the struct that a row is added to; one
 * thread.
 */
#ifndef SHOW_SUMMARY_QUESTIONS_H
#define SHOW_SUMMARY_QUESTIONS_H

#include "db/db.h"
#include "summary.h"

struct summary_question {
	const char *sql;
	/* How many of these it takes: $1 the domains as an array, or NULL for
	 * all; $2 the number of days; $3 how many rows at most. */
	int parameters;
	void (*add_row)(
	    struct summary *summary, const struct db_rows *rows, int row);
	bool (*wanted)(const struct summary *summary); /* NULL: always */
};

/* In the order to be asked in; ended by one without sql. */
extern const struct summary_question summary_questions[];

/* A column as a count, 0 for NULL, never negative. */
int64_t summary_questions_count(
    const struct db_rows *rows, int row, const char *column);
/* A column as the caller's text (g_free), or NULL. */
char *summary_questions_text(
    const struct db_rows *rows, int row, const char *column);
/* Whether a column is true. */
bool summary_questions_flag(
    const struct db_rows *rows, int row, const char *column);

#endif
