/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The difference between two rulesets, against the evaluator: a packet's verdict differs exactly
 * where the difference says so, and as it says. Also policies that say the same in other words, and
 * the lines that are printed.
 */

#include "rules/compare/difference.h"
#include "rules/address/prefixset.h"
#include "rules/address/rangeset.h"
#include "rules/base/strv.h"
#include "rules/policy/policy.h"
#include "rules/policy/state.h"
#include "rules/ruleset/compiledrule.h"
#include "rules/ruleset/print.h"
#include "rules/ruleset/ruleset.h"
#include "tests/unit/random_policy.h"
#include "tests/unit/rule_words.h"

#define _cleanup_policy_ _cleanup_(policy_free_p)
#define _cleanup_ruleset_ _cleanup_(ruleset_free_p)
#define _cleanup_difference_ _cleanup_(difference_free_p)

static Difference *compute(const Ruleset *a, const Ruleset *b)
{
        Difference *d = NULL;

        assert_int_equal(difference_compute(a, b, &d), 0);
        return d;
}

static Ruleset *compile(const Policy *p)
{
        _cleanup_diagnostics_ Diagnostics d = { 0 };

        return compile_good(p, &d);
}

/* ---- is a packet in an item? ---- */

static bool ids_have(const DifferenceIds *ids, bool known, uint32_t id)
{
        bool found = false;

        for (size_t i = 0; i < ids->n; i++)
                found |= known && ids->ids[i] == id;
        return !ids->stated || found != ids->except;
}

static bool names_have(const DifferenceNames *l, const char *name)
{
        bool found = false;

        for (size_t i = 0; i < l->n; i++)
                found |= name &&
                         (streq(l->names[i], name) ||
                                 (streq(l->names[i], "nginx") && streq(name, "nginx.service")));
        return !l->stated || found != l->except;
}

static bool addresses_have(const RangeSet *ranges, const Address *a)
{
        return !ranges || range_set_contains(ranges, a);
}

/* A packet, and where its process lives: unit by name, and whether in system.slice. */
typedef struct Probe {
        Packet packet;
        const char *unit;
        bool in_slice;
        uint64_t cgroups[2];
} Probe;

static bool item_has(const DifferenceItem *i, const Probe *probe)
{
        const Packet *p = &probe->packet;

        if (i->direction != p->direction || !ports_contain(&i->ports, p->port) ||
                !(p->family == FAMILY_IPV4 ? i->ipv4 : i->ipv6))
                return false;
        if ((i->n_inside > 0 && !probe->in_slice) || (i->n_outside > 0 && probe->in_slice))
                return false;
        return addresses_have(i->from, &p->from) && addresses_have(i->to, &p->to) &&
               ids_have(&i->user, p->has_uid, p->uid) && ids_have(&i->group, p->has_gid, p->gid) &&
               names_have(&i->interface, p->interface) &&
               names_have(&i->in_interface, p->in_interface) &&
               names_have(&i->out_interface, p->out_interface) && names_have(&i->unit, probe->unit);
}

static DifferenceVerdict judge(const Ruleset *r, const Packet *p)
{
        DifferenceVerdict verdict = { .action = ACTION_ALLOW };
        Verdict v;

        if (!r)
                return verdict;
        evaluate(r, p, &v);
        verdict.action = v.action;
        if (v.action == ACTION_LIMIT)
                verdict.limit = v.rule->limit;
        return verdict;
}

static bool same(const DifferenceVerdict *a, const DifferenceVerdict *b)
{
        return memcmp(a, b, sizeof(*a)) == 0;
}

static void print_packet(const Probe *probe)
{
        const Packet *p = &probe->packet;
        char from[ADDRESS_TEXT_MAX], to[ADDRESS_TEXT_MAX];

        print_error("%s %u from %s to %s uid %d gid %d unit %s%s on %s in %s out %s\n",
                direction_to_string(p->direction), p->port, address_format(&p->from, from),
                address_format(&p->to, to), p->has_uid ? (int)p->uid : -1,
                p->has_gid ? (int)p->gid : -1, probe->unit ?: "-", probe->in_slice ? " slice" : "",
                p->interface ?: "-", p->in_interface ?: "-", p->out_interface ?: "-");
}

