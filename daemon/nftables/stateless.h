/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Whether the table may be stateless (rules/nftables/table.h): as long as nothing passes through
 * the host. When something may, the backend is outdated, and its table asks conntrack until p25d is
 * started again.
 */

#include "daemon/nftables/backend.h"

/* 0 or negative errno */
int nft_stateless_start(NftBackend *b);
void nft_stateless_stop(NftBackend *b);
