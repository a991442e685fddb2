/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The directions of traffic, with the words of files, bus and terminal.
 */

typedef enum Direction {
        DIRECTION_IN,
        DIRECTION_OUT,
        DIRECTION_ROUTED,
        _DIRECTION_MAX,
        _DIRECTION_INVALID = -1,
} Direction;

/* The words of files and bus; *_from_* give _DIRECTION_INVALID for any other text. */
const char *direction_to_string(Direction d); /* in out routed: of rules */
Direction direction_from_string(const char *s);
const char *direction_to_adjective(Direction d); /* incoming outgoing routed: of defaults */
Direction direction_from_adjective(const char *s);
/* Words that other firewalls have for each, separated by blanks. */
extern const char *const direction_other_words[_DIRECTION_MAX];
/* "forward", in any case of letters: DIRECTION_ROUTED; _DIRECTION_INVALID: nobody's word. */
Direction direction_from_other_word(const char *word);
