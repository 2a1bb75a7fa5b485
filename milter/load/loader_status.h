/* SPDX-License-Identifier: MIT */
/*
 * loader_status: what tlsrpt-loader --status says. One thread.
 */
#ifndef LOAD_LOADER_STATUS_H
#define LOAD_LOADER_STATUS_H

#include <glib.h>
#include <stdbool.h>

#include "config/config.h"

/*
 * Appends the state of spool and database, for people or as one JSON object:
 *
 * {"spool": {"directory", "records", "bytes", "oldest", "bad", "bad_bytes",
 *            "quota", "percent_used", "loader_running", "error"},
 *  "database": {"reachable", "schema_version", "schema_version_needed",
 *               "error"},
 *  "last_load": when a batch of this spool was last committed}
 *
 * Times are RFC 3339 in UTC, null for none.
 *
 * Returns EX_NOINPUT (the spool isn't there or can't be read), EX_UNAVAILABLE
 * (the database can't be reached or used), EX_CONFIG (its schema is another
 * version), EX_TEMPFAIL (a record has waited for more than an hour, some are
 * set aside, or four fifths of the quota are used), or EX_OK: the first that
 * fits.
 */
int loader_status(const struct config *config, bool json, GString *out);

#endif
