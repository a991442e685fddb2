/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The addresses of this host.
 */

#include "daemon/netlink/netlink.h"
#include "rules/address/address.h"

typedef struct RangeSet RangeSet;

typedef struct IptLocals {
        Netlink netlink; /* asks */
        Netlink monitor; /* listens */
        RangeSet *ranges;
        Prefix *elsewhere; /* local by routes of other tables than "local" */
        size_t n_elsewhere;
        bool elsewhere_known; /* false: to be read again */
        bool bridges;         /* packets between the ports of a bridge meet FORWARD */
} IptLocals;

int ipt_locals_open(IptLocals *l);
void ipt_locals_close(IptLocals *l);
/* Reads them again: 1 if they have changed, 0, or negative errno. */
int ipt_locals_read(IptLocals *l);
/* Takes the events; true if one of them matters. */
bool ipt_locals_drain(IptLocals *l);
