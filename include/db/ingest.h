/* SPDX-License-Identifier: MIT */
/*
 * ingest: the call of tlsrpt.ingest, by which reports get into the database.
 *
 * Leaves to load/ what is in a batch and when to try again. One thread a
 * connection.
 */
#ifndef DB_INGEST_H
#define DB_INGEST_H

#include <glib.h>

#include "db/db.h"

/*
 * Sends a batch (a JSON array) and returns without waiting; then
 * db_ingest_finish() waits for the answer: *ret_outcomes has the outcome by the
 * record's name, both char * (g_hash_table_unref), and the batch is committed.
 * Outcomes are stored, duplicate, replaced, conflict and rejected. On failure
 * *ret_error is a sentence (g_free), and the connection is to be freed.
 */
enum db_result db_ingest_send(
    struct db *db, const char *batch, char **ret_error);
enum db_result db_ingest_finish(
    struct db *db, GHashTable **ret_outcomes, char **ret_error);

#endif
