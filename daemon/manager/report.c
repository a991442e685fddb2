/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The content of `status`: the ruleset in the order of decision with its counters, and warnings for
 * the operator.
 */

#include "daemon/manager/internal.h"

#include "daemon/backend/rule_counter.h"
#include "daemon/loop/clock.h"
#include "rules/base/array.h"
#include "rules/base/buffer.h"
#include "rules/base/strv.h"
#include "rules/base/text.h"
#include "rules/policy/audit.h"
#include "rules/policy/effective.h"
#include "rules/policy/expiry.h"
#include "rules/policy/hostconf.h"
#include "rules/policy/policy.h"
#include "rules/policy/role.h"
#include "rules/policy/rule.h"
#include "rules/policy/state.h"
#include "rules/report/report.h"
#include "rules/ruleset/compiledrule.h"
#include "rules/ruleset/ruleset.h"

#include <errno.h>
#include <stdio.h>

/* ---- rules, in one list ---- */

typedef struct ReportOrder {
        const CompiledRule *compiled;
        uint64_t rank;     /* by source, and among p25ctl's by position */
        unsigned line;     /* in its file */
        unsigned position; /* of p25ctl's */
        Direction direction;
        size_t index; /* in its direction */
} ReportOrder;

/* SPEC section 2: p25ctl, p25.conf, fragments by name, roles as listed. */
static uint64_t source_rank(const Policy *p, const Rule *rule)
{
        uint64_t rank = (uint64_t)rule->source << 32;
        char *const *roles = policy_role_names(p);

        if (rule->source == SOURCE_ROLE)
                for (uint32_t i = 0; roles && roles[i]; i++)
                        if (streq_null(roles[i], rule->source_name))
                                return rank + i;
        return rank;
}

static int order_compare(const void *x, const void *y)
{
        const ReportOrder *a = x, *b = y;
        const Rule *ra = a->compiled->rule, *rb = b->compiled->rule;

        if (a->rank != b->rank)
                return a->rank < b->rank ? -1 : 1;
        if (ra->source == SOURCE_FRAGMENT && !streq_null(ra->source_name, rb->source_name))
                return strcmp(ra->source_name ? ra->source_name : "",
                        rb->source_name ? rb->source_name : "");
        /* within a direction the ruleset's order is the truth */
        if (a->direction == b->direction)
                return a->index < b->index ? -1 : 1;
        if (a->line != b->line)
                return a->line < b->line ? -1 : 1;
        return a->direction < b->direction ? -1 : 1;
}

typedef struct OwnRule {
        uint64_t id;
        unsigned position;
} OwnRule;

static unsigned own_position(const OwnRule *own, size_t n, uint64_t id)
{
        const OwnRule key = { .id = id };
        const OwnRule *found = n > 0 ? bsearch(&key, own, n, sizeof(*own), number_compare) : NULL;

        return found ? found->position : 0;
}

static size_t ruleset_count(const Ruleset *r)
{
        size_t n = 0;

        for (Direction d = 0; d < _DIRECTION_MAX; d++)
                n += r->directions[d].n;
        return n;
}

static int order_rules(const Manager *m, const Ruleset *ruleset, ReportOrder **ret, size_t *ret_n)
{
        const RuleList *rules = &m->in_force.policy->state->rules;
        _cleanup_free_ OwnRule *own = calloc(rules->n + 1, sizeof(*own));
        size_t n = 0, total = ruleset_count(ruleset);
        _cleanup_free_ ReportOrder *order = calloc(total + 1, sizeof(*order));

        if (!own || !order)
                return -ENOMEM;
        for (size_t i = 0; i < rules->n; i++)
                own[i] = (OwnRule){ rules->items[i]->id, (unsigned)i + 1 };
        qsort(own, rules->n, sizeof(*own), number_compare);

        for (Direction d = 0; d < _DIRECTION_MAX; d++) {
                const RulesetDirection *list = &ruleset->directions[d];

                for (size_t i = 0; i < list->n; i++) {
                        const Rule *rule = list->rules[i].rule;
                        ReportOrder *o = &order[n++];

                        *o = (ReportOrder){
                                .compiled = &list->rules[i],
                                .rank = source_rank(m->in_force.policy, rule),
                                .line = rule->line,
                                .direction = d,
                                .index = i,
                        };
                        if (rule->source == SOURCE_P25CTL) {
                                o->position = own_position(own, rules->n, rule->id);
                                o->rank += o->position;
                        }
                }
        }
        qsort(order, n, sizeof(*order), order_compare);
        *ret = TAKE_PTR(order);
        *ret_n = n;
        return 0;
}

