/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns the cursor over the words, the values that all clauses share, and the error for a misplaced
 * word. Does not depend on the grammar, which words.c and clauses.c have.
 */

#include "rules/words/parser.h"
#include "rules/base/nearest.h"

#include <ctype.h>
#include <errno.h>
#include <strings.h>

const char *word_peek(const WordParser *p)
{
        return p->words[p->i];
}

bool word_is(const char *word, const char *keyword)
{
        return word && strcasecmp(word, keyword) == 0;
}

bool word_accept(WordParser *p, const char *keyword)
{
        if (!word_is(word_peek(p), keyword))
                return false;
        p->i++;
        return true;
}

Action word_to_action(const char *word)
{
        for (Action a = 0; word && a < _ACTION_MAX; a++)
                if (word_is(word, action_to_string(a)))
                        return a;
        return _ACTION_INVALID;
}

/* ---- what is wrong with a word, and where it belongs ---- */

int word_shown(size_t n)
{
        return n > 80 ? 80 : (int)n;
}

const char *word_place_hint(const char *word)
{
        static const struct {
                const char *word, *hint;
        } places[] = {
                { "rule", "it comes first, as in 'rule allow 25'" },
                { "route", "it comes first, as in 'route allow from 10.0.0.0/8'" },
                { "delete", "it comes before the action, as in 'delete allow 25'" },
                { "insert", "it comes before the action, as in 'insert 1 deny 25'" },
                { "prepend", "it comes before the action, as in 'prepend deny 25'" },
                { "in", "the direction follows the action, as in 'allow in on eth0'" },
                { "out", "the direction follows the action, as in 'allow out on eth0'" },
                { "both", "the direction follows the action, as in 'deny both 25'" },
                { "on", "the interface follows the direction, as in 'allow in on eth0 25'" },
                { "log", "it follows direction and interface, as in 'allow in log 25'" },
                { "log-all", "it follows direction and interface, as in 'allow in log-all 25'" },
                { "app", "it follows an address, as in 'to any app Postfix'" },
                { "tcp", "the protocol is written '25/tcp' or 'proto tcp'" },
                { "udp", "mail uses TCP only; leave it out" },
                { "any", "it takes the place of an address, as in 'from any'" },
        };

        for (size_t i = 0; i < ELEMENTS(places); i++)
                if (word_is(word, places[i].word))
                        return places[i].hint;
        return word_to_action(word) == _ACTION_INVALID ? NULL
                                                       : "a rule has one action, at its beginning";
}

/* Those of the head come last: they are misplaced behind it. */
static const char *const keywords[] = { "proto", "from", "to", "port", "user", "group", "unit",
        "rate", "burst", "max", "for", "comment", "in", "out", "both", "on", "log", "log-all" };
#define HEAD_KEYWORDS 6

int word_fail_unexpected(WordParser *p, const char *word)
{
        Nearest near = nearest_begin(word);
        const char *hint = word_place_hint(word);

        for (size_t i = 0; i < ELEMENTS(keywords) - HEAD_KEYWORDS; i++)
                nearest_try(&near, keywords[i]);
        if (hint)
                return fail(p, "'%s' is misplaced: %s", word, hint);
        if (near.found)
                return fail(
                        p, "'%s' is not understood: did you mean \"%s\"?", SHOW(word), near.found);
        return fail(p,
                "'%s' is not understood: expected from, to, user, group, unit, rate, burst, max, "
                "for or comment",
                SHOW(word));
}

/* A word without a value may be the name of another service, which is near to many words. */
const char *word_keyword_meant(const char *word, bool is_followed)
{
        Nearest near = nearest_begin(word);

        for (size_t i = 0; i < ELEMENTS(keywords); i++)
                nearest_try(&near, keywords[i]);
        return near.found && (is_followed || near.least <= 1) ? near.found : NULL;
}

/* ---- values ---- */

bool word_list_next(const char **list, const char **ret, size_t *ret_n)
{
        if (!*list)
                return false;
        *ret = *list;
        *ret_n = strcspn(*list, ",");
        *list = (*list)[*ret_n] == ',' ? *list + *ret_n + 1 : NULL;
        return true;
}

const char *word_lower(const char *word, size_t n, char buffer[static 32])
{
        size_t length = n < 32 ? n : 0;

        for (size_t i = 0; i < length; i++)
                buffer[i] = (char)tolower((unsigned char)word[i]);
        buffer[length] = '\0';
        return buffer;
}

int word_number_parse(const char *s, size_t n, unsigned min, unsigned max, unsigned *ret)
{
        uint64_t v;
        int r = digits_parse(s, n, max, &v);

        if (r < 0 || v < min)
                return r < 0 ? r : -ERANGE;
        *ret = (unsigned)v;
        return 0;
}
