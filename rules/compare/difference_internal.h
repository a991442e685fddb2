/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What the files of difference share. Nobody else includes this. */

#include "rules/compare/difference.h"
#include "rules/compare/space.h"

void difference_item_deinit(DifferenceItem *i);
/* A region of one family and some ports as an item; takes over its ranges. 0 or -ENOMEM. */
int difference_item_make(const Space *s, Direction direction, Family family, const Ports *ports,
        const DifferenceVerdict *verdicts, SpaceRegion *region, DifferenceItem *ret);
int difference_add(Difference *d, DifferenceItem *item); /* takes it over, also when it fails */

/* Joins items, from `first` on, that differ in family alone or in ports alone. 0 or -ENOMEM. */
int difference_join_families(Difference *d, size_t first);
int difference_join_ports(Difference *d, size_t first);
void difference_sort(Difference *d);

/* "newly denied", "newly allowed", "limit changed", … */
const char *difference_effect(const DifferenceItem *i);
