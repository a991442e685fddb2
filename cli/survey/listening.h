/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The listening TCP sockets of this network namespace, from /proc.
 */

#include "rules/address/address.h"

#include <sys/types.h>

typedef struct Ports Ports;

typedef struct Listener {
        uint16_t port;
        char *address;   /* "0.0.0.0", "::", … */
        bool ipv4, ipv6; /* the families that the socket accepts; [::] without IPV6_V6ONLY accepts
                          * both */
        bool loopback;
        char *user;
        uint64_t inode;
        pid_t pid;     /* 0: not to be seen by this user */
        char *process; /* NULL as well */
} Listener;

typedef struct Listeners {
        Listener *items; /* by port, then IPv4 first */
        size_t n;
} Listeners;

void listeners_deinit(Listeners *l);
/* 0 or negative errno */
int listeners_read(const Ports *ports, Listeners *ret);

/* A connection that is open now, but for those within this host. */
typedef struct Connection {
        bool incoming; /* the port is this host's */
        Address peer;
} Connection;

typedef struct Connections {
        Connection *items;
        size_t n;
} Connections;

void connections_deinit(Connections *l);
/* Those of a port, this host's or others'. 0 or negative errno. */
int connections_read(uint16_t port, Connections *ret);

/* RFC 1918, RFC 4193, link-local */
bool address_is_private(const Address *a);
