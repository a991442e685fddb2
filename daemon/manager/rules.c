/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * p25ctl's own rules: adding, replacing in place, removing.
 */

#include "daemon/manager/internal.h"

#include "daemon/loop/clock.h"
#include "rules/base/array.h"
#include "rules/base/strv.h"
#include "rules/base/text.h"
#include "rules/policy/addressitem.h"
#include "rules/policy/addresslist.h"
#include "rules/policy/effective.h"
#include "rules/policy/expiry.h"
#include "rules/policy/judge.h"
#include "rules/policy/names.h"
#include "rules/policy/policy.h"
#include "rules/policy/rule.h"
#include "rules/policy/state.h"
#include "rules/words/words.h"

#include <errno.h>
#include <inttypes.h>

/* Rules are printed in full up to this length: one may have thousands of addresses. */
#define WORDS_MAX 300

/* A unit that does not run must have a file at least. */
static int check_unit(Manager *m, const char *name, ChangeResult *r)
{
        Names names = host_names(m->names);
        char meant[CGROUP_HINT_MAX];
        Cgroup cgroup = { 0 };
        bool found;

        if (names.unit(names.data, name, &cgroup) != -ENOENT ||
                !host_unit_is_unknown(m->paths.root, name))
                return 0;
        found = host_unit_nearest(m->paths.root, name, meant, sizeof(meant));
        return change_fail(r, ERROR_NO_SUCH_NAME, -ENOENT, "there is no unit %s%s%s%s", name,
                found ? "; did you mean \"" : "", found ? meant : "", found ? "\"?" : "");
}

/* Names are looked up before anything else, so that a user who is not there has his own error. */
static int check_names(Manager *m, const Rule *rule, ChangeResult *r)
{
        Names names = host_names(m->names);
        uint32_t id;

        STRV_FOREACH (name, rule->user)
                if (!text_is_number(*name) && names.user(names.data, *name, &id) == -ENOENT)
                        return change_fail(
                                r, ERROR_NO_SUCH_NAME, -ENOENT, "there is no user %s", *name);
        STRV_FOREACH (name, rule->group)
                if (!text_is_number(*name) && names.group(names.data, *name, &id) == -ENOENT)
                        return change_fail(
                                r, ERROR_NO_SUCH_NAME, -ENOENT, "there is no group %s", *name);
        STRV_FOREACH (name, rule->unit)
                if (check_unit(m, *name, r) < 0)
                        return -ENOENT;
        return 0;
}

static int check_addresses(const Manager *m, const AddressList *l, ChangeResult *r)
{
        for (size_t i = 0; i < l->n; i++)
                if (l->items[i].kind == ADDRESS_SET &&
                        !policy_find_set(m->in_force.policy, l->items[i].name))
                        return change_fail(r, ERROR_NO_SUCH_SET, -ENOENT,
                                "there is no set @%s (p25ctl set load makes one)",
                                l->items[i].name);
        return 0;
}

static int check_expiry(const Rule *rule, ChangeResult *r)
{
        uint64_t now_usec = clock_now_usec(CLOCK_REALTIME);
        char then[EXPIRY_TEXT_MAX], now[EXPIRY_TEXT_MAX];

        if (rule->expires_usec == 0)
                return 0;
        expiry_format(rule->expires_usec, then);
        expiry_format(now_usec, now);
        if (expiry_has_passed(rule, now_usec))
                return change_fail(r, ERROR_INVALID_RULE, -EINVAL,
                        "a rule cannot end in the past: expires is %s, and it is %s now", then,
                        now);
        if (rule->expires_usec > now_usec + DURATION_MAX_SEC * USEC_PER_SEC)
                return change_fail(r, ERROR_INVALID_RULE, -EINVAL,
                        "a rule lasts at most 366 days: expires is %s, and it is %s now", then,
                        now);
        return 0;
}

/* Judges a rule of any client. */
static int judge_rule(const Manager *m, const Rule *rule, ChangeResult *r)
{
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        const Diagnostic *first;
        Ports mail_ports;
        int q;

        policy_mail_ports(m->in_force.policy, &mail_ports);
        q = rule_judge_complete(rule, &mail_ports, &d);
        if (q >= 0)
                return 0;
        first = diagnostics_first_error(&d);
        return change_fail_told(r,
                first && first->code == DIAGNOSTIC_LIMIT ? ERROR_LIMIT_EXCEEDED
                                                         : ERROR_INVALID_RULE,
                q, &d);
}

/* A match without an action is judged as one that allows. */
static int judge_match(const Manager *m, Rule *match, ChangeResult *r)
{
        Action action = match->action;
        int q;

        if (action == _ACTION_INVALID)
                match->action = ACTION_ALLOW;
        q = judge_rule(m, match, r);
        match->action = action;
        return q;
}

