/* SPDX-License-Identifier: MIT */
/*
 * All questions are asked in one read-only transaction of one snapshot, so that
 * the numbers of a page fit together while the loader goes on.
 */
#include "summary_query.h"

#include <string.h>

#include "problem_questions.h"
#include "summary_questions.h"

/* How much is asked for about each problem. */
struct evidence {
	int failures;
	int documents;
	int days; /* before it was last seen */
	int document_chars;
};

/* What a page takes along. */
static const struct evidence page_evidence = {
    .failures = 25, .documents = 1, .days = 30, .document_chars = 16384};

/* More than there can be. */
#define ANY_DAYS 1000000
#define ANY_LENGTH 1073741824

/* What is read out of the rows is read as ISO writes it. */
#define BEGIN                                               \
	"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; " \
	"SET LOCAL jit = off; SET LOCAL datestyle = 'ISO, YMD'"

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

static enum db_result ask_questions(struct db *store, struct summary *summary,
    const char *const *values, char **ret_error)
{
	enum db_result result = DB_OK;

	for (const struct summary_question *question = summary_questions;
	     question->sql != NULL && result == DB_OK; question++) {
		struct db_rows *rows = NULL;

		if (question->wanted != NULL && !question->wanted(summary))
			continue;
		result =
		    db_query(store, question->sql, values, 3, &rows, ret_error);
		for (int row = 0; result == DB_OK && row < db_rows_count(rows);
		     row++)
			question->take(summary, rows, row);
		db_rows_free(rows);
	}
	return result;
}

/* Rows of which each belongs to one of the problems. */
static enum db_result ask_details(struct db *store, const char *sql,
    GPtrArray *problems, const char *const *values, int count,
    void (*take)(
	struct summary_problem *problem, const struct db_rows *rows, int row),
    char **ret_error)
{
	GHashTable *by_id = g_hash_table_new(g_str_hash, g_str_equal);
	struct db_rows *rows = NULL;
	enum db_result result;

	for (guint i = 0; i < problems->len; i++) {
		struct summary_problem *problem = problems->pdata[i];

		g_hash_table_insert(by_id, problem->problem_id, problem);
	}
	result = db_query(store, sql, values, count, &rows, ret_error);
	for (int row = 0; result == DB_OK && row < db_rows_count(rows); row++) {
		const char *id = db_rows_get(rows, row, "problem_id");
		struct summary_problem *problem =
		    id != NULL ? g_hash_table_lookup(by_id, id) : NULL;

		if (problem != NULL)
			take(problem, rows, row);
	}
	db_rows_free(rows);
	g_hash_table_unref(by_id);
	return result;
}

static bool is_true(const struct db_rows *rows, const char *column)
{
	const char *value = db_rows_get(rows, 0, column);

	return value != NULL && *value == 't';
}

/* *ret_sql is the question for documents that this role may ask, or NULL. */
static enum db_result choose_documents(
    struct db *store, const char **ret_sql, char **ret_error)
{
	struct db_rows *rows = NULL;
	enum db_result result = db_query(
	    store, problem_questions_rights, NULL, 0, &rows, ret_error);

	if (result == DB_OK) {
		if (is_true(rows, "all_documents"))
			*ret_sql = problem_questions_documents;
		else if (is_true(rows, "own_documents"))
			*ret_sql = problem_questions_own_documents;
		else
			*ret_sql = NULL;
	}
	db_rows_free(rows);
	return result;
}

static enum db_result ask_evidence(struct db *store, GPtrArray *problems,
    const struct evidence *evidence, char **ret_error)
{
	GPtrArray *ids = g_ptr_array_new();
	char *literal;
	char *most_failures = g_strdup_printf("%d", evidence->failures);
	char *days = g_strdup_printf("%d", evidence->days);
	char *most_documents = g_strdup_printf("%d", evidence->documents);
	char *most_chars = g_strdup_printf("%d", evidence->document_chars);
	enum db_result result = DB_OK;
	const char *sql = NULL;

	for (guint i = 0; i < problems->len; i++) {
		const struct summary_problem *problem = problems->pdata[i];

		g_ptr_array_add(ids, problem->problem_id);
	}
	g_ptr_array_add(ids, NULL);
	literal = array_literal((char *const *)ids->pdata);
	const char *const values[] = {literal, most_failures, days};
	const char *const document_values[] = {
	    literal, most_documents, days, most_chars};

	if (literal != NULL)
		result =
		    ask_details(store, problem_questions_failures, problems,
			values, 3, problem_questions_take_failure, ret_error);
	if (literal != NULL && result == DB_OK)
		result = choose_documents(store, &sql, ret_error);
	if (result == DB_OK && sql != NULL)
		result = ask_details(store, sql, problems, document_values, 4,
		    problem_questions_take_document, ret_error);
	g_free(literal);
	g_free(most_failures);
	g_free(days);
	g_free(most_documents);
	g_free(most_chars);
	g_ptr_array_unref(ids);
	return result;
}

enum db_result summary_ask(struct db *store,
    const struct summary_request *request, struct summary **ret_summary,
    char **ret_error)
{
	struct summary *summary = summary_new(request->days);
	char *days = g_strdup_printf("%d", request->days);
	char *domains = array_literal(request->domains);
	char *most = g_strdup_printf("%d", request->problems);
	const char *const values[] = {days, domains, most};
	enum db_result result;

	result = db_script(store, BEGIN, ret_error);
	if (result == DB_OK)
		result = ask_questions(store, summary, values, ret_error);
	if (result == DB_OK && request->detail)
		result = ask_evidence(
		    store, summary->problems, &page_evidence, ret_error);
	if (result == DB_OK)
		result = db_script(store, "COMMIT", ret_error);
	if (result == DB_OK)
		*ret_summary = summary;
	else
		summary_free(summary);
	g_free(days);
	g_free(domains);
	g_free(most);
	return result;
}

enum db_result summary_ask_problem(struct db *store, const char *id,
    int failures, int documents, struct summary_problem **ret_problem,
    char **ret_error)
{
	const struct evidence evidence = {
	    .failures = failures,
	    .documents = documents,
	    .days = ANY_DAYS,
	    .document_chars = ANY_LENGTH,
	};
	GPtrArray *problems = g_ptr_array_new();
	struct summary_problem *problem = NULL;
	struct db_rows *rows = NULL;
	enum db_result result;

	result = db_script(store, BEGIN, ret_error);
	if (result == DB_OK)
		result = db_query(
		    store, problem_questions_one, &id, 1, &rows, ret_error);
	if (result == DB_OK && db_rows_count(rows) > 0) {
		problem = problem_questions_new(rows, 0);
		g_ptr_array_add(problems, problem);
		result = ask_evidence(store, problems, &evidence, ret_error);
	}
	if (result == DB_OK)
		result = db_script(store, "COMMIT", ret_error);
	if (result == DB_OK)
		*ret_problem = problem;
	else
		summary_problem_free(problem);
	db_rows_free(rows);
	g_ptr_array_unref(problems);
	return result;
}
