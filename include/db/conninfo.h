/* SPDX-License-Identifier: MIT */
/*
 * conninfo: whether libpq can read [database] conninfo, and whether there is a
 * secret in it, for the programs that connect.
 *
 * Opens no connection. Any thread.
 */
#ifndef DB_CONNINFO_H
#define DB_CONNINFO_H

#include <stdbool.h>

#include "config/config.h"

/* False with "[database] conninfo: what is wrong, what is allowed" (g_free),
 * which doesn't repeat the value. */
bool conninfo_check(const struct config *config, char **ret_error);

#endif
