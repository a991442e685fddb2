/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Verdicts: by hand, and of random policies against a second reading of SPEC section 2 that knows
 * nothing of the compiled form. Also the words of packets, and assertions.
 */

#include "rules/address/prefixset.h"
#include "rules/base/strv.h"
#include "rules/compile/assertions.h"
#include "rules/policy/assertion.h"
#include "rules/policy/assertions.h"
#include "rules/policy/fragment.h"
#include "rules/policy/hostconf.h"
#include "rules/policy/policy.h"
#include "rules/policy/role.h"
#include "rules/policy/rule.h"
#include "rules/policy/state.h"
#include "rules/ruleset/compiledrule.h"
#include "rules/ruleset/ruleset.h"
#include "rules/words/packet.h"
#include "tests/unit/random_policy.h"

#define _cleanup_policy_ _cleanup_(policy_free_p)
#define _cleanup_ruleset_ _cleanup_(ruleset_free_p)

static Packet packet(const char *text)
{
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        static char **words; /* borrowed by the packet until the next one */
        Packet p;

        words = strv_free(words);
        if (!text)
                return (Packet){ 0 };
        assert_int_equal(packet_parse(text, &fixture_names, (Place){ 0 }, &d, &p, &words), 0);
        return p;
}

static Verdict judge(const Ruleset *r, const char *text)
{
        Packet p = packet(text);
        Verdict v;

        evaluate(r, &p, &v);
        return v;
}

static void assert_verdict(const Ruleset *r, const char *text, Action action, uint64_t id)
{
        Verdict v = judge(r, text);

        if (v.action != action || (v.rule ? v.rule->rule->id : 0) != id)
                print_error("%s: %s by rule %llu\n", text, action_to_string(v.action),
                        (unsigned long long)(v.rule ? v.rule->rule->id : 0));
        assert_int_equal(v.action, action);
        assert_int_equal(v.rule ? v.rule->rule->id : 0, id);
}

static void test_matches(void **state)
{
        _cleanup_policy_ Policy *p = make_policy();
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        _cleanup_ruleset_ Ruleset *r = NULL;
        RuleList *l = &p->state->rules;

        (void)state;
        add_stored_set(p, "s", "198.51.100.0/24\n2001:db8:5::/48\n");
        add_rule(l, .id = 1, .action = ACTION_DENY, .from = "@s,203.0.113.9");
        add_rule(l, .id = 2, .action = ACTION_REJECT, .from = "0.0.0.0/0", .ports = "587");
        add_rule(l, .id = 3, .action = ACTION_DENY, .interface = "eth0", .ports = "465");
        add_rule(l, .id = 4, .action = ACTION_LIMIT, .to = "2001:db8::1");
        add_rule(l, .id = 5, .direction = DIRECTION_OUT, .user = "postfix", .group = "mail");
        add_rule(l, .id = 6, .direction = DIRECTION_OUT, .user = "alice,bob",
                .unit = "nginx.service");
        add_rule(l, .id = 8, .direction = DIRECTION_OUT, .user = "carol", .group = "carol");
        add_rule(
                l, .id = 9, .direction = DIRECTION_OUT, .user = "bob", .unit = "postfix@*.service");
        add_rule(l, .id = 7, .direction = DIRECTION_ROUTED, .action = ACTION_REJECT,
                .in_interface = "docker0", .out_interface = "eth0");
        p->state->defaults = (Defaults){ { ACTION_ALLOW, ACTION_REJECT, _ACTION_INVALID } };
        r = compile_good(p, &d);
        assert_verdict(r, "in from 198.51.100.9", ACTION_DENY, 1);
        assert_verdict(r, "in from 2001:db8:5::9", ACTION_DENY, 1);
        assert_verdict(r, "in from 203.0.113.9", ACTION_DENY, 1);
        assert_verdict(r, "in from 203.0.113.8", ACTION_ALLOW, 0);
        assert_verdict(r, "in from 198.51.100.9 port 587", ACTION_REJECT, 2);
        assert_verdict(r, "in from any port submission", ACTION_REJECT, 2);
        assert_verdict(r, "in port 587", ACTION_REJECT, 2);
        assert_verdict(r, "in from 2001:db8::9 port 587", ACTION_ALLOW, 0);
        assert_verdict(r, "in port 465", ACTION_ALLOW, 0);
        assert_verdict(r, "in on eth0 port 465", ACTION_DENY, 3);
        assert_verdict(r, "in on eth1 port 465", ACTION_ALLOW, 0);
        assert_verdict(r, "in to 2001:db8::1", ACTION_LIMIT, 4);
        assert_verdict(r, "in from 2001:db8:5::1 to 2001:db8::1", ACTION_DENY, 1);
        assert_verdict(r, "out user postfix group mail", ACTION_ALLOW, 5);
        assert_verdict(r, "out user postfix", ACTION_REJECT, 0);
        assert_verdict(r, "out group 8", ACTION_REJECT, 0);
        assert_verdict(r, "out user bob unit nginx.service", ACTION_ALLOW, 6);
        assert_verdict(r, "out user bob unit nginx", ACTION_ALLOW, 6);
        assert_verdict(r, "out user bob unit nginx.servic", ACTION_REJECT, 0);
        assert_verdict(r, "out user bob unit postfix@-.service", ACTION_ALLOW, 9);
        assert_verdict(r, "out user bob unit postfix@b", ACTION_ALLOW, 9);
        assert_verdict(r, "out user bob unit postfix@", ACTION_REJECT, 0);
        assert_verdict(r, "out user bob unit postfixe@1", ACTION_REJECT, 0);
        assert_verdict(r, "out user bob unit postfix.service", ACTION_REJECT, 0);
        assert_verdict(r, "out unit nginx.service", ACTION_REJECT, 0);
        assert_verdict(r, "out user carol group carol", ACTION_ALLOW, 8);
        assert_verdict(r, "out user 300000 group 400009", ACTION_ALLOW, 8);
        assert_verdict(r, "out user 365535 group carol", ACTION_ALLOW, 8);
        assert_verdict(r, "out user 299999 group carol", ACTION_REJECT, 0);
        assert_verdict(r, "out user 300000 group 400010", ACTION_REJECT, 0);
        assert_verdict(r, "out user 300000", ACTION_REJECT, 0);
        assert_verdict(r, "out port 587", ACTION_ALLOW, 0);
        assert_false(judge(r, "out port 587").by_default);
        assert_true(judge(r, "out").by_default);
        assert_verdict(r, "routed in on docker0 out on eth0", ACTION_REJECT, 7);
        assert_verdict(r, "routed in on docker0", ACTION_ALLOW, 0);
        assert_verdict(r, "ROUTED Out On eth0 IN on docker0 PORT SMTP", ACTION_REJECT, 7);
        packet(NULL);
}

