/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Sets and maps of nf_tables, asked for a key of which some bits are known. */

#include "daemon/foreign/walk.h"

/* Called for each element that may be the one; t: MAYBE or YES. Negative ends the search. */
typedef int (*LookupFound)(void *data, const FilterElement *e, Truth t);

/* Is the key in the set? Dynamic sets are as they were when they were read. *ret; 0 or f's error.
 */
int lookup_run(const FilterSet *s, const uint8_t *value, const uint8_t *known, LookupFound f,
        void *data, Truth *ret);
