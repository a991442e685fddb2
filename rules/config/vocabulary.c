/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The table of settings; nothing else decides what a file may contain. The readers read the values
 * (reader.h).
 */

#include "rules/config/vocabulary.h"

#include "rules/config/reader.h"
#include "rules/policy/assertion.h"
#include "rules/policy/fragment.h"
#include "rules/policy/hostconf.h"
#include "rules/policy/role.h"
#include "rules/policy/rule.h"
#include "rules/policy/settings.h"
#include "rules/policy/state.h"

#define HOST (1u << DOCUMENT_HOST)
#define FRAGMENT (1u << DOCUMENT_FRAGMENT)
#define ROLE (1u << DOCUMENT_ROLE)
#define STATE (1u << DOCUMENT_STATE)
#define ANYWHERE (HOST | FRAGMENT | ROLE | STATE)

#define ID_MAX ((INT64_C(1) << 47) - 1) /* bit 47 marks the ids that compile gives */

/* ---- the words that a string may be ---- */

static const char *action_word(int i)
{
        return action_to_string((Action)i);
}

static const char *direction_word(int i)
{
        return direction_to_string((Direction)i);
}

/* Behind the directions: all of them (read_audit). */
static const char *audit_word(int i)
{
        return i == _DIRECTION_MAX ? "all" : direction_to_adjective((Direction)i);
}

static const char *logging_word(int i)
{
        return logging_to_string((Logging)i);
}

static const char *attribution_word(int i)
{
        return attribution_to_string((Attribution)i);
}

static const char *backend_word(int i)
{
        return backend_to_string((BackendKind)i);
}

static const char *var_type_word(int i)
{
        return var_type_to_string((VarType)i);
}

static const char *const mistaken_audits[_DIRECTION_MAX + 1] = {
        [DIRECTION_IN] = "input inbound ingress",
        [DIRECTION_OUT] = "output outbound egress",
        [DIRECTION_ROUTED] = "forward forwarded route forwarding",
        [_DIRECTION_MAX] = "both every any on yes true",
};
static const char *const other_audits[_DIRECTION_MAX + 1] = {
        [DIRECTION_IN] = "in", [DIRECTION_OUT] = "out"
};
static const char *const mistaken_levels[_LOGGING_MAX] = {
        [LOGGING_OFF] = "no none never disabled",
        [LOGGING_LOW] = "on yes true enabled",
        [LOGGING_HIGH] = "all debug",
};
static const char *const other_levels[_LOGGING_MAX] = { [LOGGING_HIGH] = "full" };
static const char *const mistaken_attributions[_ATTRIBUTION_MAX] = {
        [ATTRIBUTION_UNIT] = "units service cgroup on yes true",
        [ATTRIBUTION_PROCESS] = "processes pid command",
        [ATTRIBUTION_USER] = "users uid",
        [ATTRIBUTION_OFF] = "no none never disabled",
};
static const char *const mistaken_backends[_BACKEND_MAX] = {
        [BACKEND_NFTABLES] = "nft nf_tables",
        [BACKEND_IPTABLES] = "xtables iptables-legacy legacy",
};
static const char *const mistaken_types[_VAR_TYPE_MAX] = {
        [VAR_NETWORKS] = "addresses hosts prefixes ips sets",
};

static const Words actions = { _ACTION_MAX, action_word, action_other_words, NULL };
/* a default cannot limit; limit is the last action */
static const Words default_actions = { ACTION_LIMIT, action_word, action_other_words, NULL };
static const Words directions = { _DIRECTION_MAX, direction_word, direction_other_words, NULL };
static const Words audits = { _DIRECTION_MAX + 1, audit_word, mistaken_audits, other_audits };
static const Words logging_levels = { _LOGGING_MAX, logging_word, mistaken_levels, other_levels };
static const Words attributions = { _ATTRIBUTION_MAX, attribution_word, mistaken_attributions,
        NULL };
static const Words backends = { _BACKEND_MAX, backend_word, mistaken_backends, NULL };
static const Words var_types = { _VAR_TYPE_MAX, var_type_word, mistaken_types, NULL };

_Static_assert(ACTION_LIMIT == _ACTION_MAX - 1, "default_actions leaves out the last one");

/* ---- the table ---- */

#define AT(type, member) .offset = offsetof(type, member)

