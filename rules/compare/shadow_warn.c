/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Words the warnings about a rule that shadow.c examined. */

#include "rules/address/prefixset.h"
#include "rules/address/rangeset.h"
#include "rules/base/array.h"
#include "rules/base/buffer.h"
#include "rules/base/diagnostic.h"
#include "rules/compare/shadow.h"
#include "rules/policy/addressitem.h"
#include "rules/policy/expiry.h"
#include "rules/policy/rule.h"
#include "rules/policy/rulelist.h"
#include "rules/ruleset/compiledrule.h"
#include "rules/ruleset/ruleset.h"
#include "rules/words/words.h"

#include <errno.h>

/* Rules are printed in full up to this length: one may have thousands of addresses. */
#define WORDS_MAX 300
/* Of so many covering rules each is named. */
#define NAMED_MAX 3

typedef struct Teller {
        const RulesetDirection *rules;
        const ShadowContext *context;
        Diagnostics *d;
} Teller;

/* Its number among p25ctl's own rules, from 1; 0: it is none of them. */
static size_t position_of(const RuleList *own, uint64_t id)
{
        for (size_t i = 0; i < own->n; i++)
                if (own->items[i]->id == id)
                        return i + 1;
        return 0;
}

static void words_add(Buffer *b, const char *words, const char *instead)
{
        buffer_add_string(b, strlen(words) <= WORDS_MAX ? words : instead);
}

/* As a command, which gives the rule no more time than it has. */
static int command_add(const Teller *t, Buffer *b, const Rule *rule, const char *instead)
{
        uint64_t left = expiry_seconds_left(rule, t->context->now_usec);
        _cleanup_free_ char *words = NULL;

        if (rule_words_print_left(rule, left, &words) < 0)
                return -ENOMEM;
        words_add(b, words, instead);
        return 0;
}

/* "rule 1 (deny 25/tcp)", "the rule at p25.conf:4 (…)", "a rule of role mx (…)" */
static int rule_name(const Teller *t, const Rule *rule, Buffer *b)
{
        size_t position = position_of(t->context->own, rule->id);
        _cleanup_free_ char *words = NULL;

        if (rule_words_print_until(rule, &words) < 0)
                return -ENOMEM;
        if (position > 0)
                buffer_printf(b, "rule %zu", position);
        else if (rule->source == SOURCE_ROLE)
                buffer_printf(b, "a rule of role %s", rule->source_name);
        else if (rule->file)
                buffer_printf(b, "the rule at %s:%u", rule->file, rule->line);
        else if (rule->source == SOURCE_FRAGMENT)
                buffer_printf(b, "a rule of fragment %s", rule->source_name);
        else
                buffer_add_string(b, "a rule");
        buffer_add_string(b, " (");
        words_add(b, words, action_to_string(rule->action));
        buffer_add_char(b, ')');
        return 0;
}

/* "rule 1 (…), rule 2 (…)"; last: something else comes behind them. */
static int takers_name(const Teller *t, const Shadow *s, bool last, Buffer *b)
{
        size_t named = s->n <= NAMED_MAX ? s->n : NAMED_MAX - 1;

        for (size_t i = 0; i < named; i++) {
                if (i > 0)
                        buffer_add_string(b, i + 1 == s->n && !last ? " and " : ", ");
                if (rule_name(t, t->rules->rules[s->by[i]].rule, b) < 0)
                        return -ENOMEM;
        }
        if (named < s->n)
                buffer_printf(b, "%s%zu more", last ? ", " : " and ", s->n - named);
        return 0;
}

/* The command that puts it before the first rule that covers it. */
static int cover_remedy(const Teller *t, const Shadow *s, const Rule *rule, Buffer *b)
{
        size_t position = position_of(t->context->own, rule->id);
        size_t before = position_of(t->context->own, t->rules->rules[s->by[0]].rule->id);

        if (before == 0 || position == 0) {
                buffer_printf(b, "; place it before %s", s->n == 1 ? "that one" : "them");
                return 0;
        }
        buffer_printf(b, "; to place it before %s: p25ctl ", s->n == 1 ? "that one" : "them");
        if (t->context->is_stored)
                buffer_printf(b, "--force delete %zu && p25ctl ", position);
        buffer_printf(b, "insert %zu ", before);
        return command_add(t, b, rule, "and the rule");
}

static bool is_own(const Teller *t, const Rule *rule)
{
        return rule->source == SOURCE_P25CTL || position_of(t->context->own, rule->id) > 0;
}

/* Names a rule: "this rule" if its author or its place is known, else its words. */
static int subject(const Teller *t, const Rule *rule, Buffer *b)
{
        if (is_own(t, rule) || rule->file) {
                buffer_add_string(b, "this rule");
                return 0;
        }
        return rule_name(t, rule, b);
}

