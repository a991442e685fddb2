/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What one rule of the policy becomes: a kernel rule for every way to match (family, alternatives
 * of `from` and `to`, depth of units), all with the rule's one counter; and a chain of its own for
 * what is more than a verdict (a limit, a log). A rule that can match nothing becomes nothing.
 */

#include "rules/nftables/build.h"
#include "rules/policy/expiry.h"

#include <errno.h>

/* A literal list of so few prefixes needs no sets. */
#define PREFIXES_MAX 4

/* The ways in which one side of a rule matches in one family. */
typedef struct Tests {
        bool always;
        Prefix prefixes[PREFIXES_MAX]; /* literal ones */
        size_t n_prefixes;
        /* Sets of the table, in runs. */
        size_t *sets;
        size_t n_sets;
} Tests;

static void tests_deinit(Tests *t)
{
        free(t->sets);
}

static size_t tests_count(const Tests *t)
{
        return t->always ? 1 : t->n_sets + t->n_prefixes;
}

static int tests_add_prefix(Tests *t, const Prefix *p)
{
        if (t->n_prefixes == PREFIXES_MAX)
                return -E2BIG;
        t->prefixes[t->n_prefixes++] = *p;
        return 0;
}

static int tests_add_prefix4(const Prefix4 *p, void *data)
{
        return tests_add_prefix(
                data, &(Prefix){ .address = address_from_ipv4(p->address), .bits = p->bits });
}

static int tests_add_prefix6(const Prefix6 *p, void *data)
{
        Prefix prefix = { .address.family = FAMILY_IPV6, .bits = p->bits };

        memcpy(prefix.address.bytes, p->address, sizeof(p->address));
        return tests_add_prefix(data, &prefix);
}

/* False: too many. */
static bool tests_add_prefixes(Tests *t, const RangeSet *ranges, Family family)
{
        int r;

        if (family == FAMILY_IPV4)
                r = range_set_each_prefix4(ranges, tests_add_prefix4, t);
        else
                r = range_set_each_prefix6(ranges, tests_add_prefix6, t);
        if (r < 0)
                t->n_prefixes = 0;
        return r >= 0;
}

static int tests_add_sets(Tests *t, size_t first, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                int r = array_grow(&t->sets, t->n_sets, sizeof(size_t));

                if (r < 0)
                        return r;
                t->sets[t->n_sets++] = first + i;
        }
        return 0;
}

/* One MatchSet more. Sets of the policy stay sets, even of one entry: they are there to change. */
static int tests_add(
        NftBuild *b, Tests *t, const MatchSet *m, const NftSetKey *literal, const Rule *origin)
{
        Family family = (Family)literal->family;
        size_t first, n;
        int r;

        if (range_set_is_whole(m->ranges, family)) {
                t->always = true;
                return 0;
        }
        if (m->name) {
                build_find_named(b, m->name, family, &first, &n);
                return tests_add_sets(t, first, n);
        }
        if (tests_add_prefixes(t, m->ranges, family))
                return 0;
        r = build_address_sets(b, literal, m->ranges, origin, &first, &n);
        return r < 0 ? r : tests_add_sets(t, first, n);
}

static int tests_find(NftBuild *b, const CompiledRule *r, bool to, Family family, Tests *ret)
{
        const Match *m = to ? &r->to : &r->from;
        NftSetKey literal = { .kind = to ? SET_TO : SET_FROM, .family = family, .id = r->rule->id };

        *ret = (Tests){ .always = m->any };
        for (size_t i = 0; i < m->n && !m->any && !ret->always; i++) {
                int k = tests_add(b, ret, &m->sets[i], &literal, r->rule);

                if (k < 0)
                        return k;
        }
        return 0;
}