static int check_rule(Manager *m, const Rule *rule, ChangeResult *r)
{
        int q = judge_rule(m, rule, r);

        if (q >= 0)
                q = check_addresses(m, &rule->from, r);
        if (q >= 0)
                q = check_addresses(m, &rule->to, r);
        if (q >= 0)
                q = check_expiry(rule, r);
        return q < 0 ? q : check_names(m, rule, r);
}

static size_t find_match(const RuleList *l, const Rule *match)
{
        size_t i = 0;

        while (i < l->n && !rule_same_match(l->items[i], match))
                i++;
        return i;
}

/* A copy that p25ctl owns; it ends when the backends end it. */
static int own_copy(const Rule *rule, uint64_t id, Rule **ret)
{
        Rule *copy;
        int r;

        r = rule_copy(rule, &copy);
        if (r < 0)
                return r;
        copy->id = id;
        copy->source = SOURCE_P25CTL;
        free(TAKE_PTR(copy->source_name));
        free(TAKE_PTR(copy->file));
        copy->line = 0;
        copy->expires_usec = expiry_round(rule->expires_usec);
        *ret = copy;
        return 0;
}

/* Warnings about this rule may be needed for its author. */
static int note_added(Proposal *p, uint64_t id)
{
        if (array_grow(&p->added, p->n_added, sizeof(*p->added)) < 0)
                return -ENOMEM;
        p->added[p->n_added++] = id;
        return 0;
}

static void note_update(Proposal *p, const Rule *former, const Rule *rule)
{
        Rule other = *former;

        if (p->outcome != OUTCOME_NONE)
                return;
        other.expires_usec = rule->expires_usec;
        p->outcome = OUTCOME_UPDATED;
        p->former_expires_usec = former->expires_usec;
        p->only_expires = rule_equal(&other, rule);
}

/* A rule that exists keeps its place; if another one was asked for, the reply says so. */
static int report_place(const Rule *rule, size_t place, size_t index, ChangeResult *r)
{
        _cleanup_free_ char *words = NULL;
        /* behind itself it moves up by one when it is deleted */
        size_t wanted = index > place ? index : index + 1;

        if (index == SIZE_MAX || index == place || (index == place + 1))
                return 0;
        if (rule_words_print_left(
                    rule, expiry_seconds_left(rule, clock_now_usec(CLOCK_REALTIME)), &words) < 0)
                return -ENOMEM;
        return strv_printf(&r->warnings,
                "the rule exists and stays rule %zu; to move it: p25ctl --force delete %zu && "
                "p25ctl insert %zu %s",
                place + 1, place + 1, wanted, strlen(words) <= WORDS_MAX ? words : "and the rule");
}

/* Adds, or replaces in place what has the same match, or finds it there. */
static int add_rule(Proposal *p, const Rule *rule, size_t index, ChangeResult *result)
{
        _cleanup_(rule_unref_p) Rule *own = NULL;
        State *s = p->state;
        size_t i = find_match(&s->rules, rule);
        bool found = i < s->rules.n;
        int r;

        r = own_copy(rule, found ? s->rules.items[i]->id : s->next_id, &own);
        if (r < 0)
                return r;
        if (found) {
                if (report_place(own, i, index, result) < 0)
                        return -ENOMEM;
                if (rule_equal(s->rules.items[i], own))
                        return 0;
                note_update(p, s->rules.items[i], own);
                rule_unref(s->rules.items[i]);
                s->rules.items[i] = TAKE_PTR(own);
                return note_added(p, s->rules.items[i]->id);
        }
        r = rule_list_insert(&s->rules, index, own);
        if (r < 0)
                return r;
        s->next_id++;
        p->outcome = index != SIZE_MAX ? OUTCOME_INSERTED : OUTCOME_ADDED;
        return note_added(p, own->id);
}

static int fail_position(ChangeResult *r, uint32_t position, size_t n)
{
        return change_fail(r, ERROR_INVALID_ARGS, -EINVAL,
                "position %" PRIu32 " is beyond the last rule (there are %zu)", position, n);
}

