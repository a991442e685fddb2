/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Shared by the files of the nftables backend and its tests; all others know it by backend.h.
 */

#include "daemon/backend/backend.h"
#include "daemon/backend/repair_rate.h"
#include "daemon/backend/totals.h"
#include "daemon/netlink/netlink.h"
#include "rules/nftables/update.h"

/* A table that is owned by the socket that made it, and stays when that socket closes. */
#define NFT_TABLE_FLAGS_OWNED 0x6u

/* ---- what the kernel has (backend_nft_kernel.c) ---- */

typedef struct FoundChain {
        char *name;
        bool base;
        uint32_t hook;
        int32_t priority;
        uint32_t policy; /* NF_ACCEPT, NF_DROP */
} FoundChain;

typedef struct FoundObject {
        char *name;
        uint32_t type;
        uint64_t packets, bytes; /* of a counter */
} FoundObject;

/* A table inet p25, and what is in it. */
typedef struct Found {
        bool exists;
        uint32_t flags;
        uint32_t owner; /* portid of the owning socket; 0: nobody owns it */
        FoundChain *chains;
        size_t n_chains;
        char **sets;
        FoundObject *objects;
        size_t n_objects;
} Found;

void found_deinit(Found *f);

/* 0 or negative errno; -EPERM without CAP_NET_ADMIN, -EOPNOTSUPP without nf_tables. */
int nft_kernel_generation(Netlink *n, uint32_t *ret);
/* The table alone. */
int nft_kernel_find(Netlink *n, Found *ret);
/* Adds chains, sets and objects; asks again when something changed meanwhile. */
int nft_kernel_list(Netlink *n, Found *f);
/* Counters of ours, ascending by id; a malloc()ed array. */
int nft_kernel_counters(Netlink *n, RuleCounter **ret, size_t *ret_n);
/* An NftHandleReader; data is the Netlink. */
int nft_kernel_handles(void *data, const NftChainKey *chain, uint64_t *handles, size_t n);
/* A hash of table, chains, rules and sets, without elements and counts. */
int nft_kernel_fingerprint(Netlink *n, uint64_t *ret);

/* ---- the backend ---- */

typedef struct NftBackend {
        Backend base;
        sd_event *event; /* NULL: nothing is watched */
        BackendRepaired repaired;
        void *data;
        Netlink writer; /* owns the table */
        bool owns;      /* the table is to be owned; not, once the kernel has no such tables */
        bool cut_local; /* the kernel cannot end sockets: rules reset what is marked */

        NftTable *wanted; /* what was applied last; NULL: nothing */
        bool intact;      /* the kernel has it, as far as we know */

        Totals totals; /* external resets of counters are not seen by who asks us */

        /* Watching, where the table is not owned. */
        Netlink monitor;
        sd_event_source *monitor_source, *timer;
        bool joined;
        uint64_t fingerprint; /* of what we left in the kernel */
        uint32_t generation;
        uint32_t guard; /* the generation on which the last batch was made */
        bool touched;   /* by the transaction whose end is to come */
        bool broken;    /* by somebody else, and not yet put back */
        bool doubtful;  /* events were lost, or could have been */
        pid_t culprit_pid;
        char culprit[32];
        RepairRate rate;
        uint64_t pause_usec; /* between two repairs in a fight */
} NftBackend;

/* Tests say that tables cannot be owned here. */
int nft_backend_open(sd_event *event, BackendRepaired repaired, void *data, const int *fds,
        size_t n_fds, bool may_own, NftBackend **ret);
void nft_backend_close(NftBackend *b);

/* backend_nft_apply.c: sends the table, which is `wanted` afterwards. Takes it in any case. */
int nft_apply(NftBackend *b, NftTable *table, bool commit, Diagnostics *d);
/* Sends `wanted` again, whatever is in the kernel. */
int nft_apply_again(NftBackend *b);
int nft_apply_remove(NftBackend *b, Diagnostics *d);

/* backend_nft_watch.c. Leaves the group for a while (a listener makes applying slow) and joins
 * again; notes what the kernel holds then. All do nothing where the table is owned. */
int nft_watch_start(NftBackend *b);
void nft_watch_stop(NftBackend *b);
void nft_watch_pause(NftBackend *b);
void nft_watch_resume(NftBackend *b);
/* Did somebody change the table since nft_watch_resume(), or may have? */
bool nft_watch_is_changed(NftBackend *b);
