/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Do packets pass through this host? The kernel forwards them, or filters what a bridge passes
 * between its ports. Sockets are of NETLINK_ROUTE. */

#include "daemon/netlink/netlink.h"
#include "rules/address/family.h"

/* Does the kernel pass on what comes in by the interface (0: by one that is not known)? 1, 0, or
 * negative errno. */
int forwarding_by(Netlink *n, Family family, uint32_t ifindex);

/* Does the kernel filter what bridges pass between their ports (br_netfilter)? Whether that is
 * switched on may change with every bridge. */
bool forwarding_of_bridges(void);

/* May any packet pass, of any interface? 1, 0, or negative errno. */
int forwarding_find(Netlink *n);

/* A socket that becomes readable when that may have changed. A bridge that is there already, whose
 * traffic begins to be filtered, is not reported. 0 or negative errno. */
int forwarding_watch(Netlink *ret);
/* Drops all that has come to it. */
void forwarding_drain(Netlink *n);
