/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The client and the dialled port and address of this host's sockets, asked of conntrack. If
 * conntrack does not know, or met the connection in the middle, the ports decide as far as they
 * can.
 */

#include "daemon/netlink/conntrack.h"
#include "daemon/netlink/sockets.h"
#include "rules/policy/ports.h"

typedef struct Dialling {
        Netlink conntrack;     /* fd -1: this kernel has none */
        const Ports *in, *out; /* watched */
        Ports watched;         /* both */
        uint8_t *listening;    /* a bit a port */
        bool listed;
        TrackedList list; /* of all zones; filled when first needed */
} Dialling;

typedef struct Dialled {
        bool may_be_in, may_be_out; /* both: not known */
        bool tracked;
        Tracked entry;
} Dialled;

/* n is of NETLINK_SOCK_DIAG. 0 or negative errno. */
int dialling_init(Dialling *d, Netlink *sockets, const Ports *in, const Ports *out);
void dialling_deinit(Dialling *d);
void dialling_ask(Dialling *d, const Socket *s, Dialled *ret);
/* All connections with a watched port, in whatever zone; borrowed, empty if they cannot be listed.
 */
const TrackedList *dialling_list(Dialling *d);