/* Number i of the ways. */
static int build_test(NftBuild *b, const Tests *t, bool to, size_t i)
{
        NftStatement s = { .to = to };

        if (t->always)
                return 0;
        if (i < t->n_prefixes) {
                s.kind = STATEMENT_ADDRESS;
                s.prefix = t->prefixes[i];
        } else {
                s.kind = STATEMENT_ADDRESS_SET;
                s.set = b->table->sets[t->sets[i - t->n_prefixes]].key;
        }
        return build_statement(b, &s);
}

/* ---- identities ---- */

static int build_ids(NftBuild *b, const uint32_t *ids, size_t n, const NftSetKey *key,
        NftStatementKind one, NftStatementKind several)
{
        if (n == 1)
                return build_simple(b, one, ids[0]);
        return build_set_statement(b, several, key);
}

static int build_ids_set(
        NftBuild *b, const uint32_t *ids, size_t n, const NftSetKey *key, const Rule *origin)
{
        _cleanup_free_ uint64_t *values = NULL;

        if (n < 2)
                return 0;
        values = calloc(n, sizeof(uint64_t));
        if (!values)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++)
                values[i] = ids[i];
        return build_values_set(b, key, values, n, origin);
}

/* What all kernel rules of the policy's rule have in common. */
typedef struct Expansion {
        const CompiledRule *rule;
        NftSetKey users, groups;
        bool own_chain; /* what it does is in CHAIN_RULE */
        bool families[2];
} Expansion;

static int expansion_build_sets(NftBuild *b, Expansion *x)
{
        const CompiledRule *r = x->rule;
        int k;

        x->users = (NftSetKey){ .kind = SET_USERS, .id = r->rule->id };
        x->groups = (NftSetKey){ .kind = SET_GROUPS, .id = r->rule->id };
        k = build_ids_set(b, r->users, r->n_users, &x->users, r->rule);
        return k < 0 ? k : build_ids_set(b, r->groups, r->n_groups, &x->groups, r->rule);
}

/* socket cgroupv2 level 2 "system.slice/postfix.service" */
static int build_unit(NftBuild *b, const CompiledUnit *u)
{
        NftStatement s = { .kind = STATEMENT_UNIT, .number = u->level, .cgroup = u->cgroup };
        int r = strv_append(&b->table->names, u->path);

        if (r < 0)
                return r;
        s.path = b->table->names[strv_length(b->table->names) - 1];
        return build_statement(b, &s);
}

/* Interfaces, users, groups, one unit (NULL: units do not matter), and until when. */
static int build_who(NftBuild *b, const Expansion *x, const CompiledUnit *unit)
{
        const CompiledRule *r = x->rule;
        bool out = b->direction == DIRECTION_OUT;
        const char *in_name = out ? NULL : r->rule->interface, *out_name = NULL;
        int k = 0;

        if (out)
                out_name = r->rule->interface;
        if (b->direction == DIRECTION_ROUTED) {
                in_name = r->rule->in_interface;
                out_name = r->rule->out_interface;
        }
        if (in_name)
                k = build_statement(
                        b, &(NftStatement){ .kind = STATEMENT_IN_INTERFACE, .interface = in_name });
        if (k >= 0 && out_name)
                k = build_statement(b,
                        &(NftStatement){ .kind = STATEMENT_OUT_INTERFACE, .interface = out_name });
        if (k >= 0 && r->has_users)
                k = build_ids(b, r->users, r->n_users, &x->users, STATEMENT_USER, STATEMENT_USERS);
        if (k >= 0 && r->has_groups)
                k = build_ids(
                        b, r->groups, r->n_groups, &x->groups, STATEMENT_GROUP, STATEMENT_GROUPS);
        if (k >= 0 && unit)
                k = build_unit(b, unit);
        if (k >= 0 && r->rule->expires_usec != 0)
                k = build_statement(b,
                        &(NftStatement){ .kind = STATEMENT_BEFORE,
                                .time_sec = expiry_round(r->rule->expires_usec) / USEC_PER_SEC });
        return k;
}

/* ---- verdicts ---- */

