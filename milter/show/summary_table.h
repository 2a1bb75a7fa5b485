/* SPDX-License-Identifier: MIT */
/*
 * summary_table: which column of an answer is which member of a summary, and
 * which member of JSON.
 *
 * Knows the columns and how to read them. Leaves the SQL to sql/, asking to
 * summary_query.c, and JSON to summary_json.c. One thread.
 */
#ifndef SHOW_SUMMARY_TABLE_H
#define SHOW_SUMMARY_TABLE_H

#include <stddef.h>

#include "db/db.h"
#include "summary.h"

enum summary_type {
	SUMMARY_TEXT,     /* const char * */
	SUMMARY_DOCUMENT, /* const char *, a JSON text */
	SUMMARY_COUNT,    /* int64_t, never negative; 0 for NULL */
	SUMMARY_KNOWN,    /* a count, but -1 for NULL */
	SUMMARY_SHARE,    /* double, 0 to 1; -1 for NULL */
	SUMMARY_FLAG,     /* bool */
	SUMMARY_SESSIONS, /* struct summary_sessions, made of two columns */
	SUMMARY_PREVIOUS, /* likewise, for the days before */
	SUMMARY_DAYS,     /* struct summary_sessions *, one a day */
	SUMMARY_ROWS      /* GPtrArray *, empty at first */
};

struct summary_column {
	const char *name; /* in SQL, and in JSON unless it is hidden */
	enum summary_type type;
	size_t offset;
	bool hidden; /* not in JSON */
};

/* The rows of an answer. Without a name, they are about the whole: their
 * columns are members of struct summary. */
struct summary_table {
	const char *name; /* of the array in JSON */
	size_t place;     /* of the GPtrArray, in struct summary */
	bool of_problem;  /* place is in the struct summary_problem that the row
			   * names */
	size_t size;      /* of a row's struct */
	struct summary_column columns[20]; /* ended by one without a name */
};

extern const struct summary_table summary_period, summary_reports,
    summary_rejections, summary_counts;
extern const struct summary_table summary_asked, summary_domains,
    summary_problems, summary_undetailed, summary_types, summary_hosts,
    summary_reporters;
extern const struct summary_table summary_failures, summary_documents;

/* Reads a row into *ret_members, the struct that the table's columns are
 * members of. Its texts belong to the rows. days is how many the summary has.
 */
void summary_table_read(const struct summary_table *table,
    const struct db_rows *rows, int row, int days, void *ret_members);

#endif
