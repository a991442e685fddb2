/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A relay between the bus and one of its clients, in a process of its own. It passes every byte on
 * as it comes, and measures from outside how long the client takes: from a call's last byte in the
 * client's socket to the last byte of the reply. It reads no further while the client does not
 * read, so what waits for the client waits with the bus, as without a relay.
 */

#include <stdint.h>
#include <sys/types.h>

/* Of the calls that one sender made. */
typedef struct RelayTimes {
        uint32_t n;
        uint32_t median_usec, slowest_usec;
        uint32_t n_others; /* calls of others that passed in between, at most */
} RelayTimes;

typedef struct Relay {
        pid_t pid;
        int control;
} Relay;

/* Listens at the path of a socket, and connects to that of the bus. */
int relay_start(const char *path, const char *bus_path, Relay *ret);
/* Measures the calls of this sender only, beginning now. */
void relay_watch(Relay *r, const char *sender);
RelayTimes relay_times(Relay *r);
void relay_stop(Relay *r);