static int build_verdict(NftBuild *b, Action action)
{
        int r;

        switch (action) {
        case ACTION_ALLOW:
                return build_simple(b, STATEMENT_ACCEPT, 0);
        case ACTION_DENY:
                return build_simple(b, STATEMENT_DROP, 0);
        case ACTION_REJECT:
                r = build_simple(b, STATEMENT_TCP, 0);
                return r < 0 ? r : build_simple(b, STATEMENT_RESET, 0);
        case ACTION_LIMIT: /* is a chain */
        case _ACTION_MAX:
        case _ACTION_INVALID:
                break;
        }
        return -EINVAL;
}

static int build_counter_statement(NftBuild *b, uint64_t id)
{
        return build_statement(b, &(NftStatement){ .kind = STATEMENT_COUNTER, .counter = id });
}

/* A rule of the last chain that logs: limit rate 10/second … log prefix "…" group 25 */
static int build_log(NftBuild *b, Action action, uint64_t id, const Rule *origin)
{
        NftStatement s = { .kind = STATEMENT_LOG,
                .log = { .direction = b->direction, .action = action, .id = id } };
        size_t first = b->table->n_statements;
        int r = build_simple(b, STATEMENT_LOG_LIMIT, 0);

        if (r >= 0)
                r = build_statement(b, &s);
        return r < 0 ? r : build_last_chain_rule(b, first, origin);
}

/* A rule of the last chain that has nothing but a verdict. */
static int build_last_verdict(NftBuild *b, Action action, const Rule *origin)
{
        size_t first = b->table->n_statements;
        int r = build_verdict(b, action);

        return r < 0 ? r : build_last_chain_rule(b, first, origin);
}

/* update @rate4_… { ip saddr limit rate over … } reject, or goto refused_ID where that is logged */
static int build_over(NftBuild *b, const Expansion *x, Family family, bool rate)
{
        const CompiledRule *r = x->rule;
        NftSetKey key = { .kind = rate ? SET_RATE : SET_OPEN, .family = family, .id = r->rule->id };
        NftChainKey refused = { .kind = CHAIN_REFUSED, .id = r->rule->id };
        size_t first = b->table->n_statements;
        int k;

        key.limit = r->limit;
        if (rate)
                key.limit.open = 0;
        else
                key.limit.rate = key.limit.unit_sec = key.limit.burst = 0;
        k = build_dynamic_set(b, &key, r->rule);
        if (k >= 0 && family != 0)
                k = build_statement(
                        b, &(NftStatement){ .kind = STATEMENT_FAMILY, .family = family });
        if (k >= 0)
                k = build_set_statement(b, rate ? STATEMENT_RATE_OVER : STATEMENT_OPEN_OVER, &key);
        if (k >= 0)
                k = r->log_refused ? build_chain_statement(b, STATEMENT_GOTO, &refused)
                                   : build_verdict(b, ACTION_REJECT);
        return k < 0 ? k : build_last_chain_rule(b, first, r->rule);
}

static int build_limits(NftBuild *b, const Expansion *x, Family family)
{
        const Limit *l = &x->rule->limit;
        int r = 0;

        if (l->rate > 0 && l->unit_sec > 0)
                r = build_over(b, x, family, true);
        if (r >= 0 && l->open > 0)
                r = build_over(b, x, family, false);
        return r;
}

/* What a limit does: above it, reset; else accept. Of outgoing connections by user. */
static int build_limit_chain(NftBuild *b, const Expansion *x)
{
        const CompiledRule *r = x->rule;
        int k = 0;

        if (b->direction == DIRECTION_OUT)
                k = build_limits(b, x, 0);
        if (b->direction != DIRECTION_OUT && x->families[0])
                k = build_limits(b, x, FAMILY_IPV4);
        if (k >= 0 && b->direction != DIRECTION_OUT && x->families[1])
                k = build_limits(b, x, FAMILY_IPV6);
        if (k >= 0 && r->log)
                k = build_log(b, ACTION_LIMIT, r->rule->id, r->rule);
        if (k >= 0)
                k = build_last_verdict(b, ACTION_ALLOW, r->rule);
        if (k < 0 || !r->log_refused)
                return k;
        k = build_chain(b, &(NftChainKey){ .kind = CHAIN_REFUSED, .id = r->rule->id });
        if (k >= 0)
                k = build_log(b, ACTION_REJECT, r->rule->id, r->rule);
        return k < 0 ? k : build_last_verdict(b, ACTION_REJECT, r->rule);
}

