/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Shared by the files of the nftables backend and its tests; others use backend.h of
 * daemon/backend.
 */

#include "daemon/backend/backend.h"
#include "daemon/backend/repairer.h"
#include "daemon/backend/totals.h"
#include "daemon/netlink/netlink.h"

typedef struct NftTable NftTable;
typedef struct Untracked Untracked;

/* A table that is owned by the socket that made it (Linux 5.12), and stays when that socket closes
 * (Linux 6.9). */
#define NFT_TABLE_OWNER 0x2u
#define NFT_TABLE_PERSIST 0x4u

typedef struct NftBackend {
        Backend base;
        sd_event *event; /* NULL: nothing is watched */
        Netlink writer;  /* owns the table */
        /* Is the table to be owned, and to persist? As far as the kernel has such tables; it is
         * owned only if it is not lost with this process: if it persists, or its socket is kept
         * elsewhere. */
        bool owns, persists;
        int (*keep)(int fd); /* keeper_keep() */
        unsigned flags;      /* of its tables: NFT_TABLE_… */
        /* While they are stateless: what may come to pass through the host. */
        Netlink forwarding;
        sd_event_source *forwarding_source;

        NftTable *wanted; /* the table that was applied last; NULL: none */
        bool intact;      /* the kernel has it, as far as we know */

        Totals totals; /* survive resets of counters by others */

        /* Decisions. */
        bool cannot_reset;   /* the kernel cannot read and reset a set's counters at once */
        unsigned takes;      /* since idle elements were removed */
        DecisionCount *kept; /* taken before the table was removed */
        size_t n_kept;

        /* Connections that conntrack does not follow and that the ruleset refuses, in their order.
         */
        Untracked *refused;
        size_t n_refused;

        /* Watching, where the table is not owned. */
        Netlink monitor;
        sd_event_source *monitor_source;
        bool joined;
        uint64_t fingerprint; /* of what we left in the kernel */
        uint32_t generation;
        uint32_t guard; /* the generation on which the last batch was made */
        bool committed; /* that batch came into force: one generation more, if it changed anything
                         */
        bool touched;   /* by the transaction whose end is to come */
        bool broken;    /* by another process, and not yet put back */
        bool doubtful;  /* events were lost, or could have been */
        Repairer repairer;
} NftBackend;

typedef struct NftOptions {
        const int *fds; /* as of BackendOps.open */
        size_t n_fds;
        /* In tests: as if tables could not be owned, or not persist, or sets not be reset; */
        bool may_not_own, may_not_persist, may_not_reset;
        /* the table of a script: decisions are counted by counters only, connections are not noted,
         * and what passes through the host is provided for. */
        bool as_script;
        int (*keep)(int fd); /* in the place of keeper_keep() */
} NftOptions;

int nft_backend_open(sd_event *event, BackendRepaired repaired, void *data, const NftOptions *o,
        NftBackend **ret);
void nft_backend_close(NftBackend *b);
