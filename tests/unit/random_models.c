/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "tests/unit/random_models.h"

#include "rules/address/family.h"
#include "rules/address/prefixset.h"
#include "rules/base/array.h"
#include "rules/base/buffer.h"
#include "rules/base/strv.h"
#include "rules/policy/addressitem.h"
#include "rules/policy/assertion.h"
#include "rules/policy/assertions.h"
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

static Random numbers;

void chance_begin(uint64_t seed)
{
        numbers.state = seed;
}

static uint32_t chance(uint32_t n)
{
        return random_below(&numbers, n);
}

static uint64_t chance64(uint64_t max)
{
        /* small numbers as often as large ones */
        return (random_next(&numbers) >> chance(64)) % max;
}

static bool coin(void)
{
        return chance(2) == 1;
}

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
char *chance_text(size_t max, bool raw)
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

/* ---- parts ---- */

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

Rule *chance_rule(bool vars, uint64_t id)
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

void chance_common(Fragment *f)
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

HostConf *chance_host(void)
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

Role *chance_role(void)
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

State *chance_state_document(void)
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
