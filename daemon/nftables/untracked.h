/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Connections through this host that conntrack does not follow: the table notes those that the
 * policy lets pass (rules/nftables/untracked.c), and resets those that are put into its sets.
 */

#include "rules/base/util.h"

typedef struct NftBackend NftBackend;
typedef struct Ruleset Ruleset;
typedef struct Untracked Untracked;

/* Those that a ruleset refuses, in the order of their ends. */
typedef struct Refusal {
        Untracked *items;
        size_t n;
        bool changed; /* since the last untracked_refuse() */
} Refusal;

void refusal_deinit(Refusal *r);

/* Reads what the table knows and judges it. 0 or negative errno; *ret is set in any case. */
int untracked_judge(NftBackend *b, const Ruleset *r, Refusal *ret);
/* Puts them into the sets of the table, which must have them (NFT_TABLE_REFUSES) if there are any,
 * and makes the ends of the new ones send. *ret_n: how many are new. Takes the list. 0 or negative
 * errno. */
int untracked_refuse(NftBackend *b, Refusal *r, uint64_t *ret_n);