static void test_cgroups(void **state)
{
        static const uint64_t inside[] = { 77, 5002, 1 }, outside[] = { 77, 1 };
        _cleanup_policy_ Policy *p = make_policy();
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        _cleanup_ruleset_ Ruleset *r = NULL;
        Packet k = { .direction = DIRECTION_OUT, .family = FAMILY_IPV6, .port = 25 };
        Verdict v;

        (void)state;
        add_rule(&p->state->rules, .id = 1, .action = ACTION_DENY, .direction = DIRECTION_OUT,
                .unit = "stopped.service,nginx.service");
        r = compile_good(p, &d);
        evaluate(r, &k, &v);
        assert_int_equal(v.action, ACTION_ALLOW);
        k.cgroups = inside;
        k.n_cgroups = ELEMENTS(inside);
        evaluate(r, &k, &v);
        assert_int_equal(v.action, ACTION_DENY);
        k.cgroups = outside;
        k.n_cgroups = ELEMENTS(outside);
        evaluate(r, &k, &v);
        assert_int_equal(v.action, ACTION_ALLOW);
}

static void test_family(void **state)
{
        _cleanup_policy_ Policy *p = make_policy();
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        _cleanup_ruleset_ Ruleset *r = NULL;
        const CompiledRule *c;

        (void)state;
        add_stored_set(p, "six", "2001:db8::/32\n");
        add_stored_set(p, "none", "");
        add_rule(&p->state->rules, .id = 1);
        add_rule(&p->state->rules, .id = 2, .from = "10.0.0.0/8");
        add_rule(&p->state->rules, .id = 3, .from = "10.0.0.0/8,@six", .to = "@six");
        add_rule(&p->state->rules, .id = 4, .to = "@none");
        r = compile_good(p, &d);
        c = r->directions[DIRECTION_IN].rules;
        assert_true(compiled_rule_has_family(c, FAMILY_IPV4));
        assert_true(compiled_rule_has_family(c, FAMILY_IPV6));
        assert_true(compiled_rule_has_family(c + 1, FAMILY_IPV4));
        assert_false(compiled_rule_has_family(c + 1, FAMILY_IPV6));
        assert_false(compiled_rule_has_family(c + 2, FAMILY_IPV4));
        assert_true(compiled_rule_has_family(c + 2, FAMILY_IPV6));
        assert_false(compiled_rule_has_family(c + 3, FAMILY_IPV4));
        assert_false(compiled_rule_has_family(c + 3, FAMILY_IPV6));
}

