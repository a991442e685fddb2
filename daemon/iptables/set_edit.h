/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* One entry more or less in a set that rules use. */

#include "rules/address/family.h"
#include "rules/base/util.h"

typedef struct IptSet IptSet;
typedef struct KernelSet KernelSet;
typedef struct Netlink Netlink;
typedef struct TimedSet TimedSet;

/* A new set's entries that end. 0 or negative errno. */
int set_fill_timed(Netlink *n, const char *name, Family family, const TimedSet *timed);
/* When the first entry that ends too late for the kernel can get its time there; 0: there is none.
 */
uint64_t set_renewal_usec(const TimedSet *timed, uint64_t now_usec);
/* Makes the set in the kernel hold what `set` says, if one step can do it, at once for packets;
 * each entry that ends by itself is a step of its own. 0; -EXDEV: more differs; another negative
 * errno. */
int set_edit(Netlink *n, const KernelSet *k, const IptSet *set);
