/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The words of files, bus and terminal.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

typedef enum Logging {
        LOGGING_OFF,
        LOGGING_LOW,    /* what is refused, outgoing and routed */
        LOGGING_MEDIUM, /* and incoming, and what a limit lets through */
        LOGGING_HIGH,   /* and everything else */
        _LOGGING_MAX,
        _LOGGING_INVALID = -1,
} Logging;

/* How much of who opened a connection is asked. */
typedef enum Attribution {
        ATTRIBUTION_UNIT,    /* the user and the unit, which is the default */
        ATTRIBUTION_PROCESS, /* and the process, for which its connection is held */
        ATTRIBUTION_USER,
        ATTRIBUTION_OFF,
        _ATTRIBUTION_MAX,
        _ATTRIBUTION_INVALID = -1,
} Attribution;

typedef enum BackendKind {
        BACKEND_AUTO,
        BACKEND_NFTABLES,
        BACKEND_IPTABLES,
        _BACKEND_MAX,
        _BACKEND_INVALID = -1,
} BackendKind;

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
const char *logging_to_string(Logging l);
Logging logging_from_string(const char *s);
const char *attribution_to_string(Attribution a);
/* What the iptables backend cannot find of it, which has to be said; NULL: nothing. */
const char *attribution_beyond_iptables(Attribution a);
const char *backend_to_string(BackendKind b);
BackendKind backend_from_string(const char *s);
