/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * parse ∘ print is the identity, over random models of every kind: whatever rules, sets, vars and
 * texts they hold. And what is printed is libconfig's own language, so that other programs read
 * it too. SEED=N in the environment gives other models.
 */

#include "rules/config/print.h"
#include "rules/address/prefixset.h"
#include "rules/base/array.h"
#include "rules/base/buffer.h"
#include "rules/base/diagnostic.h"
#include "rules/base/strv.h"
#include "rules/policy/addressitem.h"
#include "rules/policy/fragment.h"
#include "rules/policy/hostconf.h"
#include "rules/policy/role.h"
#include "rules/policy/rule.h"
#include "rules/policy/state.h"
#include "rules/policy/valid.h"
#include "tests/lib/random.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
/* cmocka wants the four above first */
#include <cmocka.h>

#define ROUNDS 2500

static Random numbers;

static uint32_t chance(uint32_t n)
{
        return random_below(&numbers, n);
}

static uint64_t chance64(uint64_t max)
{
        /* small numbers as often as large ones */
        return (random_next(&numbers) >> chance(64)) % max;
}

#define coin() (chance(2) == 1)

static char *copy(const char *s)
{
        char *c = strdup(s);

        assert_non_null(c);
        return c;
}

static char *chance_name(const char *first, const char *others)
{
        char text[NAME_MAX_LENGTH + 1];
        size_t n = chance(20) == 0 ? NAME_MAX_LENGTH : 1 + chance(10);

        text[0] = first[chance((uint32_t)strlen(first))];
        for (size_t i = 1; i < n; i++)
                text[i] = others[chance((uint32_t)strlen(others))];
        text[n] = '\0';
        return copy(text);
}

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* A name that libconfig takes for a setting's; a number makes it unlike others of its list. */
static char *chance_key(size_t number)
{
        _cleanup_free_ char *name = chance_name("abcXYZ", LETTERS "0123456789-_");
        char *key;

        /* the words true and false are none, and the length has its limit */
        assert_true(asprintf(&key, "n%zu%.50s", number, name) > 0);
        return key;
}

static char *chance_free_name(void)
{
        return chance_name(LETTERS "0123456789_-", LETTERS "0123456789._-");
}

/* Texts of everything that may break a printer: quotes, escapes, what looks like syntax, and, if
 * `raw`, control characters and bytes that are not UTF-8. */
static char *chance_text(size_t max, bool raw)
{
        static const char *const pieces[] = { "a", "B", " ", "\"", "\\", "\\n", "\\x41", "#", "//",
                "/*", "*/", "@include \"/x\"", "{", "}", "(", ")", "[", "]", ";", ",", "=", "'",
                "$", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x93\xa7", "true", "0x5", "25L", "%s%n",
                "\\\"" };
        static const char *const raws[] = { "\n", "\t", "\r", "\x01", "\x1b[0m", "\x7f", "\xff",
                "\xc3", "\xe2\x82", "\xc2\x85", "\xed\xa0\x80", "\xc0\x80", "\f", "\v" };
        _cleanup_buffer_ Buffer b = { 0 };
        char *text;

        for (size_t n = chance(8); n > 0; n--) {
                const char *piece = raw && coin() ? raws[chance(ELEMENTS(raws))]
                                                  : pieces[chance(ELEMENTS(pieces))];

                if (b.length + strlen(piece) <= max)
                        buffer_add_string(&b, piece);
        }
        assert_int_equal(buffer_take(&b, &text), 0);
        return text;
}

static Prefix chance_prefix(void)
{
        Prefix p = { .address.family = coin() ? FAMILY_IPV4 : FAMILY_IPV6 };
        unsigned bits = family_bits(p.address.family);

        p.bits = (uint8_t)(coin() ? bits : chance(bits + 1));
        for (unsigned i = 0; i < p.bits; i++)
                if (coin() || i == 2)
                        p.address.bytes[i / 8] |= (uint8_t)(0x80 >> i % 8);
        return p;
}

