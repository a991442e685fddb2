/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "rules/policy/rulelist.h"

#include "rules/base/array.h"
#include "rules/policy/rule.h"

#include <errno.h>

void rule_list_deinit(RuleList *l)
{
        for (size_t i = 0; i < l->n; i++)
                rule_unref(l->items[i]);
        free(l->items);
        *l = (RuleList){ 0 };
}

int rule_list_insert(RuleList *l, size_t index, Rule *r)
{
        size_t at = index < l->n ? index : l->n;

        if (array_insert(&l->items, &l->n, sizeof(*l->items), at, &r) < 0)
                return -ENOMEM;
        rule_ref(r);
        return 0;
}

int rule_list_append(RuleList *l, Rule *r)
{
        return rule_list_insert(l, l->n, r);
}

void rule_list_remove(RuleList *l, size_t index)
{
        rule_unref(l->items[index]);
        array_remove(&l->items, &l->n, sizeof(*l->items), index);
}

int rule_list_copy(const RuleList *l, RuleList *ret)
{
        RuleList copy = { 0 };

        for (size_t i = 0; i < l->n; i++)
                if (rule_list_append(&copy, l->items[i]) < 0) {
                        rule_list_deinit(&copy);
                        return -ENOMEM;
                }
        *ret = copy;
        return 0;
}
