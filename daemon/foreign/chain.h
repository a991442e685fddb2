/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The rules of a base chain, of nf_tables or of a legacy table: the possible fates of the packet.
 */

#include "rules/base/util.h"

typedef struct FilterChain FilterChain;
typedef struct Walk Walk;

/* Bits of Fate among ACCEPT, DROP and REJECT; the policy included. */
unsigned chain_walk(Walk *w, const FilterChain *c);
