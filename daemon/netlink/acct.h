/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Objects of the kernel that count packets and that rules of iptables name (nfacct). They outlive
 * the rules and this process. Does not know what a name means.
 */

#include "daemon/netlink/netlink.h"

typedef struct AcctCount {
        const char *name; /* borrowed */
        uint64_t packets, bytes;
} AcctCount;

typedef int (*AcctHandler)(void *data, const AcctCount *c);

/* Makes an object that counts from zero; one that is there goes on. 0 or negative errno. */
int acct_make(Netlink *n, const char *name);
/* Hands all objects of this network namespace to f; a negative return ends it and is returned. 0,
 * -EOPNOTSUPP (not in this kernel), another negative errno. */
int acct_list(Netlink *n, AcctHandler f, void *data);
/* Reads and sets to zero in one step. 0, -ENOENT, another negative errno. */
int acct_take(Netlink *n, const char *name, uint64_t *ret_packets);
/* 0, -ENOENT, -EBUSY (a rule names it), another negative errno. */
int acct_delete(Netlink *n, const char *name);
