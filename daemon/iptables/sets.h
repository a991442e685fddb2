/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Long lists as sets of the kernel (ipset).
 */

#include "daemon/netlink/netlink.h"
#include "rules/address/family.h"

typedef struct Diagnostics Diagnostics;
typedef struct IptSet IptSet;
typedef struct IptTable IptTable;
typedef struct RangeSet RangeSet;
typedef struct TimedSet TimedSet;

/* One in the kernel. */
typedef struct KernelSet {
        char name[32];
        uint64_t key; /* of which list, a hash */
        Family family;
        RangeSet *ranges;      /* its content, a reference */
        TimedSet *timed;       /* the same with ends, a reference; NULL: none ends */
        uint64_t renewal_usec; /* set_renewal_usec() */
        size_t n;              /* elements */
        bool made;             /* for the change at hand */
        bool wanted;           /* by it */
        bool has_content;
        uint64_t content; /* ipt_content_of() */
} KernelSet;

typedef struct IptSets {
        Netlink netlink;  /* fd -1: this kernel has no sets */
        uint8_t revision; /* of the type of sets */
        uint32_t serial;  /* of names */
        KernelSet *items;
        size_t n;
        bool asked; /* whether there are any */
        bool tidy;  /* no sets of a former daemon are left */
} IptSets;

/* Does this kernel have sets? Asked when first needed: asking may load them. */
bool ipt_sets_are_there(IptSets *s);
void ipt_sets_close(IptSets *s);
/* Makes the sets of the tables (which may be NULL) that are not in the kernel yet, in addition to
 * those that are. 0, or negative errno with an error in d. */
int ipt_sets_prepare(IptSets *s, IptTable *const *tables, size_t n, Diagnostics *d);
/* The kernel's name of a table's set, after that; similar: of the same list, with an older content.
 * NULL: there is none. */
const char *ipt_sets_name(const IptSets *s, Family family, const IptSet *set, bool similar);
/* If one set of the tables differs from what the kernel has, by one entry: changes that, at once
 * for packets. -EXDEV: more differs. */
int ipt_sets_edit(IptSets *s, IptTable *const *tables, size_t n);
/* The end of a change: destroys the sets that are used no more (done), or those that were made for
 * it. */
void ipt_sets_collect(IptSets *s, bool done);
/* Destroys all, those of a former daemon too. */
void ipt_sets_clear(IptSets *s);
/* The next ipt_sets_check() gives entries that end their time in the kernel again. */
void ipt_sets_renew(IptSets *s);
/* Did another process empty or destroy one, or change its content? Those are forgotten, and made
 * again by the next ipt_sets_prepare(). contents: looks at each entry, where they are no more than
 * IPT_CONTENT_MAX in all; else at their number. */
#define IPT_CONTENT_MAX (128u << 10)
bool ipt_sets_check(IptSets *s, bool contents);
