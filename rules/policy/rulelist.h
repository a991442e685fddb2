/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Lists of rules, in their order.
 */

#include <stddef.h>

typedef struct Rule Rule;

typedef struct RuleList {
        Rule **items; /* a reference each */
        size_t n;
} RuleList;

void rule_list_deinit(RuleList *l);
int rule_list_append(RuleList *l, Rule *r);               /* takes a new reference; 0 or -ENOMEM */
int rule_list_insert(RuleList *l, size_t index, Rule *r); /* beyond the end: at the end */
void rule_list_remove(RuleList *l, size_t index);
int rule_list_copy(const RuleList *l, RuleList *ret); /* shares the rules */
