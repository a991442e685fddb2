/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Reads the counts that rules keep in sets, by sender and destination, and resets them in the same
 * request, so that nothing is counted twice or never, also if this p25d ends.
 */

#include "daemon/nftables/backend.h"

/* A BackendOps.take_decisions. */
int nft_decisions_take(NftBackend *b, DecisionHandler f, void *data);
/* The same for the next call of it, before the table is removed. */
void nft_decisions_keep(NftBackend *b);
/* Before a table that was found is replaced by another, which has the same sets. */
void nft_decisions_keep_found(NftBackend *b, NftTable *other);
