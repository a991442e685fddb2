/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The content of a set as one number, as it shall be and as it is.
 */

#include "daemon/netlink/netlink.h"
#include "rules/address/family.h"
#include "rules/address/prefixset.h"

typedef struct RangeSet RangeSet;

uint64_t ipt_content_of(const RangeSet *ranges, Family family);
/* Of a set in the kernel: 0 or negative errno. */
int ipt_content_read(Netlink *n, const char *name, uint64_t *ret);