/* ---- words ---- */

static void test_bad_words(void **state)
{
        static const struct {
                const char *text, *error;
                int result;
        } cases[] = {
                { "", "a packet must have a direction", -EINVAL },
                { "incoming", "'incoming' is not a direction: did you mean \"in\"?", -EINVAL },
                { "ot to 8.8.8.8", "'ot' is not a direction: did you mean \"out\"?", -EINVAL },
                { "sideways", "'sideways' is not a direction: in|out|routed", -EINVAL },
                { "to 8.8.8.8", "begins with its direction, in, out or routed, as in 'out to …'",
                        -EINVAL },
                { "in from @drop", "from @drop: a packet has one address", -EINVAL },
                { "in from", "from needs a value", -EINVAL },
                { "in from mail.example.org", "from mail.example.org", -EINVAL },
                { "in from 10.0.0.0/8", "from 10.0.0.0/8", -EINVAL },
                { "in from ::ffff:10.0.0.1", "from ::ffff:10.0.0.1", -EINVAL },
                { "in from 10.0.0.1 from 10.0.0.2", "from is given twice", -EINVAL },
                { "in from 10.0.0.1 to ::1", "different families", -EINVAL },
                { "in user root", "user cannot be used with direction in", -EINVAL },
                { "routed on eth0", "on cannot be used with direction routed", -EINVAL },
                { "out in on eth0", "in cannot be used with direction out", -EINVAL },
                { "routed in docker0", "in must be followed by on IFACE", -EINVAL },
                { "routed in on", "in must be followed by on IFACE", -EINVAL },
                { "routed in on a in on b", "given twice", -EINVAL },
                { "in port 0", "0 is not a valid port or service", -EINVAL },
                { "in port 65536", "65536 is not a valid port", -EINVAL },
                { "in port 4294967321", "4294967321 is not a valid port", -EINVAL },
                { "in port 25 port 26", "port is given twice", -EINVAL },
                { "in port http", "http is not a valid port", -EINVAL },
                { "in on a/b", "a/b is not a valid interface name", -EINVAL },
                { "out user nosuch", "no such user: nosuch", -ENOENT },
                { "out group nosuch", "no such group: nosuch", -ENOENT },
                { "out user ldap-user", "cannot be looked up yet", -EAGAIN },
                { "out user broken", "cannot be resolved", -EINVAL },
                { "out user 4294967295", "out of range", -EINVAL },
                { "out user 99999999999999999999999", "out of range", -EINVAL },
                { "out user root user root", "user is given twice", -EINVAL },
                { "out quickly", "'quickly' is not understood in a packet: in|out|routed",
                        -EINVAL },
                { "out too 8.8.8.8", "'too' is not understood in a packet: did you mean \"to\"?",
                        -EINVAL },
                { "out usr root", "did you mean \"user\"?", -EINVAL },
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                _cleanup_diagnostics_ Diagnostics d = { 0 };
                _cleanup_strv_ char **words = NULL;
                Packet p;

                assert_int_equal(packet_parse(cases[i].text, &fixture_names, (Place){ "f", 3 }, &d,
                                         &p, &words),
                        cases[i].result);
                assert_int_equal(d.n_errors, 1);
                if (!find_diagnostic(&d, SEVERITY_ERROR, cases[i].error))
                        print_error("%s: %s\n", cases[i].text, d.items[0].text);
                assert_non_null(find_diagnostic(&d, SEVERITY_ERROR, cases[i].error));
                assert_string_equal(d.items[0].file, "f");
                assert_int_equal(d.items[0].line, 3);
        }
}

