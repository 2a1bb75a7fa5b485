/* SPDX-License-Identifier: MIT */
/*
 * All questions are asked in one read-only transaction of one snapshot: see
 * sql/begin.sql.
 */
#include "summary_query.h"

#include "show_embedded.h"
#include "summary_table.h"

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

struct question {
	const char *sql;
	/* How many of these it takes: $1 the domains as an array, or NULL for
	 * all; $2 the number of days; $3 how many rows at most. */
	int parameters;
	const struct summary_table *whole; /* the columns about the whole */
	const struct summary_table *rows;
};

static const struct question period_question = {
    sql_period, 2, &summary_period, NULL};
static const struct question problem_question = {
    sql_problem, 1, NULL, &summary_problems};

/* The others of a whole summary, in the order to be asked in. */
static const struct question questions[] = {
    {sql_asked, 1, NULL, &summary_asked},
    {sql_reports, 2, &summary_reports, NULL},
    {sql_rejections, 2, &summary_rejections, NULL},
    {sql_domains, 2, NULL, &summary_domains},
    {sql_problems, 3, &summary_counts, &summary_problems},
    {sql_undetailed, 3, NULL, &summary_undetailed},
    {sql_result_types, 3, NULL, &summary_types},
    {sql_mx_hosts, 3, NULL, &summary_hosts},
    {sql_reporters, 3, NULL, &summary_reporters},
};

/* {"a","b"}, an array literal (PostgreSQL manual, 8.15.6): neither domains nor
 * problem_ids have quotes or backslashes in them. NULL for an empty list. */
static char *array_literal(const char *const *words)
{
	g_autofree char *joined = g_strjoinv("\",\"", (char **)words);

	return *words != NULL ? g_strdup_printf("{\"%s\"}", joined) : NULL;
}

/* The problem that a row names, or NULL. */
static struct summary_problem *find_problem(
    const struct summary *summary, const struct db_rows *rows, int row)
{
	const char *id = db_rows_get(rows, row, "problem_id");

	for (guint i = 0; i < summary->problems->len; i++) {
		struct summary_problem *problem =
		    g_ptr_array_index(summary->problems, i);

		if (g_strcmp0(problem->problem_id, id) == 0)
			return problem;
	}
	return NULL;
}

static void add_row(struct summary *summary, const struct summary_table *table,
    const struct db_rows *rows, int row)
{
	void *parent = summary;
	void *members;

	if (table->of_problem)
		parent = find_problem(summary, rows, row);
	if (parent == NULL)
		return;
	members = g_malloc0(table->size);
	summary_table_read(table, rows, row, summary->days, members);
	g_ptr_array_add(
	    G_STRUCT_MEMBER(GPtrArray *, parent, table->place), members);
}

static enum db_result ask(struct db *db, struct summary *summary,
    const struct question *question, const char *const *values,
    char **ret_error)
{
	struct db_rows *rows = NULL;
	enum db_result result = db_query(
	    db, question->sql, values, question->parameters, &rows, ret_error);

	if (result != DB_OK)
		return result;
	g_ptr_array_add(summary->rows, rows);
	if (question->whole != NULL && db_rows_count(rows) > 0)
		summary_table_read(
		    question->whole, rows, 0, summary->days, summary);
	for (int row = 0; question->rows != NULL && row < db_rows_count(rows);
	     row++)
		add_row(summary, question->rows, rows, row);
	return DB_OK;
}

/* Adds the domains' numbers to those of the whole. */
static void add_up(struct summary *summary)
{
	for (guint i = 0; i < summary->domains->len; i++) {
		const struct summary_domain *domain =
		    g_ptr_array_index(summary->domains, i);

		summary_sessions_add(&summary->sessions, &domain->sessions);
		summary_sessions_add(&summary->previous, &domain->previous);
		for (int day = 0; day < summary->days; day++)
			summary_sessions_add(
			    &summary->by_day[day], &domain->by_day[day]);
	}
}

static enum db_result ask_questions(struct db *db, struct summary *summary,
    const struct summary_request *request, char **ret_error)
{
	g_autofree char *domains = array_literal(request->domains);
	g_autofree char *days = g_strdup_printf("%d", request->days);
	g_autofree char *most = g_strdup_printf("%d", request->problems);
	const char *const values[] = {domains, days, most};
	enum db_result result =
	    ask(db, summary, &period_question, values, ret_error);

	if (request->problem != NULL && result == DB_OK)
		result = ask(db, summary, &problem_question, &request->problem,
		    ret_error);
	for (size_t i = 0; request->problem == NULL && result == DB_OK &&
			   i < G_N_ELEMENTS(questions);
	     i++)
		/* Below 0, this role may not read the rejections. */
		if (questions[i].whole != &summary_rejections ||
		    summary->rejections >= 0)
			result =
			    ask(db, summary, &questions[i], values, ret_error);
	add_up(summary);
	return result;
}

/* The newest failures and documents of the problems. */
static enum db_result ask_evidence(struct db *db, struct summary *summary,
    const struct evidence *evidence, char **ret_error)
{
	const struct question failures = {
	    sql_failures, 3, NULL, &summary_failures};
	const struct question documents = {
	    summary->all_documents ? sql_documents : sql_tenant_documents, 4,
	    NULL, &summary_documents};
	const char **ids;
	const char *values[] = {
	    NULL, evidence->days, evidence->failures, evidence->document_chars};
	g_autofree char *literal = NULL;
	enum db_result result;

	if (summary->problems->len == 0)
		return DB_OK;
	ids = g_new0(const char *, summary->problems->len + 1);
	for (guint i = 0; i < summary->problems->len; i++) {
		const struct summary_problem *problem =
		    g_ptr_array_index(summary->problems, i);

		ids[i] = problem->problem_id;
	}
	literal = array_literal(ids);
	g_free(ids);
	values[0] = literal;
	result = ask(db, summary, &failures, values, ret_error);
	values[2] = evidence->documents;
	if (result == DB_OK &&
	    (summary->all_documents || summary->own_documents))
		result = ask(db, summary, &documents, values, ret_error);
	return result;
}

enum db_result summary_ask(struct db *db, const struct summary_request *request,
    struct summary **ret_summary, char **ret_error)
{
	struct summary *summary = summary_new(request->days);
	enum db_result result = db_script(db, sql_begin, ret_error);

	if (result == DB_OK)
		result = ask_questions(db, summary, request, ret_error);
	if (result == DB_OK && request->problem != NULL)
		result =
		    ask_evidence(db, summary, &problem_evidence, ret_error);
	else if (result == DB_OK && request->detail)
		result = ask_evidence(db, summary, &page_evidence, ret_error);
	if (result == DB_OK)
		result = db_script(db, "COMMIT", ret_error);
	if (result == DB_OK)
		*ret_summary = summary;
	else
		summary_free(summary);
	return result;
}
