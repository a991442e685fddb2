/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns ufw's grammar: words to rules, and for every misplaced word one error that says where it
 * belongs. Does not depend on users, sets, files or the daemon: names are taken as they are.
 */

#include "rules/base/nearest.h"
#include "rules/policy/rule.h"
#include "rules/policy/valid.h"
#include "rules/words/parser.h"

#include <errno.h>

/* Is this word one that begins a rule (action, rule, route, insert, prepend, delete)? */
static bool word_begins_rule(const char *word)
{
        static const char *const words[] = { "rule", "route", "delete", "insert", "prepend" };

        for (size_t i = 0; i < ELEMENTS(words); i++)
                if (word_is(word, words[i]))
                        return true;
        return word_to_action(word) != _ACTION_INVALID;
}

/* ---- the head: [rule|route] [delete] [insert N|prepend] ACTION [in|out|both] [on I] [log] ---- */

static int placement_parse(WordParser *p, RuleWords *w)
{
        const char *word;
        int r;

        if (word_accept(p, "route"))
                p->route = true;
        else
                word_accept(p, "rule");
        if (word_accept(p, "delete")) {
                w->placement = PLACEMENT_DELETE;
        } else if (word_accept(p, "prepend")) {
                w->placement = PLACEMENT_PREPEND;
        } else if (word_accept(p, "insert")) {
                w->placement = PLACEMENT_INSERT;
                word = word_peek(p);
                if (!word)
                        return fail(p, "'insert' needs a number, as in 'insert 1 deny 25'");
                r = word_number_parse(word, strlen(word), 1, POLICY_RULES_MAX, &w->position);
                if (r == -ERANGE)
                        return fail(p,
                                "cannot insert a rule at position %s: the first is 1, the "
                                "last possible %d",
                                SHOW(word), POLICY_RULES_MAX);
                if (r < 0)
                        return fail(p,
                                "'insert' needs a number before '%s', as in "
                                "'insert 1 deny 25'",
                                SHOW(word));
                p->i++;
        }
        return 0;
}

static int action_parse(WordParser *p, Placement placement)
{
        const char *word = word_peek(p);
        Action a = word_to_action(word);
        unsigned number;
        Nearest near;

        if (a != _ACTION_INVALID) {
                p->rule->action = a;
                p->i++;
                return 0;
        }
        if (!word)
                return fail(p, "an action is missing: allow, deny, reject or limit");
        if (placement == PLACEMENT_DELETE &&
                word_number_parse(word, strlen(word), 0, UINT32_MAX, &number) != -EINVAL)
                return fail(
                        p, "to delete a rule by its number, write only 'delete %s'", SHOW(word));
        if (placement == PLACEMENT_DELETE && (word_is(word, "insert") || word_is(word, "prepend")))
                return fail(p, "'delete' and '%s' cannot be used together", word);
        if (word_begins_rule(word))
                return word_fail_unexpected(p, word);
        near = nearest_begin(word);
        for (Action i = 0; i < _ACTION_MAX; i++)
                nearest_try(&near, action_to_string(i));
        if (action_from_other_word(word) != _ACTION_INVALID)
                near.found = action_to_string(action_from_other_word(word));
        if (near.found)
                return fail(
                        p, "'%s' is not an action: did you mean \"%s\"?", SHOW(word), near.found);
        return fail(p, "'%s' is not an action: a rule begins with allow, deny, reject or limit",
                SHOW(word));
}

static int interface_parse(WordParser *p, char **ret)
{
        const char *word = word_peek(p);

        if (!word || !*word)
                return fail(p, "'on' needs an interface, as in 'on eth0'");
        if (!interface_is_valid(word))
                return fail(p, "'%s' is not a valid interface name", SHOW(word));
        p->i++;
        free(*ret);
        *ret = strdup(word);
        return *ret ? 0 : -ENOMEM;
}

