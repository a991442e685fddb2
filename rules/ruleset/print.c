/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "rules/ruleset/print.h"

#include "rules/address/address.h"
#include "rules/address/prefixset.h"
#include "rules/address/rangeset.h"
#include "rules/address/timedset.h"
#include "rules/base/buffer.h"
#include "rules/policy/rule.h"
#include "rules/ruleset/compiledrule.h"
#include "rules/ruleset/ids.h"
#include "rules/ruleset/ruleset.h"

#include <errno.h>
#include <inttypes.h>

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
