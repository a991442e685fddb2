/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Owns how the author of a rule is told what shadow.c found out about it. */

#include "rules/expiry.h"
#include "rules/shadow.h"
#include "rules/words.h"

#include <errno.h>

/* Rules are told in full up to that length: one may have thousands of addresses. */
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

static int cover_names(const Teller *t, const Shadow *s, Buffer *b)
{
        size_t named = s->n <= NAMED_MAX ? s->n : NAMED_MAX - 1;

        for (size_t i = 0; i < named; i++) {
                if (i > 0)
                        buffer_add_string(b, i + 1 == s->n ? " and " : ", ");
                if (rule_name(t, t->rules->rules[s->by[i]].rule, b) < 0)
                        return -ENOMEM;
        }
        if (named < s->n)
                buffer_printf(b, " and %zu more", s->n - named);
        buffer_add_string(b, s->n == 1 ? " covers it" : " together cover it");
        return 0;
}

/* The command that puts it before the first rule that covers it. */
static int cover_remedy(const Teller *t, const Shadow *s, const Rule *rule, Buffer *b)
{
        size_t position = position_of(t->context->own, rule->id);
        size_t before = position_of(t->context->own, t->rules->rules[s->by[0]].rule->id);

        if (before == 0 || position == 0) {
                buffer_printf(
                        b, "; it would have to stand before %s", s->n == 1 ? "that one" : "them");
                return 0;
        }
        buffer_printf(b, "; to place it before %s: p25ctl ", s->n == 1 ? "that one" : "them");
        if (t->context->is_stored)
                buffer_printf(b, "--force delete %zu && p25ctl ", position);
        buffer_printf(b, "insert %zu ", before);
        return command_add(t, b, rule, "and the rule");
}

static int tell(const Teller *t, Buffer *b)
{
        if (b->failed)
                return -ENOMEM;
        return diagnostics_warning(t->d, (Place){ 0 }, NULL, "%s", b->data);
}

static int tell_covered(const Teller *t, const Shadow *s, const Rule *rule)
{
        _cleanup_buffer_ Buffer b = { 0 };

        buffer_add_string(&b, "this rule can never match: ");
        if (cover_names(t, s, &b) < 0 || cover_remedy(t, s, rule, &b) < 0)
                return -ENOMEM;
        return tell(t, &b);
}

static int tell_idle(const Teller *t)
{
        return diagnostics_warning(t->d, (Place){ 0 }, NULL,
                "this rule changes nothing: whatever it matches is treated the same without it");
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

static int tell_family(const Teller *t, const Rule *rule, Family open)
{
        _cleanup_(rule_unref_p) Rule *other = NULL;
        _cleanup_buffer_ Buffer b = { 0 };

        if (rule_copy(rule, &other) < 0 || list_of_family(&other->from, open) < 0 ||
                list_of_family(&other->to, open) < 0)
                return -ENOMEM;
        buffer_printf(&b,
                "this closes %s only, and %s stays open: leave the address out, or add p25ctl ",
                open == FAMILY_IPV4 ? "IPv6" : "IPv4", open == FAMILY_IPV4 ? "IPv4" : "IPv6");
        if (command_add(t, &b, other, "the same for the other family") < 0)
                return -ENOMEM;
        return tell(t, &b);
}

static int warn_shadow(const Teller *t, const Ruleset *r, Direction direction, size_t index)
{
        _cleanup_(shadow_deinit) Shadow s = { 0 };
        int k = shadow_find(r, direction, index, t->context->steps, &s);

        if (k < 0)
                return k == -E2BIG ? 0 : k;
        if (s.covered)
                return tell_covered(t, &s, t->rules->rules[index].rule);
        return s.idle ? tell_idle(t) : 0;
}

static int warn_family(const Teller *t, const Ruleset *r, Direction direction, size_t index)
{
        Family open;
        int k = shadow_family(r, direction, index, t->context->steps, &open);

        if (k <= 0)
                return k == -E2BIG ? 0 : k;
        if (!(open == FAMILY_IPV4 ? t->context->families.ipv4 : t->context->families.ipv6))
                return 0;
        return tell_family(t, t->rules->rules[index].rule, open);
}

int shadow_warn(const Ruleset *r, uint64_t id, const ShadowContext *c, Diagnostics *d)
{
        for (Direction i = 0; i < _DIRECTION_MAX; i++) {
                const RulesetDirection *rd = r->directions + i;
                Teller t = { rd, c, d };

                for (size_t k = 0; k < rd->n; k++) {
                        int q;

                        if (rd->rules[k].rule->id != id)
                                continue;
                        q = warn_shadow(&t, r, i, k);
                        return q < 0 ? q : warn_family(&t, r, i, k);
                }
        }
        return 0;
}
