/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Rules that never match or change nothing: of random policies, against the evaluator on a packet
 * of every kind that their words distinguish; and the warnings for their authors.
 */

#include "rules/compare/shadow.h"
#include "rules/compare/difference.h"
#include "rules/policy/hostconf.h"
#include "rules/policy/policy.h"
#include "rules/policy/role.h"
#include "rules/policy/rule.h"
#include "rules/policy/state.h"
#include "rules/ruleset/compiledrule.h"
#include "rules/ruleset/ruleset.h"
#include "tests/unit/random_policy.h"
#include "tests/unit/rule_words.h"

#define _cleanup_policy_ _cleanup_(policy_free_p)
#define _cleanup_ruleset_ _cleanup_(ruleset_free_p)

static Ruleset *compile(const Policy *p)
{
        _cleanup_diagnostics_ Diagnostics d = { 0 };

        return compile_good(p, &d);
}

/* ---- every kind of packet ---- */

static const char *const grid_lists[] = { NULL, NULL, "10.0.0.0/8", "10.0.0.0/9", "10.128.0.0/9",
        "10.1.2.3", "0.0.0.0/0", "::/0", "fd00::/8,10.0.0.0/16", "0.0.0.0/1,8000::/1",
        "128.0.0.0/1", "@s" };
/* of both families, so that they go with every source */
static const char *const grid_destinations[] = { NULL, "fd00::/8,10.0.0.0/16", "0.0.0.0/1,8000::/1",
        "@s" };
static const char grid_set[] = "10.1.0.0/16\nfd00:1::/32\n";
static const char *const grid_users[] = { NULL, NULL, "alice", "alice,postfix" };
static const char *const grid_ports[] = { NULL, NULL, "587", "25,587" };
/* One address of every piece that the lists above cut a family into. */
static const char *const grid_v4[] = { "9.9.9.9", "10.0.1.1", "10.1.2.3", "10.1.2.4", "10.2.0.0",
        "10.200.0.1", "192.0.2.1" };
static const char *const grid_v6[] = { "2001:db8::1", "fd00:1::1", "fd00:2::1", "8000::1" };

typedef struct Grid {
        Packet packets[2000];
        size_t n;
} Grid;

static void grid_add(Grid *g, Direction d, const char *from, const char *to)
{
        static const uint32_t uids[] = { 33, 101, 1000 };
        static const uint16_t ports[] = { 25, 465, 587 };
        const char *why;

        for (size_t u = 0; u < (d == DIRECTION_OUT ? ELEMENTS(uids) : 1); u++)
                for (size_t k = 0; k < ELEMENTS(ports); k++) {
                        Packet *p = g->packets + g->n++;

                        assert_true(g->n <= ELEMENTS(g->packets));
                        *p = (Packet){ .direction = d,
                                .port = ports[k],
                                .has_from = true,
                                .has_to = true,
                                .has_uid = d == DIRECTION_OUT,
                                .uid = uids[u] };
                        assert_int_equal(address_parse(from, strlen(from), &p->from, &why), 0);
                        assert_int_equal(address_parse(to, strlen(to), &p->to, &why), 0);
                        p->family = p->from.family;
                }
}

static void grid_make(Grid *g, Direction d)
{
        g->n = 0;
        for (size_t i = 0; i < ELEMENTS(grid_v4); i++)
                for (size_t j = 0; j < ELEMENTS(grid_v4); j++)
                        grid_add(g, d, grid_v4[i], grid_v4[j]);
        for (size_t i = 0; i < ELEMENTS(grid_v6); i++)
                for (size_t j = 0; j < ELEMENTS(grid_v6); j++)
                        grid_add(g, d, grid_v6[i], grid_v6[j]);
}

/* ending: some of the rules end, at one of the moments behind the first. */
static const uint64_t moments_usec[] = { 0, 10000000, 20000000, 30000000 };

