/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * From one table to another: the messages that change what differs and nothing else.
 */

#include "rules/base/util.h"

typedef struct NftBatch NftBatch;
typedef struct NftChainKey NftChainKey;
typedef struct NftTable NftTable;

/* Asks the kernel's reader for the handles of a chain's rules, n of them in their order. A negative
 * errno: unknown, and the whole chain is sent. */
typedef int (*NftHandleReader)(void *data, const NftChainKey *chain, uint64_t *handles, size_t n);

/*
 * Adds to the batch what makes `old` into `new`. old: what is in the table now; NULL: nothing.
 * New chains gain the handles that are known or that the kernel will echo. Sets that fit keep their
 * elements, counters and buckets their content. 0 or -ENOMEM.
 */
int nft_update_build(NftBatch *b, NftTable *old, NftTable *new, NftHandleReader reader, void *data);

/* After the batch was committed and its echoes were read: handles that are still not known are
 * worked out, or those of the whole chain are forgotten. */
void nft_update_settle(NftTable *t);
