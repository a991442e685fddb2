/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The plan for the chains of a table that another replaces: which rules stay, with their handles,
 * and whether a chain is changed or sent again as a whole.
 */

#include "rules/nftables/update.h"

typedef struct NftSetPlan NftSetPlan;
typedef struct PlannedChain PlannedChain;

/* All but the last are the caller's. */
typedef struct NftChainPlan {
        NftTable *old, *new; /* borrowed; their chains gain handles */
        const NftSetPlan *sets;
        NftHandleReader reader; /* NULL: no handles can be asked for */
        void *data;
        PlannedChain *chains; /* of the new table */
} NftChainPlan;

/* 0 or -ENOMEM; to be deinitialised in both cases. */
int nft_chain_plan_make(NftChainPlan *p);
void nft_chain_plan_deinit(NftChainPlan *p);
/* The chains that come, empty. */
void nft_chain_plan_put_new(NftBatch *b, const NftChainPlan *p);
void nft_chain_plan_put_rules_out(NftBatch *b, const NftChainPlan *p);
void nft_chain_plan_put_rules_in(NftBatch *b, const NftChainPlan *p);
/* The chains that go, which are empty by then. */
void nft_chain_plan_put_gone(NftBatch *b, const NftChainPlan *p);
