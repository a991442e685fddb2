/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The words of the model (terms.h): enums and their names. Case matters here; the parser of a
 * terminal's words lowers it before.
 */

#include "rules/policy/document.h"

#include <errno.h>

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
