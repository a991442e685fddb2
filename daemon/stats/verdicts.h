/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The number of connections since ever, by direction, verdict, user and unit. These numbers only
 * grow. Bounded: what finds no room is counted by direction and verdict, under others.
 */

#include "rules/base/util.h"
#include "rules/policy/action.h"
#include "rules/policy/direction.h"

#define VERDICTS_MAX 1024

typedef struct VerdictCount {
        Direction direction;
        Action verdict;
        bool has_uid;
        uint32_t uid;
        char *unit; /* NULL: not known, or none */
        uint64_t n;
} VerdictCount;

typedef struct Verdicts {
        VerdictCount *items;
        size_t n;
        uint64_t others[_DIRECTION_MAX][_ACTION_MAX];
} Verdicts;

/* Adds what->n to its row; what->unit is copied. */
void verdicts_add(Verdicts *t, const VerdictCount *what);
void verdicts_deinit(Verdicts *t);
