/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The methods of the interface, one row each: the signature on the bus, the privilege that a caller
 * needs, and the function that answers. Every list of methods is generated from these rows.
 */

#include "daemon/bus/internal.h"

#define BUS_NOTHING (NULL)
#define BUS_OPTIONS "a{sv}", options
#define BUS_CHANGED ("b", changed, "t", revision, "a{sv}", details)

/* Privileges are those of daemon/auth/auth.h, turns those of BusTurn. */

/* clang-format off */
/* name, handler, privilege, its turn, arguments, results */
#define BUS_METHODS(ROW) \
        ROW("Describe", bus_describe, READ, SHARED, BUS_NOTHING, ("s", json)) \
        ROW("ListRules", bus_list_rules, READ, SHARED, BUS_NOTHING, ("aa{sv}", rules)) \
        ROW("ListRoles", bus_list_roles, READ, AT_ONCE, BUS_NOTHING, ("aa{sv}", roles)) \
        ROW("ListSets", bus_list_sets, READ, SHARED, BUS_NOTHING, ("aa{sv}", sets)) \
        ROW("ListFragments", bus_list_fragments, READ, AT_ONCE, \
            BUS_NOTHING, ("aa{sv}", fragments)) \
        ROW("AddRule", bus_add_rule, MANAGE, WAITS, ("a{sv}", rule, BUS_OPTIONS), BUS_CHANGED) \
        ROW("RemoveRule", bus_remove_rule, MANAGE, WAITS, \
            ("a{sv}", rule, BUS_OPTIONS), BUS_CHANGED) \
        ROW("AddRules", bus_add_rules, MANAGE, WAITS, \
            ("aa{sv}", rules, BUS_OPTIONS), BUS_CHANGED) \
        ROW("RemoveRules", bus_remove_rules, MANAGE, WAITS, \
            ("aa{sv}", rules, BUS_OPTIONS), BUS_CHANGED) \
        ROW("SetRoles", bus_set_roles, MANAGE, WAITS, ("as", roles, BUS_OPTIONS), BUS_CHANGED) \
        ROW("SetDefault", bus_set_default, MANAGE, WAITS, \
            ("s", direction, "s", action, BUS_OPTIONS), BUS_CHANGED) \
        ROW("SetEnabled", bus_set_enabled, MANAGE, WAITS, \
            ("b", enabled, BUS_OPTIONS), BUS_CHANGED) \
        ROW("SetLockdown", bus_set_lockdown, MANAGE, WAITS, \
            ("b", lockdown, BUS_OPTIONS), BUS_CHANGED) \
        ROW("SetLogging", bus_set_logging, MANAGE, WAITS, ("s", level, BUS_OPTIONS), BUS_CHANGED) \
        ROW("PromoteAudit", bus_promote_audit, MANAGE, WAITS, (BUS_OPTIONS), BUS_CHANGED) \
        ROW("PutFragment", bus_put_fragment, MANAGE_FRAGMENT, WAITS, \
            ("s", name, "s", text, BUS_OPTIONS), BUS_CHANGED) \
        ROW("GetFragment", bus_get_fragment, READ, SHARED, ("s", name), ("s", text)) \
        ROW("GetRole", bus_get_role, READ, AT_ONCE, ("s", name), ("s", text)) \
        ROW("GetRuleset", bus_get_ruleset, READ, SHARED, ("s", format), ("s", text)) \
        ROW("GetSet", bus_get_set, READ, SHARED, ("s", name), ("h", file)) \
        ROW("ReplaceSet", bus_replace_set, MANAGE_SET, WAITS, \
            ("s", name, "h", file, BUS_OPTIONS), BUS_CHANGED) \
        ROW("UpdateSet", bus_update_set, MANAGE_SET, WAITS, \
            ("s", name, "as", add, "as", remove, BUS_OPTIONS), BUS_CHANGED) \
        ROW("PutDocuments", bus_put_documents, MANAGE_EACH, WAITS, \
            ("a{ss}", fragments, "a{sh}", sets, BUS_OPTIONS), BUS_CHANGED) \
        ROW("DropSet", bus_drop_set, MANAGE_SET, WAITS, ("s", name, BUS_OPTIONS), BUS_CHANGED) \
        ROW("Reload", bus_reload, MANAGE, WAITS, (BUS_OPTIONS), BUS_CHANGED) \
        ROW("Reset", bus_reset, MANAGE, WAITS, (BUS_OPTIONS), BUS_CHANGED) \
        ROW("DescribeReload", bus_describe_reload, READ_TEXT, WORKER, \
            (BUS_OPTIONS), BUS_CHANGED) \
        ROW("Confirm", bus_confirm, MANAGE, AT_ONCE, ("t", revision), BUS_NOTHING) \
        ROW("Rollback", bus_rollback, MANAGE, WAITS, ("t", revision, BUS_OPTIONS), BUS_CHANGED) \
        ROW("ListRevisions", bus_list_revisions, READ, SHARED, \
            ("u", max), ("aa{sv}", revisions)) \
        ROW("ListSetChanges", bus_list_set_changes, READ, SHARED, \
            ("u", max), ("aa{sv}", changes)) \
        ROW("DiffRevisions", bus_diff_revisions, READ, WORKER, \
            ("t", from, "t", to), ("a{sv}", details)) \
        ROW("Check", bus_check, MANAGE, WORKER, ("s", text), ("aa{sv}", diagnostics)) \
        ROW("Explain", bus_explain, READ, FILTERS, ("a{sv}", packet), ("a{sv}", explanation)) \
        ROW("Diagnose", bus_diagnose, READ, FILTERS, ("as", targets), ("aa{sv}", findings)) \
        ROW("ListObstacles", bus_list_obstacles, READ, FILTERS, \
            BUS_NOTHING, ("aa{sv}", findings)) \
        ROW("DescribeAudit", bus_describe_audit, MANAGE, WORKER, BUS_NOTHING, ("s", json)) \
        ROW("DescribeStats", bus_describe_stats, MANAGE, FILTERS, BUS_NOTHING, ("s", json)) \
        ROW("ListEvents", bus_list_events, MANAGE, SHARED, \
            ("t", after, "u", max), ("aa{sv}", events))
/* clang-format on */

#define BUS_METHOD_PROTOTYPE(name, handler, privilege, turn, arguments, results) \
        int handler(BusCall *c, sd_bus_error *error);
BUS_METHODS(BUS_METHOD_PROTOTYPE)
#undef BUS_METHOD_PROTOTYPE
