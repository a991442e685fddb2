/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Events and fingerprint of a table that is not owned. What is found goes to the repairer. All of
 * this does nothing where the table is owned.
 */

#include "daemon/nftables/backend.h"

int nft_monitor_start(NftBackend *b);
void nft_monitor_stop(NftBackend *b);
/* Leaves the group for a while (a listener makes applying slow) and joins again; notes what the
 * kernel holds then. */
void nft_monitor_pause(NftBackend *b);
void nft_monitor_resume(NftBackend *b);
/* Something that we left in the kernel was asked for and is not there: a look at all follows soon.
 */
void nft_monitor_miss(NftBackend *b);
/* Did another process change the table since nft_monitor_resume(), or may have? A RepairOps.look.
 */
RepairNeed nft_monitor_look(void *data);
