/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The TCP sockets of this network namespace, as the kernel's sock_diag lists and ends them. */

#include "rules/address/address.h"

#include <linux/inet_diag.h>

typedef struct Netlink Netlink;
typedef struct Ports Ports;

typedef struct Socket {
        uint8_t family;             /* AF_INET or AF_INET6: of the socket */
        uint8_t state;              /* TCP_ESTABLISHED, … */
        struct inet_diag_sockid id; /* the kernel's name for it */
        Address local, peer;        /* IPv4 also for an IPv6 socket that uses it */
        uint16_t local_port, peer_port;
        uint32_t uid;
        uint32_t inode;  /* 0: it has no owner (not accepted yet, or closed) */
        uint64_t cgroup; /* 0: the kernel does not say */
        uint32_t mark;   /* SO_MARK */
        bool v6_only;    /* a listening IPv6 socket that takes no IPv4 */
} Socket;

typedef struct Sockets {
        Socket *items;
        size_t n;
} Sockets;

void sockets_deinit(Sockets *s);

/*
 * Adds to *s all TCP sockets, of both families, that are in one of the states (bits 1 << TCP_…) and
 * have one of the ports at one end; ports NULL: any. n is of NETLINK_SOCK_DIAG. 0 or negative
 * errno.
 */
int sockets_list(Netlink *n, uint32_t states, const Ports *ports, Sockets *s);

/* The socket with these ends; a listening one if no other has them. ret->id.idiag_if: the interface
 * that it may be bound to, 0: one that is bound to none. 0, -ENOENT, … */
int socket_find(Netlink *n, const Address *local, uint16_t local_port, const Address *peer,
        uint16_t peer_port, Socket *ret);

/* Ends the connection at once: its owner reads ECONNABORTED, the peer a reset. 0, -ENOENT (it has
 * ended already), -EOPNOTSUPP (a kernel without INET_DIAG_DESTROY), -EPERM, … */
int socket_destroy(Netlink *n, const Socket *s);

/* Is it a kernel that cannot end connections? */
bool sockets_lack_destroy(Netlink *n);