static int report_add_rules(Manager *m, Report *report)
{
        _cleanup_(ruleset_free_p) Ruleset *behind = NULL;
        _cleanup_free_ ReportOrder *order = NULL;
        _cleanup_free_ RuleCounter *counters = NULL;
        uint64_t now_usec = clock_now_usec(CLOCK_REALTIME);
        size_t n = 0, n_counters = 0;

        if (m->in_force.ruleset->lockdown && manager_compile_behind_lockdown(m, &behind) == -ENOMEM)
                return -ENOMEM;
        if (order_rules(m, behind ? behind : m->in_force.ruleset, &order, &n) < 0)
                return -ENOMEM;
        report->rules = calloc(n + 1, sizeof(*report->rules));
        if (!report->rules)
                return -ENOMEM;
        /* a status without numbers is better than none */
        if (m->in_force.installed && manager_counters(m, &counters, &n_counters) < 0)
                n_counters = 0;
        for (size_t i = 0; i < n; i++) {
                ReportRule *rule = &report->rules[report->n_rules++];
                RuleCounter key = { .id = order[i].compiled->rule->id }, *counter = NULL;

                if (n_counters > 0)
                        counter = bsearch(
                                &key, counters, n_counters, sizeof(*counters), number_compare);
                rule->rule = rule_ref(order[i].compiled->rule);
                rule->position = order[i].position;
                rule->seconds_left = expiry_seconds_left(rule->rule, now_usec);
                rule->packets = counter ? counter->packets : 0;
                rule->bytes = counter ? counter->bytes : 0;
        }
        return 0;
}

/* ---- warnings and notes ---- */

int manager_tell_edited(const Manager *m, char ***warnings)
{
        _cleanup_free_ char *path = NULL;
        int r = m->in_force.inputs_are_good
                        ? host_find_edited(&m->paths, &m->in_force.inputs, &path)
                        : 0;

        return r <= 0 ? r
                      : strv_printf(warnings,
                                "%s has changed since it was read ('p25ctl plan' shows what "
                                "'p25ctl reload' would change)",
                                path);
}

static int report_add_told(const Manager *m, Report *report)
{
        STRV_FOREACH (warning, m->in_force.warnings)
                if (strv_append(&report->warnings, *warning) < 0)
                        return -ENOMEM;
        if (m->in_force.policy->state->files_pinned &&
                strv_append(&report->warnings,
                        "the files on disk are not what is in force: after a rollback, or a reload "
                        "that nobody confirmed, former ones are, of which p25d has copies "
                        "(p25ctl reload returns to the files)") < 0)
                return -ENOMEM;
        for (size_t i = 0; i < m->in_force.told.n; i++) {
                const Diagnostic *d = &m->in_force.told.items[i];

                if (diagnostic_add_line(d,
                            d->severity == SEVERITY_NOTE ? &report->notes : &report->warnings) < 0)
                        return -ENOMEM;
        }
        if (m->in_force.installed && m->slot.backend && m->slot.backend->lack &&
                strv_append(&report->notes, m->slot.backend->lack) < 0)
                return -ENOMEM;
        if (m->in_force.installed && !m->in_force.policy->state->lockdown &&
                (manager_tell_routing(m, &report->warnings) < 0 ||
                        manager_tell_attribution(
                                m, m->in_force.policy, &report->warnings, &report->notes) < 0))
                return -ENOMEM;
        return manager_report_repairs(m, report);
}

int manager_report_programs(const Manager *m, Report *report)
{
        if (!m->in_force.installed || m->in_force.policy->state->lockdown)
                return 0;
        if (manager_tell_roles(m, m->in_force.policy, NULL, &report->hints) < 0)
                return -ENOMEM;
        return manager_tell_programs(m, m->in_force.policy, m->in_force.ruleset, &report->hints);
}

static int names_join(char *const *names, const char *separator, char **ret)
{
        _cleanup_buffer_ Buffer b = { 0 };

        for (char *const *name = names; name && *name; name++)
                buffer_printf(&b, "%s%s", name > names ? separator : "", *name);
        return buffer_take(&b, ret);
}

static int note_override(
        Report *report, const char *command, const char *value, const char *setting, const char *of)
{
        return strv_printf(&report->notes,
                "'p25ctl %s%s' overrides %s = %s in p25.conf ('p25ctl reset' undoes this)", command,
                value, setting, of);
}

static int note_roles(Report *report, char *const *ours, char *const *theirs)
{
        _cleanup_free_ char *set = NULL, *of = NULL;

        if (names_join(ours, " ", &set) < 0 || names_join(theirs, ", ", &of) < 0)
                return -ENOMEM;
        return note_override(
                report, *set ? "role set " : "role remove", set, "roles", *of ? of : "none");
}

static int note_direction(Report *report, Direction d, Action ours, Action theirs)
{
        const char *name = direction_to_adjective(d);
        char command[64], setting[32];

        (void)snprintf(command, sizeof(command), "default %s ", action_to_string(ours));
        (void)snprintf(setting, sizeof(setting), "default.%s", name);
        return note_override(report, command, name, setting, action_to_string(theirs));
}

