/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Shared by the files of this room that implement difference.h. */

#include "rules/base/util.h"

typedef struct Difference Difference;
typedef struct DifferenceItem DifferenceItem;
typedef struct Space Space;
typedef struct SpaceRegion SpaceRegion;

/* Fills in what a region says of addresses, interfaces and identities; takes over its ranges. *i is
 * without them so far, and stays so when this fails. 0 or -ENOMEM. */
int difference_item_fill(const Space *s, SpaceRegion *region, DifferenceItem *i);
int difference_add(Difference *d, DifferenceItem *item); /* takes it over, also when it fails */

/* Joins items, from `first` on, that differ only in family, or only in ports. 0 or -ENOMEM. */
int difference_join_families(Difference *d, size_t first);
int difference_join_ports(Difference *d, size_t first);
void difference_sort(Difference *d);