static Ports chance_ports(bool any_number)
{
        Ports ports = { 0 };

        for (size_t n = 1 + chance(any_number ? 6 : 3); n > 0; n--) {
                uint16_t port = coin() ? mail_ports_default.items[chance(4)]
                                       : (uint16_t)(1 + chance(65535));

                assert_int_equal(ports_add(&ports, port), 0);
        }
        return ports;
}

/* ---- models ---- */

static AddressList chance_addresses(bool vars, Family family)
{
        AddressList l = { 0 };

        for (size_t n = coin() ? 0 : 1 + chance(4); n > 0; n--) {
                AddressItem a = { .kind = (AddressKind)chance(vars ? 3 : 2) };

                assert_int_equal(array_grow(&l.items, l.n, sizeof(a)), 0);
                if (a.kind == ADDRESS_PREFIX) {
                        do
                                a.prefix = chance_prefix();
                        while (a.prefix.address.family != family);
                } else
                        a.name = chance_free_name();
                if (a.name && (streq(a.name, ".") || streq(a.name, "..")))
                        a.name[0] = 'x', a.name[1] = '\0';
                l.items[l.n++] = a;
        }
        return l;
}

static char **chance_identities(bool vars, bool unit)
{
        char **l = NULL;

        if (chance(3) > 0)
                return NULL;
        if (vars && coin()) {
                char *var, *name = chance_free_name();

                assert_true(asprintf(&var, "$%s", name) > 0);
                free(name);
                assert_int_equal(strv_consume(&l, var), 0);
                return l;
        }
        for (size_t n = 1 + chance(3); n > 0; n--) {
                static const char *const names[] = { "root", "www-data", "_smtpd", "33", "0",
                        "4294967294", "\xc3\xa9lise", "DOM\\user", "a@b.c", "x\"y" };
                static const char *const units[] = { "postfix.service", "x@y.service",
                        "a\\x2db.scope", "user.slice", "with:colon.service" };

                assert_int_equal(strv_append(&l, unit ? units[chance(ELEMENTS(units))]
                                                      : names[chance(ELEMENTS(names))]),
                        0);
        }
        return l;
}

static char *chance_interface(void)
{
        static const char *const names[] = { "eth0", "br-1234567890ab", "wg.0", "v\xc3\xa9th",
                "#0" };

        return coin() ? NULL : copy(names[chance(ELEMENTS(names))]);
}

static Rule *chance_rule(bool vars, uint64_t id)
{
        static const uint32_t units[] = { 1, 60, 3600, 86400 };
        Family family = coin() ? FAMILY_IPV4 : FAMILY_IPV6;
        Rule *r = rule_new();

        assert_non_null(r);
        r->id = id;
        r->action = (Action)chance(_ACTION_MAX);
        r->direction = (Direction)chance(_DIRECTION_MAX);
        if (vars && chance(8) == 0)
                r->ports_var = chance_free_name();
        else if (coin())
                r->ports = chance_ports(false);
        r->from = chance_addresses(vars, family);
        r->to = chance_addresses(vars, family);
        if (r->direction == DIRECTION_ROUTED) {
                r->in_interface = chance_interface();
                r->out_interface = chance_interface();
        } else
                r->interface = chance_interface();
        if (r->direction == DIRECTION_OUT) {
                r->user = chance_identities(vars, false);
                r->group = chance_identities(vars, false);
                r->unit = chance_identities(vars, true);
        }
        if (r->action == ACTION_LIMIT && coin()) {
                r->limit.rate = 1 + (uint32_t)chance64(LIMIT_RATE_MAX);
                r->limit.unit_sec = units[chance(4)];
        }
        if (r->action == ACTION_LIMIT && coin())
                r->limit.burst = 1 + chance(LIMIT_BURST_MAX);
        if (r->action == ACTION_LIMIT && coin())
                r->limit.open = 1 + chance(LIMIT_OPEN_MAX);
        if (id > 0 && coin()) /* only the state has it */
                r->expires_usec = 1 + chance64(INT64_MAX);
        r->log = coin();
        if (coin())
                r->comment = chance_text(COMMENT_MAX, false);
        return r;
}