static Policy *grid_policy(unsigned n, bool ending)
{
        Policy *p = make_policy();

        add_stored_set(p, "s", grid_set);
        p->state->defaults.of[DIRECTION_IN] = (Action)pick(3);
        p->state->defaults.of[DIRECTION_OUT] = (Action)pick(3);
        for (unsigned i = 0; i < n; i++) {
                Direction d = pick(2) ? DIRECTION_IN : DIRECTION_OUT;
                R r = { .action = (Action)pick(_ACTION_MAX),
                        .direction = d,
                        .ports = PICK(grid_ports),
                        .from = PICK(grid_lists),
                        .to = pick(3) == 0 ? PICK(grid_destinations) : NULL,
                        .user = d == DIRECTION_OUT ? PICK(grid_users) : NULL,
                        .expires_usec = ending ? PICK(moments_usec) : 0,
                        .id = i + 1 };

                add_rule_from(&p->state->rules, &r);
        }
        return p;
}

/* ---- what is to be found out, the slow way ---- */

static uint64_t decider(const Ruleset *r, const Packet *p, Action *ret_action)
{
        Verdict v;

        evaluate(r, p, &v);
        *ret_action = v.action;
        return v.rule ? v.rule->rule->id : 0;
}

/* A ruleset of some of the rules of a policy. */
static Ruleset *ruleset_of_some(
        const Policy *p, bool (*wanted)(uint64_t id, const void *data), const void *data)
{
        _cleanup_policy_ Policy *some = make_policy();

        add_stored_set(some, "s", grid_set);
        some->state->defaults = p->state->defaults;
        for (size_t i = 0; i < p->state->rules.n; i++)
                if (wanted(p->state->rules.items[i]->id, data))
                        assert_int_equal(
                                rule_list_append(&some->state->rules, p->state->rules.items[i]), 0);
        return compile(some);
}

static bool is_other(uint64_t id, const void *data)
{
        return id != *(const uint64_t *)data;
}

static bool is_this(uint64_t id, const void *data)
{
        return id == *(const uint64_t *)data;
}

static bool is_in_shadow(uint64_t id, const void *data)
{
        const struct Named {
                const Shadow *shadow;
                const RulesetDirection *rules;
        } *n = data;

        for (size_t i = 0; i < n->shadow->n; i++)
                if (n->rules->rules[n->shadow->by[i]].rule->id == id)
                        return true;
        return false;
}

typedef struct Counts {
        unsigned covered, together, idle, busy;
} Counts;

static void check_rule(const Policy *p, const Ruleset *all, Direction d, size_t index, Counts *c)
{
        static Grid grid;
        const RulesetDirection *rd = all->directions + d;
        uint64_t id = rd->rules[index].rule->id;
        _cleanup_(shadow_deinit) Shadow s = { 0 };
        struct {
                const Shadow *shadow;
                const RulesetDirection *rules;
        } named = { &s, rd };
        _cleanup_ruleset_ Ruleset *others = ruleset_of_some(p, is_other, &id), *alone = NULL,
                                  *cover = NULL;
        uint64_t end_usec = rd->rules[index].rule->expires_usec;
        bool matches = false, now = false, could_match = false, idle = true;

        assert_int_equal(
                shadow_find(all, d, index, &(Steps){ .max = DIFFERENCE_STEPS_MAX }, &s), 0);
        alone = ruleset_of_some(p, is_this, &id);
        cover = ruleset_of_some(p, is_in_shadow, &named);
        grid_make(&grid, d);
        for (size_t i = 0; i < grid.n * ELEMENTS(moments_usec); i++) {
                Packet p_then = grid.packets[i % grid.n];
                Action with, without, unused;
                uint64_t instead;
                bool could;

                p_then.time_usec = moments_usec[i / grid.n];
                if (end_usec != 0 && p_then.time_usec >= end_usec)
                        break;
                could = decider(alone, &p_then, &unused) == id;
                matches |= decider(all, &p_then, &with) == id;
                instead = decider(others, &p_then, &without);
                /* later others may do so */
                if (i < grid.n && decider(all, &p_then, &unused) == id) {
                        now = true;
                        if (s.idle && !s.covered)
                                assert_true(instead == 0 ? s.by_default
                                                         : is_in_shadow(instead, &named));
                }
                idle &= with == without;
                could_match |= could;
                if (could && s.covered)
                        assert_true(decider(cover, &p_then, &unused) != 0);
        }
        assert_int_equal(s.idle, idle);
        assert_int_equal(s.covered, could_match && !matches);
        assert_int_equal(s.n > 0 || s.by_default, s.covered || (s.idle && now));
        for (size_t i = 0; i < s.n; i++)
                assert_true((s.by[i] < index) == s.covered && (i == 0 || s.by[i] > s.by[i - 1]));
        c->covered += s.covered;
        c->together += s.n > 1;
        c->idle += s.idle && !s.covered;
        c->busy += !s.idle;
}

