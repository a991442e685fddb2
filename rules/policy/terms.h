/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The words of files, bus and terminal, and what is valid as a name, comment or duration.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* SPEC section 3, "Limits" */
#define COMMENT_MAX 200
#define NAME_MAX_LENGTH 64
#define DURATION_MAX_SEC (366ull * 86400)
#define POLICY_TEXT_MAX (16u << 20)
#define POLICY_RULES_MAX 100000
#define POLICY_VALUES_MAX 2000000 /* of variables, counted each time a rule uses them */

#define CGROUP_PATH_MAX 256 /* bytes below /sys/fs/cgroup */

typedef enum Action {
        ACTION_ALLOW,
        ACTION_DENY,
        ACTION_REJECT,
        ACTION_LIMIT,
        _ACTION_MAX,
        _ACTION_INVALID = -1,
} Action;

/* Before the action of a log that only reports it: "p25 out audit-reject default". */
#define LOG_AUDIT "audit-"
/* At its end: the rule counts the connection as well, with all that is known of it; or the number
 * of them only, which completes the log where it is full. */
#define LOG_COUNTED " counted"
#define LOG_NUMBERED " numbered"
/* Behind that: it is counted, and is not an event. */
#define LOG_QUIET " quiet"
/* The whole prefix of a packet that reports no decision, only that there are some to be read. */
#define LOG_WAKE "p25 wake"

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

/* [A-Za-z0-9._-]{1,64}, and not "." or ".." */
bool name_is_valid(const char *s);
/* At most COMMENT_MAX bytes of UTF-8 without control characters. */
bool comment_is_valid(const char *s);
/* Of a systemd unit: at most 255 of its letters; without a type it is a service. The instance may
 * be
 * "*", for all of a template. */
bool unit_name_is_valid(const char *s);
/* ".timer", ".socket", …: the type in a name of a unit that runs no process; NULL: it is another.
 */
const char *unit_type_without_processes(const char *s);
/* 1 to 15 bytes (IFNAMSIZ) of UTF-8, no white space or control characters, none of / : " \ and none
 * of the wildcards * and + */
bool interface_is_valid(const char *s);
/* "90s", "10m", "2h", "7d": 1 s to 366 days; 0 or -EINVAL. DURATION_WANTED is what a message says
 * of another text. */
#define DURATION_WANTED "a duration is 90s, 10m, 2h or 7d, from 1s to 366d"
/* The same of a number. */
#define DURATION_SECONDS_WANTED "a duration is a number of seconds, from 1 to 31622400 (366d)"
int duration_parse(const char *s, uint64_t *ret_sec);
