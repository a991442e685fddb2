/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * When one rule of the policy matches: a kernel rule for every way to match (family, alternatives
 * of `from` and `to`, units), all with the rule's one counter. A rule that cannot match becomes
 * nothing. verdict.c has what the rule does then.
 */

#include "rules/policy/rule.h"
#include "rules/address/prefixset.h"
#include "rules/address/rangeset.h"
#include "rules/base/array.h"
#include "rules/base/strv.h"
#include "rules/nftables/build.h"
#include "rules/policy/expiry.h"
#include "rules/policy/subordinate.h"
#include "rules/ruleset/compiledrule.h"
#include "rules/ruleset/ruleset.h"

#include <errno.h>

/* A literal list of so few prefixes needs no sets. */
#define PREFIXES_MAX 4

/* The ways in which one side of a rule matches in one family. */
typedef struct Tests {
        bool always;
        bool to, dialled;              /* which address they ask for */
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

static int tests_add_prefix(const Prefix *p, void *data)
{
        Tests *t = data;

        if (t->n_prefixes == PREFIXES_MAX)
                return -E2BIG;
        t->prefixes[t->n_prefixes++] = *p;
        return 0;
}

/* False: too many. */
static bool tests_add_prefixes(Tests *t, const RangeSet *ranges, Family family)
{
        int r = range_set_each_prefix(ranges, family, tests_add_prefix, t);

        if (r < 0)
                t->n_prefixes = 0;
        return r >= 0;
}

static void tests_add_sets(NftBuild *b, Tests *t, NftSetRun run)
{
        for (size_t i = 0; i < run.n; i++) {
                if (array_grow(&t->sets, t->n_sets, sizeof(size_t)) < 0) {
                        build_fail(b, -ENOMEM);
                        return;
                }
                t->sets[t->n_sets++] = run.first + i;
        }
}

/* One MatchSet more. Sets of the policy stay sets, even of one entry: they are there to change. */
static void tests_add(
        NftBuild *b, Tests *t, const MatchSet *m, const NftSetKey *literal, const Rule *origin)
{
        Family family = (Family)literal->family;

        if (!m->timed && range_set_is_whole(m->ranges, family))
                t->always = true;
        else if (m->name)
                tests_add_sets(b, t, build_find_named(b, m, family));
        else if (!tests_add_prefixes(t, m->ranges, family))
                tests_add_sets(b, t, build_address_sets(b, literal, m->ranges, origin));
}

/* `to` of a routed rule is what the client dialled, before DNAT. */
static Tests tests_find(NftBuild *b, const CompiledRule *r, bool to, Family family)
{
        const Match *m = to ? &r->to : &r->from;
        NftSetKey literal = { .kind = to ? SET_TO : SET_FROM, .family = family, .id = r->rule->id };
        Tests t = { .always = m->any, .to = to, .dialled = to && build_asks_dialled(b) };

        for (size_t i = 0; i < m->n && !m->any && !t.always; i++)
                tests_add(b, &t, &m->sets[i], &literal, r->rule);
        return t;
}

/* Number i of the ways. */
static void build_test(NftBuild *b, const Tests *t, size_t i)
{
        NftStatement s = { .to = t->to };

        if (t->always)
                return;
        if (i < t->n_prefixes) {
                s.kind = t->dialled ? STATEMENT_DIALLED_ADDRESS : STATEMENT_ADDRESS;
                s.prefix = t->prefixes[i];
        } else {
                s.kind = t->dialled ? STATEMENT_DIALLED_ADDRESS_SET : STATEMENT_ADDRESS_SET;
                s.set = b->table->sets[t->sets[i - t->n_prefixes]].key;
        }
        build_statement(b, &s);
}

/* ---- identities ---- */

static void build_ids_set(
        NftBuild *b, const CompiledIds *l, const NftSetKey *key, const Rule *origin)
{
        _cleanup_free_ uint64_t *values = NULL;

        if (l->n < 2)
                return;
        values = calloc(l->n, sizeof(uint64_t));
        if (!values) {
                build_fail(b, -ENOMEM);
                return;
        }
        for (size_t i = 0; i < l->n; i++)
                values[i] = l->ids[i];
        build_values_set(b, key, values, l->n, origin);
}

/* One alternative of who opened the connection. NULL: the ids that the rule names, or no unit. */
typedef struct Who {
        const IdRange *users, *groups; /* that they were lent */
        const CompiledUnit *unit;
} Who;

/* The statements that match a list of ids: one id, a set, a range. */
typedef struct IdsForm {
        NftStatementKind one, set, range;
        NftSetKind key;
} IdsForm;

static void build_ids(
        NftBuild *b, const CompiledIds *l, const IdsForm *form, uint64_t id, const IdRange *lent)
{
        if (!l->stated)
                return;
        if (lent)
                build_range(b, form->range, lent);
        else if (l->n == 1)
                build_kind(b, form->one, l->ids[0]);
        else
                build_of_set(b, form->set, &(NftSetKey){ .kind = form->key, .id = id });
}

/* meta skuid 8; meta skuid @users_5; meta skuid 200000-265535 */
static const IdsForm users_form = { STATEMENT_USER, STATEMENT_USERS, STATEMENT_USER_RANGE,
        SET_USERS };
/* meta skgid 8; meta skgid @groups_5; meta skgid 200000-265535 */
static const IdsForm groups_form = { STATEMENT_GROUP, STATEMENT_GROUPS, STATEMENT_GROUP_RANGE,
        SET_GROUPS };

/* socket cgroupv2 level 2 "system.slice/postfix.service" */
static void build_unit(NftBuild *b, const CompiledUnit *u)
{
        NftStatement s = { .kind = STATEMENT_UNIT, .number = u->level, .cgroup = u->cgroup };
        char ***names = &b->table->names;

        if (b->error < 0)
                return;
        if (strv_append(names, u->path) < 0) {
                build_fail(b, -ENOMEM);
                return;
        }
        s.path = (*names)[strv_length(*names) - 1];
        build_statement(b, &s);
}

/* In prerouting only routing knows by which interface a packet will leave. */
static NftStatementKind out_kind(const NftBuild *b)
{
        return b->direction == DIRECTION_ROUTED && b->stateless ? STATEMENT_ROUTE_INTERFACE
                                                                : STATEMENT_OUT_INTERFACE;
}

/* iifname "eth0" oifname "eth1" */
static void build_interfaces(NftBuild *b, const Rule *r)
{
        const char *in = NULL, *out = NULL;

        switch (b->direction) {
        case DIRECTION_IN:
                in = r->interface;
                break;
        case DIRECTION_OUT:
                out = r->interface;
                break;
        case DIRECTION_ROUTED:
                in = r->in_interface;
                out = r->out_interface;
                break;
        case _DIRECTION_MAX:
        case _DIRECTION_INVALID:
                break;
        }
        if (in)
                build_statement(
                        b, &(NftStatement){ .kind = STATEMENT_IN_INTERFACE, .interface = in });
        if (out)
                build_statement(b, &(NftStatement){ .kind = out_kind(b), .interface = out });
}

/* ---- all ways to match ---- */

/* Behind the addresses: who, until when, and what is decided. */
static void build_rest(NftBuild *b, const CompiledRule *r, const Who *who, BuildEnd end)
{
        build_interfaces(b, r->rule);
        build_ids(b, &r->users, &users_form, r->rule->id, who->users);
        build_ids(b, &r->groups, &groups_form, r->rule->id, who->groups);
        if (who->unit)
                build_unit(b, who->unit);
        if (r->rule->expires_usec != 0)
                build_statement(b,
                        &(NftStatement){ .kind = STATEMENT_BEFORE,
                                .time_sec = expiry_round(r->rule->expires_usec) / USEC_PER_SEC });
        build_decision(b, r);
        end(b, r->rule);
}

/* The statements at hand, which every alternative begins with. */
typedef struct Beginning {
        size_t first, n;
        bool used; /* as they are; else they are copied */
        BuildEnd end;
} Beginning;

static void build_alternative(NftBuild *b, const CompiledRule *r, const Who *who, Beginning *at)
{
        for (size_t k = 0; at->used && k < at->n && b->error == 0; k++)
                build_statement(b, &b->table->statements[at->first + k]);
        at->used = true;
        build_rest(b, r, who, at->end);
}

/* Once, or for each running unit. */
static void build_each_unit(NftBuild *b, const CompiledRule *r, Who who, Beginning *at)
{
        if (!r->has_units)
                build_alternative(b, r, &who, at);
        for (size_t i = 0; i < r->n_units; i++) {
                if (r->units[i].cgroup == 0)
                        continue;
                who.unit = &r->units[i];
                build_alternative(b, r, &who, at);
        }
}

static void build_each_group(NftBuild *b, const CompiledRule *r, Who who, Beginning *at)
{
        const IdRanges *lent = &b->ruleset->subordinates.groups;

        build_each_unit(b, r, who, at);
        for (size_t i = 0; r->groups.stated && i < lent->n; i++) {
                who.groups = &lent->items[i];
                if (compiled_ids_contain(&r->groups, who.groups->owner))
                        build_each_unit(b, r, who, at);
        }
}

/* The statements at hand, and the rest of the rule behind them: for the ids that the rule names,
 * and for each range of those that they were lent. */
static void build_each(NftBuild *b, const CompiledRule *r, BuildEnd end)
{
        const IdRanges *lent = &b->ruleset->subordinates.users;
        Beginning at = { .first = b->first, .n = b->table->n_statements - b->first, .end = end };
        Who who = { 0 };

        build_each_group(b, r, who, &at);
        for (size_t i = 0; r->users.stated && i < lent->n; i++) {
                who.users = &lent->items[i];
                if (compiled_ids_contain(&r->users, who.users->owner))
                        build_each_group(b, r, who, &at);
        }
}

/* The way to the addresses of one family; 0: of both, which no address is asked of. */
typedef struct Ways {
        const CompiledRule *rule;
        unsigned family;
        Tests from, to;
} Ways;

static void ways_deinit(Ways *w)
{
        tests_deinit(&w->from);
        tests_deinit(&w->to);
}

/* ip saddr 192.0.2.0/24 ip daddr @s4p32_x …, for each pair of alternatives */
static void build_pairs(NftBuild *b, const Ways *w)
{
        for (size_t i = 0; i < tests_count(&w->from); i++)
                for (size_t k = 0; k < tests_count(&w->to) && b->error == 0; k++) {
                        if (w->family != 0)
                                build_family(b, (Family)w->family);
                        build_test(b, &w->from, i);
                        build_test(b, &w->to, k);
                        build_each(b, w->rule, build_end_shared);
                }
}

/*
 * ip saddr 192.0.2.0/24 jump to4_5     (each alternative of from)
 * chain to4_5: ip daddr @s4p32_x …     (each of to)
 * f + t rules in the place of f × t.
 */
static void build_split(NftBuild *b, const Ways *w)
{
        NftChainKey key = {
                .kind = CHAIN_TO, .family = (uint16_t)w->family, .id = w->rule->rule->id
        };

        build_chain(b, &key);
        for (size_t k = 0; k < tests_count(&w->to) && b->error == 0; k++) {
                build_family(b, (Family)w->family);
                build_test(b, &w->to, k);
                build_each(b, w->rule, build_end);
        }
        for (size_t i = 0; i < tests_count(&w->from) && b->error == 0; i++) {
                build_family(b, (Family)w->family);
                build_test(b, &w->from, i);
                build_to_chain(b, STATEMENT_JUMP, &key);
                build_end_shared(b, w->rule->rule);
        }
}

static bool build_family_ways(NftBuild *b, const CompiledRule *r, Family family)
{
        _cleanup_(ways_deinit) Ways w = { .rule = r,
                .family = family,
                .from = tests_find(b, r, false, family),
                .to = tests_find(b, r, true, family) };
        size_t n_from = tests_count(&w.from), n_to = tests_count(&w.to);

        if (n_from > 1 && n_to > 1)
                build_split(b, &w);
        else
                build_pairs(b, &w);
        return n_from > 0 && n_to > 0;
}

static bool identity_matches_nothing(const CompiledRule *r)
{
        bool running = false;

        for (size_t i = 0; i < r->n_units; i++)
                running = running || r->units[i].cgroup != 0;
        return (r->users.stated && r->users.n == 0) || (r->groups.stated && r->groups.n == 0) ||
               (r->has_units && !running);
}

static void build_identity_sets(NftBuild *b, const CompiledRule *r)
{
        NftSetKey users = { .kind = SET_USERS, .id = r->rule->id };
        NftSetKey groups = { .kind = SET_GROUPS, .id = r->rule->id };

        build_ids_set(b, &r->users, &users, r->rule);
        build_ids_set(b, &r->groups, &groups, r->rule);
}

void build_policy_rule(NftBuild *b, const CompiledRule *r)
{
        static const Tests always = { .always = true };
        bool families[2] = { true, true };

        if (identity_matches_nothing(r))
                return;
        build_identity_sets(b, r);
        if (r->from.any && r->to.any) {
                build_pairs(b, &(Ways){ .rule = r, .from = always, .to = always });
        } else {
                families[0] = build_family_ways(b, r, FAMILY_IPV4);
                families[1] = build_family_ways(b, r, FAMILY_IPV6);
        }
        if (rule_has_own_chain(b, r) && (families[0] || families[1]))
                build_rule_chain(b, r, families);
}
