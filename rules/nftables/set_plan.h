/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The plan for the sets of a table that another replaces: which are new, which are filled again,
 * and which gain and lose elements.
 */

#include "rules/base/util.h"

typedef struct NftBatch NftBatch;
typedef struct NftSetKey NftSetKey;
typedef struct NftTable NftTable;

typedef struct NftSetPlan {
        const NftTable *old, *new; /* borrowed */
        bool *fresh;               /* of the new sets: not there in this shape */
        bool *fill;                /* of the new sets: with all that they hold */
        bool *reshaped;            /* of the new sets: there in another shape */
        bool any_reshaped;
} NftSetPlan;

/* 0 or -ENOMEM; to be deinitialised in both cases. */
int nft_set_plan_make(const NftTable *old, const NftTable *new, NftSetPlan *ret);
void nft_set_plan_deinit(NftSetPlan *p);
/* Is it a set that is there in another shape, so that rules which name it are sent again? */
bool nft_set_plan_reshapes(const NftSetPlan *p, const NftSetKey *key);
/* The sets that go; no rule may name them any more. */
void nft_set_plan_put_gone(NftBatch *b, const NftSetPlan *p);
/* The sets that come, and the elements that come and go. */
void nft_set_plan_put(NftBatch *b, const NftSetPlan *p);