static int tell(const Teller *t, const Rule *rule, Buffer *b)
{
        Place place = { 0 };

        if (b->failed)
                return -ENOMEM;
        if (!is_own(t, rule) && rule->file)
                place = (Place){ rule->file, rule->line };
        return diagnostics_warning(t->d, place, NULL, "%s", b->data);
}

static int tell_covered(const Teller *t, const Shadow *s, const Rule *rule)
{
        _cleanup_buffer_ Buffer b = { 0 };

        if (subject(t, rule, &b) < 0)
                return -ENOMEM;
        buffer_add_string(&b, " can never match: ");
        if (takers_name(t, s, false, &b) < 0)
                return -ENOMEM;
        buffer_add_string(&b, s->n == 1 ? " covers it" : " together cover it");
        if (cover_remedy(t, s, rule, &b) < 0)
                return -ENOMEM;
        return tell(t, rule, &b);
}

/* On ports that nothing manages, packets pass unless a rule matches. */
static bool is_managed(const Teller *t, const Rule *rule)
{
        for (size_t i = 0; i < rule->ports.n; i++)
                if (ports_contain(&t->rules->managed, rule->ports.items[i]))
                        return true;
        return false;
}

/* "this rule changes nothing: without it rule 3 (…) and the default (deny) decide the same" */
static int tell_idle(const Teller *t, const Shadow *s, const Rule *rule)
{
        bool by_default = s->by_default && is_managed(t, rule);
        _cleanup_buffer_ Buffer b = { 0 };

        buffer_add_string(&b, "this rule changes nothing: ");
        if (s->n == 0 && !s->by_default) /* no packet is like this */
                buffer_add_string(&b, "whatever it matches is treated the same without it");
        else if (s->n == 0 && !by_default)
                buffer_printf(&b, "port %u is open without it", rule->ports.items[0]);
        else
                buffer_add_string(&b, "without it ");
        if (takers_name(t, s, by_default, &b) < 0)
                return -ENOMEM;
        if (by_default)
                buffer_printf(&b, "%sthe default (%s)", s->n > 0 ? " and " : "",
                        action_to_string(ruleset_default(t->rules, rule->ports.items[0])));
        if (s->n + by_default > 0)
                buffer_add_string(
                        &b, s->n + by_default == 1 ? " decides the same" : " decide the same");
        return tell(t, rule, &b);
}

/* Every address of one family in the place of what a list says. */
static int list_of_family(AddressList *l, Family family)
{
        AddressList whole = { 0 };

        if (l->n == 0)
                return 0;
        if (array_grow(&whole.items, 0, sizeof(*whole.items)) < 0)
                return -ENOMEM;
        whole.items[whole.n++] =
                (AddressItem){ .kind = ADDRESS_PREFIX, .prefix = { .address.family = family } };
        address_list_deinit(l);
        *l = whole;
        return 0;
}

/* set: by whose content; NULL: by what the rule says. */
static int tell_family(const Teller *t, const Rule *rule, Family open, const char *set)
{
        const char *closed = open == FAMILY_IPV4 ? "IPv6" : "IPv4",
                   *left = open == FAMILY_IPV4 ? "IPv4" : "IPv6";
        _cleanup_(rule_unref_p) Rule *other = NULL;
        _cleanup_buffer_ Buffer b = { 0 };

        if (rule_copy(rule, &other) < 0 || list_of_family(&other->from, open) < 0 ||
                list_of_family(&other->to, open) < 0)
                return -ENOMEM;
        if (set) {
                buffer_printf(&b, "set %s holds every %s address: ", set, closed);
                if (rule_name(t, rule, &b) < 0)
                        return -ENOMEM;
        } else {
                buffer_add_string(&b, "this");
        }
        buffer_printf(&b, " closes %s only, and %s stays open: %s, or add p25ctl ", closed, left,
                set ? "remove the prefix of length 0" : "leave the address out");
        if (command_add(t, &b, other, "the same for the other family") < 0)
                return -ENOMEM;
        if (b.failed)
                return -ENOMEM;
        return set ? diagnostics_warning(t->d, (Place){ 0 }, NULL, "%s", b.data)
                   : tell(t, rule, &b);
}

/* Roles add up: what another one covers is as it should be. */
static bool is_covered_by_kin(const Teller *t, const Shadow *s, const Rule *rule)
{
        for (size_t i = 0; i < s->n; i++) {
                const Rule *by = t->rules->rules[s->by[i]].rule;

                if (by->source != rule->source || !streq_null(by->source_name, rule->source_name))
                        return false;
        }
        return true;
}

static int warn_shadow(
        const Teller *t, const Ruleset *r, Direction direction, size_t index, bool *ret_idle)
{
        _cleanup_(shadow_deinit) Shadow s = { 0 };
        const Rule *rule = t->rules->rules[index].rule;
        int k = shadow_find(r, direction, index, t->context->steps, &s);

        *ret_idle = false;
        if (k < 0)
                return k == -E2BIG ? 0 : k;
        if (s.covered && (rule->source != SOURCE_ROLE || is_covered_by_kin(t, &s, rule)))
                k = tell_covered(t, &s, rule);
        if (s.idle && !s.covered && is_own(t, rule))
                k = tell_idle(t, &s, rule);
        *ret_idle = s.idle;
        return k;
}

