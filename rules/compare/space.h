/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Two first-match lists of rules compared over the whole packet space: exact, without trying
 * packets. Used by difference and shadow only; knows no verdicts, only numbers that stand
 * for them.
 *
 * A packet is a point: one number an axis. A rule is a box: on every axis it asks nothing, or for
 * some sets of ranges. The comparison walks the axes in their order; on each it sweeps over the
 * ends of all ranges that still matter, so that between two ends the same rules can match, and goes
 * on with those rules only, once for every such pair of lists that it meets. What it leaves is a
 * diagram: nodes that cut an axis into intervals, each leading to a node of a later axis or to a
 * pair of verdicts. Equal nodes are one node, so that regions that end alike are found together.
 */

#include "rules/address/family.h"
#include "rules/base/hash.h"

typedef struct CompiledRule CompiledRule;
typedef struct RangeSet RangeSet;
typedef struct Wide Wide;

typedef enum Axis {
        AXIS_FROM,
        AXIS_TO,
        AXIS_INTERFACE,
        AXIS_IN_INTERFACE,
        AXIS_OUT_INTERFACE,
        AXIS_USER,
        AXIS_GROUP,
        AXIS_UNIT, /* a process is in one unit… */
        _AXIS_MAX, /* …and in any number of slices: an axis each from here on, 0 out, 1 in */
} Axis;

/* Names that became numbers, in the order in which they were met. */
typedef struct SpaceNames {
        const char **items; /* borrowed from the rules; units may lack their ".service" */
        size_t n;
        NumberMap by_hash;
} SpaceNames;

typedef struct SpaceEntry {
        uint32_t verdict;
        uint32_t slice; /* from 1; 0: none is asked for */
        uint32_t end;   /* the axis after the last one that is asked about */
        struct {
                uint32_t first, n; /* views, ascending, in the pool */
                bool any;
        } axes[_AXIS_MAX];
} SpaceEntry;

typedef struct SpaceNode {
        uint32_t axis;
        uint32_t n;         /* 0: a pair of verdicts */
        Wide *starts;       /* of the intervals; the first is 0 */
        uint32_t *children; /* no neighbours alike */
        uint32_t before, after;
} SpaceNode;

/* A growing array of numbers: a list of entries, views, positions. */
typedef struct SpaceNumbers {
        uint32_t *items;
        size_t n;
} SpaceNumbers;

typedef struct Space {
        RangeSet **views; /* every set of ranges that some entry asks for, once */
        size_t n_views;
        NumberMap view_by_hash, view_by_pointer;
        SpaceNames interfaces, units, slices;
        SpaceEntry *entries; /* unique */
        size_t n_entries;
        NumberMap entry_by_hash;
        SpaceNumbers pool; /* the entries' views */

        SpaceNode *nodes; /* unique; node 0 stands for "no difference" */
        size_t n_nodes;
        NumberMap node_by_hash;

        uint64_t work, work_max; /* steps made so far, and how many there may be */
        bool first_is_enough;    /* whether there is a difference is all that is asked */
} Space;

int space_init(Space *s, uint64_t work_max); /* 0 or -ENOMEM */
void space_deinit(Space *s);

/*
 * Adds what the rule makes of packets to a list: nothing, if it can match none; an entry; or
 * several, if it asks for slices. Its ports are the caller's to look at. The rule must live as long
 * as the space. 0, -ENOMEM, -E2BIG (work_max).
 */
int space_add_rule(Space *s, const CompiledRule *rule, uint32_t verdict, SpaceNumbers *list);
/* The same for everything that is left: every list must end with it. */
int space_add_rest(Space *s, uint32_t verdict, SpaceNumbers *list);

int space_numbers_add(SpaceNumbers *l, uint32_t number);
void space_numbers_deinit(SpaceNumbers *l);

/*
 * The diagram of where two lists, of entries of one direction and port, differ in one family: the
 * number of its first node, 0 for nowhere. 0, -ENOMEM, -E2BIG (work_max); -ECANCELED when a
 * first difference was enough.
 */
int space_compare(
        Space *s, Family family, const SpaceNumbers *a, const SpaceNumbers *b, uint32_t *ret_node);

/* ---- regions of a diagram ---- */

typedef enum SliceState {
        SLICE_ANY,
        SLICE_OUT,
        SLICE_IN,
} SliceState;

typedef struct SpaceRegion {
        RangeSet *at[_AXIS_MAX]; /* a reference each; NULL: everywhere */
        uint8_t *slices;         /* SliceState of each of the space's slices; NULL: any */
        uint32_t before, after;
} SpaceRegion;

typedef struct SpaceRegions {
        SpaceRegion *items;
        size_t n;
        bool complete;
} SpaceRegions;

/*
 * Cuts a diagram into boxes: together they are all of it and nothing else. Each is as large as can
 * be without losing that, so they may overlap. At most max of them; complete says whether that was
 * enough. 0 or -ENOMEM.
 */
int space_regions(const Space *s, Family family, uint32_t node, size_t max, SpaceRegions *ret);
void space_regions_deinit(SpaceRegions *r);
