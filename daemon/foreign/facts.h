/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The facts that are known of one packet, bit by bit, and questions about it that have three
 * answers. The packet is the first of a TCP connection: a SYN without ACK.
 */

#include "rules/base/util.h"

#include <net/if.h>

typedef enum Truth {
        TRUTH_NO,
        TRUTH_MAYBE,
        TRUTH_YES,
} Truth;

static inline Truth truth_not(Truth t)
{
        return TRUTH_YES - t;
}

static inline Truth truth_and(Truth a, Truth b)
{
        return a < b ? a : b;
}

static inline Truth truth_or(Truth a, Truth b)
{
        return a > b ? a : b;
}

/* Of the packet and its conntrack entry, each as the kernel would load it into a register. */
typedef struct Fields {
        uint8_t network[40]; /* the header, IPv4 or IPv6 */
        uint8_t transport[20];
        uint8_t mark[4], ct_mark[4], ct_state[4], ct_status[4];
        uint8_t in_index[4], out_index[4];
        uint8_t in[IFNAMSIZ], out[IFNAMSIZ];
} Fields;

typedef struct Facts {
        Fields value, known; /* known: a bit is set where that of value is sure */
} Facts;

/* A part of a Fields. */
typedef struct Part {
        size_t offset, n;
} Part;
#define PART(field) ((Part){ offsetof(Fields, field), sizeof(((Fields *)NULL)->field) })

void facts_know(Facts *s, Part p, const void *value);
void facts_forget(Facts *s, Part p);
/* The bits that are known and equal in both. */
void facts_join(Facts *s, const Facts *other);
static inline const uint8_t *facts_value(const Facts *s, Part p)
{
        return (const uint8_t *)&s->value + p.offset;
}
static inline const uint8_t *facts_known(const Facts *s, Part p)
{
        return (const uint8_t *)&s->known + p.offset;
}

/* n bytes of which some bits are known: are they equal to want under mask (NULL: all)? */
Truth bits_equal(const uint8_t *value, const uint8_t *known, const uint8_t *want,
        const uint8_t *mask, size_t n);
/* Are they, as a number in network byte order, at least low and at most high? */
Truth bits_in_range(const uint8_t *value, const uint8_t *known, const uint8_t *low,
        const uint8_t *high, size_t n);
/* Compares them with it. Which of <, =, > are possible: bits 1, 2, 4. */
unsigned bits_compare(const uint8_t *value, const uint8_t *known, const uint8_t *with, size_t n);
