/* SPDX-License-Identifier: MIT */
/*
 * mlfi: libmilter's callbacks. Knows the protocol: which steps are asked for,
 * and how a verdict is answered. Leaves messages to session.c.
 */
#ifndef INTAKE_MLFI_H
#define INTAKE_MLFI_H

#include <stdbool.h>

#include "config/config.h"
#include "spool/spool.h"

/* Opens the socket that config names; spool is where messages and records go,
 * and must outlive the process's last callback. False when libmilter can't. */
bool mlfi_open(struct config *config, struct spool *spool);

/* Serves until SIGTERM, SIGINT or SIGHUP, which libmilter takes for itself.
 * Returns 0 or EX_UNAVAILABLE. Callbacks may still be running then. */
int mlfi_run(void);

/*
 * Lets mlfi_run() return once nobody is left to serve: takes no more
 * connections, which wait at systemd's socket for the next process, and waits
 * for those there are to end, at most that many seconds; for one that is in no
 * message a second. Any thread but mlfi_run()'s.
 */
void mlfi_leave(unsigned int seconds);

/* Waits until no callback is running, at most that many seconds. False when
 * some still are. */
bool mlfi_drain(unsigned int seconds);

/* Whether callbacks are running and none has begun or ended for twice
 * limits.deadline and two seconds: none of them should take so long. Any
 * thread. */
bool mlfi_is_stuck(void);

/* Uses another configuration for messages that begin from now on. Any thread.
 */
void mlfi_set_config(struct config *config);

#endif
