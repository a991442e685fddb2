/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The kernel's content of our table, read by netlink. Elements of sets are never asked for.
 */

#include "daemon/backend/backend.h"
#include "daemon/netlink/netlink.h"

typedef struct NftChainKey NftChainKey;

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
        uint32_t owner; /* portid of the owning socket; 0: not owned */
        FoundChain *chains;
        size_t n_chains;
        char **sets;
        FoundObject *objects;
        size_t n_objects;
} Found;

void found_deinit(Found *f);

/* 0 or negative errno; -EPERM without CAP_NET_ADMIN, -EOPNOTSUPP without nf_tables. */
int nft_kernel_generation(Netlink *n, uint32_t *ret);
/* Only the table itself. */
int nft_kernel_find(Netlink *n, Found *ret);
/* Adds chains, sets and objects; asks again when something changed meanwhile. */
int nft_kernel_list(Netlink *n, Found *f);
/* Counters of ours, ascending by id; a malloc()ed array. `known`: their ids, ascending, as far as
 * the caller knows. From NFT_COUNTERS_MANY on each is requested, because the time that the kernel
 * takes for a dump grows with the square of its length. */
#define NFT_COUNTERS_MANY 30000
int nft_kernel_counters(
        Netlink *n, const uint64_t *known, size_t n_known, RuleCounter **ret, size_t *ret_n);
/* An NftHandleReader; data is the Netlink. */
int nft_kernel_handles(void *data, const NftChainKey *chain, uint64_t *handles, size_t n);
/* A hash of table, chains, rules and sets, without elements and counts. */
int nft_kernel_fingerprint(Netlink *n, uint64_t *ret);
