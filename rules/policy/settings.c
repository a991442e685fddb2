/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "rules/policy/settings.h"

#include "rules/base/text.h"
#include "rules/base/util.h"

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

const char *logging_to_string(Logging l)
{
        return logging_names[l];
}

Logging logging_from_string(const char *s)
{
        return streq(s, "full") ? LOGGING_HIGH : (Logging)text_find(logging_names, _LOGGING_MAX, s);
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
        return (BackendKind)text_find(backend_names, _BACKEND_MAX, s);
}