/* The settings of p25ctl that differ from those of p25.conf. */
static int report_add_overrides(const Manager *m, Report *report)
{
        const State *s = m->in_force.policy->state;
        const HostConf *h = m->in_force.policy->host;

        if (!h)
                return 0;
        if (s->enabled >= 0 && h->enabled >= 0 && s->enabled != h->enabled &&
                note_override(report, s->enabled ? "enable" : "disable", "", "enabled",
                        h->enabled ? "true" : "false") < 0)
                return -ENOMEM;
        if (s->roles_set && !strv_equal(s->roles, h->roles) &&
                note_roles(report, s->roles, h->roles) < 0)
                return -ENOMEM;
        for (Direction d = 0; d < _DIRECTION_MAX; d++)
                if (s->defaults.of[d] != _ACTION_INVALID && h->defaults.of[d] != _ACTION_INVALID &&
                        s->defaults.of[d] != h->defaults.of[d] &&
                        note_direction(report, d, s->defaults.of[d], h->defaults.of[d]) < 0)
                        return -ENOMEM;
        for (Direction d = 0; d < _DIRECTION_MAX; d++)
                if (h->audit[d] && s->promoted[d] &&
                        note_override(report, "audit promote", "", "audit",
                                direction_to_adjective(d)) < 0)
                        return -ENOMEM;
        if (s->logging != _LOGGING_INVALID && h->logging != _LOGGING_INVALID &&
                s->logging != h->logging)
                return note_override(report, "logging ", logging_to_string(s->logging), "logging",
                        logging_to_string(h->logging));
        return 0;
}

/* The audit part of a policy that is in force; lockdown is never in audit. */
static int report_add_audit(const Manager *m, Report *report)
{
        const Policy *p = m->in_force.policy;
        const Role *role;

        if (!m->in_force.installed || p->state->lockdown)
                return 0;
        for (Direction d = 0; d < _DIRECTION_MAX; d++)
                if (policy_audits(p, d) &&
                        strv_append(&report->audit, direction_to_adjective(d)) < 0)
                        return -ENOMEM;
        for (size_t i = 0; (role = policy_next_role(p, &i));)
                if (policy_audits_role(p, role) &&
                        strv_printf(&report->audit, "role %s", role->name) < 0)
                        return -ENOMEM;
        return 0;
}

static int report_add_pending(Manager *m, Report *report)
{
        PendingReport pending;

        manager_pending(m, &pending);
        report->pending_revision = pending.revision;
        report->pending_base = pending.base;
        report->pending_deadline_usec = pending.deadline_usec;
        report->pending_seconds_left = pending.seconds_left;
        if (!pending.failure)
                return 0;
        return strv_printf(&report->warnings,
                "revision %" PRIu64
                " was not confirmed in time and cannot be taken back, which is tried again: %s",
                pending.revision, pending.failure);
}

/* The source of a direction's default: of roles the first with the action that is in force. */
static int default_source(const Manager *m, Direction d, Action action, char **ret)
{
        const Role *role;

        switch (m->in_force.ruleset->default_origins[d]) {
        case DEFAULT_BUILTIN:
                return 0;
        case DEFAULT_CONF:
                return strdup_null("p25.conf", ret);
        case DEFAULT_P25CTL:
                return strdup_null("p25ctl default", ret);
        case DEFAULT_ROLE:
                break;
        }
        for (size_t i = 0; (role = policy_next_role(m->in_force.policy, &i));)
                if (role->defaults.of[d] == action)
                        return asprintf(ret, "role %s", role->name) < 0 ? -ENOMEM : 0;
        return 0;
}

static int report_add_defaults(const Manager *m, Report *report)
{
        for (Direction d = 0; d < _DIRECTION_MAX; d++) {
                const RulesetDirection *rd = &m->in_force.ruleset->directions[d];

                report->defaults[d] = rd->default_action;
                report->managed[d] = rd->managed;
                if (default_source(m, d, rd->default_action, &report->default_sources[d]) < 0)
                        return -ENOMEM;
        }
        return 0;
}

int manager_report(Manager *m, Report *ret)
{
        _cleanup_(report_deinit) Report report = { 0 };

        report.active = manager_is_active(m);
        report.backend = strdup(manager_backend_name(m));
        if (!report.backend || strv_copy(policy_role_names(m->in_force.policy), &report.roles) < 0)
                return -ENOMEM;
        report.revision = m->in_force.policy->state->revision;
        report.lockdown = m->in_force.policy->state->lockdown;
        report.logging = policy_logging(m->in_force.policy);
        report.repairs = manager_repairs(m);
        policy_mail_ports(m->in_force.policy, &report.mail_ports);
        if (report_add_defaults(m, &report) < 0 || report_add_pending(m, &report) < 0 ||
                report_add_audit(m, &report) < 0 || report_add_rules(m, &report) < 0 ||
                report_add_told(m, &report) < 0 || manager_tell_edited(m, &report.warnings) < 0 ||
                report_add_overrides(m, &report) < 0)
                return -ENOMEM;
        *ret = TAKE_STRUCT(report);
        return 0;
}