static RuleList chance_rules(bool vars, bool ids)
{
        RuleList l = { 0 };
        uint64_t id = 0;

        for (size_t n = chance(5); n > 0; n--) {
                Rule *r;

                id += ids ? 1 + chance64(1 << 30) : 0;
                r = chance_rule(vars, id);
                assert_int_equal(rule_list_append(&l, r), 0);
                rule_unref(r);
        }
        return l;
}

static Defaults chance_defaults(void)
{
        Defaults d = defaults_none;

        for (int i = 0; i < _DIRECTION_MAX; i++)
                if (coin())
                        d.of[i] = (Action)chance(ACTION_LIMIT);
        return d;
}

static Assertions chance_asserts(void)
{
        Assertions l = { 0 };

        for (size_t n = chance(3); n > 0; n--) {
                assert_int_equal(array_grow(&l.items, l.n, sizeof(Assertion)), 0);
                l.items[l.n++] = (Assertion){
                        .packet = chance_text(100, false),
                        .verdict = (Action)chance(_ACTION_MAX),
                };
        }
        return l;
}

static char **chance_values(void)
{
        char **l = NULL;

        for (size_t n = chance(chance(10) == 0 ? 60 : 4); n > 0; n--) {
                char *text = chance_text(40, false);

                /* no var names another */
                if (*text == '$')
                        *text = 'x';
                assert_int_equal(strv_consume(&l, text), 0);
        }
        return l;
}

static void chance_common(Fragment *f)
{
        f->rules = chance_rules(true, false);
        f->assertions = chance_asserts();
        for (size_t n = chance(3); n > 0; n--) {
                VarValues *l = &f->vars;

                assert_int_equal(array_grow(&l->items, l->n, sizeof(VarValue)), 0);
                l->items[l->n] = (VarValue){ .name = chance_key(l->n), .value = chance_values() };
                l->n++;
        }
        for (size_t n = chance(3); n > 0; n--) {
                SetDecls *l = &f->sets;
                SetDecl s = { .name = chance_key(l->n) };
                Prefix prefixes[40];
                size_t n_prefixes = chance(ELEMENTS(prefixes));

                for (size_t i = 0; i < n_prefixes; i++)
                        prefixes[i] = chance_prefix();
                if (coin())
                        assert_int_equal(prefix_set_new(prefixes, n_prefixes, &s.entries), 0);
                else
                        assert_true(asprintf(&s.path, "/etc/p25/%zu \"%c.txt", l->n,
                                            'a' + chance(26)) > 0);
                assert_int_equal(array_grow(&l->items, l->n, sizeof(SetDecl)), 0);
                l->items[l->n++] = s;
        }
}

static char **chance_role_names(void)
{
        char **l = NULL;

        for (size_t n = chance(4); n > 0; n--) {
                char *name = chance_key(n);

                assert_int_equal(strv_consume(&l, name), 0);
        }
        return l;
}

static HostConf *chance_host(void)
{
        HostConf *h = host_conf_new();

        assert_non_null(h);
        chance_common(h->common);
        h->enabled = (int)chance(3) - 1;
        h->backend = (BackendKind)chance(_BACKEND_MAX);
        h->roles = chance_role_names();
        h->defaults = chance_defaults();
        h->logging = (Logging)((int)chance(_LOGGING_MAX + 1) - 1);
        h->attribution = (Attribution)((int)chance(_ATTRIBUTION_MAX + 1) - 1);
        if (coin()) {
                Ports ports = chance_ports(true);

                for (size_t i = 0; i < ports.n; i++)
                        if (!ports_contain(&mail_ports_default, ports.items[i]))
                                assert_int_equal(ports_add(&h->mail_ports, ports.items[i]), 0);
        }
        h->keep_established = coin();
        return h;
}

static void chance_managed(Ports *ports, bool *all)
{
        *all = chance(4) == 0;
        for (size_t n = chance(4); n > 0 && !*all; n--)
                assert_int_equal(ports_add(ports, (uint16_t)(26 + chance(600))), 0);
}

