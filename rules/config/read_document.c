/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns the reading of what documents hold besides rules: sets, vars, assertions, and the groups
 * around a role and the daemon's state.
 */

#include "rules/base/array.h"
#include "rules/base/strv.h"
#include "rules/config/reader.h"
#include "rules/policy/addressitem.h"
#include "rules/policy/addresslist.h"
#include "rules/policy/assertion.h"
#include "rules/policy/assertions.h"
#include "rules/policy/fragment.h"
#include "rules/policy/hostconf.h"
#include "rules/policy/judge.h"
#include "rules/policy/role.h"
#include "rules/policy/rule.h"
#include "rules/policy/state.h"
#include "rules/policy/valid.h"

#include <errno.h>

/* ---- lists that grow by one zeroed item ---- */

/* A new item at the end; NULL: out of memory. The list owns what is put into it at once. */
static void *list_add(void *items, size_t *n, size_t size)
{
        char **array = items;
        char *item;

        if (array_grow(items, *n, size) < 0)
                return NULL;
        item = *array + *n * size;
        memset(item, 0, size);
        (*n)++;
        return item;
}

static int copy_file(const Reader *r, char **ret)
{
        if (!r->file)
                return 0;
        *ret = strdup(r->file);
        return *ret ? 0 : -ENOMEM;
}

/* The name of a setting that the user chose. */
static int read_own_name(Reader *r, const Node *n, char **ret)
{
        if (!name_is_valid(node_name(n)))
                return reader_error(r, n,
                        "is not a valid name (letters, digits, '_' and '-', at most %d)",
                        NAME_MAX_LENGTH);
        *ret = strdup(node_name(n));
        return *ret ? 0 : -ENOMEM;
}

/* ---- sets ---- */

static int read_set(Reader *r, const Node *n, void *place)
{
        SetDecls *l = place;
        SetDecl *set;
        int k;

        if (node_kind(n) != NODE_GROUP)
                return reader_error(
                        r, n, "must be a group { entries = [ \"…\" ]; } or { file = \"/…\"; }");
        set = list_add(&l->items, &l->n, sizeof(*set));
        if (!set)
                return -ENOMEM;
        set->line = node_line(n);
        k = copy_file(r, &set->file);
        if (k < 0)
                return k;
        k = read_own_name(r, n, &set->name);
        if (k < 0)
                return k;
        k = read_group(r, n, &(ReadInto){ GROUP_SET, set }, 1);
        if (k < 0)
                return k;
        if (!set->entries == !set->path)
                return reader_error(r, n, "a set has either \"entries\" or \"file\"%s",
                        set->path ? ", not both" : "");
        return 0;
}

int read_sets(Reader *r, const Node *n, _unused_ const Setting *s, void *place)
{
        return read_members(r, n, read_set, place);
}

/* ---- vars ---- */

/* Variables cannot refer to variables, so there are no cycles to look for. */
static int check_var_value(Reader *r, const Node *n, char *const *value)
{
        for (; value && *value; value++)
                if (**value == '$')
                        return reader_error(r, n, "a variable cannot refer to another variable");
        return 0;
}

static int read_var(Reader *r, const Node *n, void *place)
{
        VarValues *l = place;
        VarValue *var;
        int k;

        if (node_kind(n) == NODE_GROUP)
                return reader_error(r, n,
                        "must be a list [ \"…\" ] or one value; only roles declare variables");
        var = list_add(&l->items, &l->n, sizeof(*var));
        if (!var)
                return -ENOMEM;
        var->line = node_line(n);
        k = copy_file(r, &var->file);
        if (k < 0)
                return k;
        k = read_own_name(r, n, &var->name);
        if (k < 0)
                return k;
        k = read_texts(r, n, NULL, &var->value);
        return k < 0 ? k : check_var_value(r, n, var->value);
}

int read_vars(Reader *r, const Node *n, _unused_ const Setting *s, void *place)
{
        return read_members(r, n, read_var, place);
}

static int check_default_names(Reader *r, const Node *n, const VarDecl *v)
{
        bool valid = strv_length(v->value) <= RULE_ADDRESSES_MAX;

        STRV_FOREACH (name, v->value)
                valid = valid && identity_is_valid(*name, v->type == VAR_UNITS);
        return valid ? 0
                     : reader_error(r, n, "the default is not a valid list of %s",
                               var_type_to_string(v->type));
}

