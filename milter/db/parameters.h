/* SPDX-License-Identifier: MIT */
/*
 * parameters: with what libpq is asked to connect.
 *
 * Knows what a connection string, its service and the environment say, and what
 * this project adds where they say nothing. Opens no connection. Any thread.
 */
#ifndef DB_PARAMETERS_H
#define DB_PARAMETERS_H

#include <glib.h>
#include <stdbool.h>

/* For PQconnectdbParams(); lists of char *, ended by NULL. */
struct parameters {
	GPtrArray *keywords;
	GPtrArray *values;
	unsigned int hosts; /* how many hosts they name */
};

/* Makes parameters (parameters_free). primary: for the one of several hosts
 * that is read-write, unless target_session_attrs says otherwise. host: which
 * one libpq begins with; those before it come last. False when libpq can't read
 * conninfo. */
bool parameters_make(const char *conninfo, bool primary, unsigned int host,
    struct parameters *ret_parameters);
void parameters_free(struct parameters *parameters);

const char *const *parameters_keywords(const struct parameters *parameters);
const char *const *parameters_values(const struct parameters *parameters);

#endif
