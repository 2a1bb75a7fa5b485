/* SPDX-License-Identifier: MIT */
/*
 * All questions are asked in one read-only transaction of one snapshot: see
 * sql/begin.sql.
 */
#include "summary_query.h"

#include "problem_questions.h"
#include "show_embedded.h"
#include "summary_questions.h"

/* Parameters of the questions about a problem's failures and documents: how
 * many rows at most, from how many days before the problem was last seen, and
 * how long a document may be. */
struct evidence {
	const char *failures;
	const char *documents;
	const char *days;
	const char *document_chars;
};

/* For each problem of a page. */
static const struct evidence page_evidence = {.failures = "25",
    .documents = "1",
    .days = "30",
    .document_chars = "16384"};

/* For a problem by itself: all days, and documents of any length. */
static const struct evidence problem_evidence = {.failures = "100",
    .documents = "3",
    .days = "1000000",
    .document_chars = "1073741824"};

/* {"a","b"} with the quoting of an array literal (PostgreSQL manual, 8.15.6).
 * NULL for an empty list. */
static char *array_literal(char *const *words)
{
	GString *out;

	if (words == NULL || *words == NULL)
		return NULL;
	out = g_string_new("{");
	for (; *words != NULL; words++) {
		if (out->len > 1)
			g_string_append_c(out, ',');
		g_string_append_c(out, '"');
		for (const char *p = *words; *p != '\0'; p++) {
			if (*p == '"' || *p == '\\')
				g_string_append_c(out, '\\');
			g_string_append_c(out, *p);
		}
		g_string_append_c(out, '"');
	}
	g_string_append_c(out, '}');
	return g_string_free(out, FALSE);
}

static enum db_result ask_questions(struct db *db, struct summary *summary,
    const char *const *values, char **ret_error)
{
	enum db_result result = DB_OK;

	for (const struct summary_question *question = summary_questions;
	     question->sql != NULL && result == DB_OK; question++) {
		struct db_rows *rows = NULL;

		if (question->wanted != NULL && !question->wanted(summary))
			continue;
		result = db_query(db, question->sql, values,
		    question->parameters, &rows, ret_error);
		for (int row = 0; result == DB_OK && row < db_rows_count(rows);
		     row++)
			question->add_row(summary, rows, row);
		db_rows_free(rows);
	}
	return result;
}

/* Asks for rows of which each names one of the problems, and adds each to its
 * problem. */
static enum db_result ask_details(struct db *db, const char *sql,
    GPtrArray *problems, const char *const *values, int count,
    void (*add_row)(
	struct summary_problem *problem, const struct db_rows *rows, int row),
    char **ret_error)
{
	GHashTable *by_id = g_hash_table_new(g_str_hash, g_str_equal);
	struct db_rows *rows = NULL;
	enum db_result result;

	for (guint i = 0; i < problems->len; i++) {
		struct summary_problem *problem =
		    g_ptr_array_index(problems, i);

		g_hash_table_insert(by_id, problem->problem_id, problem);
	}
	result = db_query(db, sql, values, count, &rows, ret_error);
	for (int row = 0; result == DB_OK && row < db_rows_count(rows); row++) {
		const char *id = db_rows_get(rows, row, "problem_id");
		struct summary_problem *problem =
		    id != NULL ? g_hash_table_lookup(by_id, id) : NULL;

		if (problem != NULL)
			add_row(problem, rows, row);
	}
	db_rows_free(rows);
	g_hash_table_unref(by_id);
	return result;
}

/* *ret_sql is the question for the documents that this role may read, or NULL
 * if it may read none. */
static enum db_result choose_documents(
    struct db *db, const char **ret_sql, char **ret_error)
{
	struct db_rows *rows = NULL;
	enum db_result result =
	    db_query(db, sql_rights, NULL, 0, &rows, ret_error);

	if (result == DB_OK) {
		if (summary_questions_flag(rows, 0, "all_documents"))
			*ret_sql = sql_documents;
		else if (summary_questions_flag(rows, 0, "own_documents"))
			*ret_sql = sql_tenant_documents;
		else
			*ret_sql = NULL;
	}
	db_rows_free(rows);
	return result;
}

static enum db_result ask_evidence(struct db *db, GPtrArray *problems,
    const struct evidence *evidence, char **ret_error)
{
	GPtrArray *ids = g_ptr_array_new();
	const char *values[] = {
	    NULL, evidence->days, evidence->failures, evidence->document_chars};
	char *literal;
	enum db_result result = DB_OK;
	const char *sql = NULL;

	for (guint i = 0; i < problems->len; i++) {
		const struct summary_problem *problem =
		    g_ptr_array_index(problems, i);

		g_ptr_array_add(ids, problem->problem_id);
	}
	g_ptr_array_add(ids, NULL);
	literal = array_literal((char *const *)ids->pdata);
	values[0] = literal;
	if (literal != NULL)
		result = ask_details(db, sql_failures, problems, values, 3,
		    problem_questions_add_failure, ret_error);
	if (literal != NULL && result == DB_OK)
		result = choose_documents(db, &sql, ret_error);
	values[2] = evidence->documents;
	if (result == DB_OK && sql != NULL)
		result = ask_details(db, sql, problems, values, 4,
		    problem_questions_add_document, ret_error);
	g_free(literal);
	g_ptr_array_unref(ids);
	return result;
}

enum db_result summary_ask(struct db *db, const struct summary_request *request,
    struct summary **ret_summary, char **ret_error)
{
	struct summary *summary = summary_new(request->days);
	char *days = g_strdup_printf("%d", request->days);
	char *domains = array_literal(request->domains);
	char *most = g_strdup_printf("%d", request->problems);
	const char *const values[] = {domains, days, most};
	enum db_result result;

	result = db_script(db, sql_begin, ret_error);
	if (result == DB_OK)
		result = ask_questions(db, summary, values, ret_error);
	if (result == DB_OK && request->detail)
		result = ask_evidence(
		    db, summary->problems, &page_evidence, ret_error);
	if (result == DB_OK)
		result = db_script(db, "COMMIT", ret_error);
	if (result == DB_OK)
		*ret_summary = summary;
	else
		summary_free(summary);
	g_free(days);
	g_free(domains);
	g_free(most);
	return result;
}

enum db_result summary_ask_problem(struct db *db, const char *id,
    struct summary_problem **ret_problem, char **ret_error)
{
	GPtrArray *problems = g_ptr_array_new();
	struct summary_problem *problem = NULL;
	struct db_rows *rows = NULL;
	enum db_result result;

	result = db_script(db, sql_begin, ret_error);
	if (result == DB_OK)
		result = db_query(db, sql_problem, &id, 1, &rows, ret_error);
	if (result == DB_OK && db_rows_count(rows) > 0) {
		problem = problem_questions_new(rows, 0);
		g_ptr_array_add(problems, problem);
		result =
		    ask_evidence(db, problems, &problem_evidence, ret_error);
	}
	if (result == DB_OK)
		result = db_script(db, "COMMIT", ret_error);
	if (result == DB_OK)
		*ret_problem = problem;
	else
		summary_problem_free(problem);
	db_rows_free(rows);
	g_ptr_array_unref(problems);
	return result;
}
