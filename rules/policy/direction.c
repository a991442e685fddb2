/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The words of directions. Case matters here; the parser of a terminal's words lowers it before.
 */

#include "rules/policy/direction.h"

#include "rules/base/text.h"
#include "rules/policy/directions.h"

_Static_assert(DIRECTIONS == _DIRECTION_MAX, "arrays by direction have an element for each");

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

const char *const direction_other_words[_DIRECTION_MAX] = {
        [DIRECTION_IN] = "incoming input inbound ingress",
        [DIRECTION_OUT] = "outgoing output outbound egress",
        [DIRECTION_ROUTED] = "forward forwarded route forwarding",
};

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

Direction direction_from_other_word(const char *word)
{
        return (Direction)text_find_word(direction_other_words, _DIRECTION_MAX, word);
}
