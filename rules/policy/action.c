/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The words of actions. Case matters here; the parser of a terminal's words lowers it before.
 */

#include "rules/policy/action.h"

#include "rules/base/text.h"

static const char *const action_names[_ACTION_MAX] = {
        [ACTION_ALLOW] = "allow",
        [ACTION_DENY] = "deny",
        [ACTION_REJECT] = "reject",
        [ACTION_LIMIT] = "limit",
};

const char *const action_other_words[_ACTION_MAX] = {
        [ACTION_ALLOW] = "accept permit pass return ok",
        [ACTION_DENY] = "drop block discard",
        [ACTION_REJECT] = "refuse reset",
        [ACTION_LIMIT] = "rate ratelimit throttle",
};

const char *action_to_string(Action a)
{
        return action_names[a];
}

Action action_from_string(const char *s)
{
        return (Action)text_find(action_names, _ACTION_MAX, s);
}

Action action_from_other_word(const char *word)
{
        return (Action)text_find_word(action_other_words, _ACTION_MAX, word);
}
