/* SPDX-License-Identifier: MIT */
/*
 * watch: waits until a file is moved into a folder.
 *
 * Knows inotify(7), and what to do without it. One thread.
 */
#ifndef SPOOL_WATCH_H
#define SPOOL_WATCH_H

#include <stdbool.h>

#define WATCH_FAILED (-2)

/* Starts watching a folder. A descriptor, the caller's, or WATCH_FAILED. */
int watch_start(const char *folder);

/*
 * Waits until a file has come since the last call, descriptor wake_fd (-1:
 * none) is readable, or timeout_ms milliseconds (-1: any) have passed. If the
 * watch failed it waits for a second at most. True when a file has come, or may
 * have.
 */
bool watch_wait(int watch, int wake_fd, int timeout_ms);

#endif