static int build_rule_chain(NftBuild *b, const Expansion *x)
{
        const CompiledRule *r = x->rule;
        int k;

        k = build_chain(b, &(NftChainKey){ .kind = CHAIN_RULE, .id = r->rule->id });
        if (k < 0)
                return k;
        if (r->action == ACTION_LIMIT)
                return build_limit_chain(b, x);
        k = build_log(b, r->action, r->rule->id, r->rule);
        return k < 0 ? k : build_last_verdict(b, r->action, r->rule);
}

/* counter name rule_ID, then the verdict or the way to it */
static int build_decision(NftBuild *b, const Expansion *x)
{
        uint64_t id = x->rule->rule->id;
        int r = build_counter_statement(b, id);

        if (r < 0)
                return r;
        if (x->own_chain)
                return build_chain_statement(
                        b, STATEMENT_GOTO, &(NftChainKey){ .kind = CHAIN_RULE, .id = id });
        return build_verdict(b, x->rule->action);
}

int build_default(NftBuild *b)
{
        const RulesetDirection *d = &b->ruleset->directions[b->direction];
        uint64_t id = DEFAULT_COUNTER_ID(b->direction);
        size_t first = b->table->n_statements;
        int r = 0;

        if (d->log_default) {
                NftStatement s = {
                        .kind = STATEMENT_LOG,
                        .log = { .direction = b->direction, .action = d->default_action, .id = id }
                };

                r = build_simple(b, STATEMENT_LOG_LIMIT, 0);
                if (r >= 0)
                        r = build_statement(b, &s);
                if (r >= 0)
                        r = build_rule(b, first, NULL);
                first = b->table->n_statements;
        }
        if (r >= 0)
                r = build_counter_statement(b, id);
        if (r >= 0)
                r = build_verdict(b, d->default_action);
        return r < 0 ? r : build_rule(b, first, NULL);
}

/* ---- all ways to match ---- */

/* A copy of n statements since `first`, at the end. */
static int build_copy(NftBuild *b, size_t first, size_t n)
{
        int r = 0;

        for (size_t i = 0; i < n && r >= 0; i++) {
                NftStatement s = b->table->statements[first + i];

                r = build_statement(b, &s);
        }
        return r;
}

static int build_end(
        NftBuild *b, const Expansion *x, size_t first, const CompiledUnit *unit, bool in_last_chain)
{
        int r = build_who(b, x, unit);

        if (r >= 0)
                r = build_decision(b, x);
        if (r < 0)
                return r;
        return in_last_chain ? build_last_chain_rule(b, first, x->rule->rule)
                             : build_rule(b, first, x->rule->rule);
}

/* What follows the addresses, which are the statements since `first`; for each running unit. */
static int build_ends(NftBuild *b, const Expansion *x, size_t first, bool in_last_chain)
{
        const CompiledRule *rule = x->rule;
        size_t n = b->table->n_statements - first, start = first;
        int r = 0;

        if (!rule->has_units)
                return build_end(b, x, first, NULL, in_last_chain);
        for (size_t i = 0; i < rule->n_units && r >= 0; i++) {
                if (rule->units[i].cgroup == 0)
                        continue;
                /* The first takes the statements that are there, the others copies of them. */
                if (start != first || b->table->n_statements != first + n) {
                        start = b->table->n_statements;
                        r = build_copy(b, first, n);
                }
                if (r >= 0)
                        r = build_end(b, x, start, &rule->units[i], in_last_chain);
        }
        return r;
}

