/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The two families of addresses.
 */

typedef enum Family {
        FAMILY_IPV4 = 4,
        FAMILY_IPV6 = 6,
} Family;

/* The length of an address: 32 or 128. */
static inline unsigned family_bits(Family family)
{
        return family == FAMILY_IPV4 ? 32 : 128;
}
