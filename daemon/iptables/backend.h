/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Shared by the files of the iptables backend and its tests; others use backend.h of
 * daemon/backend.
 */

#include "daemon/backend/backend.h"
#include "daemon/backend/repairer.h"
#include "daemon/backend/totals.h"
#include "daemon/iptables/image.h"
#include "daemon/iptables/kernel.h"
#include "daemon/iptables/locals.h"
#include "daemon/iptables/lock.h"
#include "daemon/iptables/sets.h"
#include "daemon/netlink/netlink.h"
#include "rules/iptables/table.h"

#define IPT_FAMILIES 2 /* IPv4, IPv6: in this order */

/* The objects in which the tables count decisions. */
typedef struct IptCounts {
        bool wanted;                       /* decisions are counted and logged */
        bool has_objects;                  /* the kernel has them */
        bool has_old_objects;              /* by an old interface */
        char (*names)[IPT_COUNT_NAME_MAX]; /* of the installed tables' objects, ascending */
        size_t n;
        bool are_all;        /* others of ours are not needed */
        DecisionCount *kept; /* of tables that were removed */
        size_t n_kept;
} IptCounts;

typedef struct IptBackend {
        Backend base;
        sd_event *event; /* NULL: nothing is watched */

        IptKernel kernels[IPT_FAMILIES];
        IptLock lock;
        Netlink netlink; /* conntrack */
        IptSets sets;
        IptLocals locals;
        IptCounts counts;
        size_t chains_max; /* of IptOptions */
        bool cut_local;

        IptTable *wanted[IPT_FAMILIES]; /* the table that was applied last; NULL: none */
        IptImage installed[IPT_FAMILIES];
        uint64_t hashes[IPT_FAMILIES]; /* of what we left in the kernel */
        bool intact;                   /* the kernel has it, as far as we know */
        Totals totals[IPT_FAMILIES];

        sd_event_source *timer, *lock_watch, *locals_watch;
        int inotify_fd;
        Repairer repairer;
} IptBackend;

int ipt_backend_open(
        sd_event *event, BackendRepaired repaired, void *data, size_t chains_max, IptBackend **ret);
void ipt_backend_close(IptBackend *b);
