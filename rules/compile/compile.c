/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The order of decision, the managed ports. rule.c compiles a single rule; names.c, vars.c and
 * sets.c resolve what it names; defaults.c decides when no rule does.
 */

#include "rules/compile/compile.h"

#include "rules/base/array.h"
#include "rules/base/buffer.h"
#include "rules/base/strv.h"
#include "rules/compile/compilation.h"
#include "rules/policy/effective.h"
#include "rules/policy/fragment.h"
#include "rules/policy/hostconf.h"
#include "rules/policy/rule.h"
#include "rules/policy/state.h"

#include <errno.h>
#include <stdio.h>

/* The user's error has been reported: go on, and fail at the end. */
static int tolerate(Compilation *c, int r)
{
        if (r != -EINVAL)
                return r;
        c->failed = true;
        return 0;
}

/* ---- rules ---- */

static int too_many_rules(Compilation *c, const Rule *first)
{
        Site site = { { first->file, first->line }, "rules" };

        return tolerate(
                c, compile_error(c, site, "a policy can hold at most %u rules", POLICY_RULES_MAX));
}

static int rules_add(Compilation *c, Scope *s, const RuleList *l)
{
        char setting[40];

        for (size_t i = 0; i < l->n; i++) {
                RulesetDirection *rd = c->ruleset->directions + l->items[i]->direction;
                int r;

                if (c->n_rules++ >= POLICY_RULES_MAX)
                        return too_many_rules(c, l->items[i]);
                if (array_grow(&rd->rules, rd->n, sizeof(*rd->rules)) < 0)
                        return -ENOMEM;
                snprintf(setting, sizeof(setting), "rules[%zu]", i);
                r = rule_compile(c, s, l->items[i], s->kind == SOURCE_P25CTL ? NULL : setting,
                        rd->rules + rd->n);
                if (r == 0)
                        rd->n++;
                r = tolerate(c, r);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* All rules of one source; of a fragment, also warns of variables that none of them uses. */
static int source_add(
        Compilation *c, SourceKind kind, const Role *role, const Fragment *f, const RuleList *rules)
{
        _cleanup_(scope_deinit) Scope s = { 0 };
        int r;

        r = scope_init(c, kind, role, f, &s);
        if (r >= 0)
                r = rules_add(c, &s, rules);
        return r < 0 || !f ? r : scope_note_unused(c, &s, NULL);
}

/* ---- fragments ---- */

static int fragment_compare(const void *a, const void *b)
{
        const Fragment *x = *(Fragment *const *)a, *y = *(Fragment *const *)b;
        int r = strcmp(x->name, y->name);

        /* of duplicates, that of policy.d comes first: the other is reported */
        return r != 0 ? r : (x->file == NULL) - (y->file == NULL);
}

static int fragments_collect(const Policy *p, Fragment ***ret, size_t *ret_n)
{
        size_t n = p->n_files + p->state->n_fragments;
        Fragment **all = calloc(n + 1, sizeof(*all));

        if (!all)
                return -ENOMEM;
        if (p->n_files > 0)
                memcpy(all, p->files, p->n_files * sizeof(*all));
        if (p->state->n_fragments > 0)
                memcpy(all + p->n_files, p->state->fragments, p->state->n_fragments * sizeof(*all));
        qsort(all, n, sizeof(*all), fragment_compare);
        *ret = all;
        *ret_n = n;
        return 0;
}

static int report_duplicate_fragment(Compilation *c, const Fragment *first, const Fragment *second)
{
        Site site = { { second->file ? second->file : first->file, 0 }, "fragments" };

        return tolerate(c, compile_error(c, site,
                                   "there is a fragment %s already: one in policy.d, one put over "
                                   "the bus (p25ctl fragment drop %s)",
                                   second->name, second->name));
}

static int fragments_add(Compilation *c)
{
        _cleanup_free_ Fragment **all = NULL;
        size_t n;
        int r;

        r = fragments_collect(c->policy, &all, &n);
        if (r < 0)
                return r;
        for (size_t i = 0; i < n && r == 0; i++) {
                if (i > 0 && streq(all[i - 1]->name, all[i]->name))
                        r = report_duplicate_fragment(c, all[i - 1], all[i]);
                else
                        r = source_add(c, SOURCE_FRAGMENT, NULL, all[i], &all[i]->rules);
        }
        return r;
}

/* ---- roles ---- */

static int report_unknown_role(Compilation *c, const char *name)
{
        const char *meant = policy_nearest_role(c->policy, name);
        _cleanup_buffer_ Buffer known = { 0 };

        if (meant)
                return compile_error(c, site_of_roles(c->policy, "roles"),
                        "there is no role %s; did you mean \"%s\"?", name, meant);
        for (size_t i = 0; i < c->policy->n_roles; i++)
                buffer_printf(&known, "%s%s", i > 0 ? ", " : "", c->policy->roles[i]->name);
        if (known.failed)
                return -ENOMEM;
        return compile_error(c, site_of_roles(c->policy, "roles"), "there is no role %s%s%s%s",
                name, known.length > 0 ? " (" : "", known.length > 0 ? known.data : "",
                known.length > 0 ? ")" : "");
}

/* The active roles, in order; errors in the list are reported. *ret is malloc()ed. */
static int roles_collect(Compilation *c, const Role ***ret, size_t *ret_n)
{
        char *const *names = policy_role_names(c->policy);
        _cleanup_free_ const Role **roles = calloc(strv_length(names) + 1, sizeof(*roles));
        size_t n = 0;
        int r = 0;

        if (!roles)
                return -ENOMEM;
        for (; names && *names; names++) {
                const Role *role = policy_find_role(c->policy, *names);
                bool twice = false;

                for (size_t i = 0; i < n; i++)
                        twice |= roles[i] == role;
                if (!role)
                        r = report_unknown_role(c, *names);
                else if (twice)
                        r = compile_error(c, site_of_roles(c->policy, "roles"),
                                "role %s is listed twice", *names);
                else
                        roles[n++] = role;
                r = tolerate(c, r);
                if (r < 0)
                        return r;
        }
        *ret = TAKE_PTR(roles);
        *ret_n = n;
        return 0;
}

/* ---- ports ---- */

static Site role_site(const Role *role, const char *setting)
{
        return (Site){ { role->file, 0 }, setting };
}

static int role_add_managed(Compilation *c, const Role *role)
{
        for (Direction d = 0; d < _DIRECTION_MAX; d++) {
                Ports *managed = &c->ruleset->directions[d].managed;

                if (role->manages_all[d])
                        ports_add_all(managed, &c->mail_ports);
                for (size_t i = 0; i < role->manages[d].n; i++) {
                        uint16_t port = role->manages[d].items[i];

                        if (!ports_contain(&c->mail_ports, port))
                                return compile_error(c, role_site(role, "manages"),
                                        "role %s manages %u, which is not a mail port here",
                                        role->name, port);
                        ports_add(managed, port);
                }
        }
        for (size_t i = 0; i < role->listens.n; i++)
                if (!ports_contain(&c->mail_ports, role->listens.items[i]))
                        return compile_error(c, role_site(role, "listens"),
                                "role %s listens on %u, which is not a mail port here", role->name,
                                role->listens.items[i]);
        return 0;
}

/* Every port of a rule is a mail port, and Ports has room for all of them. */
static void watched_collect(RulesetDirection *rd)
{
        rd->watched = rd->managed;
        for (size_t i = 0; i < rd->n; i++)
                ports_add_all(&rd->watched, &rd->rules[i].ports);
}

/* ---- the whole ---- */

static int roles_add(Compilation *c)
{
        _cleanup_free_ const Role **roles = NULL;
        size_t n = 0;
        int r;

        r = roles_collect(c, &roles, &n);
        if (r < 0)
                return r;
        for (Direction d = 0; d < _DIRECTION_MAX; d++)
                ports_add(&c->ruleset->directions[d].managed, 25);
        for (size_t i = 0; i < n; i++) {
                r = tolerate(c, role_add_managed(c, roles[i]));
                if (r < 0)
                        return r;
                r = source_add(c, SOURCE_ROLE, roles[i], NULL, &roles[i]->rules);
                if (r < 0)
                        return r;
        }
        for (Direction d = 0; d < _DIRECTION_MAX; d++)
                default_decide(c, roles, n, d);
        return 0;
}

/* The variables of p25.conf are used by its own rules, by fragments and by roles: the caller asks
 * for unused ones last. */
static int host_rules_add(Compilation *c, Scope *s)
{
        const HostConf *h = c->policy->host;
        int r;

        if (!h)
                return 0;
        c->ruleset->keep_established = h->keep_established;
        c->ruleset->attribution = policy_attribution(c->policy);
        c->host_vars_used = calloc(h->common->vars.n + 1, sizeof(bool));
        if (!c->host_vars_used)
                return -ENOMEM;
        r = scope_init(c, SOURCE_CONF, NULL, h->common, s);
        if (r < 0)
                return r;
        return rules_add(c, s, &h->common->rules);
}

static int set_compare(const void *a, const void *b)
{
        const struct NamedRanges *x = a, *y = b;

        int r = strcmp(x->name, y->name);

        return r != 0 ? r : (x->timed != NULL) - (y->timed != NULL);
}

/* Alerts are about users. */
static int check_alerts(Compilation *c)
{
        const HostConf *h = c->policy->host;
        Site site = { { h ? h->common->file : NULL, 0 }, "alerts" };
        bool any = false;

        for (AlertKind k = 0; h && k < _ALERT_MAX; k++)
                any |= h->alerts.limits[k].rate > 0;
        if (any && h->attribution == ATTRIBUTION_OFF)
                return compile_report(c, SEVERITY_WARNING, site,
                        "with attribution = \"off\" no user is known, and there are no alerts");
        return 0;
}

/* Warns if the backend that p25.conf names cannot find all details; p25d does so for a backend
 * that it chooses itself. */
static int check_attribution(Compilation *c)
{
        const HostConf *h = c->policy->host;
        Site site = { { h ? h->common->file : NULL, 0 }, "attribution" };
        const char *lack = NULL;

        if (h && h->backend == BACKEND_IPTABLES && h->attribution != _ATTRIBUTION_INVALID)
                lack = attribution_beyond_iptables(h->attribution);
        if (!lack)
                return 0;
        if (h->attribution == ATTRIBUTION_PROCESS)
                return tolerate(c, compile_error(c, site, "%s", lack));
        return compile_report(c, SEVERITY_WARNING, site, "%s", lack);
}

static int compile_all(Compilation *c)
{
        _cleanup_(scope_deinit) Scope host = { 0 };
        Ruleset *rs = c->ruleset;
        int r;

        r = tolerate(c, sets_collect(c));
        if (r >= 0)
                r = check_alerts(c);
        if (r >= 0)
                r = check_attribution(c);
        if (r >= 0)
                r = source_add(c, SOURCE_P25CTL, NULL, NULL, &c->policy->state->rules);
        if (r >= 0)
                r = host_rules_add(c, &host);
        if (r >= 0)
                r = fragments_add(c);
        if (r >= 0)
                r = roles_add(c);
        if (r >= 0 && c->policy->host)
                r = scope_note_unused(c, &host, c->host_vars_used);
        if (r < 0)
                return r;
        if (c->names->subordinates)
                r = c->names->subordinates(c->names->data, &rs->subordinates);
        if (r < 0)
                return r;
        for (Direction d = 0; d < _DIRECTION_MAX; d++)
                watched_collect(rs->directions + d);
        if (rs->n_sets > 1)
                qsort(rs->sets, rs->n_sets, sizeof(*rs->sets), set_compare);
        return c->failed ? -EINVAL : 0;
}

static void compilation_deinit(Compilation *c)
{
        for (NameKind k = 0; k < _NAME_KIND_MAX; k++)
                name_table_deinit(c->tables + k);
        rule_ids_deinit(&c->ids);
        free(c->sets);
        free(c->host_vars_used);
        ruleset_free(c->ruleset);
}

static int compile_normal(const Policy *p, const Names *names, Diagnostics *d, Ruleset **ret)
{
        _cleanup_(compilation_deinit) Compilation c = {
                .policy = p, .names = names, .diagnostics = d, .logging = policy_logging(p)
        };
        int r;

        policy_mail_ports(p, &c.mail_ports);
        c.ruleset = calloc(1, sizeof(*c.ruleset));
        if (!c.ruleset)
                return -ENOMEM;
        r = compile_all(&c);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(c.ruleset);
        return 0;
}

static int lockdown_make(const Policy *p, Ruleset **ret)
{
        static const Action actions[] = { [DIRECTION_IN] = ACTION_DENY,
                [DIRECTION_OUT] = ACTION_REJECT,
                [DIRECTION_ROUTED] = ACTION_REJECT };
        Compilation c = { .policy = p, .logging = policy_logging(p) };

        c.ruleset = calloc(1, sizeof(*c.ruleset));
        if (!c.ruleset)
                return -ENOMEM;
        c.ruleset->lockdown = true;
        c.ruleset->attribution = policy_attribution(p);
        for (Direction d = 0; d < _DIRECTION_MAX; d++) {
                default_set(&c, d, actions[d], DEFAULT_P25CTL);
                policy_mail_ports(p, &c.ruleset->directions[d].managed);
                c.ruleset->directions[d].watched = c.ruleset->directions[d].managed;
        }
        *ret = c.ruleset;
        return 0;
}

/* Lockdown applies even if the policy is invalid; errors become warnings. */
static int compile_lockdown(const Policy *p, const Names *names, Diagnostics *d, Ruleset **ret)
{
        _cleanup_(ruleset_free_p) Ruleset *shadowed = NULL;
        _cleanup_diagnostics_ Diagnostics found = { 0 };

        if (compile_normal(p, names, &found, &shadowed) == -EINVAL)
                diagnostics_forgive(&found);
        if (d && diagnostics_move(d, &found) < 0)
                return -ENOMEM;
        return lockdown_make(p, ret);
}

int compile_policy(const Policy *p, const Names *names, Diagnostics *d, Ruleset **ret)
{
        _cleanup_(ruleset_free_p) Ruleset *made = NULL;
        int r = p->state->lockdown ? compile_lockdown(p, names, d, &made)
                                   : compile_normal(p, names, d, &made);

        if (r >= 0 && names->accounts)
                r = names->accounts(
                        names->data, ACCOUNTS_MAX, &made->accounts.ids, &made->accounts.n);
        if (r >= 0)
                *ret = TAKE_PTR(made);
        return r;
}
