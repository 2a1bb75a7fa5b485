/* SPDX-License-Identifier: MIT */
/*
 * leftover: files in tmp whose writer died.
 *
 * Knows which processes write, by a lock of each on the folder, and which of
 * them a file belongs to, by its name. Leaves names to spool.c. Any thread.
 */
#ifndef SPOOL_LEFTOVER_H
#define SPOOL_LEFTOVER_H

/* Files of dead writers stay for so many seconds: longer than any message
 * takes, and long enough to look at one. */
#define LEFTOVER_LIFETIME 3600

/* Marks this process as a living writer, until the folder's descriptor is
 * closed. Its files are those whose names have its process ID between the first
 * and the second '-'. */
void leftover_mark_writer(int folder);

/* Removes files that are older than LEFTOVER_LIFETIME, unless their writer
 * lives. */
void leftover_purge(int folder);

#endif
