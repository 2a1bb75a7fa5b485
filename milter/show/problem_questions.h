/* SPDX-License-Identifier: MIT */
/*
 * problem_sql: the questions about problems, their failures and documents.
 *
 * Knows their SQL and which column goes where. Leaves to summary_query.c when
 * they are asked. Pure but for the struct that a row is added to; one thread.
 */
#ifndef SHOW_PROBLEM_QUESTIONS_H
#define SHOW_PROBLEM_QUESTIONS_H

#include "db/db.h"
#include "summary.h"

/* Of struct summary_question: the problems of a summary. */
extern const char problem_questions_list[];
void problem_questions_take(
    struct summary *summary, const struct db_rows *rows, int row);

/* For the problems of $1 (an array of ids), at most $2 rows each, of the $3
 * days before it was last seen. A row has a column problem_id. */
extern const char problem_questions_failures[];
void problem_questions_take_failure(
    struct summary_problem *problem, const struct db_rows *rows, int row);

/* Likewise documents, none longer than $4 characters: as they came, or for a
 * tenant with the policies of its own domains. */
extern const char problem_questions_documents[];
extern const char problem_questions_own_documents[];
void problem_questions_take_document(
    struct summary_problem *problem, const struct db_rows *rows, int row);

/* The problem with the id $1. */
extern const char problem_questions_one[];
struct summary_problem *problem_questions_new(
    const struct db_rows *rows, int row);

/* A row that tells which of the two this role may ask for: all_documents,
 * own_documents. */
extern const char problem_questions_rights[];

#endif
