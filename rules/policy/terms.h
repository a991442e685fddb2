/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What a rule does, and in which direction of traffic, with the words of files, bus and terminal.
 */

typedef enum Action {
        ACTION_ALLOW,
        ACTION_DENY,
        ACTION_REJECT,
        ACTION_LIMIT,
        _ACTION_MAX,
        _ACTION_INVALID = -1,
} Action;

typedef enum Direction {
        DIRECTION_IN,
        DIRECTION_OUT,
        DIRECTION_ROUTED,
        _DIRECTION_MAX,
        _DIRECTION_INVALID = -1,
} Direction;

/* The words of files and bus; *_from_string give _INVALID for any other text. */
const char *action_to_string(Action a); /* allow deny reject limit */
Action action_from_string(const char *s);
/* Words that other firewalls have for each, apart by blanks. */
extern const char *const action_other_words[_ACTION_MAX];
extern const char *const direction_other_words[_DIRECTION_MAX];
/* "drop", in any case of letters: ACTION_DENY; _ACTION_INVALID: nobody's word. */
Action action_from_other_word(const char *word);
Direction direction_from_other_word(const char *word);
const char *direction_to_string(Direction d); /* in out routed: of rules */
Direction direction_from_string(const char *s);
const char *direction_to_adjective(Direction d); /* incoming outgoing routed: of defaults */
Direction direction_from_adjective(const char *s);

/* Defaults of the three directions, _ACTION_INVALID where not stated. Never ACTION_LIMIT. */
typedef struct Defaults {
        Action of[_DIRECTION_MAX];
} Defaults;

extern const Defaults defaults_none;
