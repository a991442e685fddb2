/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The words of the model (terms.h): enums and their names, and which texts are names, comments,
 * interfaces, durations and rates. Case matters here; the parser of a terminal's words lowers it
 * before.
 */

#include "rules/policy/document.h"

#include "rules/base/text.h"

#include <errno.h>

#define UNIT_NAME_MAX 255

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

static const char *const logging_names[_LOGGING_MAX] = {
        [LOGGING_OFF] = "off",
        [LOGGING_LOW] = "low",
        [LOGGING_MEDIUM] = "medium",
        [LOGGING_HIGH] = "high",
};

static const char *const attribution_names[_ATTRIBUTION_MAX] = {
        [ATTRIBUTION_UNIT] = "unit",
        [ATTRIBUTION_PROCESS] = "process",
        [ATTRIBUTION_USER] = "user",
        [ATTRIBUTION_OFF] = "off",
};

static const char *const backend_names[_BACKEND_MAX] = {
        [BACKEND_AUTO] = "auto",
        [BACKEND_NFTABLES] = "nftables",
        [BACKEND_IPTABLES] = "iptables",
};

static const char *const var_type_names[_VAR_TYPE_MAX] = {
        [VAR_NETWORKS] = "networks",
        [VAR_USERS] = "users",
        [VAR_GROUPS] = "groups",
        [VAR_UNITS] = "units",
        [VAR_PORTS] = "ports",
};

static const struct Unit {
        const char *rate, *duration;
        uint32_t sec;
} units[] = {
        { "second", "s", 1 },
        { "minute", "m", 60 },
        { "hour", "h", 3600 },
        { "day", "d", 86400 },
};

/* The index of s, or -1: what every _INVALID is. */
static int name_find(const char *const names[], int n, const char *s)
{
        for (int i = 0; i < n; i++)
                if (streq(names[i], s))
                        return i;
        return -1;
}

const char *action_to_string(Action a)
{
        return action_names[a];
}

Action action_from_string(const char *s)
{
        return (Action)name_find(action_names, _ACTION_MAX, s);
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
        return (Direction)name_find(direction_names, _DIRECTION_MAX, s);
}

const char *direction_to_adjective(Direction d)
{
        return direction_adjectives[d];
}

Direction direction_from_adjective(const char *s)
{
        return (Direction)name_find(direction_adjectives, _DIRECTION_MAX, s);
}

const char *logging_to_string(Logging l)
{
        return logging_names[l];
}

Logging logging_from_string(const char *s)
{
        return streq(s, "full") ? LOGGING_HIGH : (Logging)name_find(logging_names, _LOGGING_MAX, s);
}

const char *attribution_to_string(Attribution a)
{
        return attribution_names[a];
}

const char *attribution_beyond_iptables(Attribution a)
{
        static const char *const texts[_ATTRIBUTION_MAX] = {
                [ATTRIBUTION_UNIT] = "the iptables backend does not know units and containers: "
                                     "events and statistics have the user of a connection only "
                                     "(attribution = \"user\")",
                [ATTRIBUTION_PROCESS] = "the iptables backend cannot hold connections until their "
                                        "process is found: attribution = \"process\" needs "
                                        "backend = \"nftables\"; with iptables use \"user\"",
        };

        return texts[a];
}

const char *backend_to_string(BackendKind b)
{
        return backend_names[b];
}

BackendKind backend_from_string(const char *s)
{
        return (BackendKind)name_find(backend_names, _BACKEND_MAX, s);
}

const char *var_type_to_string(VarType t)
{
        return var_type_names[t];
}

VarType var_type_from_string(const char *s)
{
        return (VarType)name_find(var_type_names, _VAR_TYPE_MAX, s);
}

bool name_is_valid(const char *s)
{
        static const char characters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                         "abcdefghijklmnopqrstuvwxyz0123456789._-";
        size_t n = strlen(s);

        return n >= 1 && n <= NAME_MAX_LENGTH && strspn(s, characters) == n && !streq(s, ".") &&
               !streq(s, "..");
}

bool comment_is_valid(const char *s)
{
        return strlen(s) <= COMMENT_MAX && text_is_printable(s);
}

bool unit_name_is_valid(const char *s)
{
        static const char letters[] =
                "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:-_.\\@";
        size_t n = strlen(s), first = strspn(s, letters);
        const char *rest = s + first;

        if (n == 0 || n > UNIT_NAME_MAX || s[0] == '.' || s[0] == '@')
                return false;
        return *rest == '\0' || (*rest == '*' && first > 1 && rest[-1] == '@' &&
                                        (rest[1] == '\0' || streq(rest + 1, ".service")));
}

const char *unit_type_without_processes(const char *s)
{
        static const char *const types[] = { ".timer", ".target", ".path", ".socket", ".mount",
                ".automount", ".swap", ".device" };
        const char *dot = strrchr(s, '.');

        for (size_t i = 0; dot && i < ELEMENTS(types); i++)
                if (streq(dot, types[i]))
                        return types[i];
        return NULL;
}

bool interface_is_valid(const char *s)
{
        size_t n = strlen(s);

        /* '*' and '+' are wildcards to nft and iptables, but not to p25 */
        return n >= 1 && n <= 15 && !strpbrk(s, "/ :*+\"\\") && text_is_printable(s) &&
               !streq(s, ".") && !streq(s, "..");
}

/* Decimal digits, no sign, no leading zero; returns how many, 0 if there is no such number. What is
 * larger than 10^9 is 10^9. */
static size_t number_scan(const char *s, uint32_t *ret)
{
        uint64_t value = 0;
        size_t n = strspn(s, "0123456789");

        if (n > 1 && s[0] == '0')
                return 0;
        for (size_t i = 0; i < n && value < 1000000000; i++)
                value = 10 * value + (uint64_t)(s[i] - '0');
        *ret = value < 1000000000 ? (uint32_t)value : 1000000000;
        return n;
}

int duration_parse(const char *s, uint64_t *ret_sec)
{
        uint32_t number;
        size_t n = number_scan(s, &number);

        if (n == 0 || number == 0)
                return -EINVAL;
        for (size_t i = 0; i < ELEMENTS(units); i++) {
                uint64_t sec = (uint64_t)number * units[i].sec;

                if (streq(s + n, units[i].duration) && sec <= DURATION_MAX_SEC) {
                        *ret_sec = sec;
                        return 0;
                }
        }
        return -EINVAL;
}

int limit_rate_parse(const char *s, uint32_t *ret_rate, uint32_t *ret_unit_sec)
{
        uint32_t rate;
        size_t n = number_scan(s, &rate);

        if (n == 0 || s[n] != '/')
                return -EINVAL;
        for (size_t i = 0; i < ELEMENTS(units); i++) {
                if (!streq(s + n + 1, units[i].rate))
                        continue;
                if (rate < 1 || rate > LIMIT_RATE_MAX)
                        return -ERANGE;
                *ret_rate = rate;
                *ret_unit_sec = units[i].sec;
                return 0;
        }
        return -EINVAL;
}

const char *limit_unit_to_string(uint32_t unit_sec)
{
        for (size_t i = 0; i < ELEMENTS(units); i++)
                if (units[i].sec == unit_sec)
                        return units[i].rate;
        return NULL;
}
