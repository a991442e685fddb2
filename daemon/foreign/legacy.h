/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The rules of a table of legacy iptables, in the kernel's own form, read with bounds. */

#include "rules/base/util.h"

typedef struct LegacyTable LegacyTable;
typedef struct Walk Walk;

/* Chains of p25 in legacy tables, which are passed over. */
#define LEGACY_OWN_PREFIX "P25-"

/* The possible fates of the packet at w->hook: bits of Fate among ACCEPT, DROP and REJECT. */
unsigned legacy_walk(Walk *w, const LegacyTable *t);
/* "INPUT"; the priority at which the table is asked there, and whether it is at all. */
const char *legacy_chain_name(uint32_t hook);
bool legacy_priority(const LegacyTable *t, uint32_t hook, int32_t *ret);
