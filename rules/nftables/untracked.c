/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Packets that conntrack does not follow, and those of a reply's direction, are judged in
 * prerouting by what they say themselves: nothing is known of what was dialled before DNAT (they
 * have not met it), nor by which interface they will leave. Where a rule of the routed direction
 * asks for either, they get copies of its chains that ask the packet and the routing table.
 * Reads the chains that are made; knows no rule of the policy. In a table that is stateless the
 * chains themselves ask like that, and there are no copies.
 *
 * Nothing in the kernel knows which of these connections are open, nor who dialled. What the policy
 * lets pass is therefore noted for an hour; p25d, after a change, moves what is refused now to
 * another set, and a rule of forward resets these connections. A set that is full ends only the
 * rule that notes: the verdict stands, and the connection is not cut later.
 */

#include "rules/nftables/build.h"

#include "rules/address/family.h"
#include "rules/policy/rule.h"
#include "rules/ruleset/compiledrule.h"
#include "rules/ruleset/ruleset.h"

static const Family families[] = { FAMILY_IPV4, FAMILY_IPV6 };

/* ---- open connections ---- */

/*
 * meta nfproto ipv4 ct state invalid,untracked
 *      update @untracked4 { ip saddr . tcp sport . ip daddr . tcp dport }
 * accept
 */
void build_allowed(NftBuild *b)
{
        if (!b->notes)
                return;
        build_chain(b, &(NftChainKey){ .kind = CHAIN_ALLOWED });
        for (size_t f = 0; f < ELEMENTS(families); f++) {
                NftSetKey key = { .kind = SET_UNTRACKED, .family = families[f] };

                build_dynamic_set(b, &key, NULL);
                build_family(b, families[f]);
                build_no_conntrack(b);
                build_of_set(b, STATEMENT_NOTE_UNTRACKED, &key);
                build_end(b, NULL);
        }
        build_kind(b, STATEMENT_ACCEPT, 0);
        build_end(b, NULL);
}

/* ---- copies of chains ---- */

static bool chain_is_routed(const NftChain *c)
{
        if (c->key.kind == CHAIN_CLASS)
                return c->key.direction == DIRECTION_ROUTED;
        return c->key.kind == CHAIN_TO && c->n > 0 &&
               c->rules[0].origin->direction == DIRECTION_ROUTED;
}

static bool rules_ask_route(const NftBuild *b)
{
        const RulesetDirection *routed = &b->ruleset->directions[DIRECTION_ROUTED];

        for (size_t i = 0; i < routed->n; i++)
                if (routed->rules[i].rule->out_interface || !routed->rules[i].to.any)
                        return true;
        return false;
}

static NftStatement statement_untracked(const NftStatement *s)
{
        NftStatement own = *s;

        if (s->kind == STATEMENT_OUT_INTERFACE)
                own.kind = STATEMENT_ROUTE_INTERFACE;
        if (s->kind == STATEMENT_DIALLED_ADDRESS)
                own.kind = STATEMENT_ADDRESS;
        if (s->kind == STATEMENT_DIALLED_ADDRESS_SET)
                own.kind = STATEMENT_ADDRESS_SET;
        if ((s->kind == STATEMENT_JUMP || s->kind == STATEMENT_GOTO) && s->chain.kind == CHAIN_TO)
                own.chain.kind = CHAIN_UNTRACKED_TO;
        return own;
}

static void build_rule_copy(NftBuild *b, const NftRule *rule)
{
        for (size_t i = 0; i < rule->n && b->error == 0; i++) {
                NftStatement own = statement_untracked(&b->table->statements[rule->first + i]);

                build_statement(b, &own);
        }
        build_end(b, rule->origin);
}

static void build_chain_copy(NftBuild *b, size_t i)
{
        NftChainKey key = b->table->chains[i].key;

        key.kind = key.kind == CHAIN_CLASS ? CHAIN_UNTRACKED_CLASS : CHAIN_UNTRACKED_TO;
        build_chain(b, &key);
        for (size_t k = 0; k < b->table->chains[i].n && b->error == 0; k++) {
                NftRule rule = b->table->chains[i].rules[k];

                build_rule_copy(b, &rule);
        }
}

/* tcp dport P goto routed_P: to the copy of routed_P instead */
static void dispatch_to_copies(NftTable *t, const NftChain *untracked)
{
        for (size_t i = 0; i < untracked->n; i++)
                for (size_t k = 0; k < untracked->rules[i].n; k++) {
                        NftStatement *s = &t->statements[untracked->rules[i].first + k];

                        if (s->kind == STATEMENT_GOTO)
                                s->chain.kind = CHAIN_UNTRACKED_CLASS;
                }
}

void build_untracked(NftBuild *b)
{
        NftTable *t = b->table;
        size_t n = t->n_chains;

        if (b->stateless || !rules_ask_route(b))
                return;
        for (size_t i = 0; i < n && b->error == 0; i++) {
                if (t->chains[i].key.kind == CHAIN_UNTRACKED_PORTS)
                        dispatch_to_copies(t, &t->chains[i]);
                if (chain_is_routed(&t->chains[i]))
                        build_chain_copy(b, i);
        }
}