/* in on A out on B, in either order; one of them is enough */
static int route_interfaces_parse(WordParser *p)
{
        Rule *rule = p->rule;
        int r;

        if (word_accept(p, "on"))
                return interface_parse(p, &rule->in_interface);
        for (const char *word; (word = word_peek(p));) {
                bool out = word_is(word, "out");
                char **interface = out ? &rule->out_interface : &rule->in_interface;

                if (word_is(word, "both"))
                        return fail(p, "a route rule has no direction: leave 'both' out");
                if (!out && !word_is(word, "in"))
                        return 0;
                p->i++;
                if (!word_accept(p, "on"))
                        return fail(p,
                                "'%s' of a route rule needs an interface, as in "
                                "'route allow %s on eth0'",
                                word, out ? "out" : "in");
                if (*interface)
                        return fail(p, "'%s on' is given twice", word);
                r = interface_parse(p, interface);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int direction_parse(WordParser *p)
{
        int r;

        if (word_accept(p, "both")) {
                p->both = true;
        } else if (word_accept(p, "out")) {
                p->rule->direction = DIRECTION_OUT;
        } else {
                word_accept(p, "in");
        }
        if (word_accept(p, "on")) {
                r = interface_parse(p, &p->rule->interface);
                if (r < 0)
                        return r;
                if (word_is(word_peek(p), "in") || word_is(word_peek(p), "out"))
                        return fail(p,
                                "a second interface can only be used in route rules ('%s on'): "
                                "write 'route allow in on A out on B'",
                                word_peek(p));
        }
        return 0;
}

static int head_parse(WordParser *p, RuleWords *w)
{
        int r;

        r = placement_parse(p, w);
        if (r >= 0)
                r = action_parse(p, w->placement);
        if (r < 0)
                return r;
        if (p->route)
                p->rule->direction = DIRECTION_ROUTED;
        r = p->route ? route_interfaces_parse(p) : direction_parse(p);
        if (r < 0)
                return r;
        if (word_accept(p, "log") || word_accept(p, "log-all"))
                p->rule->log = true;
        return 0;
}

/* [PORT[/tcp]|SERVICE] */
static int plain_port_parse(WordParser *p)
{
        const char *word = word_peek(p);

        if (!word || word_begins_clause(word))
                return 0;
        if (word_place_hint(word))
                return word_fail_unexpected(p, word);
        p->has_plain_port = true;
        p->i++;
        p->is_followed = word_peek(p) && !word_begins_clause(word_peek(p));
        return word_ports_parse(p, word, true, &p->rule->ports);
}

/* ---- the whole ---- */

/* Checks that need the whole rule. */
static int rule_finish(WordParser *p)
{
        const Rule *rule = p->rule;

        if (p->identity && (p->both || rule->direction != DIRECTION_OUT))
                return fail(p, "'%s' can only be used in outgoing rules: write '%s out … %s …'",
                        p->identity, action_to_string(rule->action), p->identity);
        if (p->numbers && rule->action != ACTION_LIMIT)
                return fail(p, "'%s' can only be used with limit: write 'limit … %s …'", p->numbers,
                        p->numbers);
        return 0;
}

static int rule_parse(WordParser *p, RuleWords *w)
{
        int r;

        r = head_parse(p, w);
        if (r >= 0)
                r = plain_port_parse(p);
        if (r >= 0)
                r = word_clauses_parse(p);
        return r < 0 ? r : rule_finish(p);
}

int rule_words_parse(char *const *words, Diagnostics *d, RuleWords *ret)
{
        RuleWords w = { .placement = PLACEMENT_APPEND };
        _cleanup_(rule_unref_p) Rule *rule = rule_new(), *out = NULL;
        WordParser p = { .words = words, .d = d, .rule = rule };
        int r;

        if (!rule)
                return -ENOMEM;
        r = rule_parse(&p, &w);
        if (r < 0)
                return r;
        if (p.both) {
                r = rule_copy(rule, &out);
                if (r < 0)
                        return r;
                out->direction = DIRECTION_OUT;
        }
        w.duration_sec = p.duration_sec;
        w.rules[w.n_rules++] = TAKE_PTR(rule);
        if (out)
                w.rules[w.n_rules++] = TAKE_PTR(out);
        *ret = w;
        return 0;
}

void rule_words_deinit(RuleWords *w)
{
        for (size_t i = 0; i < w->n_rules; i++)
                rule_unref(w->rules[i]);
        *w = (RuleWords){ 0 };
}
