/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "tests/unit/fixture.h"

#include "rules/address/prefixset.h"
#include "rules/base/array.h"
#include "rules/base/strv.h"
#include "rules/policy/hostconf.h"
#include "rules/policy/names.h"
#include "rules/policy/policy.h"
#include "rules/policy/rule.h"
#include "rules/policy/state.h"
#include "rules/policy/subordinate.h"

/* lent to carol */
static const IdRange fixture_ranges[] = { { 300000, 365535, 1002 }, { 400000, 400009, 1002 } };

static const FixtureName fixture_units[] = { { "postfix.service", 5001, 0 },
        { "nginx.service", 5002, 0 }, { "nginx", 5002, 0 }, { "system.slice", 5003, 0 },
        { "old.service", 0, -EOPNOTSUPP } };

static int fixture_find(const FixtureName *table, size_t n, const char *name, uint32_t *ret)
{
        for (size_t i = 0; i < n; i++)
                if (streq(table[i].name, name)) {
                        *ret = table[i].id;
                        return table[i].error;
                }
        return -ENOENT;
}

int fixture_user(void *data, const char *name, uint32_t *ret)
{
        (void)data;
        return fixture_find(fixture_users, ELEMENTS(fixture_users), name, ret);
}

int fixture_group(void *data, const char *name, uint32_t *ret)
{
        (void)data;
        return fixture_find(fixture_groups, ELEMENTS(fixture_groups), name, ret);
}

static int fixture_unit(void *data, const char *name, Cgroup *ret)
{
        uint32_t id = 0;
        int r = fixture_find(fixture_units, ELEMENTS(fixture_units), name, &id);

        (void)data;
        if (r == 0) {
                *ret = (Cgroup){ .id = id, .level = 2 };
                snprintf(ret->path, sizeof(ret->path), "system.slice/%s", name);
        }
        return r;
}

static int fixture_subordinates(void *data, Subordinates *ret)
{
        (void)data;
        for (size_t i = 0; i < ELEMENTS(fixture_ranges); i++)
                if (id_ranges_add(&ret->users, &fixture_ranges[i]) < 0 ||
                        id_ranges_add(&ret->groups, &fixture_ranges[i]) < 0)
                        return -ENOMEM;
        return 0;
}

const Names fixture_names = { fixture_user, fixture_group, fixture_unit, NULL, fixture_subordinates,
        NULL };

char **split(const char *text)
{
        char **l = NULL;

        for (; text && *text;) {
                size_t n = strcspn(text, ", ");

                if (n > 0)
                        assert_int_equal(strv_consume(&l, strndup(text, n)), 0);
                text += n + (text[n] != '\0');
        }
        return l;
}

AddressList addresses(const char *text)
{
        _cleanup_strv_ char **l = split(text);
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        AddressList list = { 0 };

        assert_int_equal(address_list_parse(l, true, "test", (Place){ 0 }, &d, &list), 0);
        return list;
}

char *copy_string(const char *s)
{
        char *copy = s ? strdup(s) : NULL;

        assert_true(!s || copy);
        return copy;
}

static Rule *make_rule(const R *t)
{
        static const char *const files[] = { [SOURCE_CONF] = "p25.conf",
                [SOURCE_FRAGMENT] = "fragment.conf",
                [SOURCE_ROLE] = "role.conf" };
        _cleanup_strv_ char **ports = split(t->ports);
        Rule *r = rule_new();

        assert_non_null(r);
        r->action = t->action;
        r->direction = t->direction;
        if (ports)
                r->ports.n = 0;
        STRV_FOREACH (p, ports)
                assert_int_equal(ports_add(&r->ports, (uint16_t)strtoul(*p, NULL, 10)), 0);
        r->ports_var = copy_string(t->ports_var);
        r->from = addresses(t->from);
        r->to = addresses(t->to);
        r->user = split(t->user);
        r->group = split(t->group);
        r->unit = split(t->unit);
        r->interface = copy_string(t->interface);
        r->in_interface = copy_string(t->in_interface);
        r->out_interface = copy_string(t->out_interface);
        r->limit = t->limit;
        r->source = t->source;
        r->source_name = copy_string(t->source_name);
        r->id = t->id;
        r->log = t->log;
        r->expires_usec = t->expires_usec;
        r->line = t->line;
        r->file = copy_string(files[t->source]);
        return r;
}

Rule *add_rule_from(RuleList *l, const R *t)
{
        Rule *r = make_rule(t);

        assert_int_equal(rule_list_append(l, r), 0);
        rule_unref(r);
        return l->items[l->n - 1];
}

