/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Ids of rules, by which counters and the kernel know a rule: the same from one reading to the next
 * and on every machine. p25ctl's own rules bring a number; the id of others is a hash of source,
 * match and action, given when their document is read.
 */

#include "rules/base/hash.h"

typedef struct Rule Rule;
typedef struct RuleList RuleList;

/* The ids that are taken. Zero it to begin. */
typedef struct RuleIds {
        NumberMap taken;
        NumberMap duplicates; /* number of rules of one hash */
} RuleIds;

/* 1: the id is taken from now on; 0: it was already; -ENOMEM */
int rule_ids_take(RuleIds *l, uint64_t id);
/* An id for a rule that brings none, taken from now on; 0 or -ENOMEM. */
int rule_ids_make(RuleIds *l, const Rule *r, uint64_t *ret);
void rule_ids_deinit(RuleIds *l);

/* Gives an id to each rule of a document that has none. 0 or -ENOMEM. */
int rule_list_identify(RuleList *l);