/* "this rule hides a rule of role mx (limit in …), which can no longer match" */
static int tell_hidden(const Teller *t, const Shadow *s, const Rule *rule)
{
        _cleanup_buffer_ Buffer b = { 0 };

        buffer_add_string(&b, "this rule hides ");
        if (takers_name(t, s, false, &b) < 0)
                return -ENOMEM;
        buffer_add_string(&b, ", which can no longer match");
        return tell(t, rule, &b);
}

/* Only for typed rules; in a file the rule stands next to the one that it hides, and may be meant
 * so. */
static int warn_hidden(
        const Teller *t, const Ruleset *r, Direction direction, size_t index, bool idle)
{
        _cleanup_(shadow_deinit) Shadow s = { 0 };
        const Rule *rule = t->rules->rules[index].rule;
        int k;

        if (idle || !is_own(t, rule))
                return 0;
        k = shadow_hidden(r, direction, index, t->context->steps, &s);
        return k < 0 || s.n == 0 ? k : tell_hidden(t, &s, rule);
}

/* Together with others a rule closes a family only if it does anything. */
static int warn_family(
        const Teller *t, const Ruleset *r, Direction direction, size_t index, bool idle)
{
        Family open;
        int k = shadow_family(r, direction, index, t->context->steps, &open);

        if (k <= 0)
                return k == -E2BIG ? 0 : k;
        if (k == 2 && idle)
                return 0;
        if (!(open == FAMILY_IPV4 ? t->context->families.ipv4 : t->context->families.ipv6))
                return 0;
        return tell_family(t, t->rules->rules[index].rule, open, NULL);
}

/* ---- by the content of a set ---- */

static bool rule_has_whole_set(const CompiledRule *rule, const char *name, Family family)
{
        const Match *lists[] = { &rule->from, &rule->to };

        for (size_t k = 0; k < ELEMENTS(lists); k++)
                for (size_t i = 0; i < lists[k]->n; i++)
                        if (streq_null(lists[k]->sets[i].name, name) &&
                                range_set_is_whole(lists[k]->sets[i].ranges, family))
                                return true;
        return false;
}

static bool set_is_whole(const Ruleset *r, const char *name, Family family)
{
        for (Direction i = 0; i < _DIRECTION_MAX; i++)
                for (size_t k = 0; k < r->directions[i].n; k++)
                        if (rule_has_whole_set(&r->directions[i].rules[k], name, family))
                                return true;
        return false;
}

bool shadow_set_whole_changed(const Ruleset *old, const Ruleset *new, const char *name)
{
        return set_is_whole(new, name, FAMILY_IPV4) != set_is_whole(old, name, FAMILY_IPV4) ||
               set_is_whole(new, name, FAMILY_IPV6) != set_is_whole(old, name, FAMILY_IPV6);
}

static int warn_set_rule(
        const Teller *t, const Ruleset *r, Direction direction, size_t index, const char *name)
{
        Family open;
        int k = shadow_family(r, direction, index, t->context->steps, &open);

        if (k <= 0)
                return k == -E2BIG ? 0 : k;
        if (!(open == FAMILY_IPV4 ? t->context->families.ipv4 : t->context->families.ipv6))
                return 0;
        return tell_family(t, t->rules->rules[index].rule, open, name);
}

int shadow_warn_set(const Ruleset *r, const char *name, const ShadowContext *c, Diagnostics *d)
{
        for (Direction i = 0; i < _DIRECTION_MAX; i++) {
                Teller t = { r->directions + i, c, d };

                for (size_t k = 0; k < t.rules->n; k++) {
                        const CompiledRule *rule = &t.rules->rules[k];

                        if ((rule_has_whole_set(rule, name, FAMILY_IPV4) ||
                                    rule_has_whole_set(rule, name, FAMILY_IPV6)) &&
                                warn_set_rule(&t, r, i, k, name) < 0)
                                return -ENOMEM;
                }
        }
        return 0;
}

int shadow_warn_rule(
        const Ruleset *r, Direction direction, size_t index, const ShadowContext *c, Diagnostics *d)
{
        Teller t = { r->directions + direction, c, d };
        bool idle;
        int k = warn_shadow(&t, r, direction, index, &idle);

        if (k >= 0)
                k = warn_hidden(&t, r, direction, index, idle);
        return k < 0 ? k : warn_family(&t, r, direction, index, idle);
}

int shadow_warn(const Ruleset *r, uint64_t id, const ShadowContext *c, Diagnostics *d)
{
        for (Direction i = 0; i < _DIRECTION_MAX; i++)
                for (size_t k = 0; k < r->directions[i].n; k++)
                        if (r->directions[i].rules[k].rule->id == id)
                                return shadow_warn_rule(r, i, k, c, d);
        return 0;
}