static void print_all(const Ruleset *a, const Ruleset *b, const Difference *d)
{
        _cleanup_strv_ char **lines = NULL;
        char *text;

        for (unsigned i = 0; i < 2; i++)
                if ((i ? b : a) && ruleset_print(i ? b : a, &text) == 0) {
                        print_error("---- %s\n%s", i ? "after" : "before", text);
                        free(text);
                }
        assert_int_equal(difference_print(d, NULL, 0, &lines), 0);
        STRV_FOREACH (line, lines)
                print_error("%s\n", *line);
}

/* Returns whether the verdict differs. */
static bool check_probe(const Ruleset *a, const Ruleset *b, const Difference *d, const Probe *probe)
{
        DifferenceVerdict before = judge(a, &probe->packet), after = judge(b, &probe->packet);
        bool differs = !same(&before, &after), good = true;
        size_t hits = 0;

        for (size_t i = 0; i < d->n; i++)
                if (item_has(d->items + i, probe)) {
                        good &= same(&d->items[i].before, &before) &&
                                same(&d->items[i].after, &after);
                        hits++;
                }
        if (!good || differs != (hits > 0)) {
                print_packet(probe);
                print_error("%s to %s, %zu items have it\n", action_to_string(before.action),
                        action_to_string(after.action), hits);
                print_all(a, b, d);
        }
        assert_true(good);
        assert_int_equal(differs, hits > 0);
        return differs;
}

/* ---- random pairs ---- */