static void test_random(void **state)
{
        Counts c = { 0 };

        (void)state;
        for (unsigned i = 0; i < 2000; i++) {
                _cleanup_policy_ Policy *p = NULL;
                _cleanup_ruleset_ Ruleset *r = NULL;

                seed = 0x9e3779b97f4a7c15 * (i + 1);
                p = grid_policy(2 + pick(8), i % 2 == 1);
                r = compile(p);
                for (Direction d = DIRECTION_IN; d <= DIRECTION_OUT; d++)
                        for (size_t k = 0; k < r->directions[d].n; k++)
                                check_rule(p, r, d, k, &c);
        }
        print_message("%u covered (%u by several), %u idle, %u busy\n", c.covered, c.together,
                c.idle, c.busy);
        assert_true(c.covered > 1000 && c.together > 50 && c.idle > 300 && c.busy > 1000);
}

static bool is_listed(const Shadow *s, size_t index)
{
        for (size_t i = 0; i < s->n; i++)
                if (s->by[i] == index)
                        return true;
        return false;
}

/* One rule takes all that the other could match, which would get some of it without. */
static bool is_hidden(const Policy *p, const Grid *grid, uint64_t id, uint64_t other)
{
        _cleanup_ruleset_ Ruleset *alone = ruleset_of_some(p, is_this, &id),
                                  *that = ruleset_of_some(p, is_this, &other),
                                  *without = ruleset_of_some(p, is_other, &id);
        bool gets_some = false;
        Action unused;

        for (size_t i = 0; i < grid->n; i++) {
                const Packet *packet = grid->packets + i;

                if (decider(that, packet, &unused) != other)
                        continue;
                if (decider(alone, packet, &unused) != id)
                        return false;
                gets_some |= decider(without, packet, &unused) == other;
        }
        return gets_some;
}

static unsigned check_hidden(const Policy *p, const Ruleset *r, Direction d, size_t index)
{
        const RulesetDirection *rd = r->directions + d;
        _cleanup_(shadow_deinit) Shadow s = { 0 };
        static Grid grid;

        assert_int_equal(
                shadow_hidden(r, d, index, &(Steps){ .max = DIFFERENCE_STEPS_MAX }, &s), 0);
        grid_make(&grid, d);
        for (size_t i = 0; i < rd->n; i++)
                assert_int_equal(is_listed(&s, i),
                        i > index && rd->rules[i].action != rd->rules[index].action &&
                                is_hidden(p, &grid, rd->rules[index].rule->id,
                                        rd->rules[i].rule->id));
        return (unsigned)s.n;
}

static void test_random_hidden(void **state)
{
        unsigned n = 0;

        (void)state;
        for (unsigned i = 0; i < 300; i++) {
                _cleanup_policy_ Policy *p = NULL;
                _cleanup_ruleset_ Ruleset *r = NULL;

                seed = 0x9e3779b97f4a7c15 * (i + 1);
                p = grid_policy(2 + pick(6), false);
                r = compile(p);
                for (Direction d = DIRECTION_IN; d <= DIRECTION_OUT; d++)
                        for (size_t k = 0; k < r->directions[d].n; k++)
                                n += check_hidden(p, r, d, k);
        }
        print_message("%u hidden\n", n);
        assert_true(n > 50);
}