static int check_default_networks(Reader *r, const Node *n, const VarDecl *v)
{
        for (char *const *s = v->value; s && *s; s++) {
                AddressItem item;
                const char *reason;
                bool host_bits;
                int k;

                if (streq(*s, "any") && !s[1] && s == v->value)
                        return 0;
                k = address_item_parse(*s, false, &item, &host_bits, &reason);
                if (k == -EINVAL)
                        return reader_error(r, n, "the default \"%.64s\": %s", *s, reason);
                if (k < 0)
                        return k;
                address_item_deinit(&item);
        }
        return 0;
}

static int check_default_ports(Reader *r, const Node *n, const VarDecl *v)
{
        for (char *const *s = v->value; s && *s; s++)
                if (port_of_text(*s) == 0)
                        return reader_error(r, n, "the default \"%.64s\" is not a valid port", *s);
        return 0;
}

static int check_default(Reader *r, const Node *n, const VarDecl *v)
{
        switch (v->type) {
        case VAR_NETWORKS:
                return check_default_networks(r, n, v);
        case VAR_USERS:
        case VAR_GROUPS:
        case VAR_UNITS:
                return check_default_names(r, n, v);
        case VAR_PORTS:
                return check_default_ports(r, n, v);
        case _VAR_TYPE_MAX:
        case _VAR_TYPE_INVALID:
                break;
        }
        return -EINVAL;
}

static int read_var_decl(Reader *r, const Node *n, void *place)
{
        Role *role = place;
        VarDecl *var;
        int k;

        if (node_kind(n) != NODE_GROUP)
                return reader_error(
                        r, n, "must be a declaration { type = \"networks\"; required = true; }");
        var = list_add(&role->vars, &role->n_vars, sizeof(*var));
        if (!var)
                return -ENOMEM;
        var->line = node_line(n);
        k = read_own_name(r, n, &var->name);
        if (k < 0)
                return k;
        k = read_group(r, n, &(ReadInto){ GROUP_VAR, var }, 1);
        if (k < 0)
                return k;
        k = check_var_value(r, n, var->value);
        return k < 0 ? k : check_default(r, n, var);
}

int read_var_decls(Reader *r, const Node *n, _unused_ const Setting *s, void *place)
{
        return read_members(r, n, read_var_decl, place);
}

/* ---- assertions ---- */

static int read_assert(Reader *r, const Node *n, void *place)
{
        Assertions *l = place;
        Assertion *assertion;
        int k;

        if (node_kind(n) != NODE_GROUP)
                return reader_error(r, n, "must be a group { packet = \"…\"; verdict = \"…\"; }");
        assertion = list_add(&l->items, &l->n, sizeof(*assertion));
        if (!assertion)
                return -ENOMEM;
        assertion->line = node_line(n);
        k = copy_file(r, &assertion->file);
        if (k < 0)
                return k;
        return read_group(r, n, &(ReadInto){ GROUP_ASSERT, assertion }, 1);
}

int read_asserts(Reader *r, const Node *n, _unused_ const Setting *s, void *place)
{
        return read_items(r, n, read_assert, place);
}

/* ---- p25.conf ---- */

int read_roles(Reader *r, const Node *n, const Setting *s, void *place)
{
        HostConf *h = place;

        h->roles_line = node_line(n);
        return read_names(r, n, s, &h->roles);
}

/* ---- roles ---- */

/* Checks that a rule's setting can use a variable: declared, and of the right type. */
static int check_var_use(Reader *r, const Role *role, const Rule *rule, const char *setting,
        const char *name, VarType type)
{
        Place place = { rule->file, rule->line };

        for (size_t i = 0; i < role->n_vars; i++) {
                if (!streq(role->vars[i].name, name))
                        continue;
                if (role->vars[i].type == type)
                        return 0;
                r->n_errors++;
                return diagnostics_error(r->d, place, setting, "%s: $%s holds %s, not %s", setting,
                        name, var_type_to_string(role->vars[i].type), var_type_to_string(type));
        }
        r->n_errors++;
        return diagnostics_error(
                r->d, place, setting, "%s: the role does not declare $%s", setting, name);
}

static int check_addresses(Reader *r, const Role *role, const Rule *rule, bool to)
{
        const AddressList *l = to ? &rule->to : &rule->from;

        for (size_t i = 0; i < l->n; i++) {
                int k = 0;

                if (l->items[i].kind == ADDRESS_VAR)
                        k = reader_go_on(r, check_var_use(r, role, rule, to ? "to" : "from",
                                                    l->items[i].name, VAR_NETWORKS));
                if (k < 0)
                        return k;
        }
        return 0;
}

