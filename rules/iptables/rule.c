/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * When one rule of the policy matches: an entry for every way to match while those are few; else a
 * line of chains, one a part of the match (from, to, user, …). Where a part fails the way goes
 * on to the chain that holds the rest of the rules. verdict.c has what the rule does then.
 */

#include "rules/policy/rule.h"
#include "rules/address/prefixset.h"
#include "rules/address/rangeset.h"
#include "rules/address/timedset.h"
#include "rules/base/array.h"
#include "rules/base/diagnostic.h"
#include "rules/base/strv.h"
#include "rules/iptables/build.h"
#include "rules/iptables/set.h"
#include "rules/iptables/statement.h"
#include "rules/policy/expiry.h"
#include "rules/policy/subordinate.h"
#include "rules/ruleset/ruleset.h"
#include "rules/words/words.h"

#include <errno.h>
#include <stdio.h>

#define WAYS_MAX 12
/* Lists asked of conntrack, which knows no sets, cost a long entry each. */
#define DIALLED_MAX 65536
#define DIALLED_MAX_TEXT "65,536"
/* The last second that iptables-restore can read. */
#define TIME_MAX_SEC UINT64_C(0x7fffffff)

/* One part of a match; some test of it must be true. */
typedef struct Part {
        PrefixList prefixes;
        PrefixList dialled; /* of the connection before DNAT; all prefixes, those of sets too */
        bool asks_dialled;
        bool to;
        IptStatement *tests; /* sets, ids, units */
        size_t n_tests;
} Part;

#define PARTS_MAX 5 /* from, to, users, groups, units */

typedef struct Expansion {
        const CompiledRule *rule;
        size_t *chain; /* of what it does */
        Part parts[PARTS_MAX];
        size_t n;
        IptStatement conditions[3]; /* what an entry can ask besides */
        size_t n_conditions;
        bool never;
} Expansion;

static void expansion_deinit(Expansion *x)
{
        for (size_t i = 0; i < x->n; i++) {
                prefix_list_deinit(&x->parts[i].prefixes);
                prefix_list_deinit(&x->parts[i].dialled);
                free(x->parts[i].tests);
        }
}

/* ---- what cannot be said ---- */

static int refuse(IptBuild *b, const CompiledRule *r, const char *setting, const char *what)
{
        Place place = { r->rule->file, r->rule->line };
        _cleanup_free_ char *words = NULL;

        /* rules of p25ctl have no line in a file */
        if (!place.file)
                (void)rule_words_print(r->rule, &words);
        if (b->error == 0)
                diagnostics_error(b->diagnostics, place, setting,
                        "the iptables backend cannot %s%s%s%s", what, words ? " (" : "",
                        words ? words : "", words ? ")" : "");
        ipt_build_fail(b, -EOPNOTSUPP);
        return -EOPNOTSUPP;
}

static uint64_t expiry_sec(const CompiledRule *r)
{
        return expiry_round(r->rule->expires_usec) / USEC_PER_SEC;
}

void ipt_build_check_rule(IptBuild *b, const CompiledRule *r)
{
        const Limit *l = &r->limit;

        if (expiry_sec(r) > TIME_MAX_SEC)
                refuse(b, r, "expires", "end a rule after the year 2037");
        if (!compiled_rule_limits(r))
                return;
        if (b->direction == DIRECTION_OUT)
                refuse(b, r, "action", "limit outgoing connections by user");
        /* The most that hashlimit can hold: the credit of a day. */
        else if (l->rate > 0 && (uint64_t)l->burst * l->unit_sec > (uint64_t)l->rate * 86400)
                refuse(b, r, "burst", "hold a burst that takes more than a day to come back");
}

/* ---- the parts of a match ---- */

static Part *part_new(Expansion *x)
{
        return &x->parts[x->n++];
}

static void part_test(IptBuild *b, Part *p, const IptStatement *s)
{
        if (array_grow(&p->tests, p->n_tests, sizeof(IptStatement)) < 0)
                ipt_build_fail(b, -ENOMEM);
        else
                p->tests[p->n_tests++] = *s;
}

