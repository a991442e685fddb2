/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns the clauses of a rule, what follows action, direction and interface: one table of keyword
 * and parser. Does not judge what the clauses make together: rule_judge() does.
 */

#include "rules/words/parser.h"

#include "rules/base/strv.h"
#include "rules/policy/addresslist.h"
#include "rules/policy/rule.h"

#include <errno.h>
#include <strings.h>

typedef struct Clause {
        const char *word;
        int (*parse)(WordParser *p, const struct Clause *c);
        const char *example; /* of what follows the word, for errors */
        bool repeatable;
        bool long_form; /* cannot be combined with a plain port */
} Clause;

static const Clause *clause_find(const char *word);

/* The value of a clause. A keyword in its place is reported as a missing value, unless keywords can
 * be values. */
static int clause_value(WordParser *p, const Clause *c, bool keywords_taken, const char **ret)
{
        const char *word = word_peek(p);

        if (!word || *word == '\0')
                return fail(p, "'%s' needs a value, as in '%s %s'", c->word, c->word, c->example);
        if (!keywords_taken && clause_find(word))
                return fail(p, "'%s' needs a value before '%s', as in '%s %s'", c->word, word,
                        c->word, c->example);
        p->i++;
        *ret = word;
        return 0;
}

/* Commas take a list apart; an empty item is an error. */
static int list_split(WordParser *p, const Clause *c, const char *list, char ***ret)
{
        _cleanup_strv_ char **items = NULL;
        const char *item;
        size_t n;
        int r;

        while (word_list_next(&list, &item, &n)) {
                if (n == 0)
                        return fail(p, "'%s': the list has an empty item", c->word);
                r = strv_consume(&items, strndup(item, n));
                if (r < 0)
                        return r;
        }
        *ret = TAKE_PTR(items);
        return 0;
}

static int addresses_parse(WordParser *p, const Clause *c, AddressList *list)
{
        _cleanup_strv_ char **items = NULL;
        const char *word;
        int r;

        r = clause_value(p, c, false, &word);
        if (r < 0 || word_is(word, "any"))
                return r;
        r = list_split(p, c, word, &items);
        if (r < 0)
                return r;
        return address_list_parse(items, true, NULL, (Place){ 0 }, p->d, list);
}

static int from_parse(WordParser *p, const Clause *c)
{
        p->side = SIDE_FROM;
        return addresses_parse(p, c, &p->rule->from);
}

static int to_parse(WordParser *p, const Clause *c)
{
        p->side = SIDE_TO;
        return addresses_parse(p, c, &p->rule->to);
}

static int port_parse(WordParser *p, const Clause *c)
{
        const char *word;
        int r;

        r = clause_value(p, c, false, &word);
        if (r < 0)
                return r;
        switch (p->side) {
        case SIDE_NONE:
                return fail(p, "'port' must follow 'to': write only '%s', or 'to any port %s'",
                        SHOW(word), SHOW(word));
        case SIDE_FROM:
                return fail(p,
                        "'from … port %s' is a source port, which p25 does not match: leave it "
                        "out; a destination port follows 'to', as in 'to any port 25'",
                        SHOW(word));
        case SIDE_TO:
                break;
        }
        return word_ports_parse(p, word, false, &p->rule->ports);
}

static int proto_parse(WordParser *p, const Clause *c)
{
        const char *word;
        int r;

        r = clause_value(p, c, false, &word);
        if (r >= 0 && !word_is(word, "tcp"))
                return fail(p, "'proto %s': mail uses TCP only; write 'proto tcp' or leave it out",
                        SHOW(word));
        return r;
}

