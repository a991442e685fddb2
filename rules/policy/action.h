/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The actions of rules, with the words of files, bus and terminal.
 */

typedef enum Action {
        ACTION_ALLOW,
        ACTION_DENY,
        ACTION_REJECT,
        ACTION_LIMIT,
        _ACTION_MAX,
        _ACTION_INVALID = -1,
} Action;

/* The words of files and bus; _ACTION_INVALID for any other text. */
const char *action_to_string(Action a); /* allow deny reject limit */
Action action_from_string(const char *s);
/* Words that other firewalls have for each, separated by blanks. */
extern const char *const action_other_words[_ACTION_MAX];
/* "drop", in any case of letters: ACTION_DENY; _ACTION_INVALID: nobody's word. */
Action action_from_other_word(const char *word);