/* The table's set with the key, made now if it is not there. */
static size_t set_find(IptBuild *b, const IptSetKey *key, const MatchSet *set, size_t n)
{
        IptTable *t = b->table;

        for (size_t i = 0; i < t->n_sets; i++)
                if (streq_null(t->sets[i].key.name, key->name) && t->sets[i].key.id == key->id &&
                        t->sets[i].key.to == key->to && t->sets[i].key.timed == key->timed)
                        return i;
        if (array_grow(&t->sets, t->n_sets, sizeof(IptSet)) < 0) {
                ipt_build_fail(b, -ENOMEM);
                return 0;
        }
        t->sets[t->n_sets] = (IptSet){ .key = *key,
                .ranges = range_set_ref(set->ranges),
                .timed = timed_set_ref(set->timed),
                .n = n };
        if (key->name) {
                t->sets[t->n_sets].name = strdup(key->name);
                t->sets[t->n_sets].key.name = t->sets[t->n_sets].name;
                if (!t->sets[t->n_sets].name)
                        ipt_build_fail(b, -ENOMEM);
        }
        return t->n_sets++;
}

static size_t timed_count(const TimedSet *s, Family family)
{
        size_t n_v4 = item_list_count(s->prefixes->v4);

        return family == FAMILY_IPV4 ? n_v4 : timed_set_size(s) - n_v4;
}

/* Named sets that are long, and what ends, become sets of the kernel, all others prefixes. */
static int match_split(
        IptBuild *b, const CompiledRule *r, const Match *m, Part *p, bool to, RangeSet **ret_rest)
{
        _cleanup_free_ RangeSet **rest = calloc(m->n + 1, sizeof(RangeSet *));
        size_t n_rest = 0;

        if (!rest)
                return -ENOMEM;
        for (size_t i = 0; i < m->n; i++) {
                const MatchSet *s = &m->sets[i];
                IptSetKey key = { .name = s->name,
                        .id = s->name ? 0 : r->rule->id,
                        .to = !s->name && to,
                        .timed = s->timed != NULL };
                IptStatement set = { .kind = IPT_SET, .to = to };
                Family family = b->options->family;
                size_t n = s->timed ? timed_count(s->timed, family)
                                    : range_set_count_prefixes(s->ranges, family);

                if (b->options->chains_max == 0 || (!s->timed && n <= b->options->chains_max)) {
                        rest[n_rest++] = s->ranges;
                        continue;
                }
                if (n == 0)
                        continue;
                set.set = set_find(b, &key, s, n);
                part_test(b, p, &set);
        }
        return range_set_union(rest, n_rest, ret_rest);
}

static bool match_has_ends(const Match *m)
{
        for (size_t i = 0; i < m->n; i++)
                if (m->sets[i].timed)
                        return true;
        return false;
}

static int match_whole(const Match *m, RangeSet **ret)
{
        _cleanup_free_ RangeSet **all = calloc(m->n + 1, sizeof(RangeSet *));

        if (!all)
                return -ENOMEM;
        for (size_t i = 0; i < m->n; i++)
                all[i] = m->sets[i].ranges;
        return range_set_union(all, m->n, ret);
}

static int find_addresses(IptBuild *b, Expansion *x, const Match *m, bool to)
{
        _cleanup_(range_set_unref_p) RangeSet *rest = NULL;
        _cleanup_(range_set_unref_p) RangeSet *whole = NULL;
        Family family = b->options->family;
        Part *p;
        int r;

        if (m->any)
                return 0;
        r = match_whole(m, &whole);
        if (r < 0)
                return r;
        if (!match_has_ends(m) && range_set_is_whole(whole, family))
                return 0;
        x->never = x->never || !range_set_has_family(whole, family);
        if (x->never)
                return 0;
        if (to && match_has_ends(m) && b->options->chains_max > 0)
                return refuse(b, x->rule, "to", "look for entries that end in to");
        p = part_new(x);
        p->to = to;
        p->asks_dialled = to;
        r = match_split(b, x->rule, m, p, to, &rest);
        if (r >= 0)
                r = prefix_list_fill(rest, family, &p->prefixes);
        if (r >= 0 && p->asks_dialled)
                r = prefix_list_fill(whole, family, &p->dialled);
        if (r >= 0 && p->dialled.n > DIALLED_MAX)
                return refuse(
                        b, x->rule, "to", "look for more than " DIALLED_MAX_TEXT " prefixes in to");
        return r;
}

