/* SPDX-License-Identifier: MIT */
/*
 * listen_socket: the socket that libmilter accepts connections from, whose
 * descriptor libmilter keeps to itself. Knows nothing of the protocol.
 */
#ifndef INTAKE_LISTEN_SOCKET_H
#define INTAKE_LISTEN_SOCKET_H

#include <stdbool.h>

/*
 * Replaces every socket that this process listens at by one without an address.
 * New connections stay in the queue of whoever else holds the old socket
 * (systemd, for the next process), or are refused when nobody does. False with
 * errno when that fails. Any thread, also while another is in accept(2).
 */
bool listen_socket_withdraw(void);

/* Whether a process listens at the path of a UNIX socket. Any thread. */
bool listen_socket_is_in_use(const char *path);

#endif
