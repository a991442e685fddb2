/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* One entry more or less in a set that rules use. */

#include "daemon/iptables/sets.h"

/* Makes the set in the kernel hold what `set` says, if one step can do it, at once for packets. 0;
 * -EXDEV: more differs; another negative errno. */
int set_edit(Netlink *n, const KernelSet *k, const IptSet *set);
