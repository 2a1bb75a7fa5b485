/* SPDX-License-Identifier: MIT */
/*
 * listen: the socket that connections come in by, which libmilter keeps to
 * itself. Knows nothing of the protocol.
 */
#ifndef INTAKE_LISTEN_SOCKET_H
#define INTAKE_LISTEN_SOCKET_H

#include <stdbool.h>

/*
 * Puts sockets that nobody knows in the place of those that this process
 * listens at. Connections to come stay in the queue of whoever else holds the
 * old one (systemd, for the next process), or are refused when nobody does.
 * False with errno when that fails. Any thread, beside accept(2).
 */
bool listen_socket_withdraw(void);

/* Whether somebody takes connections at the path of a UNIX socket. */
bool listen_socket_is_in_use(const char *path);

#endif
