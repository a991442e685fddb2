/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Owns which rule has which id (identity.h). */

#include "rules/policy/identity.h"

#include "rules/policy/fields.h"
#include "rules/policy/rule.h"
#include "rules/policy/rulelist.h"

#include <errno.h>

#define RULE_ID_HASHED (UINT64_C(1) << 47)

int rule_ids_take(RuleIds *l, uint64_t id)
{
        uint64_t *taken = number_map_get(&l->taken, id);

        if (!taken)
                return -ENOMEM;
        if (*taken)
                return 0;
        *taken = 1;
        return 1;
}

int rule_ids_make(RuleIds *l, const Rule *rule, uint64_t *ret)
{
        uint64_t hash = rule_hash(rule), id, *duplicates;
        int r;

        duplicates = number_map_get(&l->duplicates, hash);
        if (!duplicates)
                return -ENOMEM;
        do {
                id = hash_finish(hash_number(hash, (*duplicates)++));
                id = (id & (RULE_ID_HASHED - 1)) | RULE_ID_HASHED;
                r = rule_ids_take(l, id);
        } while (r == 0);
        *ret = id;
        return r < 0 ? r : 0;
}

void rule_ids_deinit(RuleIds *l)
{
        number_map_deinit(&l->taken);
        number_map_deinit(&l->duplicates);
}

int rule_list_identify(RuleList *l)
{
        _cleanup_(rule_ids_deinit) RuleIds ids = { 0 };

        for (size_t i = 0; i < l->n; i++)
                if (l->items[i]->id == 0 && rule_ids_make(&ids, l->items[i], &l->items[i]->id) < 0)
                        return -ENOMEM;
        return 0;
}