/* ---- warnings ---- */

#define BOTH ((HostFamilies){ true, true })

/* Of the last of some rules. */
static void assert_warning(const char *const *lines, Action incoming, bool is_stored,
        HostFamilies families, const char *expected)
{
        _cleanup_policy_ Policy *p = make_policy();
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        _cleanup_ruleset_ Ruleset *r = NULL;
        ShadowContext c = { .is_stored = is_stored,
                .families = families,
                .steps = &(Steps){ .max = DIFFERENCE_STEPS_MAX } };

        add_stored_set(p, "s", grid_set);
        p->state->defaults.of[DIRECTION_IN] = incoming;
        add_rules_of_words(&p->state->rules, lines);
        r = compile(p);
        c.own = &p->state->rules;
        assert_int_equal(shadow_warn(r, p->state->rules.n, &c, &d), 0);
        if (d.n > 0 && !expected)
                print_error("%s\n", d.items[0].text);
        assert_int_equal(d.n, expected != NULL);
        assert_int_equal(d.n_errors, 0);
        if (expected) {
                assert_int_equal(d.items[0].severity, SEVERITY_WARNING);
                assert_string_equal(d.items[0].text, expected);
        }
}

static void test_covered(void **state)
{
        static const struct {
                const char *rules[6];
                bool is_stored;
                const char *warning;
        } cases[] = {
                { { "allow from 10.0.0.0/8", "deny from 10.1.2.3" }, false,
                        "this rule can never match: rule 1 (allow from 10.0.0.0/8 to any port 25) "
                        "covers it; to place it before that one: p25ctl insert 1 deny from "
                        "10.1.2.3 to any port 25" },
                { { "reject out", "allow from 10.0.0.0/8", "deny from 10.1.2.3 comment no-so" },
                        true,
                        "this rule can never match: rule 2 (allow from 10.0.0.0/8 to any port 25) "
                        "covers it; to place it before that one: p25ctl --force delete 3 && p25ctl "
                        "insert 2 deny from 10.1.2.3 to any port 25 comment 'no-so'" },
                { { "allow from 10.0.0.0/9", "reject from 11.0.0.0/8", "limit from 10.128.0.0/9",
                          "deny from 10.0.0.0/8" },
                        false,
                        "this rule can never match: rule 1 (allow from 10.0.0.0/9 to any port 25) "
                        "and rule 3 (limit from 10.128.0.0/9 to any port 25) together cover it; to "
                        "place it before them: p25ctl insert 1 deny from 10.0.0.0/8 to any port "
                        "25" },
                { { "allow from 10.0.0.0/10", "allow from 10.64.0.0/10", "allow from 10.128.0.0/10",
                          "allow from 10.192.0.0/10", "deny from 10.0.0.0/8" },
                        false,
                        "this rule can never match: rule 1 (allow from 10.0.0.0/10 to any port "
                        "25), rule 2 (allow from 10.64.0.0/10 to any port 25) and 2 more together "
                        "cover it; to place it before them: p25ctl insert 1 deny from 10.0.0.0/8 "
                        "to any port 25" },
                /* by itself, though others take some of it first */
                { { "allow from 10.1.0.0/16", "deny", "reject from 10.0.0.0/8" }, false,
                        "this rule can never match: rule 2 (deny 25/tcp) covers it; to place it "
                        "before that one: p25ctl insert 2 reject from 10.0.0.0/8 to any port 25" },
                { { "deny 25,587/tcp", "allow 587/tcp" }, false,
                        "this rule can never match: rule 1 (deny 25,587/tcp) covers it; to place "
                        "it before that one: p25ctl insert 1 allow 587/tcp" },
                { { "allow from 10.0.0.0/8", "deny from 10.0.0.0/7" }, false, NULL },
                { { "allow on eth0", "deny" }, false, NULL },
                { { "deny from 10.0.0.0/8", "limit from 10.0.0.0/7" }, false, NULL },
                /* what ends covers what ends no later */
                { { "deny from 10.0.0.0/8 for 2h", "reject from 10.1.2.3" }, false, NULL },
                { { "deny from 10.0.0.0/8 for 2h", "reject from 10.1.2.3 for 3h" }, false, NULL },
                { { "deny from 10.0.0.0/9 for 3h", "deny from 10.0.0.0/8 for 2h",
                          "allow from 10.1.2.3 for 119m" },
                        false,
                        "this rule can never match: rule 1 (deny from 10.0.0.0/9 to any port 25 "
                        "until 1970-01-01T03:00:00Z) covers it; to place it before that one: "
                        "p25ctl insert 1 allow from 10.1.2.3 to any port 25 for 119m" },
                { { "deny from 10.0.0.0/8", "allow from 10.1.2.3 for 2h" }, false,
                        "this rule can never match: rule 1 (deny from 10.0.0.0/8 to any port 25) "
                        "covers it; to place it before that one: p25ctl insert 1 allow from "
                        "10.1.2.3 to any port 25 for 2h" },
                { { "deny from @s", "allow from 10.1.2.3" }, false,
                        "this rule can never match: rule 1 (deny from @s to any port 25) covers "
                        "it; to place it before that one: p25ctl insert 1 allow from 10.1.2.3 to "
                        "any port 25" },
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTS(cases); i++)
                assert_warning(
                        cases[i].rules, ACTION_ALLOW, cases[i].is_stored, BOTH, cases[i].warning);
}