/* Runs of ids that follow each other are one test, and so is a range of ids that they were lent. */
static void find_ids(IptBuild *b, Expansion *x, IptStatementKind kind, const CompiledIds *l,
        const IdRanges *lent)
{
        Part *p;

        if (!l->stated)
                return;
        x->never = x->never || l->n == 0;
        if (x->never)
                return;
        p = part_new(x);
        for (size_t i = 0, run; i < l->n; i += run) {
                for (run = 1; i + run < l->n && l->ids[i + run] == l->ids[i] + run; run++)
                        continue;
                part_test(b, p,
                        &(IptStatement){
                                .kind = kind, .first = l->ids[i], .last = l->ids[i + run - 1] });
        }
        for (size_t i = 0; i < lent->n; i++)
                if (compiled_ids_contain(l, lent->items[i].owner))
                        part_test(b, p,
                                &(IptStatement){ .kind = kind,
                                        .first = lent->items[i].first,
                                        .last = lent->items[i].last });
}

/* If the hierarchy is mounted next to others, the path begins with the mount's name. */
static const char *unit_path(const CompiledUnit *u)
{
        static const char mount[] = "unified/";

        return u->path + (strncmp(u->path, mount, strlen(mount)) == 0 ? strlen(mount) : 0);
}

static int find_units(IptBuild *b, Expansion *x)
{
        const CompiledRule *r = x->rule;
        Part *p = part_new(x);

        for (size_t i = 0; i < r->n_units; i++) {
                IptStatement s = { .kind = IPT_UNIT, .cgroup = r->units[i].cgroup };
                char *path;

                if (r->units[i].cgroup == 0)
                        continue;
                if (unit_path(&r->units[i])[0] == '\0')
                        return refuse(b, r, "unit", "match a unit whose cgroup's path is unknown");
                path = strdup(unit_path(&r->units[i]));
                if (strv_consume(&b->table->paths, path) < 0)
                        return -ENOMEM;
                s.path = path;
                part_test(b, p, &s);
        }
        x->never = x->never || p->n_tests == 0;
        return 0;
}

static void condition_add(Expansion *x, const IptStatement *s)
{
        x->conditions[x->n_conditions++] = *s;
}

static void find_conditions(const IptBuild *b, Expansion *x)
{
        const Rule *r = x->rule->rule;
        const char *in = b->direction == DIRECTION_ROUTED ? r->in_interface : NULL;
        const char *out = b->direction == DIRECTION_ROUTED ? r->out_interface : NULL;

        if (b->direction == DIRECTION_IN)
                in = r->interface;
        if (b->direction == DIRECTION_OUT)
                out = r->interface;
        if (in)
                condition_add(x, &(IptStatement){ .kind = IPT_IN_INTERFACE, .interface = in });
        if (out)
                condition_add(x, &(IptStatement){ .kind = IPT_OUT_INTERFACE, .interface = out });
        if (r->expires_usec != 0)
                condition_add(x, &(IptStatement){ .kind = IPT_BEFORE,
                                         .time_sec = (uint32_t)expiry_sec(x->rule) });
}

static int expansion_find(IptBuild *b, Expansion *x)
{
        const CompiledRule *r = x->rule;
        const Subordinates *lent = &b->ruleset->subordinates;
        int k;

        find_conditions(b, x);
        k = find_addresses(b, x, &r->from, false);
        if (k >= 0 && !x->never)
                k = find_addresses(b, x, &r->to, true);
        if (k < 0)
                return k;
        find_ids(b, x, IPT_USERS, &r->users, &lent->users);
        find_ids(b, x, IPT_GROUPS, &r->groups, &lent->groups);
        return r->has_units && !x->never ? find_units(b, x) : 0;
}

/* ---- few ways: an entry each ---- */

static size_t part_ways(const Part *p)
{
        return p->prefixes.n + p->dialled.n + p->n_tests;
}

/* A set cannot be asked about translated connections: not in one entry. */
static bool part_is_simple(const Part *p)
{
        return part_ways(p) <= WAYS_MAX && !(p->asks_dialled && p->n_tests > 0);
}

static bool expansion_is_simple(const Expansion *x)
{
        size_t ways = 1;

        for (size_t i = 0; i < x->n; i++) {
                ways *= part_ways(&x->parts[i]);
                if (!part_is_simple(&x->parts[i]) || ways > WAYS_MAX)
                        return false;
        }
        return true;
}

/* A connection's destination is the one that was dialled; a packet without a connection, or of the
 * reply direction of one, has its own. */
