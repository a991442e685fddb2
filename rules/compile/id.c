/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Ids of rules, by which counters and the kernel know a rule: the same from one compilation to the
 * next and on every machine. p25ctl's own rules bring a number; the id of others is a hash.
 */

#include "rules/compile/compilation.h"
#include "rules/policy/fields.h"

#include <errno.h>

#define RULE_ID_HASHED (UINT64_C(1) << 47)

/* 1: the id is the rule's from now on; 0: another rule has it; -ENOMEM */
static int id_take(Compilation *c, uint64_t id)
{
        uint64_t *taken = number_map_get(&c->ids, id);

        if (!taken)
                return -ENOMEM;
        if (*taken)
                return 0;
        *taken = 1;
        return 1;
}

static int id_make(Compilation *c, const Rule *rule, uint64_t *ret)
{
        uint64_t hash = rule_hash(rule), id, *duplicates;
        int r;

        duplicates = number_map_get(&c->duplicates, hash);
        if (!duplicates)
                return -ENOMEM;
        do {
                id = hash_finish(hash_number(hash, (*duplicates)++));
                id = (id & (RULE_ID_HASHED - 1)) | RULE_ID_HASHED;
                r = id_take(c, id);
        } while (r == 0);
        *ret = id;
        return r < 0 ? r : 0;
}

int rule_identify(Compilation *c, Rule *rule, Rule **ret)
{
        _cleanup_(rule_unref_p) Rule *copy = NULL;
        uint64_t id;
        int r;

        if (rule->id != 0) {
                r = id_take(c, rule->id);
                if (r < 0)
                        return r;
                if (r > 0) {
                        *ret = rule_ref(rule);
                        return 0;
                }
                r = rule_copy(rule, &copy);
                if (r < 0)
                        return r;
        } else {
                copy = rule_ref(rule);
        }
        r = id_make(c, rule, &id);
        if (r < 0)
                return r;
        copy->id = id;
        *ret = TAKE_PTR(copy);
        return 0;
}
