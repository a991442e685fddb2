/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Puts tables into the kernel, always in one batch. */

#include "rules/base/util.h"

typedef struct Diagnostics Diagnostics;
typedef struct NftBackend NftBackend;
typedef struct NftTable NftTable;

/* Sends the table, which is `wanted` afterwards. Takes it in any case. */
int nft_apply(NftBackend *b, NftTable *table, bool commit, Diagnostics *d);
/* Sends `wanted` again, without regard to the kernel's content. */
int nft_apply_again(NftBackend *b);
/* The same, as a table that nobody owns. Counters live on; limits begin again. */
int nft_apply_disown(NftBackend *b);
int nft_apply_remove(NftBackend *b, Diagnostics *d);