static Probe random_probe(void)
{
        static const char *const units[] = { NULL, "nginx.service", "postfix.service" };
        static const uint64_t cgroups[] = { 1, 5002, 5001 };
        Probe probe = { .packet = random_packet() };
        Packet *p = &probe.packet;
        static const char *const v4[] = { "10.1.2.3", "10.1.2.255", "10.1.4.0", "192.0.2.7",
                "0.0.0.0", "255.255.255.255", "127.255.255.255", "128.0.0.0", "10.255.255.255" };
        static const char *const v6[] = { "fd00:1::1", "fd00:2:ffff::", "fdff:ffff::1",
                "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "fc00::1" };
        const char *why, *text;

        if (!p->has_from) {
                text = p->family == FAMILY_IPV4 ? PICK(v4) : PICK(v6);
                assert_int_equal(address_parse(text, strlen(text), &p->from, &why), 0);
        }
        if (!p->has_to) {
                text = p->family == FAMILY_IPV4 ? PICK(v4) : PICK(v6);
                assert_int_equal(address_parse(text, strlen(text), &p->to, &why), 0);
        }
        p->has_from = p->has_to = true;
        p->unit = NULL;
        if (p->direction == DIRECTION_OUT) {
                unsigned i = pick(ELEMENTS(units));

                probe.unit = units[i];
                probe.in_slice = pick(2);
                probe.cgroups[0] = cgroups[i];
                probe.cgroups[1] = probe.in_slice ? 5003 : 2;
        }
        return probe;
}

/* Features that random_policy() does not have: both addresses, slices, limits of different numbers.
 */
static void random_more_rules(RuleList *l, unsigned n, uint64_t id)
{
        static const char *const units[] = { NULL, NULL, "system.slice", "nginx",
                "system.slice,postfix.service", "nginx.service,postfix.service" };
        static const char *const lists[] = { NULL, "10.0.0.0/8", "10.1.0.0/16,fd00::/8", "@s", "@t",
                "10.1.2.3", "0.0.0.0/0", "128.0.0.0/1,fd00:1::/32" };

        for (unsigned i = 0; i < n; i++) {
                Direction d = (Direction)pick(_DIRECTION_MAX);
                R r = { .action = (Action)pick(_ACTION_MAX),
                        .direction = d,
                        .ports = PICK(random_ports),
                        .from = PICK(lists),
                        .to = PICK(lists),
                        .user = d == DIRECTION_OUT && pick(3) == 0 ? "alice" : NULL,
                        .unit = d == DIRECTION_OUT ? PICK(units) : NULL,
                        .id = id + i };

                if (r.action == ACTION_LIMIT)
                        r.limit = ((Limit[]){ { 12, 60, 6, 0 }, { 30, 60, 6, 0 }, { 0, 0, 0, 9 },
                                { 12, 1, 6, 0 }, { 12, 60, 6, 9 } })[pick(5)];
                add_rule_from(l, &r);
        }
}

static Policy *random_rich_policy(void)
{
        Policy *p = random_policy();

        random_more_rules(&p->state->rules, pick(8), 100);
        return p;
}

/* The same policy as another of the same seed, with some rules out, in, elsewhere or others. */
static void mutate(Policy *p)
{
        RuleList *l = &p->state->rules;

        for (unsigned n = pick(3); n > 0; n--)
                if (l->n > 0)
                        rule_list_remove(l, pick((unsigned)l->n));
        if (l->n > 1) {
                size_t from = pick((unsigned)l->n), to = pick((unsigned)l->n);
                Rule *r = rule_ref(l->items[from]);

                rule_list_remove(l, from);
                assert_int_equal(rule_list_insert(l, to, r), 0);
                rule_unref(r);
        }
        random_more_rules(l, pick(2), 200);
        for (unsigned n = pick(3); n > 0 && l->n > 0; n--) {
                size_t i = pick((unsigned)l->n);

                rule_list_remove(l, i);
                random_more_rules(l, 1, 300 + n);
                if (i + 1 < l->n) {
                        Rule *r = rule_ref(l->items[l->n - 1]);

                        rule_list_remove(l, l->n - 1);
                        assert_int_equal(rule_list_insert(l, i, r), 0);
                        rule_unref(r);
                }
        }
}

static void test_random(void **state)
{
        unsigned differing = 0, equal = 0, items = 0;

        (void)state;
        for (unsigned i = 0; i < 4000; i++) {
                _cleanup_policy_ Policy *p = NULL, *q = NULL;
                _cleanup_ruleset_ Ruleset *a = NULL, *b = NULL;
                _cleanup_difference_ Difference *d = NULL;

                seed = 0x9e3779b97f4a7c15 * (i + 1);
                p = random_rich_policy();
                if (i % 2)
                        seed = 0x9e3779b97f4a7c15 * (i + 1);
                q = random_rich_policy();
                if (i % 2)
                        mutate(q);
                a = i % 50 == 7 ? NULL : compile(p);
                b = i % 50 == 8 ? NULL : compile(q);
                d = compute(a, b);
                assert_true(d->complete);
                assert_int_equal(
                        difference_exists(a, b, &(Steps){ .max = DIFFERENCE_STEPS_MAX }), d->n > 0);
                items += (unsigned)d->n;
                for (unsigned k = 0; k < 40; k++) {
                        Probe probe = random_probe();

                        probe.packet.cgroups = probe.cgroups;
                        probe.packet.n_cgroups = 2;
                        if (check_probe(a, b, d, &probe))
                                differing++;
                        else
                                equal++;
                }
        }
        print_message("%u packets differ, %u do not; %u regions\n", differing, equal, items);
        assert_true(differing > 10000 && equal > 10000);
}

/* ---- the same in other words ---- */

/* A ruleset of p25ctl's own rules, one a line of words: "deny in from 10.0.0.0/8". */
static Ruleset *ruleset_of(const char *const *lines, Action incoming, const char *sets)
{
        _cleanup_policy_ Policy *p = make_policy();

        if (sets)
                add_stored_set(p, "s", sets);
        p->state->defaults.of[DIRECTION_IN] = incoming;
        add_rules_of_words(&p->state->rules, lines);
        return compile(p);
}

#define RULES(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void assert_lines(const Ruleset *a, const Ruleset *b, const char *const *expected)
{
        _cleanup_difference_ Difference *d = compute(a, b);
        _cleanup_strv_ char **lines = NULL;
        size_t i = 0;

        assert_int_equal(difference_print(d, NULL, 0, &lines), 0);
        for (; expected[i] && lines && lines[i]; i++)
                assert_string_equal(lines[i], expected[i]);
        if (lines && lines[i])
                print_error("%s\n", lines[i]);
        assert_null(expected[i]);
        assert_true(!lines || !lines[i]);
}

static void test_same_meaning(void **state)
{
        static const struct {
                const char *a[6], *b[6];
        } cases[] = {
                /* order of what has nothing in common */
                { { "deny in from 10.0.0.0/8", "allow in from 11.0.0.0/8" },
                        { "allow in from 11.0.0.0/8", "deny in from 10.0.0.0/8" } },
                { { "deny in 587/tcp", "reject in 465/tcp", "allow out user alice" },
                        { "allow out user alice", "reject in 465/tcp", "deny in 587/tcp" } },
                { { "allow out user alice", "reject out user bob" },
                        { "reject out user bob", "allow out user alice" } },
                { { "reject out unit postfix", "deny out unit nginx.service" },
                        { "deny out unit nginx", "reject out unit postfix.service" } },
                { { "reject in on eth0", "deny in on eth1" },
                        { "deny in on eth1", "reject in on eth0" } },
                /* order of what says the same */
                { { "deny in from 10.0.0.0/8", "deny in to 10.1.0.0/16" },
                        { "deny in to 10.1.0.0/16", "deny in from 10.0.0.0/8" } },
                /* prefixes cut and joined */
                { { "deny in from 10.0.0.0/8" },
                        { "deny in from 10.0.0.0/9", "deny in from 10.128.0.0/9" } },
                { { "deny in from 0.0.0.0/0", "deny in from ::/0" }, { "deny in" } },
                { { "deny in from 10.0.0.0/8", "deny in from 10.1.0.0/16" },
                        { "deny in from 10.0.0.0/8" } },
                /* a list in the place of a set */
                { { "deny in from @s" }, { "deny in from 10.1.0.0/16", "deny in from fd00::/16" } },
                /* ports cut and joined */
                { { "reject in 25,587/tcp" }, { "reject in 587/tcp", "reject in 25/tcp" } },
                /* what can never match, and what changes nothing */
                { { "deny in from 10.0.0.0/8", "allow in from 10.1.2.3" },
                        { "deny in from 10.0.0.0/8" } },
                { { "allow in from 10.0.0.0/8" }, { NULL } },
                { { "allow in 587/tcp" }, { NULL } },
                /* comments */
                { { "deny in comment one" }, { "deny in comment two" } },
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                static const char set[] = "10.1.0.0/17\n10.1.128.0/17\nfd00::/16\n";
                _cleanup_ruleset_ Ruleset *a = ruleset_of(cases[i].a, ACTION_ALLOW, set);
                _cleanup_ruleset_ Ruleset *b = ruleset_of(cases[i].b, ACTION_ALLOW, set);

                assert_lines(a, b, RULES(NULL));
                assert_lines(b, a, RULES(NULL));
        }
}

/* A host that follows no rule at all is one that allows everything. */
static void test_inactive(void **state)
{
        _cleanup_ruleset_ Ruleset *open = ruleset_of(RULES(NULL), ACTION_ALLOW, NULL);
        _cleanup_ruleset_ Ruleset *closed = ruleset_of(RULES(NULL), ACTION_DENY, NULL);

        (void)state;
        assert_lines(NULL, NULL, RULES(NULL));
        assert_lines(NULL, open, RULES(NULL));
        assert_lines(open, NULL, RULES(NULL));
        assert_lines(NULL, closed, RULES("newly denied: in 25/tcp from anywhere"));
        assert_lines(closed, NULL, RULES("newly allowed: in 25/tcp from anywhere (was deny)"));
}

static void test_lines(void **state)
{
        static const struct {
                const char *a[4], *b[4], *lines[4];
        } cases[] = {
                { { NULL }, { "deny in from 198.51.100.0/24" },
                        { "newly denied: in 25/tcp from 198.51.100.0/24" } },
                { { NULL }, { "reject out 25,587/tcp", "deny in from ::/0" },
                        { "newly denied: in 25/tcp from anywhere, IPv6 only",
                                "newly rejected: out 25,587/tcp to anywhere" } },
                { { "limit in rate 12/minute" }, { "limit in rate 30/minute max 3" },
                        { "limit changed: in 25/tcp from anywhere (rate 30/minute burst 6 max 3, "
                          "was rate 12/minute burst 6)" } },
                { { "deny in from 10.0.0.0/8" }, { "limit in from 10.0.0.0/9" },
                        { "newly limited: in 25/tcp from 10.0.0.0/9 (rate 12/minute burst 6, was "
                          "deny)",
                                "newly allowed: in 25/tcp from 10.128.0.0/9 (was deny)" } },
                { { "limit in max 7" }, { "reject in" },
                        { "newly rejected: in 25/tcp from anywhere (was limit max 7)" } },
                { { NULL }, { "allow out to 192.0.2.25", "reject out" },
                        { "newly rejected: out 25/tcp to anywhere but 192.0.2.25" } },
                { { NULL }, { "allow out user 101", "reject out" },
                        { "newly rejected: out 25/tcp user other than 101" } },
                { { NULL }, { "reject out user 33 group 8 unit nginx" },
                        { "newly rejected: out 25/tcp user 33 group 8 unit nginx" } },
                { { NULL }, { "allow in on eth0", "deny in" },
                        { "newly denied: in 25/tcp on other than eth0 from anywhere" } },
                { { NULL }, { "route reject in on docker0 out on eth0" },
                        { "newly rejected: routed 25/tcp in on docker0 out on eth0 to anywhere" } },
                { { NULL }, { "deny in to 2001:db8::1", "deny in from 10.0.0.0/8" },
                        { "newly denied: in 25/tcp from 10.0.0.0/8",
                                "newly denied: in 25/tcp to 2001:db8::1" } },
                { { NULL }, { "deny out to 8.8.8.8", "deny out user 33" },
                        { "newly denied: out 25/tcp user 33",
                                "newly denied: out 25/tcp to 8.8.8.8" } },
                { { NULL }, { "allow in from 0.0.0.0/0", "deny in" },
                        { "newly denied: in 25/tcp from anywhere, IPv6 only" } },
                { { NULL }, { "deny in from @s" },
                        { "newly denied: in 25/tcp from @s (6 prefixes: 10.0.0.0/24, 10.0.2.0/24, "
                          "10.0.4.0/24, ...)" } },
                { { NULL }, { "allow in from @s", "deny in" },
                        { "newly denied: in 25/tcp from anywhere but @s (6 prefixes: 10.0.0.0/24, "
                          "10.0.2.0/24, 10.0.4.0/24, ...)" } },
                { { "reject out from 10.0.0.0/8 unit system.slice" },
                        { "reject out from 10.0.0.0/9 unit other.slice" },
                        { "newly rejected: out 25/tcp from 10.0.0.0/9 unit other.slice unit "
                          "outside system.slice",
                                "newly allowed: out 25/tcp from 10.0.0.0/9 unit system.slice unit "
                                "outside other.slice (was reject)",
                                "newly allowed: out 25/tcp from 10.128.0.0/9 unit system.slice "
                                "(was reject)" } },
                { { NULL }, { "reject out unit system.slice" },
                        { "newly rejected: out 25/tcp unit system.slice" } },
        };
        static const char set[] = "10.0.0.0/24\n10.0.2.0/24\n10.0.4.0/24\n10.0.6.0/24\n"
                                  "10.0.8.0/24\nfd00::/16\n";

        (void)state;
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                _cleanup_ruleset_ Ruleset *a = ruleset_of(cases[i].a, ACTION_ALLOW, set);
                _cleanup_ruleset_ Ruleset *b = ruleset_of(cases[i].b, ACTION_ALLOW, set);

                assert_lines(a, b, cases[i].lines);
        }
}

