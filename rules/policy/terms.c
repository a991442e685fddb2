/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Actions and directions, and their words. Case matters here; the parser of a terminal's words
 * lowers it before.
 */

#include "rules/policy/terms.h"

#include "rules/base/text.h"
#include "rules/base/util.h"

const Defaults defaults_none = {
        .of = { [DIRECTION_IN] = _ACTION_INVALID,
                [DIRECTION_OUT] = _ACTION_INVALID,
                [DIRECTION_ROUTED] = _ACTION_INVALID },
};

static const char *const action_names[_ACTION_MAX] = {
        [ACTION_ALLOW] = "allow",
        [ACTION_DENY] = "deny",
        [ACTION_REJECT] = "reject",
        [ACTION_LIMIT] = "limit",
};

static const char *const direction_names[_DIRECTION_MAX] = {
        [DIRECTION_IN] = "in",
        [DIRECTION_OUT] = "out",
        [DIRECTION_ROUTED] = "routed",
};

static const char *const direction_adjectives[_DIRECTION_MAX] = {
        [DIRECTION_IN] = "incoming",
        [DIRECTION_OUT] = "outgoing",
        [DIRECTION_ROUTED] = "routed",
};

const char *const action_other_words[_ACTION_MAX] = {
        [ACTION_ALLOW] = "accept permit pass return ok",
        [ACTION_DENY] = "drop block discard",
        [ACTION_REJECT] = "refuse reset",
        [ACTION_LIMIT] = "rate ratelimit throttle",
};

const char *const direction_other_words[_DIRECTION_MAX] = {
        [DIRECTION_IN] = "incoming input inbound ingress",
        [DIRECTION_OUT] = "outgoing output outbound egress",
        [DIRECTION_ROUTED] = "forward forwarded route forwarding",
};

const char *action_to_string(Action a)
{
        return action_names[a];
}

Action action_from_string(const char *s)
{
        return (Action)text_find(action_names, _ACTION_MAX, s);
}

/* The index of the text that has the word, or -1. */
static int other_word_find(const char *const *texts, int n, const char *word)
{
        size_t length = strlen(word);

        for (int i = 0; i < n && length > 0; i++)
                for (const char *t = texts[i]; *t; t += strspn(t, " ")) {
                        size_t end = strcspn(t, " ");

                        if (end == length && strncasecmp(t, word, length) == 0)
                                return i;
                        t += end;
                }
        return -1;
}

Action action_from_other_word(const char *word)
{
        int i = other_word_find(action_other_words, _ACTION_MAX, word);

        return i < 0 ? _ACTION_INVALID : (Action)i;
}

Direction direction_from_other_word(const char *word)
{
        int i = other_word_find(direction_other_words, _DIRECTION_MAX, word);

        return i < 0 ? _DIRECTION_INVALID : (Direction)i;
}

const char *direction_to_string(Direction d)
{
        return direction_names[d];
}

Direction direction_from_string(const char *s)
{
        return (Direction)text_find(direction_names, _DIRECTION_MAX, s);
}

const char *direction_to_adjective(Direction d)
{
        return direction_adjectives[d];
}

Direction direction_from_adjective(const char *s)
{
        return (Direction)text_find(direction_adjectives, _DIRECTION_MAX, s);
}