static char **chance_default(VarType type)
{
        char **l = NULL;

        if (type != VAR_NETWORKS)
                return type == VAR_PORTS ? NULL : chance_identities(false, type == VAR_UNITS);
        for (size_t n = chance(3); n > 0; n--) {
                char buffer[ADDRESS_TEXT_MAX];
                Prefix p = chance_prefix();

                assert_int_equal(strv_append(&l, prefix_format(&p, buffer)), 0);
        }
        return l;
}

/* A role declares every var that its rules use; so only those it declares are used. */
static void declare_vars(Role *r)
{
        static const char *const uses[] = { "net", "user", "group", "unit", "port" };

        for (int t = 0; t < _VAR_TYPE_MAX; t++) {
                assert_int_equal(array_grow(&r->vars, r->n_vars, sizeof(VarDecl)), 0);
                r->vars[r->n_vars++] = (VarDecl){
                        .name = copy(uses[t]),
                        .type = (VarType)t,
                        .required = coin(),
                        .value = chance_default((VarType)t),
                        .help = coin() ? NULL : chance_text(300, false),
                };
        }
}

static void use_var(char **list, const char *name)
{
        if (list && list[0][0] == '$') {
                free(list[0]);
                list[0] = copy(name);
        }
}

static void use_declared(Rule *r)
{
        AddressList *lists[] = { &r->from, &r->to };

        for (size_t k = 0; k < ELEMENTS(lists); k++)
                for (size_t i = 0; i < lists[k]->n; i++)
                        if (lists[k]->items[i].kind == ADDRESS_VAR) {
                                free(lists[k]->items[i].name);
                                lists[k]->items[i].name = copy("net");
                        }
        use_var(r->user, "$user");
        use_var(r->group, "$group");
        use_var(r->unit, "$unit");
        if (r->ports_var) {
                free(r->ports_var);
                r->ports_var = copy("port");
        }
}

static Role *chance_role(void)
{
        Role *r = role_new();

        assert_non_null(r);
        r->name = chance_free_name();
        r->summary = coin() ? NULL : chance_text(300, false);
        chance_managed(&r->manages[0], &r->manages_all[0]);
        for (int i = 1; i < _DIRECTION_MAX; i++)
                if (coin())
                        chance_managed(&r->manages[i], &r->manages_all[i]);
                else {
                        r->manages[i] = r->manages[0];
                        r->manages_all[i] = r->manages_all[0];
                }
        r->defaults = chance_defaults();
        r->rules = chance_rules(true, false);
        r->assertions = chance_asserts();
        declare_vars(r);
        for (size_t i = 0; i < r->rules.n; i++)
                use_declared(r->rules.items[i]);
        return r;
}

static State *chance_state_document(void)
{
        State *s = state_new();

        assert_non_null(s);
        s->revision = chance64(INT64_MAX);
        s->origin.time_usec = chance64(INT64_MAX);
        s->origin.uid = (uint32_t)chance64(UINT32_MAX);
        s->origin.pid = (uint32_t)chance64(INT32_MAX);
        s->origin.unit = coin() ? NULL : chance_text(100, true);
        s->origin.remote = coin() ? NULL : chance_text(40, true);
        s->files = coin() ? NULL : strdup("0123456789abcdef-1");
        s->files_pinned = coin();
        s->origin.process = coin() ? NULL : chance_text(100, true);
        s->origin.reason = coin() ? NULL : chance_text(100, true);
        s->rules = chance_rules(false, true);
        s->next_id = 1 + chance64(1 << 30);
        if (s->rules.n > 0)
                s->next_id += s->rules.items[s->rules.n - 1]->id;
        s->enabled = (int)chance(3) - 1;
        s->roles_set = coin();
        s->roles = s->roles_set ? chance_role_names() : NULL;
        s->defaults = chance_defaults();
        s->logging = (Logging)((int)chance(_LOGGING_MAX + 1) - 1);
        s->lockdown = coin();
        for (size_t n = chance(3); n > 0; n--) {
                Fragment *f = fragment_new();

                assert_non_null(f);
                f->name = chance_free_name();
                assert_int_equal(array_grow(&s->fragments, s->n_fragments, sizeof(f)), 0);
                s->fragments[s->n_fragments++] = f;
        }
        for (size_t n = chance(3); n > 0; n--) {
                assert_int_equal(array_grow(&s->sets, s->n_sets, sizeof(StoredSet)), 0);
                s->sets[s->n_sets++] = (StoredSet){ .name = chance_free_name() };
        }
        return s;
}