/* No more lines than one wants to read, and a last one that counts the rest. */
static void test_many_lines(void **state)
{
        _cleanup_ruleset_ Ruleset *a = ruleset_of(RULES(NULL), ACTION_ALLOW, NULL);
        _cleanup_ruleset_ Ruleset *b = ruleset_of(RULES("deny in from 10.0.0.0/8 to 192.0.2.1",
                                                          "deny in from 11.0.0.0/8 to 192.0.2.2",
                                                          "deny in from 13.0.0.0/8 to 192.0.2.3"),
                ACTION_ALLOW, NULL);
        _cleanup_difference_ Difference *d = compute(a, b);
        _cleanup_strv_ char **lines = NULL;

        (void)state;
        assert_int_equal(difference_print(d, NULL, 2, &lines), 0);
        assert_int_equal(strv_length(lines), 3);
        assert_string_equal(lines[0], "newly denied: in 25/tcp from 10.0.0.0/8 to 192.0.2.1");
        assert_string_equal(lines[2], "and 1 other difference");
}

/* ---- large ---- */

static PrefixSet *large_set(size_t n, size_t more)
{
        Prefix4 *v4 = calloc(n + more, sizeof(*v4));
        PrefixSet *s = NULL;

        assert_non_null(v4);
        for (size_t i = 0; i < n + more; i++)
                v4[i] = (Prefix4){ (uint32_t)(0x0a000000 + 2 * i), 32 };
        assert_int_equal(prefix_set_adopt(v4, n + more, NULL, 0, &s), 0);
        return s;
}

