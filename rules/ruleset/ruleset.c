/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The compiled ruleset as an object and as text. Decides nothing: compile makes it.
 */

#include "rules/ruleset/ruleset.h"

#include "rules/address/prefixset.h"
#include "rules/address/timedset.h"
#include "rules/base/buffer.h"
#include "rules/policy/rule.h"
#include "rules/policy/settings.h"

#include <errno.h>
#include <inttypes.h>

static void match_deinit(Match *m)
{
        for (size_t i = 0; i < m->n; i++) {
                range_set_unref(m->sets[i].ranges);
                timed_set_unref(m->sets[i].timed);
        }
        free(m->sets);
}

void compiled_rule_deinit(CompiledRule *r)
{
        match_deinit(&r->from);
        match_deinit(&r->to);
        free(r->users.ids);
        free(r->groups.ids);
        free(r->units);
        rule_unref(r->rule);
        *r = (CompiledRule){ 0 };
}

Ruleset *ruleset_free(Ruleset *r)
{
        if (!r)
                return NULL;
        for (Direction d = 0; d < _DIRECTION_MAX; d++) {
                for (size_t i = 0; i < r->directions[d].n; i++)
                        compiled_rule_deinit(r->directions[d].rules + i);
                free(r->directions[d].rules);
        }
        for (size_t i = 0; i < r->n_sets; i++) {
                free(r->sets[i].name);
                range_set_unref(r->sets[i].ranges);
                timed_set_unref(r->sets[i].timed);
        }
        free(r->sets);
        subordinates_deinit(&r->subordinates);
        free(r->accounts.ids);
        free(r);
        return NULL;
}

static bool match_has_family(const Match *m, Family family)
{
        if (m->any)
                return true;
        for (size_t i = 0; i < m->n; i++)
                if (range_set_has_family(m->sets[i].ranges, family))
                        return true;
        return false;
}

bool compiled_rule_has_family(const CompiledRule *r, Family family)
{
        return match_has_family(&r->from, family) && match_has_family(&r->to, family);
}

bool compiled_rule_limits(const CompiledRule *r)
{
        return r->action == ACTION_LIMIT || r->audited == ACTION_LIMIT;
}

Action ruleset_default(const RulesetDirection *d, uint16_t port)
{
        bool enforced = ports_contain(&d->managed, port) && !ports_contain(&d->audited, port);

        return enforced ? d->default_action : ACTION_ALLOW;
}

bool compiled_ids_contain(const CompiledIds *l, uint32_t id)
{
        for (size_t i = 0; l->stated && i < l->n; i++)
                if (l->ids[i] == id)
                        return true;
        return !l->stated;
}

/* ---- comparing ---- */

static bool units_equal(const CompiledRule *a, const CompiledRule *b)
{
        if (a->n_units != b->n_units)
                return false;
        for (size_t i = 0; i < a->n_units; i++)
                if (a->units[i].cgroup != b->units[i].cgroup ||
                        a->units[i].level != b->units[i].level)
                        return false;
        return true;
}

static bool ids_equal(const CompiledIds *a, const CompiledIds *b)
{
        return a->n == b->n && (a->n == 0 || memcmp(a->ids, b->ids, a->n * sizeof(*a->ids)) == 0);
}

bool ruleset_same_identities(const Ruleset *a, const Ruleset *b)
{
        for (Direction d = 0; d < _DIRECTION_MAX; d++) {
                const RulesetDirection *x = &a->directions[d], *y = &b->directions[d];

                if (x->n != y->n)
                        return false;
                for (size_t i = 0; i < x->n; i++)
                        if (!ids_equal(&x->rules[i].users, &y->rules[i].users) ||
                                !ids_equal(&x->rules[i].groups, &y->rules[i].groups) ||
                                !units_equal(&x->rules[i], &y->rules[i]))
                                return false;
        }
        return subordinates_equal(&a->subordinates, &b->subordinates) &&
               ids_equal(&a->accounts, &b->accounts);
}

/* ---- text ---- */

typedef struct PrefixPrinter {
        Buffer *b;
        const char *before; /* of every prefix */
        const char *after;
        const char *between;
        bool first;
} PrefixPrinter;

static int prefix_print(const Prefix *prefix, void *data)
{
        PrefixPrinter *p = data;
        char text[ADDRESS_TEXT_MAX];

        buffer_printf(p->b, "%s%s%s%s", p->first ? "" : p->between, p->before,
                prefix_format(prefix, text), p->after);
        p->first = false;
        return 0;
}

static void ranges_print(PrefixPrinter *p, const RangeSet *s)
{
        (void)range_set_each_prefix(s, FAMILY_IPV4, prefix_print, p);
        (void)range_set_each_prefix(s, FAMILY_IPV6, prefix_print, p);
}

static void match_print(Buffer *b, const char *word, const Match *m)
{
        PrefixPrinter p = { .b = b, .before = "", .after = "", .between = ",", .first = true };

        if (m->any)
                return;
        buffer_printf(b, " %s ", word);
        for (size_t i = 0; i < m->n; i++) {
                if (m->sets[i].timed)
                        continue; /* the set's name stands there already */
                if (m->sets[i].name) {
                        buffer_printf(b, "%s@%s", p.first ? "" : ",", m->sets[i].name);
                        p.first = false;
                } else {
                        ranges_print(&p, m->sets[i].ranges);
                }
        }
        if (p.first)
                buffer_add_string(b, "nothing");
}