/* ---- sameness ---- */

static void expect_addresses(const AddressList *a, const AddressList *b)
{
        assert_int_equal(a->n, b->n);
        for (size_t i = 0; i < a->n; i++) {
                assert_int_equal(a->items[i].kind, b->items[i].kind);
                assert_true(streq_null(a->items[i].name, b->items[i].name));
                if (a->items[i].kind == ADDRESS_PREFIX)
                        assert_int_equal(
                                prefix_compare(&a->items[i].prefix, &b->items[i].prefix), 0);
        }
}

static void expect_rules(const RuleList *a, const RuleList *b)
{
        assert_int_equal(a->n, b->n);
        for (size_t i = 0; i < a->n; i++) {
                const Rule *x = a->items[i], *y = b->items[i];

                assert_true(rule_equal(x, y));
                if (x->id != 0)
                        assert_int_equal(x->id, y->id);
                else
                        assert_int_equal(y->id >> 47, 1); /* of a file: given when it is read */
                /* rule_equal does not look at the order of lists */
                expect_addresses(&x->from, &y->from);
                expect_addresses(&x->to, &y->to);
                assert_true(strv_equal(x->user, y->user));
                assert_true(strv_equal(x->group, y->group));
                assert_true(strv_equal(x->unit, y->unit));
        }
}

static void expect_asserts(const Assertions *a, const Assertions *b)
{
        assert_int_equal(a->n, b->n);
        for (size_t i = 0; i < a->n; i++) {
                assert_string_equal(a->items[i].packet, b->items[i].packet);
                assert_int_equal(a->items[i].verdict, b->items[i].verdict);
        }
}

static void expect_common(const Fragment *a, const Fragment *b)
{
        expect_rules(&a->rules, &b->rules);
        expect_asserts(&a->assertions, &b->assertions);
        assert_int_equal(a->vars.n, b->vars.n);
        for (size_t i = 0; i < a->vars.n; i++) {
                assert_string_equal(a->vars.items[i].name, b->vars.items[i].name);
                assert_true(strv_equal(a->vars.items[i].value, b->vars.items[i].value));
        }
        assert_int_equal(a->sets.n, b->sets.n);
        for (size_t i = 0; i < a->sets.n; i++) {
                const SetDecl *x = &a->sets.items[i], *y = &b->sets.items[i];

                assert_string_equal(x->name, y->name);
                assert_true(streq_null(x->path, y->path));
                assert_int_equal(!x->entries, !y->entries);
                if (x->entries)
                        assert_true(prefix_set_equal(x->entries, y->entries));
        }
}

static void expect_defaults(const Defaults *a, const Defaults *b)
{
        for (int i = 0; i < _DIRECTION_MAX; i++)
                assert_int_equal(a->of[i], b->of[i]);
}

static void expect_parsed(int r, const char *text, const Diagnostics *d)
{
        if (r < 0)
                fail_msg("%s:%u: %s\n%s", "printed", d->n > 0 ? d->items[0].line : 0,
                        d->n > 0 ? d->items[0].text : "?", text);
        /* what is canonical warns of nothing */
        assert_int_equal(d->n, 0);
}

/* ---- the tests ---- */

static int set_seed(_unused_ void **state)
{
        const char *seed = getenv("SEED");

        numbers.state = seed ? strtoull(seed, NULL, 10) : 25;
        return 0;
}

