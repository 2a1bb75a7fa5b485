/* SPDX-License-Identifier: MIT */
/*
 * A class counts for all its states unless a longer prefix stands before it.
 */
#include "sqlstate.h"

#include <glib.h>
#include <string.h>

#define NO_PERMISSION "42501"
#define CLASS_CONSTRAINT "23"

/*
 * What an SQLSTATE with this prefix means for a batch; the first that matches
 * counts. What is not listed passes, or is one record's fault, which loader.c
 * finds by trying again in smaller batches: connections (08), deadlocks (40),
 * resources (53), timeouts and shutdown (57), the server's disk (58), its own
 * errors (XX).
 */
static const struct {
	const char *prefix;
	enum db_result result;
} classes[] = {
    {"0A", DB_OPERATOR}, /* the server lacks a feature */
    {"21", DB_REFUSED},  /* one row touched twice */
    {"22", DB_REFUSED},  /* data that can't be stored */
    {"23503", DB_RETRY}, /* foreign key: a month is being dropped */
    {"23505", DB_RETRY}, /* unique: two loaders at once */
    {"23", DB_REFUSED},  /* not null, check */
    {"25", DB_WAIT},     /* read-only */
    {"28", DB_OPERATOR}, /* authorization */
    {"3D", DB_OPERATOR}, /* no such database */
    {"3F", DB_OPERATOR}, /* no such schema */
    {"42", DB_OPERATOR}, /* no such table, no permission, syntax */
    {"54", DB_REFUSED},  /* over one of the server's limits */
    {"55P03", DB_WAIT},  /* somebody has a lock */
    {"57P", DB_WAIT},    /* shutting down, starting, promoting */
    {"P0", DB_REFUSED},  /* raised by tlsrpt.ingest itself */
};

enum db_result sqlstate_judge(const char *sqlstate)
{
	if (sqlstate == NULL)
		return DB_RETRY;
	for (size_t i = 0; i < G_N_ELEMENTS(classes); i++)
		if (g_str_has_prefix(sqlstate, classes[i].prefix))
			return classes[i].result;
	return DB_RETRY;
}

char *sqlstate_join_lines(const char *text)
{
	GString *out = g_string_new(NULL);
	char **lines = g_strsplit(text, "\n", -1);

	for (size_t i = 0; lines[i] != NULL; i++) {
		char *line = g_strstrip(lines[i]);

		if (line[0] == '\0')
			continue;
		if (out->len > 0)
			g_string_append(out, "; ");
		g_string_append(out, line);
	}
	g_strfreev(lines);
	if (out->len == 0)
		g_string_append(out, "unknown failure in libpq");
	return g_string_free(out, FALSE);
}

char *sqlstate_describe(
    const char *sqlstate, const char *primary, const char *detail)
{
	GString *text = g_string_new(primary);
	char *sentence;

	/* A constraint's detail is the whole row, which nobody can read. */
	if (detail != NULL && !g_str_has_prefix(sqlstate, CLASS_CONSTRAINT))
		g_string_append_printf(text, " (%s)", detail);
	g_string_append_printf(text, " (SQLSTATE %s)", sqlstate);
	if (strcmp(sqlstate, NO_PERMISSION) == 0)
		g_string_append(text, "; the role has to be a member of "
				      "tlsrpt_loader or tlsrpt_reader");
	sentence = sqlstate_join_lines(text->str);
	g_string_free(text, TRUE);
	return sentence;
}