int manager_add_rules(Manager *m, Rule *const *rules, size_t n, const Change *c, ChangeResult *r)
{
        _cleanup_proposal_ Proposal p = { 0 };
        size_t index;
        int q;

        q = change_begin(m, c, ERROR_INVALID_RULE, r, &p);
        if (q < 0)
                return q;
        if (c->position > p.state->rules.n + 1)
                return fail_position(r, c->position, p.state->rules.n);
        index = c->position > 0 ? c->position - 1 : SIZE_MAX;
        for (size_t i = 0; i < n; i++) {
                size_t before = p.state->rules.n;

                q = check_rule(m, rules[i], r);
                if (q < 0)
                        return q;
                if (add_rule(&p, rules[i], index, r) < 0)
                        return change_no_memory(r);
                if (index != SIZE_MAX && p.state->rules.n > before)
                        index++;
        }
        if (p.state->rules.n > POLICY_RULES_MAX)
                return change_fail(r, ERROR_LIMIT_EXCEEDED, -E2BIG, "a policy has at most %d rules",
                        POLICY_RULES_MAX);
        return change_finish(m, &p, c, r);
}

static size_t find_id(const RuleList *l, uint64_t id)
{
        size_t i = 0;

        while (i < l->n && l->items[i]->id != id)
                i++;
        return i;
}

static int fail_no_id(ChangeResult *r, uint64_t id)
{
        return change_fail(
                r, ERROR_NO_SUCH_RULE, -ENOENT, "p25ctl has no rule with the id %" PRIu64, id);
}

int manager_replace_rule(Manager *m, const Rule *rule, const Change *c, ChangeResult *r)
{
        _cleanup_proposal_ Proposal p = { 0 };
        _cleanup_(rule_unref_p) Rule *former = NULL, *own = NULL;
        RuleList *rules;
        size_t i, other;
        bool same;
        int q;

        q = change_begin(m, c, ERROR_INVALID_RULE, r, &p);
        if (q < 0)
                return q;
        rules = &p.state->rules;
        i = find_id(rules, c->replaces);
        if (i == rules->n)
                return fail_no_id(r, c->replaces);
        if (c->position > rules->n)
                return fail_position(r, c->position, rules->n);
        q = check_rule(m, rule, r);
        if (q < 0)
                return q;
        former = rule_ref(rules->items[i]);
        rule_list_remove(rules, i);
        other = find_match(rules, rule);
        if (other < rules->n)
                return change_fail(r, ERROR_INVALID_RULE, -EEXIST,
                        "another rule has the same match: rule %zu",
                        other < i ? other + 1 : other + 2);
        same = rule_same_match(former, rule);
        if (own_copy(rule, same ? former->id : p.state->next_id++, &own) < 0 ||
                rule_list_insert(rules, c->position > 0 ? c->position - 1 : i, own) < 0 ||
                note_added(&p, own->id) < 0)
                return change_no_memory(r);
        note_update(&p, former, own);
        return change_finish(m, &p, c, r);
}

static void remove_match(RuleList *l, const Rule *match)
{
        size_t i = find_match(l, match);

        if (i < l->n && (match->action == _ACTION_INVALID || match->action == l->items[i]->action))
                rule_list_remove(l, i);
}

int manager_remove_rules(
        Manager *m, Rule *const *matches, size_t n, const Change *c, ChangeResult *r)
{
        _cleanup_proposal_ Proposal p = { 0 };
        int q;

        q = change_begin(m, c, ERROR_INVALID_RULE, r, &p);
        if (q < 0)
                return q;
        p.outcome = OUTCOME_REMOVED;
        for (size_t i = 0; i < n; i++) {
                q = judge_match(m, matches[i], r);
                if (q < 0)
                        return q;
                remove_match(&p.state->rules, matches[i]);
        }
        return change_finish(m, &p, c, r);
}

int manager_remove_rule_id(Manager *m, uint64_t id, const Change *c, ChangeResult *r)
{
        _cleanup_proposal_ Proposal p = { 0 };
        size_t i;
        int q;

        q = change_begin(m, c, ERROR_INVALID_RULE, r, &p);
        if (q < 0)
                return q;
        p.outcome = OUTCOME_REMOVED;
        i = find_id(&p.state->rules, id);
        if (i == p.state->rules.n)
                return fail_no_id(r, id);
        rule_list_remove(&p.state->rules, i);
        return change_finish(m, &p, c, r);
}

int manager_remove_rule_position(Manager *m, uint32_t position, const Change *c, ChangeResult *r)
{
        _cleanup_proposal_ Proposal p = { 0 };
        int q;

        q = change_begin(m, c, ERROR_INVALID_RULE, r, &p);
        if (q < 0)
                return q;
        p.outcome = OUTCOME_REMOVED;
        if (position == 0 || position > p.state->rules.n)
                return change_fail(r, ERROR_NO_SUCH_RULE, -ENOENT,
                        "there is no rule %" PRIu32 " (p25ctl status numbered shows them)",
                        position);
        rule_list_remove(&p.state->rules, position - 1);
        return change_finish(m, &p, c, r);
}
