/* SPDX-License-Identifier: MIT */
/*
 * leftover: files in tmp whose writer died.
 *
 * Knows which processes are writing, by a lock of each on the folder, and which
 * of them a file belongs to, by its name. Leaves names to spool.c. Any thread.
 */
#ifndef SPOOL_LEFTOVER_H
#define SPOOL_LEFTOVER_H

#include <stdbool.h>

/* Files of dead writers stay for so many seconds: longer than any message
 * takes, and long enough to look at one. */
#define LEFTOVER_LIFETIME 3600

/* Says that this process writes files now, or no longer; when the folder's
 * descriptor is closed it no longer does. Its files are those whose names have
 * its process ID behind the first '-'. */
void leftover_mark_writer(int folder, bool writing);

/* Removes files that are older than LEFTOVER_LIFETIME, unless their writer is
 * writing. */
void leftover_purge(int folder);

#endif
