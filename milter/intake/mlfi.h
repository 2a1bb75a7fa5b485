/* SPDX-License-Identifier: MIT */
/*
 * mlfi: libmilter's callbacks.
 *
 * Knows the milter protocol: which steps to ask for, and how to carry out a
 * verdict. Leaves messages to session.c. State is process-wide: one milter a
 * process.
 */
#ifndef INTAKE_MLFI_H
#define INTAKE_MLFI_H

#include <stdbool.h>

#include "config/config.h"
#include "spool/spool.h"

/*
 * Opens the socket that config names. Takes a reference to config; spool is
 * where messages and records go, and must outlive the last callback. False when
 * libmilter can't open the socket. Call once, before mlfi_run(), on the same
 * thread.
 */
bool mlfi_open(struct config *config, struct spool *spool);

/* Serves until SIGTERM, SIGINT or SIGHUP, which libmilter handles itself.
 * Returns EX_OK or EX_UNAVAILABLE, possibly while callbacks are running. */
int mlfi_run(void);

/*
 * Makes mlfi_run() return once open connections have ended. Accepts no more
 * connections: new ones wait at systemd's socket for the next process. Waits at
 * most that many seconds for connections to end, and one second for those that
 * are in no message. Any thread but mlfi_run()'s.
 */
void mlfi_leave(unsigned int seconds);

/* Waits until no callback is running, at most that many seconds. False when
 * some still are. Call after mlfi_run(). */
bool mlfi_drain(unsigned int seconds);

/* Whether callbacks are running, but none has begun or ended for twice
 * limits.deadline and two seconds: no callback should take that long. Any
 * thread, after mlfi_open(). */
bool mlfi_is_stuck(void);

/* Uses config, of which it takes a reference, for messages that begin from now
 * on. Any thread. */
void mlfi_set_config(struct config *config);

#endif