static int build_family_guard(NftBuild *b, Family family, bool guard)
{
        if (!guard)
                return 0;
        return build_statement(b, &(NftStatement){ .kind = STATEMENT_FAMILY, .family = family });
}

/* The second half of a match whose halves are both several tests: f + t rules, not f × t. */
static int build_to_chain(NftBuild *b, const Expansion *x, const Tests *to, const NftChainKey *key)
{
        int r = build_chain(b, key);

        for (size_t i = 0; i < tests_count(to) && r >= 0; i++) {
                size_t first = b->table->n_statements;

                r = build_family_guard(b, (Family)key->family, true);
                if (r >= 0)
                        r = build_test(b, to, true, i);
                if (r >= 0)
                        r = build_ends(b, x, first, true);
        }
        return r;
}

static int build_ways(NftBuild *b, const Expansion *x, Family family, bool guard, const Tests *from,
        const Tests *to)
{
        NftChainKey key = { .kind = CHAIN_TO, .family = (uint16_t)family, .id = x->rule->rule->id };
        bool split = tests_count(from) > 1 && tests_count(to) > 1;
        int r = split ? build_to_chain(b, x, to, &key) : 0;

        for (size_t i = 0; i < tests_count(from); i++) {
                for (size_t k = 0; k < (split ? 1 : tests_count(to)) && r >= 0; k++) {
                        size_t first = b->table->n_statements;

                        r = build_family_guard(b, family, guard);
                        if (r >= 0)
                                r = build_test(b, from, false, i);
                        if (r >= 0 && split) {
                                r = build_chain_statement(b, STATEMENT_JUMP, &key);
                                if (r >= 0)
                                        r = build_rule(b, first, x->rule->rule);
                                continue;
                        }
                        if (r >= 0)
                                r = build_test(b, to, true, k);
                        if (r >= 0)
                                r = build_ends(b, x, first, false);
                }
        }
        return r;
}

static bool identity_matches_nothing(const CompiledRule *r)
{
        bool running = false;

        for (size_t i = 0; i < r->n_units; i++)
                running = running || r->units[i].cgroup != 0;
        return (r->has_users && r->n_users == 0) || (r->has_groups && r->n_groups == 0) ||
               (r->has_units && !running);
}

static int build_expansion(NftBuild *b, Expansion *x)
{
        static const Family families[] = { FAMILY_IPV4, FAMILY_IPV6 };
        static const Tests always = { .always = true };
        const CompiledRule *r = x->rule;
        int k;

        if (identity_matches_nothing(r))
                return 0;
        k = expansion_build_sets(b, x);
        if (k >= 0 && r->from.any && r->to.any) {
                x->families[0] = x->families[1] = true;
                k = build_ways(b, x, 0, false, &always, &always);
        }
        for (size_t f = 0; f < 2 && k >= 0 && !(r->from.any && r->to.any); f++) {
                _cleanup_(tests_deinit) Tests from = { 0 };
                _cleanup_(tests_deinit) Tests to = { 0 };

                k = tests_find(b, r, false, families[f], &from);
                if (k >= 0)
                        k = tests_find(b, r, true, families[f], &to);
                if (k < 0 || tests_count(&from) == 0 || tests_count(&to) == 0)
                        continue;
                x->families[f] = true;
                k = build_ways(b, x, families[f], true, &from, &to);
        }
        return k;
}

int build_policy_rule(NftBuild *b, const CompiledRule *r)
{
        Expansion x = {
                .rule = r,
                .own_chain = r->log || r->action == ACTION_LIMIT,
        };
        int k = build_expansion(b, &x);

        if (k < 0 || !x.own_chain || (!x.families[0] && !x.families[1]))
                return k;
        return build_rule_chain(b, &x);
}