static void test_packet(void **state)
{
        Packet p = packet("out from 192.0.2.1 to 8.8.8.8 port 587 user 77 group mail unit x on e0");

        (void)state;
        assert_int_equal(p.direction, DIRECTION_OUT);
        assert_int_equal(p.family, FAMILY_IPV4);
        assert_int_equal(p.port, 587);
        assert_true(p.has_from && p.has_to && p.has_uid && p.has_gid);
        assert_int_equal(p.uid, 77);
        assert_int_equal(p.gid, 8);
        assert_string_equal(p.unit, "x");
        assert_string_equal(p.interface, "e0");
        p = packet("in");
        assert_int_equal(p.port, 25);
        assert_int_equal(p.family, FAMILY_IPV4);
        assert_false(p.has_from || p.has_to || p.has_uid || p.has_gid);
        p = packet("in to 2001:db8::1");
        assert_int_equal(p.family, FAMILY_IPV6);
        p = packet("Forward to 8.8.8.8");
        assert_int_equal(p.direction, DIRECTION_ROUTED);
        packet(NULL);
}

/* ---- assertions ---- */

static void add_assertion(Assertions *l, const char *text, Action verdict, const char *file)
{
        l->items = reallocarray(l->items, l->n + 1, sizeof(*l->items));
        assert_non_null(l->items);
        l->items[l->n] = (Assertion){ .packet = copy_string(text),
                .verdict = verdict,
                .file = copy_string(file),
                .line = 10 + (unsigned)l->n };
        l->n++;
}

static void test_assertions(void **state)
{
        _cleanup_policy_ Policy *p = make_policy();
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        _cleanup_ruleset_ Ruleset *r = NULL;
        HostConf *h = make_host(p);
        Fragment *f = add_file(p, "f");
        Role *role = add_role(p, "r");

        (void)state;
        h->roles = split("r");
        add_rule(&h->common->rules, .source = SOURCE_CONF, .action = ACTION_LIMIT, .line = 4,
                .from = "10.0.0.0/8");
        add_rule(&p->state->rules, .id = 3, .action = ACTION_DENY, .from = "10.9.0.0/16");
        role->defaults.of[DIRECTION_OUT] = ACTION_REJECT;
        add_assertion(&h->common->assertions, "in from 10.0.0.1", ACTION_ALLOW, "p25.conf");
        add_assertion(&h->common->assertions, "in from 10.0.0.1", ACTION_LIMIT, "p25.conf");
        add_assertion(&f->assertions, "out user www-data", ACTION_REJECT, "fragment.conf");
        add_assertion(&role->assertions, "in from 10.9.0.1", ACTION_DENY, "role.conf");
        r = compile_good(p, &d);
        assert_int_equal(assertions_check(p, r, &fixture_names, &d), 0);
        assert_int_equal(d.n, 0);

        add_assertion(&f->assertions, "out user ldap-user", ACTION_ALLOW, "fragment.conf");
        assert_int_equal(assertions_check(p, r, &fixture_names, &d), 0);
        assert_int_equal(d.n, 1);
        assert_non_null(find_diagnostic(&d, SEVERITY_NOTE, "is not checked"));

        add_assertion(&f->assertions, "in from 10.0.0.2", ACTION_DENY, "fragment.conf");
        add_assertion(&role->assertions, "in from 10.9.0.1", ACTION_ALLOW, "role.conf");
        add_assertion(&role->assertions, "out", ACTION_DENY, "role.conf");
        assert_int_equal(assertions_check(p, r, &fixture_names, &d), -EPERM);
        assert_int_equal(d.n_errors, 3);
        assert_non_null(find_diagnostic(&d, SEVERITY_ERROR,
                "assertion \"in from 10.0.0.2\" fails: the rule at p25.conf:4 (p25.conf) says "
                "limit, not deny"));
        assert_non_null(find_diagnostic(&d, SEVERITY_ERROR,
                "assertion \"in from 10.9.0.1\" fails: rule 1 (p25ctl) says deny, not allow"));
        assert_non_null(find_diagnostic(
                &d, SEVERITY_ERROR, "assertion \"out\" fails: the default says reject, not deny"));
        assert_int_equal(assertions_check(p, r, &fixture_names, NULL), -EPERM);

        r->lockdown = true;
        assert_int_equal(assertions_check(p, r, &fixture_names, NULL), 0);
        r->lockdown = false;
        h->roles = strv_free(h->roles);
        assert_int_equal(assertions_check(p, r, &fixture_names, NULL), -EPERM);
}