static int check_rule_vars(Reader *r, const Role *role, const Rule *rule)
{
        const struct {
                const char *setting;
                char *const *texts;
                VarType type;
        } identities[] = {
                { "user", rule->user, VAR_USERS },
                { "group", rule->group, VAR_GROUPS },
                { "unit", rule->unit, VAR_UNITS },
        };
        int k;

        k = check_addresses(r, role, rule, false);
        if (k < 0)
                return k;
        k = check_addresses(r, role, rule, true);
        for (size_t i = 0; i < ELEMENTS(identities) && k >= 0; i++) {
                /* a variable is the only value: rule_judge() checked that */
                char *const *texts = identities[i].texts;

                if (texts && texts[0][0] == '$')
                        k = reader_go_on(r, check_var_use(r, role, rule, identities[i].setting,
                                                    texts[0] + 1, identities[i].type));
        }
        if (k >= 0 && rule->ports_var)
                k = check_var_use(r, role, rule, "ports", rule->ports_var, VAR_PORTS);
        return k;
}

int read_role(Reader *r, const Node *n, _unused_ const Setting *s, void *place)
{
        Role *role = place;
        const Node *name = node_find(n, "name");
        int k;

        /* the rules are called after the role, wherever it says its name */
        if (name && node_kind(name) == NODE_STRING)
                r->name = node_string(name);
        k = read_group(r, n, &(ReadInto){ GROUP_ROLE, role }, 1);
        if (k < 0)
                return k;
        k = copy_file(r, &role->file);
        for (size_t i = 0; i < role->rules.n && k >= 0; i++)
                k = reader_go_on(r, check_rule_vars(r, role, role->rules.items[i]));
        return k;
}

/* ---- the daemon's state ---- */

int read_state_roles(Reader *r, const Node *n, const Setting *s, void *place)
{
        State *state = place;

        state->roles_set = true;
        return read_names(r, n, s, &state->roles);
}

typedef struct StateFiles {
        StateFile **items;
        size_t *n;
} StateFiles;

static int read_state_file(Reader *r, const Node *n, void *place)
{
        StateFiles *l = place;
        StateFile *file;

        if (node_kind(n) != NODE_GROUP)
                return reader_error(r, n, "must be a group { name = \"…\"; file = \"…\"; }");
        file = list_add(l->items, l->n, sizeof(*file));
        if (!file)
                return -ENOMEM;
        return read_group(r, n, &(ReadInto){ GROUP_FILE, file }, 1);
}

int read_state_fragments(Reader *r, const Node *n, _unused_ const Setting *s, void *place)
{
        StateDocument *d = place;

        return read_items(r, n, read_state_file, &(StateFiles){ &d->fragments, &d->n_fragments });
}

int read_state_sets(Reader *r, const Node *n, _unused_ const Setting *s, void *place)
{
        StateDocument *d = place;

        return read_items(r, n, read_state_file, &(StateFiles){ &d->sets, &d->n_sets });
}

/* Every id is below next_id, and no rule's twice: counters in the kernel have their names. */
static int check_ids(Reader *r, const Node *n, const State *s)
{
        _cleanup_free_ uint64_t *ids = calloc(s->rules.n + 1, sizeof(uint64_t));

        if (!ids)
                return -ENOMEM;
        for (size_t i = 0; i < s->rules.n; i++)
                ids[i] = s->rules.items[i]->id;
        qsort(ids, s->rules.n, sizeof(uint64_t), number_compare);
        for (size_t i = 1; i < s->rules.n; i++)
                if (ids[i] == ids[i - 1])
                        return reader_error(
                                r, n, "two rules have the id %llu", (unsigned long long)ids[i]);
        if (s->rules.n > 0 && ids[s->rules.n - 1] >= s->next_id)
                return reader_error(r, n, "next_id must be above the ids of all rules");
        return 0;
}

int read_state(Reader *r, const Node *n, _unused_ const Setting *s, void *place)
{
        StateDocument *d = place;
        int k;

        k = read_group(
                r, n, (ReadInto[]){ { GROUP_STATE, d->state }, { GROUP_STATE_FILES, d } }, 2);
        if (k < 0)
                return k;
        return check_ids(r, n, d->state);
}