static int identities_parse(WordParser *p, const Clause *c, char ***list)
{
        _cleanup_strv_ char **items = NULL;
        const char *word;
        int r;

        r = clause_value(p, c, true, &word);
        if (r >= 0)
                r = list_split(p, c, word, &items);
        if (r < 0)
                return r;
        if (!p->identity)
                p->identity = c->word;
        STRV_FOREACH (item, items) {
                r = strv_contains(*list, *item) ? 0 : strv_append(list, *item);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int user_parse(WordParser *p, const Clause *c)
{
        return identities_parse(p, c, &p->rule->user);
}

static int group_parse(WordParser *p, const Clause *c)
{
        return identities_parse(p, c, &p->rule->group);
}

static int unit_parse(WordParser *p, const Clause *c)
{
        return identities_parse(p, c, &p->rule->unit);
}

static int limit_value(WordParser *p, const Clause *c, const char **ret)
{
        if (!p->numbers)
                p->numbers = c->word;
        return clause_value(p, c, false, ret);
}

static int rate_parse(WordParser *p, const Clause *c)
{
        Limit *l = &p->rule->limit;
        const char *word;
        char lower[32];
        int r;

        r = limit_value(p, c, &word);
        if (r < 0)
                return r;
        r = limit_rate_parse(word_lower(word, strlen(word), lower), &l->rate, &l->unit_sec);
        if (r == -ERANGE)
                return fail(p, "'rate %s': the number must be 1 to %d", SHOW(word), LIMIT_RATE_MAX);
        if (r < 0)
                return fail(p, "'rate %s': a rate is NUMBER/second, /minute, /hour or /day",
                        SHOW(word));
        return 0;
}

static int limit_number_parse(WordParser *p, const Clause *c, unsigned max, uint32_t *ret)
{
        const char *word;
        int r;

        r = limit_value(p, c, &word);
        if (r < 0)
                return r;
        if (word_number_parse(word, strlen(word), 1, max, ret) < 0)
                return fail(p, "'%s %s': the number must be 1 to %u", c->word, SHOW(word), max);
        return 0;
}

static int burst_parse(WordParser *p, const Clause *c)
{
        return limit_number_parse(p, c, LIMIT_BURST_MAX, &p->rule->limit.burst);
}

static int max_parse(WordParser *p, const Clause *c)
{
        return limit_number_parse(p, c, LIMIT_OPEN_MAX, &p->rule->limit.open);
}

static int for_parse(WordParser *p, const Clause *c)
{
        const char *word;
        char lower[32];
        int r;

        r = clause_value(p, c, false, &word);
        if (r < 0)
                return r;
        if (duration_parse(word_lower(word, strlen(word), lower), &p->duration_sec) < 0)
                return fail(p, "'for %s': " DURATION_WANTED, SHOW(word));
        return 0;
}

static int comment_parse(WordParser *p, const Clause *c)
{
        const char *word = word_peek(p);

        if (!word)
                return fail(p, "'comment' needs a value, as in 'comment %s'", c->example);
        p->i++;
        if (*word == '\0')
                return 0;
        p->rule->comment = strdup(word);
        return p->rule->comment ? 0 : -ENOMEM;
}

static const Clause clauses[] = {
        { .word = "proto", .parse = proto_parse, .example = "tcp", .long_form = true },
        { .word = "from", .parse = from_parse, .example = "192.0.2.0/24", .long_form = true },
        { .word = "to", .parse = to_parse, .example = "192.0.2.1", .long_form = true },
        { .word = "port", .parse = port_parse, .example = "25", .long_form = true },
        { .word = "user", .parse = user_parse, .example = "www-data", .repeatable = true },
        { .word = "group", .parse = group_parse, .example = "mail", .repeatable = true },
        { .word = "unit", .parse = unit_parse, .example = "postfix.service", .repeatable = true },
        { .word = "rate", .parse = rate_parse, .example = "30/hour" },
        { .word = "burst", .parse = burst_parse, .example = "6" },
        { .word = "max", .parse = max_parse, .example = "10" },
        { .word = "for", .parse = for_parse, .example = "2h" },
        { .word = "comment", .parse = comment_parse, .example = "'text'" },
};

static const Clause *clause_find(const char *word)
{
        /* ufw's word before the name of a profile */
        if (word_is(word, "app"))
                word = "port";
        for (size_t i = 0; i < ELEMENTS(clauses); i++)
                if (word_is(word, clauses[i].word))
                        return &clauses[i];
        return NULL;
}

bool word_begins_clause(const char *word)
{
        return clause_find(word) != NULL;
}

int word_clauses_parse(WordParser *p)
{
        const char *word;
        int r;

        while ((word = word_peek(p))) {
                const Clause *c = clause_find(word);
                unsigned bit;

                if (!c)
                        return word_fail_unexpected(p, word);
                bit = 1u << (c - clauses);
                if (c->long_form && p->has_plain_port)
                        return fail(p,
                                "'%s' cannot follow the short form: write the port as in "
                                "'from 192.0.2.0/24 to any port 25'",
                                c->word);
                if ((p->seen & bit) && !c->repeatable)
                        return fail(p, "'%s' is given twice%s", c->word,
                                c->long_form ? ": several values are one list, as in a,b" : "");
                p->seen |= bit;
                p->i++;
                r = c->parse(p, c);
                if (r < 0)
                        return r;
        }
        return 0;
}