static void test_bad_assertion(void **state)
{
        _cleanup_policy_ Policy *p = make_policy();
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        _cleanup_ruleset_ Ruleset *r = compile_good(p, &d);
        Fragment *f = add_file(p, "f");

        (void)state;
        add_assertion(&f->assertions, "from nowhere", ACTION_ALLOW, "fragment.conf");
        assert_int_equal(assertions_check(p, r, &fixture_names, &d), -EINVAL);
        assert_int_equal(d.n_errors, 1);
        assert_string_equal(d.items[0].file, "fragment.conf");
        assert_int_equal(d.items[0].line, 10);
}

/* ---- random policies, read twice ---- */

/* The facts that a naive reader has. */
typedef struct Naive {
        const Policy *policy;
        const Packet *packet;
        const Fragment *fragment; /* whose rules are read; NULL: none */
        const Role *role;
} Naive;

static char *const *naive_var(const Naive *n, const char *name)
{
        const Fragment *sources[] = { n->role ? NULL : n->fragment, n->policy->host->common };

        for (size_t k = 0; k < ELEMENTS(sources); k++)
                for (size_t i = 0; sources[k] && i < sources[k]->vars.n; i++)
                        if (streq(sources[k]->vars.items[i].name, name))
                                return sources[k]->vars.items[i].value;
        for (size_t i = 0; n->role && i < n->role->n_vars; i++)
                if (streq(n->role->vars[i].name, name))
                        return n->role->vars[i].value;
        return NULL;
}

static const PrefixSet *naive_set(const Naive *n, const char *name)
{
        const SetDecls *l = &n->policy->host->common->sets;

        return streq(name, "s") ? l->items[0].entries : n->policy->state->sets[0].entries;
}

static bool naive_set_has(const PrefixSet *s, const Address *a)
{
        for (size_t i = 0; i < prefix_set_size(s); i++) {
                Prefix p = prefix_set_at(s, i);
                uint32_t mask = p.bits ? ~UINT32_C(0) << (32 - p.bits) : 0;

                if (p.address.family != a->family)
                        continue;
                if (a->family == FAMILY_IPV4
                                ? (address_to_ipv4(a) & mask) == address_to_ipv4(&p.address)
                                : prefix_contains(&p, a))
                        return true;
        }
        return false;
}

static bool naive_text_has(const Naive *n, const char *text, const Address *a)
{
        const char *why;
        Prefix p;
        bool bits;

        if (text[0] == '@')
                return naive_set_has(naive_set(n, text + 1), a);
        if (text[0] == '$') {
                for (char *const *v = naive_var(n, text + 1); v && *v; v++)
                        if (streq(*v, "any") || naive_text_has(n, *v, a))
                                return true;
                return false;
        }
        assert_int_equal(prefix_parse(text, strlen(text), &p, &bits, &why), 0);
        return prefix_contains(&p, a);
}

/* An unknown address is matched by what matches three that lie far apart. */
static bool naive_list_has(const Naive *n, const AddressList *l, bool known, const Address *a)
{
        static const char *const far[2][3] = { { "0.0.0.1", "127.9.9.9", "255.0.0.1" },
                { "::1", "7fff::1", "ffff::1" } };
        _cleanup_strv_ char **texts = NULL;
        unsigned hits = 0;

        if (l->n == 0)
                return true;
        assert_int_equal(address_list_print(l, &texts), 0);
        for (unsigned k = 0; k < 3; k++) {
                const char *text = far[n->packet->family == FAMILY_IPV6][k], *why;
                bool hit = false;
                Address probe;

                assert_int_equal(address_parse(text, strlen(text), &probe, &why), 0);
                STRV_FOREACH (s, texts)
                        hit |= naive_text_has(n, *s, known ? a : &probe);
                hits += hit;
        }
        return hits == 3;
}

static bool naive_names_have(const Naive *n, char *const *names, const FixtureName *table,
        size_t size, bool known, uint32_t id)
{
        if (!names)
                return true;
        if (names[0][0] == '$')
                names = naive_var(n, names[0] + 1);
        for (; known && names && *names; names++)
                for (size_t i = 0; i < size; i++)
                        if (table[i].id == id && table[i].error == 0 &&
                                (streq(table[i].name, *names) || (id == 0 && streq(*names, "0"))))
                                return true;
        return false;
}