static void test_rule(_unused_ void **state)
{
        for (int round = 0; round < ROUNDS; round++) {
                _cleanup_diagnostics_ Diagnostics d = { 0 };
                _cleanup_(rule_unref_p) Rule *r = chance_rule(true, 0);
                _cleanup_(fragment_unref_p) Fragment *f = NULL;
                _cleanup_free_ char *rule = NULL, *text = NULL, *again = NULL;

                assert_int_equal(print_rule(r, &rule), 0);
                assert_null(strchr(rule, '\n'));
                assert_true(asprintf(&text, "rules = ( %s );", rule) > 0);
                expect_parsed(parse_fragment(text, strlen(text), "x", NULL, &d, &f), text, &d);
                expect_rules(&(RuleList){ &r, 1 }, &f->rules);
                assert_int_equal(print_rule(f->rules.items[0], &again), 0);
                assert_string_equal(rule, again);
        }
}

static void test_host(_unused_ void **state)
{
        for (int round = 0; round < ROUNDS; round++) {
                _cleanup_diagnostics_ Diagnostics d = { 0 };
                _cleanup_(host_conf_unref_p) HostConf *h = chance_host(), *again = NULL;
                _cleanup_free_ char *text = NULL, *text_again = NULL;

                assert_int_equal(print_host(h, &text), 0);
                expect_parsed(parse_host(text, strlen(text), "x", &d, &again), text, &d);
                expect_common(h->common, again->common);
                assert_int_equal(h->enabled, again->enabled);
                assert_int_equal(h->backend, again->backend);
                assert_true(strv_equal(h->roles, again->roles));
                expect_defaults(&h->defaults, &again->defaults);
                assert_int_equal(h->logging, again->logging);
                assert_int_equal(h->attribution, again->attribution);
                assert_true(ports_equal(&h->mail_ports, &again->mail_ports));
                assert_int_equal(h->keep_established, again->keep_established);
                assert_int_equal(print_host(again, &text_again), 0);
                assert_string_equal(text, text_again);
        }
}

static void test_fragment(_unused_ void **state)
{
        for (int round = 0; round < ROUNDS; round++) {
                _cleanup_diagnostics_ Diagnostics d = { 0 };
                _cleanup_(fragment_unref_p) Fragment *f = fragment_new(), *again = NULL;
                _cleanup_free_ char *text = NULL, *text_again = NULL;

                assert_non_null(f);
                chance_common(f);
                assert_int_equal(print_fragment(f, &text), 0);
                expect_parsed(parse_fragment(text, strlen(text), "n", "x", &d, &again), text, &d);
                expect_common(f, again);
                assert_string_equal(again->name, "n");
                assert_int_equal(print_fragment(again, &text_again), 0);
                assert_string_equal(text, text_again);
        }
}

static void test_role(_unused_ void **state)
{
        for (int round = 0; round < ROUNDS; round++) {
                _cleanup_diagnostics_ Diagnostics d = { 0 };
                _cleanup_(role_unref_p) Role *r = chance_role(), *again = NULL;
                _cleanup_free_ char *text = NULL, *text_again = NULL;

                assert_int_equal(print_role(r, &text), 0);
                expect_parsed(parse_role(text, strlen(text), "x", &d, &again), text, &d);
                assert_string_equal(r->name, again->name);
                assert_true(streq_null(r->summary, again->summary));
                for (int i = 0; i < _DIRECTION_MAX; i++) {
                        assert_true(ports_equal(&r->manages[i], &again->manages[i]));
                        assert_int_equal(r->manages_all[i], again->manages_all[i]);
                }
                assert_int_equal(r->n_vars, again->n_vars);
                for (size_t i = 0; i < r->n_vars; i++) {
                        assert_string_equal(r->vars[i].name, again->vars[i].name);
                        assert_int_equal(r->vars[i].type, again->vars[i].type);
                        assert_int_equal(r->vars[i].required, again->vars[i].required);
                        assert_true(strv_equal(r->vars[i].value, again->vars[i].value));
                        assert_true(streq_null(r->vars[i].help, again->vars[i].help));
                }
                expect_defaults(&r->defaults, &again->defaults);
                expect_rules(&r->rules, &again->rules);
                expect_asserts(&r->assertions, &again->assertions);
                assert_int_equal(print_role(again, &text_again), 0);
                assert_string_equal(text, text_again);
        }
}