const Setting vocabulary[] = {
        /* p25.conf only */
        { GROUP_HOST, "enabled", HOST, false, SETTING_BOOL, read_tristate, AT(HostConf, enabled) },
        { GROUP_HOST, "backend", HOST, false, SETTING_TEXT, read_word, AT(HostConf, backend),
                .words = &backends },
        { GROUP_HOST, "roles", HOST, false, SETTING_TEXTS, read_roles, .offset = 0,
                .mistaken = "role" },
        { GROUP_HOST, "default", HOST, false, SETTING_GROUP, read_defaults, AT(HostConf, defaults),
                .mistaken = "policy defaults" },
        { GROUP_HOST, "logging", HOST, false, SETTING_TEXT, read_word, AT(HostConf, logging),
                .words = &logging_levels, .mistaken = "log log_level loglevel" },
        { GROUP_HOST, "attribution", HOST, false, SETTING_TEXT, read_word,
                AT(HostConf, attribution), .words = &attributions },
        { GROUP_HOST, "audit", HOST, false, SETTING_TEXTS, read_audit, AT(HostConf, audit),
                .words = &audits, .mistaken = "permissive report_only" },
        { GROUP_HOST, "alerts", HOST, false, SETTING_GROUP, read_alerts, AT(HostConf, alerts),
                .mistaken = "alert thresholds" },
        { GROUP_HOST, "mail_ports", HOST, false, SETTING_TEXTS, read_mail_ports,
                AT(HostConf, mail_ports), .mistaken = "ports" },
        { GROUP_HOST, "keep_established", HOST, false, SETTING_BOOL, read_bool,
                AT(HostConf, keep_established) },

        /* p25.conf and fragments */
        { GROUP_COMMON, "vars", HOST | FRAGMENT, false, SETTING_GROUP, read_vars,
                AT(Fragment, vars), .mistaken = "variables" },
        { GROUP_COMMON, "sets", HOST | FRAGMENT, false, SETTING_GROUP, read_sets,
                AT(Fragment, sets) },
        { GROUP_COMMON, "rules", HOST | FRAGMENT, false, SETTING_GROUPS, read_rules,
                AT(Fragment, rules) },
        { GROUP_COMMON, "assert", HOST | FRAGMENT, false, SETTING_GROUPS, read_asserts,
                AT(Fragment, assertions), .mistaken = "assertions tests" },

        /* a role */
        { GROUP_ROLE_FILE, "role", ROLE, true, SETTING_GROUP, read_role, .offset = 0 },
        { GROUP_ROLE, "name", ROLE, true, SETTING_TEXT, read_name, AT(Role, name) },
        { GROUP_ROLE, "summary", ROLE, false, SETTING_TEXT, read_text, AT(Role, summary),
                .mistaken = "help comment description" },
        { GROUP_ROLE, "manages", ROLE, false, SETTING_TEXTS_OR_GROUP, read_manages, .offset = 0 },
        { GROUP_ROLE, "listens", ROLE, false, SETTING_TEXTS, read_listens, AT(Role, listens) },
        { GROUP_ROLE, "audit", ROLE, false, SETTING_BOOL, read_bool, AT(Role, audit) },
        { GROUP_ROLE, "vars", ROLE, false, SETTING_GROUP, read_var_decls, .offset = 0 },
        { GROUP_ROLE, "default", ROLE, false, SETTING_GROUP, read_defaults, AT(Role, defaults) },
        { GROUP_ROLE, "rules", ROLE, false, SETTING_GROUPS, read_rules, AT(Role, rules) },
        { GROUP_ROLE, "assert", ROLE, false, SETTING_GROUPS, read_asserts, AT(Role, assertions) },

        /* the daemon's state */
        { GROUP_STATE_FILE, "state", STATE, true, SETTING_GROUP, read_state, .offset = 0 },
        { GROUP_STATE, "revision", STATE, true, SETTING_INTEGER, read_uint64, AT(State, revision),
                0, INT64_MAX },
        { GROUP_STATE, "policy_revision", STATE, false, SETTING_INTEGER, read_uint64,
                AT(State, policy_revision), 0, INT64_MAX },
        { GROUP_STATE, "time", STATE, false, SETTING_INTEGER, read_uint64,
                AT(State, origin.time_usec), 0, INT64_MAX },
        { GROUP_STATE, "uid", STATE, false, SETTING_INTEGER, read_uint32, AT(State, origin.uid), 0,
                UINT32_MAX },
        { GROUP_STATE, "pid", STATE, false, SETTING_INTEGER, read_uint32, AT(State, origin.pid), 0,
                INT32_MAX },
        { GROUP_STATE, "process", STATE, false, SETTING_TEXT, read_bytes,
                AT(State, origin.process) },
        { GROUP_STATE, "unit", STATE, false, SETTING_TEXT, read_bytes, AT(State, origin.unit) },
        { GROUP_STATE, "remote", STATE, false, SETTING_TEXT, read_bytes, AT(State, origin.remote) },
        { GROUP_STATE, "reason", STATE, false, SETTING_TEXT, read_bytes, AT(State, origin.reason) },
        { GROUP_STATE, "summary", STATE, false, SETTING_TEXT, read_bytes,
                AT(State, origin.summary) },
        { GROUP_STATE, "files", STATE, false, SETTING_TEXT, read_name, AT(State, files) },
        { GROUP_STATE, "files_pinned", STATE, false, SETTING_BOOL, read_bool,
                AT(State, files_pinned) },
        { GROUP_STATE, "next_id", STATE, true, SETTING_INTEGER, read_uint64, AT(State, next_id), 1,
                ID_MAX },
        { GROUP_STATE, "enabled", STATE, false, SETTING_BOOL, read_tristate, AT(State, enabled) },
        { GROUP_STATE, "roles", STATE, false, SETTING_TEXTS, read_state_roles, .offset = 0 },
        { GROUP_STATE, "default", STATE, false, SETTING_GROUP, read_defaults, AT(State, defaults) },
        { GROUP_STATE, "logging", STATE, false, SETTING_TEXT, read_word, AT(State, logging),
                .words = &logging_levels },
        { GROUP_STATE, "promoted", STATE, false, SETTING_TEXTS, read_audit, AT(State, promoted),
                .words = &audits },
        { GROUP_STATE, "promoted_roles", STATE, false, SETTING_TEXTS, read_names,
                AT(State, promoted_roles) },
        { GROUP_STATE, "lockdown", STATE, false, SETTING_BOOL, read_bool, AT(State, lockdown) },
        { GROUP_STATE, "rules", STATE, false, SETTING_GROUPS, read_rules, AT(State, rules) },
        { GROUP_STATE_FILES, "fragments", STATE, false, SETTING_GROUPS, read_state_fragments,
                .offset = 0 },
        { GROUP_STATE_FILES, "sets", STATE, false, SETTING_GROUPS, read_state_sets, .offset = 0 },
        { GROUP_FILE, "name", STATE, true, SETTING_TEXT, read_name, AT(StateFile, name) },
        { GROUP_FILE, "file", STATE, true, SETTING_TEXT, read_bytes, AT(StateFile, file) },

        /* rules, wherever they stand */
        { GROUP_RULE, "id", STATE, true, SETTING_INTEGER, read_uint64, AT(Rule, id), 1, ID_MAX },
        { GROUP_RULE, "action", ANYWHERE, true, SETTING_TEXT, read_word, AT(Rule, action),
                .words = &actions, .mistaken = "verdict target policy jump" },
        { GROUP_RULE, "direction", ANYWHERE, false, SETTING_TEXT, read_word, AT(Rule, direction),
                .words = &directions, .mistaken = "chain hook" },
        { GROUP_RULE, "ports", ANYWHERE, false, SETTING_TEXTS, read_ports, .offset = 0,
                .mistaken = "dport dports service services" },
        { GROUP_RULE, "from", ANYWHERE, false, SETTING_TEXTS, read_addresses, AT(Rule, from),
                .mistaken = "source src saddr" },
        { GROUP_RULE, "to", ANYWHERE, false, SETTING_TEXTS, read_addresses, AT(Rule, to),
                .mistaken = "destination dest dst daddr" },
        { GROUP_RULE, "interface", ANYWHERE, false, SETTING_TEXT, read_text, AT(Rule, interface),
                .mistaken = "iface dev on" },
        { GROUP_RULE, "in_interface", ANYWHERE, false, SETTING_TEXT, read_text,
                AT(Rule, in_interface), .mistaken = "iif iifname" },
        { GROUP_RULE, "out_interface", ANYWHERE, false, SETTING_TEXT, read_text,
                AT(Rule, out_interface), .mistaken = "oif oifname" },
        { GROUP_RULE, "user", ANYWHERE, false, SETTING_TEXTS, read_identities, AT(Rule, user),
                .mistaken = "uid owner" },
        { GROUP_RULE, "group", ANYWHERE, false, SETTING_TEXTS, read_identities, AT(Rule, group),
                .mistaken = "gid" },
        { GROUP_RULE, "unit", ANYWHERE, false, SETTING_TEXTS, read_identities, AT(Rule, unit) },
        { GROUP_RULE, "rate", ANYWHERE, false, SETTING_TEXT, read_rate, AT(Rule, limit),
                .mistaken = "limit" },
        { GROUP_RULE, "burst", ANYWHERE, false, SETTING_INTEGER, read_uint32, AT(Rule, limit.burst),
                1, LIMIT_BURST_MAX },
        { GROUP_RULE, "max", ANYWHERE, false, SETTING_INTEGER, read_uint32, AT(Rule, limit.open), 1,
                LIMIT_OPEN_MAX },
        { GROUP_RULE, "expires", STATE, false, SETTING_INTEGER, read_uint64, AT(Rule, expires_usec),
                1, INT64_MAX },
        { GROUP_RULE, "log", ANYWHERE, false, SETTING_BOOL, read_bool, AT(Rule, log) },
        { GROUP_RULE, "comment", ANYWHERE, false, SETTING_TEXT, read_text, AT(Rule, comment),
                .mistaken = "description note" },

        /* small groups */
        { GROUP_SET, "entries", HOST | FRAGMENT, false, SETTING_TEXTS, read_entries,
                AT(SetDecl, entries), .mistaken = "addresses members elements" },
        { GROUP_SET, "file", HOST | FRAGMENT, false, SETTING_TEXT, read_path, AT(SetDecl, path),
                .mistaken = "path" },
        { GROUP_VAR, "type", ROLE, true, SETTING_TEXT, read_word, AT(VarDecl, type),
                .words = &var_types },
        { GROUP_VAR, "required", ROLE, false, SETTING_BOOL, read_bool, AT(VarDecl, required) },
        { GROUP_VAR, "default", ROLE, false, SETTING_TEXTS, read_texts, AT(VarDecl, value) },
        { GROUP_VAR, "help", ROLE, false, SETTING_TEXT, read_text, AT(VarDecl, help),
                .mistaken = "summary comment" },
        { GROUP_ASSERT, "packet", HOST | FRAGMENT | ROLE, true, SETTING_TEXT, read_text,
                AT(Assertion, packet) },
        { GROUP_ASSERT, "verdict", HOST | FRAGMENT | ROLE, true, SETTING_TEXT, read_word,
                AT(Assertion, verdict), .words = &actions },
        { GROUP_DEFAULT, "incoming", HOST | ROLE | STATE, false, SETTING_TEXT, read_word,
                AT(Defaults, of[DIRECTION_IN]), .words = &default_actions,
                .mistaken = "in input inbound" },
        { GROUP_DEFAULT, "outgoing", HOST | ROLE | STATE, false, SETTING_TEXT, read_word,
                AT(Defaults, of[DIRECTION_OUT]), .words = &default_actions,
                .mistaken = "out output outbound" },
        { GROUP_DEFAULT, "routed", HOST | ROLE | STATE, false, SETTING_TEXT, read_word,
                AT(Defaults, of[DIRECTION_ROUTED]), .words = &default_actions,
                .mistaken = "forward forwarded route" },
        { GROUP_MANAGES, "incoming", ROLE, false, SETTING_TEXTS, read_manages_one, .offset = 0,
                .mistaken = "in input inbound" },
        { GROUP_MANAGES, "outgoing", ROLE, false, SETTING_TEXTS, read_manages_one, .offset = 0,
                .mistaken = "out output outbound" },
        { GROUP_MANAGES, "routed", ROLE, false, SETTING_TEXTS, read_manages_one, .offset = 0,
                .mistaken = "forward forwarded route" },
        { GROUP_ALERTS, "blocked", HOST, false, SETTING_TEXT, read_rate,
                AT(Alerts, limits[ALERT_BLOCKED]), .mistaken = "refused rejected" },
        { GROUP_ALERTS, "connections", HOST, false, SETTING_TEXT, read_rate,
                AT(Alerts, limits[ALERT_CONNECTIONS]), .mistaken = "outgoing sent allowed" },
        { GROUP_ALERTS, "destinations", HOST, false, SETTING_TEXT, read_rate,
                AT(Alerts, limits[ALERT_DESTINATIONS]), .mistaken = "addresses hosts" },
        { GROUP_ALERTS, "quarantine", HOST, false, SETTING_TEXT, read_duration,
                AT(Alerts, quarantine_sec), .mistaken = "ban jail" },
        { .name = NULL },
};