static bool naive_matches(const Naive *n, const Rule *r)
{
        const Packet *p = n->packet;

        if (r->direction != p->direction || !ports_contain(&r->ports, p->port))
                return false;
        if (r->interface && !streq_null(r->interface, p->interface))
                return false;
        if (r->in_interface && !streq_null(r->in_interface, p->in_interface))
                return false;
        if (r->out_interface && !streq_null(r->out_interface, p->out_interface))
                return false;
        if (r->unit && !(p->unit && strv_contains(r->unit, p->unit)))
                return false;
        return naive_names_have(
                       n, r->user, fixture_users, ELEMENTS(fixture_users), p->has_uid, p->uid) &&
               naive_names_have(
                       n, r->group, fixture_groups, ELEMENTS(fixture_groups), p->has_gid, p->gid) &&
               naive_list_has(n, &r->from, p->has_from, &p->from) &&
               naive_list_has(n, &r->to, p->has_to, &p->to);
}

static const Rule *naive_find(const Naive *n, const RuleList *l)
{
        for (size_t i = 0; i < l->n; i++)
                if (naive_matches(n, l->items[i]))
                        return l->items[i];
        return NULL;
}

static Action naive_default(const Policy *p, Direction d)
{
        static const Action strictness[] = { ACTION_DENY, ACTION_REJECT };

        if (p->state->defaults.of[d] != _ACTION_INVALID)
                return p->state->defaults.of[d];
        if (p->host->defaults.of[d] != _ACTION_INVALID)
                return p->host->defaults.of[d];
        for (size_t k = 0; k < ELEMENTS(strictness); k++)
                STRV_FOREACH (name, p->host->roles)
                        if (policy_find_role(p, *name)->defaults.of[d] == strictness[k])
                                return strictness[k];
        return ACTION_ALLOW;
}

static bool naive_managed(const Policy *p, Direction d, uint16_t port)
{
        bool mail = ports_contain(&mail_ports_default, port);

        STRV_FOREACH (name, p->host->roles) {
                const Role *role = policy_find_role(p, *name);

                if (ports_contain(&role->manages[d], port) || (role->manages_all[d] && mail))
                        return true;
        }
        return port == 25;
}

static Action naive_judge(const Policy *p, const Packet *k, const Rule **ret)
{
        const Fragment *common = p->host->common;
        Naive n = { p, k, NULL, NULL };

        *ret = naive_find(&n, &p->state->rules);
        n.fragment = common;
        if (!*ret)
                *ret = naive_find(&n, &common->rules);
        n.fragment = p->state->fragments[0]; /* "a" */
        if (!*ret)
                *ret = naive_find(&n, &n.fragment->rules);
        n.fragment = p->files[0]; /* "b" */
        if (!*ret)
                *ret = naive_find(&n, &n.fragment->rules);
        STRV_FOREACH (name, p->host->roles) {
                n.role = policy_find_role(p, *name);
                if (!*ret)
                        *ret = naive_find(&n, &n.role->rules);
        }
        if (*ret)
                return (*ret)->action;
        return naive_managed(p, k->direction, k->port) ? naive_default(p, k->direction)
                                                       : ACTION_ALLOW;
}

static void test_random(void **state)
{
        unsigned by_rule = 0, by_default = 0;

        (void)state;
        for (unsigned i = 0; i < 3000; i++) {
                _cleanup_policy_ Policy *p = NULL;
                _cleanup_diagnostics_ Diagnostics d = { 0 };
                _cleanup_ruleset_ Ruleset *r = NULL;

                seed = 0x9e3779b97f4a7c15 * (i + 1);
                p = random_policy();
                r = compile_good(p, &d);
                for (unsigned k = 0; k < 20; k++) {
                        Packet packet = random_packet();
                        const Rule *rule;
                        Action expected = naive_judge(p, &packet, &rule);
                        Verdict v;

                        evaluate(r, &packet, &v);
                        if (v.action != expected)
                                print_error("policy %u packet %u: %s, expected %s\n", i, k,
                                        action_to_string(v.action), action_to_string(expected));
                        assert_int_equal(v.action, expected);
                        assert_int_equal(v.rule ? v.rule->rule->id : 0, rule ? rule->id : 0);
                        by_rule += v.rule != NULL;
                        by_default += v.by_default;
                }
        }
        print_message("%u verdicts by rules, %u by defaults\n", by_rule, by_default);
        assert_true(by_rule > 5000 && by_default > 5000);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_matches),
                cmocka_unit_test(test_cgroups),
                cmocka_unit_test(test_family),
                cmocka_unit_test(test_bad_words),
                cmocka_unit_test(test_packet),
                cmocka_unit_test(test_assertions),
                cmocka_unit_test(test_bad_assertion),
                cmocka_unit_test(test_random),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
