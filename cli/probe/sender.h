/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The process that connects: a child with the rights of the user that is asked about. It waits
 * between taking a port and connecting, so that the port can be watched before.
 */

#include "rules/base/util.h"

#include <sys/types.h>

typedef struct Packet Packet;

typedef struct Sender {
        pid_t pid; /* 0: none */
        int fd;    /* its end is closed when the child has ended */
        uint32_t uid;
        uint16_t port;
} Sender;

/* The packet names a user. 0, or negative errno: of becoming the user, or of taking the address and
 * interface asked for. */
int sender_start(const Packet *packet, Sender *ret);
/* Ends the child, whatever it does. */
void sender_end(Sender *s);
/* It connects now. 0 or negative errno. */
int sender_go(Sender *s);
/* The result, once fd is readable: *ret 0: it connected, ETIMEDOUT: nothing within a second, else
 * the errno of connect(2). 0 or negative errno. */
int sender_result(Sender *s, int *ret);
