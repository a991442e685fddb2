/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The table of a probe: one chain before all others of output has the probe's packets traced, one
 * behind all others of postrouting drops them. The kernel removes the table when the socket that
 * made it is closed, however this process ends.
 */

#include "daemon/netlink/netlink.h"

#define PROBE_TABLE "p25probe"
#define PROBE_LAST "last" /* the chain that drops */

/* The traced packets: those of a user's sockets with this local port. */
typedef struct ProbeFlow {
        uint16_t port;
        uint32_t uid;
} ProbeFlow;

/* n is of NETLINK_NETFILTER, and owns the table. 0; -EEXIST: another probe is running; -EOPNOTSUPP:
 * a kernel without tables that a socket owns (before 5.12); another negative errno. */
int probe_table_make(Netlink *n, const ProbeFlow *flow);
