/* SPDX-License-Identifier: MIT */
/*
 * problem_questions: rows about problems, their failures and documents.
 *
 * Knows which column goes where. Leaves the SQL to sql/, and to summary_query.c
 * when it is asked. Pure but for the struct that a row is added to; one thread.
 */
#ifndef SHOW_PROBLEM_QUESTIONS_H
#define SHOW_PROBLEM_QUESTIONS_H

#include "db/db.h"
#include "summary.h"

/* A row of sql/problem.sql or sql/problems.sql as a problem without failures
 * and documents (summary_problem_free). */
struct summary_problem *problem_questions_new(
    const struct db_rows *rows, int row);

/* Adds a row of sql/problems.sql to the summary. */
void problem_questions_add(
    struct summary *summary, const struct db_rows *rows, int row);

/* Adds a row of sql/failures.sql to the problem that it names. */
void problem_questions_add_failure(
    struct summary_problem *problem, const struct db_rows *rows, int row);

/* Adds a row of sql/documents.sql or sql/tenant_documents.sql to the problem
 * that it names. */
void problem_questions_add_document(
    struct summary_problem *problem, const struct db_rows *rows, int row);

#endif
