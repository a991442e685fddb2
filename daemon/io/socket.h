/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Sockets of Unix between programs of p25: structs, each with a descriptor if there is one, and
 * servers that the service manager starts.
 */

#include <stddef.h>

/* Sends n bytes, and fd along unless it is -1 (unix(7), SCM_RIGHTS); fd stays the caller's. 0 or
 * negative errno. */
int socket_send(int socket, const void *data, size_t n, int fd);
/* Receives exactly n bytes. 0; -EBADMSG: there are fewer or more, or several descriptors; other
 * negative errno. *ret_fd is the descriptor that came along, the first of several, for close(2)
 * even on error, or -1. */
int socket_receive(int socket, void *ret, size_t n, int *ret_fd);

/*
 * Serves the clients of the socket that the service manager passes (sd_listen_fds(3)), one after
 * the other, until nobody has come for a while. Returns the exit status of the program: 4 without
 * such a socket.
 */
int socket_serve(
        const char *program, int idle_msec, void (*serve)(int client, void *data), void *data);