static void ports_print(Buffer *b, const char *word, const Ports *p)
{
        buffer_printf(b, "%s", word);
        for (size_t i = 0; i < p->n; i++)
                buffer_printf(b, "%c%u", i == 0 ? ' ' : ',', p->items[i]);
}

static void ids_print(Buffer *b, const char *word, const CompiledIds *l)
{
        if (!l->stated)
                return;
        buffer_printf(b, " %s%s", word, l->n == 0 ? " nobody" : "");
        for (size_t i = 0; i < l->n; i++)
                buffer_printf(b, "%c%" PRIu32, i == 0 ? ' ' : ',', l->ids[i]);
}

/* Without the cgroup's number, which is another on every start of the unit. */
static void units_print(Buffer *b, const CompiledRule *r)
{
        for (size_t i = 0; i < r->n_units; i++)
                buffer_printf(b, "%s%s%s", i == 0 ? " unit " : ",", r->units[i].name,
                        r->units[i].cgroup == 0 ? "(not running)" : "");
}

static void string_print(Buffer *b, const char *word, const char *s)
{
        if (s)
                buffer_printf(b, " %s %s", word, s);
}

static void limit_print(Buffer *b, const Limit *l)
{
        if (l->rate != 0)
                buffer_printf(b, " rate %" PRIu32 "/%s burst %" PRIu32, l->rate,
                        limit_unit_to_string(l->unit_sec), l->burst);
        if (l->open != 0)
                buffer_printf(b, " max %" PRIu32, l->open);
}

static int compiled_rule_print(Buffer *b, const CompiledRule *r)
{
        _cleanup_free_ char *source = NULL;
        const Rule *rule = r->rule;

        if (rule_source_format(rule, &source) < 0)
                return -ENOMEM;
        if (r->audited != ACTION_ALLOW)
                buffer_printf(b, "  audit %s", action_to_string(r->audited));
        else
                buffer_printf(b, "  %s", action_to_string(r->action));
        ports_print(b, " port", &r->ports);
        match_print(b, "from", &r->from);
        match_print(b, "to", &r->to);
        string_print(b, "interface", rule->interface);
        string_print(b, "in_interface", rule->in_interface);
        string_print(b, "out_interface", rule->out_interface);
        ids_print(b, "user", &r->users);
        ids_print(b, "group", &r->groups);
        units_print(b, r);
        limit_print(b, &r->limit);
        if (r->log || (r->audited != ACTION_ALLOW && r->log_refused))
                buffer_add_string(b, " log");
        if (rule->expires_usec != 0)
                buffer_printf(b, " expires %" PRIu64, rule->expires_usec);
        buffer_printf(b, " id %" PRIu64 " source %s", rule->id, source);
        if (rule->comment)
                buffer_printf(b, " comment %s", rule->comment);
        buffer_add_char(b, '\n');
        return 0;
}

static const char *const default_origin_words[] = {
        [DEFAULT_BUILTIN] = "nobody",
        [DEFAULT_ROLE] = "role",
        [DEFAULT_CONF] = "p25.conf",
        [DEFAULT_P25CTL] = "p25ctl",
};

static int direction_print(Buffer *b, const Ruleset *r, Direction d)
{
        const RulesetDirection *rd = r->directions + d;

        buffer_printf(b, "\n%s\n", direction_to_string(d));
        ports_print(b, "  managed", &rd->managed);
        ports_print(b, "\n  watched", &rd->watched);
        if (rd->audited.n > 0)
                ports_print(b, rd->log_audited ? "\n  audited log" : "\n  audited", &rd->audited);
        buffer_add_char(b, '\n');
        for (size_t i = 0; i < rd->n; i++)
                if (compiled_rule_print(b, rd->rules + i) < 0)
                        return -ENOMEM;
        buffer_printf(b, "  default %s by %s%s\n", action_to_string(rd->default_action),
                default_origin_words[r->default_origins[d]], rd->log_default ? " log" : "");
        return 0;
}

int ruleset_print(const Ruleset *r, char **ret)
{
        _cleanup_buffer_ Buffer b = { 0 };

        buffer_printf(&b, "lockdown %s\nkeep_established %s\n", r->lockdown ? "on" : "off",
                r->keep_established ? "on" : "off");
        if (r->attribution != ATTRIBUTION_UNIT)
                buffer_printf(&b, "attribution %s\n", attribution_to_string(r->attribution));
        for (Direction d = 0; d < _DIRECTION_MAX; d++)
                if (direction_print(&b, r, d) < 0)
                        return -ENOMEM;
        for (size_t i = 0; i < r->n_sets; i++) {
                PrefixPrinter p = { &b, "  ", "\n", "", true };

                buffer_printf(&b, "\nset %s%s\n", r->sets[i].name,
                        r->sets[i].timed ? ", entries that end" : "");
                ranges_print(&p, r->sets[i].ranges);
        }
        return buffer_take(&b, ret);
}