static void add_way(IptBuild *b, const Part *p, size_t i)
{
        static const IptAddressTest dialled = { IPT_DIALLED_ADDRESS, true };

        if (i < p->prefixes.n) {
                ipt_build_address(b, (IptAddressTest){ IPT_ADDRESS, p->to }, &p->prefixes.items[i]);
                if (p->asks_dialled)
                        ipt_build_kind(b, IPT_OWN, false);
                return;
        }
        i -= p->prefixes.n;
        if (i < p->dialled.n)
                ipt_build_address(b, dialled, &p->dialled.items[i]);
        else
                ipt_build_add(b, &p->tests[i - p->dialled.n]);
}

static void add_conditions(IptBuild *b, const Expansion *x)
{
        for (size_t i = 0; i < x->n_conditions; i++)
                ipt_build_add(b, &x->conditions[i]);
}

static void build_ways(IptBuild *b, const Expansion *x, size_t chain)
{
        size_t ways = 1, target = IPT_NO_CHAIN;

        for (size_t i = 0; i < x->n; i++)
                ways *= part_ways(&x->parts[i]);
        if (!ipt_rule_is_verdict(b, x->rule))
                target = ipt_build_decision_chain(b, x->rule, x->chain);
        for (size_t w = 0; w < ways; w++) {
                size_t rest = w;

                add_conditions(b, x);
                for (size_t i = 0; i < x->n; i++) {
                        add_way(b, &x->parts[i], rest % part_ways(&x->parts[i]));
                        rest /= part_ways(&x->parts[i]);
                }
                if (target != IPT_NO_CHAIN)
                        ipt_build_goto(b, chain, target);
                else
                        ipt_build_decision(b, chain, x->rule);
        }
}

/* ---- many: a line of chains ---- */

typedef struct Line {
        const char *name; /* of its chains */
        size_t n_names;
        size_t next; /* where the rest of the rules is */
} Line;

static void build_part(IptBuild *b, const Part *p, size_t chain, size_t target, Line *line)
{
        IptWay way = { target, line->next, line->name, &line->n_names };
        size_t dialled;

        if (p->asks_dialled) {
                dialled = ipt_build_chain(b, "%s.%zx", line->name, ++line->n_names);
                ipt_build_kind(b, IPT_TRANSLATED, false);
                ipt_build_goto(b, chain, dialled);
                ipt_build_tree(b, dialled, &p->dialled,
                        (IptAddressTest){ IPT_DIALLED_ADDRESS, true }, &way);
                ipt_build_goto(b, dialled, line->next);
        }
        for (size_t i = 0; i < p->n_tests; i++) {
                ipt_build_add(b, &p->tests[i]);
                ipt_build_goto(b, chain, target);
        }
        ipt_build_tree(b, chain, &p->prefixes, (IptAddressTest){ IPT_ADDRESS, p->to }, &way);
        ipt_build_goto(b, chain, line->next);
}

static void build_line(IptBuild *b, const Expansion *x, IptClass *c)
{
        unsigned long long id = x->rule->rule->id;
        size_t decision = ipt_build_decision_chain(b, x->rule, x->chain), chain = c->chain;
        char name[IPT_CHAIN_NAME_MAX];
        Line line = { .name = name };

        snprintf(name, sizeof(name), "P25-%llx-%u", id, c->port);
        line.next = ipt_build_chain(
                b, "P25-%s-%u-%llx", ipt_build_direction_name(b->direction), c->port, id);
        if (x->n_conditions > 0) {
                chain = ipt_build_chain(b, "%s.%zx", name, ++line.n_names);
                add_conditions(b, x);
                ipt_build_goto(b, c->chain, chain);
                ipt_build_goto(b, c->chain, line.next);
        }
        for (size_t i = 0; i < x->n && b->error == 0; i++) {
                size_t target = decision;

                if (i + 1 < x->n)
                        target = ipt_build_chain(b, "%s.%zx", name, ++line.n_names);
                build_part(b, &x->parts[i], chain, target, &line);
                chain = target;
        }
        c->chain = line.next;
}

void ipt_build_rule(IptBuild *b, IptClass *c, const CompiledRule *r, size_t *rule_chain)
{
        _cleanup_(expansion_deinit) Expansion x = { .rule = r, .chain = rule_chain };
        int k = expansion_find(b, &x);

        if (k < 0)
                ipt_build_fail(b, k);
        if (b->error < 0 || x.never)
                return;
        if (expansion_is_simple(&x))
                build_ways(b, &x, c->chain);
        else
                build_line(b, &x, c);
}
