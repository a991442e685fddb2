/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A prefix that ends by itself.
 */

#include "rules/address/address.h"

typedef struct TimedEntry {
        Prefix prefix; /* of length 1 at least */
        uint64_t until_usec;
} TimedEntry;
