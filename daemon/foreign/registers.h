/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The registers of nf_tables, by their numbers in messages. */

#include "daemon/foreign/walk.h"
#include "daemon/netlink/attributes.h"

/* A verdict besides those of nf_tables. */
#define VERDICT_REJECT (-100)

typedef struct Operand {
        const uint8_t *value, *known;
        const char *name;
} Operand;

/* n bytes of a register; false where there are none. */
bool register_get(Walk *w, Bytes number, size_t n, Operand *ret);
/* Loads one; what is behind, up to the next word, becomes 0. YES, or MAYBE where it has no room. */
Truth register_put(Walk *w, Bytes number, const uint8_t *value, const uint8_t *known, size_t n,
        const char *name);
/* The same, of a part of the packet. */
Truth register_put_part(Walk *w, Bytes number, Part p, const char *name);