static void expect_state(const State *a, const State *b)
{
        assert_int_equal(a->revision, b->revision);
        assert_int_equal(a->origin.time_usec, b->origin.time_usec);
        assert_int_equal(a->origin.uid, b->origin.uid);
        assert_int_equal(a->origin.pid, b->origin.pid);
        assert_true(streq_null(a->origin.process, b->origin.process));
        assert_true(streq_null(a->origin.unit, b->origin.unit));
        assert_true(streq_null(a->origin.remote, b->origin.remote));
        assert_true(streq_null(a->files, b->files));
        assert_int_equal(a->files_pinned, b->files_pinned);
        assert_true(streq_null(a->origin.reason, b->origin.reason));
        assert_int_equal(a->next_id, b->next_id);
        assert_int_equal(a->enabled, b->enabled);
        assert_int_equal(a->roles_set, b->roles_set);
        assert_true(strv_equal(a->roles, b->roles));
        expect_defaults(&a->defaults, &b->defaults);
        assert_int_equal(a->logging, b->logging);
        assert_int_equal(a->lockdown, b->lockdown);
        expect_rules(&a->rules, &b->rules);
        for (size_t i = 0; i < b->rules.n; i++) {
                assert_int_equal(b->rules.items[i]->source, SOURCE_P25CTL);
                assert_null(b->rules.items[i]->file);
                assert_int_equal(b->rules.items[i]->line, 0);
        }
}

static void test_state(_unused_ void **state)
{
        for (int round = 0; round < ROUNDS; round++) {
                _cleanup_diagnostics_ Diagnostics d = { 0 };
                _cleanup_(state_free_p) State *s = chance_state_document();
                _cleanup_(state_document_deinit) StateDocument again = { 0 };
                _cleanup_strv_ char **fragments = NULL, **sets = NULL;
                _cleanup_free_ char *text = NULL;

                for (size_t i = 0; i < s->n_fragments; i++)
                        assert_int_equal(strv_consume(&fragments, chance_text(60, true)), 0);
                for (size_t i = 0; i < s->n_sets; i++)
                        assert_int_equal(strv_consume(&sets, chance_text(60, true)), 0);
                assert_int_equal(print_state(s, fragments, sets, &text), 0);
                expect_parsed(parse_state(text, strlen(text), "x", &d, &again), text, &d);
                expect_state(s, again.state);
                assert_int_equal(again.n_fragments, s->n_fragments);
                for (size_t i = 0; i < s->n_fragments; i++) {
                        assert_string_equal(again.fragments[i].name, s->fragments[i]->name);
                        assert_string_equal(again.fragments[i].file, fragments[i]);
                }
                assert_int_equal(again.n_sets, s->n_sets);
                for (size_t i = 0; i < s->n_sets; i++) {
                        assert_string_equal(again.sets[i].name, s->sets[i].name);
                        assert_string_equal(again.sets[i].file, sets[i]);
                }
        }
}

/* Nothing said is nothing printed, and a new state is a document. */
static void test_empty(_unused_ void **state)
{
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        _cleanup_(host_conf_unref_p) HostConf *h = NULL;
        _cleanup_(fragment_unref_p) Fragment *f = NULL;
        _cleanup_(state_free_p) State *s = state_new();
        _cleanup_free_ char *host = NULL, *fragment = NULL, *text = NULL;

        assert_int_equal(parse_host("", 0, "x", &d, &h), 0);
        assert_int_equal(print_host(h, &host), 0);
        assert_string_equal(host, "");
        assert_int_equal(parse_fragment("", 0, "n", "x", &d, &f), 0);
        assert_int_equal(print_fragment(f, &fragment), 0);
        assert_string_equal(fragment, "");
        assert_int_equal(print_state(s, NULL, NULL, &text), 0);
        assert_string_equal(text, "state = {\n  revision = 0;\n  next_id = 1;\n};\n");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup(test_rule, set_seed),
                cmocka_unit_test_setup(test_host, set_seed),
                cmocka_unit_test_setup(test_fragment, set_seed),
                cmocka_unit_test_setup(test_role, set_seed),
                cmocka_unit_test_setup(test_state, set_seed),
                cmocka_unit_test(test_empty),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
