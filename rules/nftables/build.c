/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Pieces of a table: statements, rules, chains, counters. Does not depend on their meaning. */

#include "rules/nftables/build.h"

#include "rules/address/family.h"
#include "rules/base/array.h"
#include "rules/policy/rule.h"
#include "rules/policy/subordinate.h"

#include <errno.h>

void build_fail(NftBuild *b, int error)
{
        if (b->error == 0)
                b->error = error;
}

/* Room for one more item; false: there is an error. */
static bool build_grow(NftBuild *b, void *items, size_t n, size_t size)
{
        if (b->error == 0 && array_grow(items, n, size) < 0)
                b->error = -ENOMEM;
        return b->error == 0;
}

void build_statement(NftBuild *b, const NftStatement *s)
{
        NftTable *t = b->table;
        NftStatement copy = *s; /* it may be one of the table's own */

        if (build_grow(b, &t->statements, t->n_statements, sizeof(NftStatement)))
                t->statements[t->n_statements++] = copy;
}

void build_kind(NftBuild *b, NftStatementKind kind, uint32_t number)
{
        build_statement(b, &(NftStatement){ .kind = kind, .number = number });
}

static void build_accept(NftBuild *b)
{
        if (b->notes && b->direction == DIRECTION_ROUTED)
                build_to_chain(b, STATEMENT_GOTO, &(NftChainKey){ .kind = CHAIN_ALLOWED });
        else
                build_kind(b, STATEMENT_ACCEPT, 0);
}

void build_verdict(NftBuild *b, Action action)
{
        switch (action) {
        case ACTION_ALLOW:
                build_accept(b);
                return;
        case ACTION_DENY:
                build_kind(b, STATEMENT_DROP, 0);
                return;
        case ACTION_REJECT:
                build_kind(b, STATEMENT_TCP, 0);
                build_kind(b, STATEMENT_RESET, 0);
                return;
        case ACTION_LIMIT: /* is a chain */
        case _ACTION_MAX:
        case _ACTION_INVALID:
                break;
        }
        build_fail(b, -EINVAL);
}

void build_no_conntrack(NftBuild *b)
{
        if (!b->stateless)
                build_kind(b, STATEMENT_NO_CONNTRACK, 0);
}

bool build_asks_dialled(const NftBuild *b)
{
        return b->direction == DIRECTION_ROUTED && !b->stateless;
}

void build_of_set(NftBuild *b, NftStatementKind kind, const NftSetKey *key)
{
        build_statement(b, &(NftStatement){ .kind = kind, .set = *key });
}

void build_to_chain(NftBuild *b, NftStatementKind kind, const NftChainKey *key)
{
        build_statement(b, &(NftStatement){ .kind = kind, .chain = *key });
}

void build_family(NftBuild *b, Family family)
{
        build_statement(b, &(NftStatement){ .kind = STATEMENT_FAMILY, .family = family });
}

void build_range(NftBuild *b, NftStatementKind kind, const IdRange *range)
{
        build_statement(
                b, &(NftStatement){ .kind = kind, .number = range->first, .last = range->last });
}

static void rules_append(NftBuild *b, NftRule **rules, size_t *n, const NftRule *rule)
{
        if (build_grow(b, rules, *n, sizeof(NftRule)))
                (*rules)[(*n)++] = *rule;
}

static NftRule rule_take(NftBuild *b, const Rule *origin)
{
        NftRule rule = {
                .first = b->first, .n = b->table->n_statements - b->first, .origin = origin
        };

        b->first = b->table->n_statements;
        return rule;
}

void build_end_shared(NftBuild *b, const Rule *origin)
{
        NftRule rule = rule_take(b, origin);

        rules_append(b, &b->rules, &b->n_rules, &rule);
}

void build_again(NftBuild *b, const NftRule *rule)
{
        rules_append(b, &b->rules, &b->n_rules, rule);
}

void build_end(NftBuild *b, const Rule *origin)
{
        NftRule rule = rule_take(b, origin);
        NftChain *c;

        if (b->error < 0)
                return;
        c = &b->table->chains[b->table->n_chains - 1];
        rules_append(b, &c->rules, &c->n, &rule);
}

void build_goto(NftBuild *b, const NftChainKey *key)
{
        build_to_chain(b, STATEMENT_GOTO, key);
        build_end(b, NULL);
}

void build_share(NftBuild *b, size_t i)
{
        for (size_t k = 0; k < b->n_rules && b->error == 0; k++) {
                NftChain *c = &b->table->chains[i];

                rules_append(b, &c->rules, &c->n, &b->rules[k]);
        }
}

void build_chain(NftBuild *b, const NftChainKey *key)
{
        NftTable *t = b->table;

        if (build_grow(b, &t->chains, t->n_chains, sizeof(NftChain)))
                t->chains[t->n_chains++] = (NftChain){ .key = *key };
}

void build_origin(NftBuild *b, Rule *rule)
{
        NftTable *t = b->table;

        if (build_grow(b, &t->origins, t->n_origins, sizeof(Rule *)))
                t->origins[t->n_origins++] = rule_ref(rule);
}

void build_counter(NftBuild *b, uint64_t id)
{
        NftTable *t = b->table;

        if (build_grow(b, &t->counters, t->n_counters, sizeof(uint64_t)))
                t->counters[t->n_counters++] = id;
}