static Ruleset *large_ruleset(size_t n, size_t more, Action incoming)
{
        _cleanup_policy_ Policy *p = make_policy();

        add_stored_set(p, "s", "");
        prefix_set_unref(p->state->sets[0].entries);
        p->state->sets[0].entries = large_set(n, more);
        p->state->defaults.of[DIRECTION_IN] = incoming;
        add_rule(&p->state->rules, .id = 1, .action = ACTION_REJECT, .from = "@s",
                .ports = "25,587");
        add_rule(&p->state->rules, .id = 2, .action = ACTION_LIMIT, .from = "10.0.0.0/8");
        return compile(p);
}

static void test_large_sets(void **state)
{
        _cleanup_ruleset_ Ruleset *a = large_ruleset(1000000, 0, ACTION_ALLOW);
        _cleanup_ruleset_ Ruleset *b = large_ruleset(1000000, 1, ACTION_ALLOW);
        _cleanup_ruleset_ Ruleset *c = large_ruleset(1000000, 0, ACTION_DENY);

        (void)state;
        assert_lines(a, a, RULES(NULL));
        assert_lines(a, b,
                RULES("newly rejected: in 587/tcp from 10.30.132.128",
                        "newly rejected: in 25/tcp from 10.30.132.128 (was limit rate 12/minute "
                        "burst 6)"));
        assert_lines(b, a,
                RULES("newly limited: in 25/tcp from 10.30.132.128 (rate 12/minute burst 6, was "
                      "reject)",
                        "newly allowed: in 587/tcp from 10.30.132.128 (was reject)"));
        assert_lines(a, c, RULES("newly denied: in 25/tcp from anywhere but 10.0.0.0/8"));
        assert_lines(NULL, a,
                RULES("newly rejected: in 25,587/tcp from @s (1000000 prefixes: 10.0.0.0, "
                      "10.0.0.2, 10.0.0.4, ...)",
                        "newly limited: in 25/tcp from 1000011 prefixes (10.0.0.1, 10.0.0.3, "
                        "10.0.0.5, ...) (rate 12/minute burst 6)"));
}