/* A rule of p25ctl's over those of a role. */
static void assert_hides(const char *words, const char *expected)
{
        const char *const lines[] = { words, NULL };
        _cleanup_policy_ Policy *p = make_policy();
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        _cleanup_ruleset_ Ruleset *r = NULL;
        HostConf *h = make_host(p);
        Role *role = add_role(p, "x");
        ShadowContext c = { &p->state->rules, true, BOTH, 0,
                &(Steps){ .max = DIFFERENCE_STEPS_MAX } };

        h->roles = split("x");
        role->defaults.of[DIRECTION_IN] = ACTION_REJECT;
        add_rule(&role->rules, .action = ACTION_LIMIT, .source = SOURCE_ROLE, .source_name = "x");
        add_rule(&role->rules, .action = ACTION_ALLOW, .direction = DIRECTION_OUT,
                .to = "10.0.0.0/8", .source = SOURCE_ROLE, .source_name = "x");
        add_rules_of_words(&p->state->rules, lines);
        r = compile(p);
        assert_int_equal(shadow_warn(r, p->state->rules.items[0]->id, &c, &d), 0);
        assert_int_equal(d.n, expected != NULL);
        if (expected)
                assert_string_equal(d.items[0].text, expected);
}

static void test_hidden(void **state)
{
        (void)state;
        assert_hides("deny",
                "this rule hides a rule of role x (limit 25/tcp), which can no longer match");
        assert_hides("allow 25,587/tcp",
                "this rule hides a rule of role x (limit 25/tcp), which can no longer match");
        assert_hides("reject out to 10.0.0.0/7",
                "this rule hides a rule of role x (allow out to 10.0.0.0/8 port 25), which can no "
                "longer match");
        assert_hides("deny from 10.0.0.0/8", NULL);
        assert_hides("deny on eth0", NULL);
        assert_hides("deny for 1h", NULL); /* only for a time */
        assert_hides("reject out user alice", NULL);
}