Policy *make_policy(void)
{
        Policy *p = policy_new();

        assert_non_null(p);
        return p;
}

HostConf *make_host(Policy *p)
{
        p->host = host_conf_new();
        assert_non_null(p->host);
        p->host->common->file = copy_string("p25.conf");
        p->host->roles_line = 2;
        return p->host;
}

Fragment *add_file(Policy *p, const char *name)
{
        Fragment *f = fragment_new();

        assert_non_null(f);
        f->name = copy_string(name);
        f->file = copy_string("fragment.conf");
        p->files = reallocarray(p->files, p->n_files + 1, sizeof(*p->files));
        assert_non_null(p->files);
        p->files[p->n_files++] = f;
        return f;
}

Fragment *add_stored_fragment(Policy *p, const char *name)
{
        State *s = p->state;
        Fragment *f = fragment_new();

        assert_non_null(f);
        f->name = copy_string(name);
        s->fragments = reallocarray(s->fragments, s->n_fragments + 1, sizeof(*s->fragments));
        assert_non_null(s->fragments);
        s->fragments[s->n_fragments++] = f;
        return f;
}

Role *add_role(Policy *p, const char *name)
{
        Role *role = role_new();

        assert_non_null(role);
        role->name = copy_string(name);
        role->file = copy_string("role.conf");
        p->roles = reallocarray(p->roles, p->n_roles + 1, sizeof(*p->roles));
        assert_non_null(p->roles);
        p->roles[p->n_roles++] = role;
        return role;
}

void add_decl(Role *role, const char *name, VarType type, bool required, const char *value,
        const char *help)
{
        role->vars = reallocarray(role->vars, role->n_vars + 1, sizeof(*role->vars));
        assert_non_null(role->vars);
        role->vars[role->n_vars++] = (VarDecl){ .name = copy_string(name),
                .type = type,
                .required = required,
                .value = split(value),
                .help = copy_string(help),
                .line = 5 };
}

void add_value(Fragment *f, const char *name, const char *value, unsigned line)
{
        VarValues *l = &f->vars;

        assert_int_equal(array_grow(&l->items, l->n, sizeof(*l->items)), 0);
        l->items[l->n++] = (VarValue){ .name = copy_string(name),
                .value = split(value),
                .file = copy_string(f->file),
                .line = line };
}

PrefixSet *make_set(const char *text)
{
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        PrefixSet *s = NULL;

        assert_int_equal(prefix_set_parse(text, strlen(text), "set", &d, &s), 0);
        return s;
}

void add_set(Fragment *f, const char *name, const char *text, unsigned line)
{
        SetDecls *l = &f->sets;

        assert_int_equal(array_grow(&l->items, l->n, sizeof(*l->items)), 0);
        l->items[l->n++] = (SetDecl){ .name = copy_string(name),
                .entries = make_set(text),
                .file = copy_string(f->file),
                .line = line };
}

void add_stored_set(Policy *p, const char *name, const char *text)
{
        State *s = p->state;

        s->sets = reallocarray(s->sets, s->n_sets + 1, sizeof(*s->sets));
        assert_non_null(s->sets);
        s->sets[s->n_sets++] = (StoredSet){ .name = copy_string(name), .entries = make_set(text) };
}

/* As whoever reads a document does. */
static void identify_rules(const Policy *p)
{
        assert_int_equal(rule_list_identify(&p->state->rules), 0);
        for (size_t i = 0; i < p->state->n_fragments; i++)
                assert_int_equal(rule_list_identify(&p->state->fragments[i]->rules), 0);
        if (p->host)
                assert_int_equal(rule_list_identify(&p->host->common->rules), 0);
        for (size_t i = 0; i < p->n_files; i++)
                assert_int_equal(rule_list_identify(&p->files[i]->rules), 0);
        for (size_t i = 0; i < p->n_roles; i++)
                assert_int_equal(rule_list_identify(&p->roles[i]->rules), 0);
}

Ruleset *compile_good(const Policy *p, Diagnostics *d)
{
        Ruleset *r = NULL;
        int k;

        identify_rules(p);
        k = compile_policy(p, &fixture_names, d, &r);
        for (size_t i = 0; k < 0 && i < d->n; i++)
                print_error(
                        "%s:%u: %s\n", d->items[i].file ?: "-", d->items[i].line, d->items[i].text);
        assert_int_equal(k, 0);
        return r;
}

const Diagnostic *find_diagnostic(const Diagnostics *d, Severity severity, const char *part)
{
        for (size_t i = 0; i < d->n; i++)
                if (d->items[i].severity == severity && strstr(d->items[i].text, part))
                        return d->items + i;
        return NULL;
}
