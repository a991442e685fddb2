/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * SYNs of this host that a rule is going to log wait for p25d, which finds their process while it
 * is still there. This happens in a chain of its own before all others of the host, and decides
 * nothing: what p25d lets go on, what no p25d listens for and what finds the queue full meets the
 * policy afterwards, as if it had not waited. First of all, because the kernel goes on with the
 * chain behind by number: nothing that others add or remove can make it skip the policy.
 *
 * The copies of the policy here count nothing and take nothing from limits; they may be wrong by
 * what changes meanwhile. Reads the chains that are made.
 */

#include "rules/nftables/build.h"

#include "rules/address/family.h"
#include "rules/base/array.h"
#include "rules/policy/rule.h"
#include "rules/policy/subordinate.h"
#include "rules/ruleset/compiledrule.h"
#include "rules/ruleset/ruleset.h"

#include <errno.h>

static const Family families[] = { FAMILY_IPV4, FAMILY_IPV6 };

/* The ids of the rules that log, ascending. */
typedef struct LoggedRules {
        uint64_t *ids;
        size_t n;
        bool by_default;
} LoggedRules;

static void logging_find(NftBuild *b, LoggedRules *l)
{
        const RulesetDirection *out = &b->ruleset->directions[DIRECTION_OUT];

        l->by_default = out->log_default || out->log_audited;
        l->ids = calloc(out->n + 1, sizeof(*l->ids));
        if (!l->ids) {
                build_fail(b, -ENOMEM);
                return;
        }
        for (size_t i = 0; i < out->n; i++)
                if (out->rules[i].log || out->rules[i].log_refused)
                        l->ids[l->n++] = out->rules[i].rule->id;
        qsort(l->ids, l->n, sizeof(*l->ids), number_compare);
}

static bool rule_logs(const LoggedRules *l, const Rule *origin)
{
        if (!origin)
                return l->by_default;
        return bsearch(&origin->id, l->ids, l->n, sizeof(*l->ids), number_compare) != NULL;
}

/* ---- copies ---- */

static bool chain_is_out(const NftChain *c)
{
        if (c->key.kind == CHAIN_CLASS || c->key.kind == CHAIN_DIRECTION)
                return c->key.direction == DIRECTION_OUT;
        return c->key.kind == CHAIN_TO && c->n > 0 &&
               c->rules[0].origin->direction == DIRECTION_OUT;
}

static NftChainKind kind_of_copy(NftChainKind kind)
{
        if (kind == CHAIN_DIRECTION)
                return CHAIN_HELD_PORTS;
        return kind == CHAIN_CLASS ? CHAIN_HELD_CLASS : CHAIN_HELD_TO;
}

static bool is_way(const NftStatement *s)
{
        return (s->kind == STATEMENT_GOTO || s->kind == STATEMENT_JUMP) &&
               (s->chain.kind == CHAIN_CLASS || s->chain.kind == CHAIN_TO);
}

static bool is_log(const NftStatement *s)
{
        return s->kind == STATEMENT_LOG_LIMIT || s->kind == STATEMENT_WAKE_LIMIT;
}

/* With its counter begins what a rule of the policy does; a log is a rule of its own. */
static bool is_end(const NftStatement *s)
{
        return s->kind == STATEMENT_COUNTER || is_log(s);
}

static void build_rule_copy(NftBuild *b, const LoggedRules *l, const NftRule *rule)
{
        const NftStatement *s = &b->table->statements[rule->first];
        size_t n = 0;

        while (n < rule->n && !is_end(&s[n]))
                n++;
        if (n < rule->n && is_log(&s[n]))
                return;
        for (size_t i = 0; i < n && b->error == 0; i++) {
                NftStatement own = b->table->statements[rule->first + i];

                if (is_way(&own))
                        own.chain.kind = kind_of_copy(own.chain.kind);
                build_statement(b, &own);
        }
        if (n < rule->n && rule_logs(l, rule->origin))
                build_to_chain(b, STATEMENT_GOTO, &(NftChainKey){ .kind = CHAIN_HOLD });
        else if (n < rule->n)
                build_verdict(b, ACTION_ALLOW);
        build_end(b, rule->origin);
}

static void build_chain_copy(NftBuild *b, const LoggedRules *l, size_t i)
{
        NftChainKey key = b->table->chains[i].key;

        key.kind = kind_of_copy(key.kind);
        build_chain(b, &key);
        for (size_t k = 0; k < b->table->chains[i].n && b->error == 0; k++) {
                NftRule rule = b->table->chains[i].rules[k];

                build_rule_copy(b, l, &rule);
        }
}

/* ---- where they wait ---- */

/*
 * ip daddr . tcp sport != @held4 limit rate 100/second burst 400 packets
 *      update @held4 { ip daddr . tcp sport } queue flags bypass to 25
 * A SYN that p25d has not answered for is sent again after a second, and passes by.
 */
static void build_hold_chain(NftBuild *b)
{
        build_chain(b, &(NftChainKey){ .kind = CHAIN_HOLD });
        for (size_t f = 0; f < ELEMENTS(families); f++) {
                NftSetKey key = { .kind = SET_HELD, .family = families[f] };

                build_dynamic_set(b, &key, NULL);
                build_family(b, families[f]);
                build_of_set(b, STATEMENT_NOT_HELD, &key);
                build_kind(b, STATEMENT_HOLD_LIMIT, 0);
                build_of_set(b, STATEMENT_NOTE_HELD, &key);
                build_kind(b, STATEMENT_QUEUE, b->holds_by_target);
                build_end(b, NULL);
        }
}

/*
 * meta skuid 0-4294967295 goto out
 * drop
 * A socket that was closed while its SYN waited has no owner any more, and no rule by user would
 * refuse it.
 */
static void build_owned(NftBuild *b)
{
        static const IdRange everybody = { .first = 0, .last = UINT32_MAX };

        build_chain(b, &(NftChainKey){ .kind = CHAIN_OWNED });
        build_range(b, STATEMENT_USER_RANGE, &everybody);
        build_goto(b, &(NftChainKey){ .kind = CHAIN_DIRECTION, .direction = DIRECTION_OUT });
        build_verdict(b, ACTION_DENY);
        build_end(b, NULL);
}

void build_hold(NftBuild *b)
{
        size_t n = b->table->n_chains;
        LoggedRules l = { 0 };

        if (!b->holds)
                return;
        logging_find(b, &l);
        for (size_t i = 0; i < n && b->error == 0; i++)
                if (chain_is_out(&b->table->chains[i]))
                        build_chain_copy(b, &l, i);
        free(l.ids);
        build_hold_chain(b);
        build_owned(b);
}