static void test_idle(void **state)
{
#define IDLE "this rule changes nothing: without it "

        (void)state;
        assert_warning((const char *[]){ "allow from 10.0.0.0/8", NULL }, ACTION_ALLOW, false, BOTH,
                IDLE "the default (allow) decides the same");
        assert_warning(
                (const char *[]){ "allow from 10.0.0.0/8", NULL }, ACTION_DENY, false, BOTH, NULL);
        assert_warning((const char *[]){ "deny from 10.0.0.0/8", NULL }, ACTION_DENY, false, BOTH,
                IDLE "the default (deny) decides the same");
        assert_warning(
                (const char *[]){ "reject from 10.0.0.0/8", NULL }, ACTION_DENY, false, BOTH, NULL);
        assert_warning((const char *[]){ "allow 587/tcp", NULL }, ACTION_DENY, false, BOTH,
                "this rule changes nothing: port 587 is open without it");
        assert_warning((const char *[]){ "allow from 10.1.0.0/16", "deny out", NULL }, ACTION_DENY,
                false, BOTH, NULL);
        assert_warning((const char *[]){ "limit", NULL }, ACTION_ALLOW, false, BOTH, NULL);
        /* it will do something when the other has ended */
        assert_warning((const char *[]){ "reject from 10.0.0.0/8 for 1h",
                               "reject from 10.0.0.0/9 for 2h", NULL },
                ACTION_ALLOW, false, BOTH, NULL);
        assert_warning((const char *[]){ "allow from 10.0.0.0/8 for 1h",
                               "allow from 10.0.0.0/7 for 2h", NULL },
                ACTION_ALLOW, false, BOTH, IDLE "the default (allow) decides the same");
}

static void test_family(void **state)
{
        static const char ipv4_only[] =
                "this closes IPv4 only, and IPv6 stays open: leave the address out, or add p25ctl "
                "deny from ::/0 to any port 25";
        HostFamilies v4 = { .ipv4 = true }, v6 = { .ipv6 = true };

        (void)state;
        assert_warning((const char *[]){ "deny from 0.0.0.0/0", NULL }, ACTION_ALLOW, false, BOTH,
                ipv4_only);
        assert_warning(
                (const char *[]){ "deny from 0.0.0.0/0", NULL }, ACTION_ALLOW, false, v4, NULL);
        assert_warning((const char *[]){ "deny from 0.0.0.0/0", NULL }, ACTION_ALLOW, false, v6,
                ipv4_only);
        assert_warning((const char *[]){ "reject out to ::/0 user alice", NULL }, ACTION_ALLOW,
                false, BOTH,
                "this closes IPv6 only, and IPv4 stays open: leave the address out, or add p25ctl "
                "reject out to 0.0.0.0/0 port 25 user alice");
        /* closed already, nothing to close, both at once, or not the whole of it */
        assert_warning((const char *[]){ "deny from ::/0", "deny from 0.0.0.0/0", NULL },
                ACTION_ALLOW, false, BOTH, NULL);
        assert_warning(
                (const char *[]){ "reject from 0.0.0.0/0", NULL }, ACTION_DENY, false, BOTH, NULL);
        assert_warning((const char *[]){ "deny from 0.0.0.0/0,::/0", NULL }, ACTION_ALLOW, false,
                BOTH, NULL);
        assert_warning(
                (const char *[]){ "deny from 0.0.0.0/1", NULL }, ACTION_ALLOW, false, BOTH, NULL);
        assert_warning((const char *[]){ "deny", NULL }, ACTION_ALLOW, false, BOTH, NULL);
        assert_warning(
                (const char *[]){ "limit from 0.0.0.0/0", NULL }, ACTION_ALLOW, false, BOTH, NULL);
        /* the sum closes it */
        assert_warning((const char *[]){ "deny from 0.0.0.0/1", "deny from 128.0.0.0/1", NULL },
                ACTION_ALLOW, false, BOTH,
                "this closes IPv4 only, and IPv6 stays open: leave the address out, or add p25ctl "
                "deny from ::/0 to any port 25");
        assert_warning((const char *[]){ "deny from 0.0.0.0/1", "deny from 128.0.0.0/2", NULL },
                ACTION_ALLOW, false, BOTH, NULL);
        assert_warning((const char *[]){ "deny from ::/1", "deny from 8000::/1",
                               "deny from 10.0.0.0/8", NULL },
                ACTION_ALLOW, false, BOTH, NULL);
        /* of IPv6 this much is still open */
        assert_warning((const char *[]){ "deny from 2000::/3", "deny from 0.0.0.0/0", NULL },
                ACTION_ALLOW, false, BOTH, ipv4_only);
}