/* A caller without time is refused at once. */
static void test_steps(void **state)
{
        _cleanup_ruleset_ Ruleset *a = large_ruleset(1000, 0, ACTION_ALLOW);
        _cleanup_ruleset_ Ruleset *b = large_ruleset(1000, 1, ACTION_ALLOW);
        Steps few = { .max = 3 }, some = { .max = 1000 };
        Difference *d = NULL;

        (void)state;
        assert_int_equal(difference_compute_within(NULL, a, &some, &d), -E2BIG);
        assert_int_equal(difference_compute_within(a, b, &few, &d), -E2BIG);
        assert_null(d);
        some.made = 0;
        assert_int_equal(difference_compute_within(a, b, &some, &d), 0);
        assert_in_range(some.made, 2, 1000);
        assert_int_equal(d->n, 2);
        difference_free(d);
}

/* Each set is looked at once, not once for each rule that names it. */
static void test_rules_on_sets(void **state)
{
        _cleanup_policy_ Policy *p = make_policy();
        _cleanup_ruleset_ Ruleset *a = NULL, *b = NULL;
        Steps steps = { .max = 200000 };
        const size_t n_sets = 100, n_rules = 10000;
        Difference *d = NULL;

        (void)state;
        for (size_t i = 0; i < n_sets; i++) {
                char name[16];

                snprintf(name, sizeof(name), "s%zu", i);
                add_stored_set(p, name, "");
                prefix_set_unref(p->state->sets[i].entries);
                p->state->sets[i].entries = large_set(10000, i);
        }
        for (size_t i = 0; i < n_rules; i++) {
                Address address = address_from_ipv4((uint32_t)(0x0b000000 + i));
                char name[16], to[ADDRESS_TEXT_MAX];

                snprintf(name, sizeof(name), "@s%zu", i % n_sets);
                add_rule(&p->state->rules, .id = i + 1, .action = ACTION_REJECT, .from = name,
                        .to = address_format(&address, to));
        }
        a = compile(p);
        add_rule(&p->state->rules, .id = n_rules + 1, .action = ACTION_DENY, .from = "192.0.2.1");
        b = compile(p);
        assert_int_equal(difference_compute_within(a, b, &steps, &d), 0);
        assert_int_equal(d->n, 1);
        difference_free(d);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_random),
                cmocka_unit_test(test_same_meaning),
                cmocka_unit_test(test_inactive),
                cmocka_unit_test(test_lines),
                cmocka_unit_test(test_many_lines),
                cmocka_unit_test(test_large_sets),
                cmocka_unit_test(test_steps),
                cmocka_unit_test(test_rules_on_sets),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
