/* SPDX-License-Identifier: MIT */
/*
 * lock_holder: who keeps a query waiting.
 *
 * Asks over a connection of its own, since the other one waits. Any thread.
 */
#ifndef DB_LOCK_HOLDER_H
#define DB_LOCK_HOLDER_H

#include "db/db.h"

/*
 * Asks for the sessions that hold the lock that db waits for, which was
 * connected by conninfo: *ret_holders says who (g_free), or is NULL when it
 * waits for no lock. Takes as long as connecting does.
 */
enum db_result db_lock_holder(const struct db *db, const char *conninfo,
    char **ret_holders, char **ret_error);

#endif