/* Rules of files have no number, and nobody can insert before them. */
static void test_files(void **state)
{
        _cleanup_policy_ Policy *p = make_policy();
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        _cleanup_ruleset_ Ruleset *r = NULL;
        HostConf *h = make_host(p);
        Role *role = add_role(p, "x");
        const RulesetDirection *rd;
        ShadowContext c = { &p->state->rules, true, BOTH, 0,
                &(Steps){ .max = DIFFERENCE_STEPS_MAX } };

        (void)state;
        h->roles = split("x");
        add_rule(&h->common->rules, .action = ACTION_ALLOW, .from = "10.0.0.0/8",
                .source = SOURCE_CONF, .line = 4);
        add_rule(&role->rules, .action = ACTION_DENY, .source = SOURCE_ROLE, .source_name = "x");
        add_rule(&role->rules, .action = ACTION_REJECT, .from = "10.1.0.0/16",
                .source = SOURCE_ROLE, .source_name = "x");
        add_rule(&role->rules, .action = ACTION_REJECT, .from = "11.0.0.0/8", .source = SOURCE_ROLE,
                .source_name = "x");
        r = compile(p);
        rd = r->directions + DIRECTION_IN;
        assert_int_equal(rd->n, 4);
        for (size_t i = 2; i < 4; i++)
                assert_int_equal(shadow_warn(r, rd->rules[i].rule->id, &c, &d), 0);
        assert_int_equal(shadow_warn(r, 77, &c, &d), 0);
        assert_int_equal(d.n, 1); /* what another file than the role's covers is as it should be */
        assert_string_equal(d.items[0].text,
                "this rule can never match: a rule of role x (deny 25/tcp) covers it; place it "
                "before that one");
}

/* At its place; that it changes nothing may be meant. */
static void test_places(void **state)
{
        _cleanup_policy_ Policy *p = make_policy();
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        _cleanup_ruleset_ Ruleset *r = NULL;
        HostConf *h = make_host(p);
        ShadowContext c = { .own = &p->state->rules,
                .is_stored = true,
                .families = BOTH,
                .steps = &(Steps){ .max = DIFFERENCE_STEPS_MAX } };

        (void)state;
        add_rule(&p->state->rules, .action = ACTION_DENY, .from = "10.0.0.0/8", .id = 1);
        add_rule(&h->common->rules, .action = ACTION_ALLOW, .from = "10.1.0.0/16",
                .source = SOURCE_CONF, .line = 4);
        add_rule(&h->common->rules, .action = ACTION_ALLOW, .from = "11.0.0.0/8",
                .source = SOURCE_CONF, .line = 5);
        add_rule(&h->common->rules, .action = ACTION_DENY, .from = "0.0.0.0/0",
                .source = SOURCE_CONF, .line = 6);
        r = compile(p);
        for (size_t i = 1; i < r->directions[DIRECTION_IN].n; i++)
                assert_int_equal(shadow_warn_rule(r, DIRECTION_IN, i, &c, &d), 0);
        assert_int_equal(d.n, 2);
        assert_string_equal(d.items[0].file, "p25.conf");
        assert_int_equal(d.items[0].line, 4);
        assert_string_equal(d.items[0].text,
                "this rule can never match: rule 1 (deny from 10.0.0.0/8 to any port 25) covers "
                "it; place it before that one");
        assert_int_equal(d.items[1].line, 6);
        assert_non_null(strstr(d.items[1].text, "IPv6 stays open"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_random),
                cmocka_unit_test(test_random_hidden),
                cmocka_unit_test(test_covered),
                cmocka_unit_test(test_hidden),
                cmocka_unit_test(test_idle),
                cmocka_unit_test(test_family),
                cmocka_unit_test(test_files),
                cmocka_unit_test(test_places),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
