/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Routed packets that conntrack does not follow are judged in prerouting, where nobody knows yet by
 * which interface they will leave. If a rule asks for it, they get twins of the chains of routed
 * in which the routing table is asked. Reads the chains that are made, knows no rule of the policy.
 */

#include "rules/nftables/build.h"

#include <errno.h>

static bool chain_is_routed(const NftChain *c)
{
        if (c->key.kind == CHAIN_CLASS)
                return c->key.direction == DIRECTION_ROUTED;
        return c->key.kind == CHAIN_TO && c->n > 0 &&
               c->rules[0].origin->direction == DIRECTION_ROUTED;
}

static bool any_out_interface(const NftBuild *b)
{
        const RulesetDirection *routed = &b->ruleset->directions[DIRECTION_ROUTED];

        for (size_t i = 0; i < routed->n; i++)
                if (routed->rules[i].rule->out_interface)
                        return true;
        return false;
}

static NftStatement statement_twin(const NftStatement *s)
{
        NftStatement twin = *s;

        if (s->kind == STATEMENT_OUT_INTERFACE)
                twin.kind = STATEMENT_ROUTE_INTERFACE;
        if ((s->kind == STATEMENT_JUMP || s->kind == STATEMENT_GOTO) && s->chain.kind == CHAIN_TO)
                twin.chain.kind = CHAIN_UNTRACKED_TO;
        return twin;
}

/* The rule of the last chain that says the same, before routing. */
static int build_rule_twin(NftBuild *b, const NftRule *rule)
{
        size_t first = b->table->n_statements;

        for (size_t i = 0; i < rule->n; i++) {
                NftStatement twin = statement_twin(&b->table->statements[rule->first + i]);
                int r = build_statement(b, &twin);

                if (r < 0)
                        return r;
        }
        return build_last_chain_rule(b, first, rule->origin);
}

static int build_chain_twin(NftBuild *b, size_t i)
{
        NftChainKey key = b->table->chains[i].key;
        int r;

        key.kind = key.kind == CHAIN_CLASS ? CHAIN_UNTRACKED_CLASS : CHAIN_UNTRACKED_TO;
        r = build_chain(b, &key);
        for (size_t k = 0; k < b->table->chains[i].n && r >= 0; k++) {
                NftRule rule = b->table->chains[i].rules[k];

                r = build_rule_twin(b, &rule);
        }
        return r;
}

/* tcp dport P goto routed_P: to the twin of routed_P instead */
static void dispatch_to_twins(NftTable *t, const NftChain *untracked)
{
        for (size_t i = 0; i < untracked->n; i++)
                for (size_t k = 0; k < untracked->rules[i].n; k++) {
                        NftStatement *s = &t->statements[untracked->rules[i].first + k];

                        if (s->kind == STATEMENT_GOTO)
                                s->chain.kind = CHAIN_UNTRACKED_CLASS;
                }
}

int build_untracked(NftBuild *b)
{
        NftTable *t = b->table;
        size_t n = t->n_chains;
        int r = 0;

        if (!any_out_interface(b))
                return 0;
        for (size_t i = 0; i < n && r >= 0; i++) {
                if (t->chains[i].key.kind == CHAIN_UNTRACKED)
                        dispatch_to_twins(t, &t->chains[i]);
                if (chain_is_routed(&t->chains[i]))
                        r = build_chain_twin(b, i);
        }
        return r;
}
