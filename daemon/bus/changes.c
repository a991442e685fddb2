/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns the methods that change the policy: each reads and validates what came, calls one function
 * of the manager and replies. Whether the caller may is decided before (bus_vtable.c).
 */

#include "daemon/bus/answer.h"
#include "daemon/bus/dict.h"
#include "daemon/bus/methods.h"
#include "daemon/bus/rule.h"
#include "daemon/manager/manager.h"
#include "daemon/manager/settings.h"
#include "rules/base/array.h"
#include "rules/base/text.h"
#include "rules/policy/rule.h"
#include "rules/policy/valid.h"

#include <errno.h>

#define ROLES_MAX 1000

#define _cleanup_result_ _cleanup_(change_result_deinit)

/* ---- rules ---- */

int bus_add_rule(BusCall *c, sd_bus_error *error)
{
        _cleanup_result_ ChangeResult result = { 0 };
        _cleanup_(bus_rule_deinit) BusRule rule = { 0 };
        Change change;
        int r;

        if ((r = bus_rule_read(c->message, BUS_RULE_ADD, &rule, error)) < 0 ||
                (r = bus_change_read(c, BUS_OPTION_PLACE, &change, error)) < 0)
                return r;
        if (change.has_replaces)
                r = manager_replace_rule(c->bus->manager, rule.rule, &change, &result);
        else
                r = manager_add_rules(c->bus->manager, &rule.rule, 1, &change, &result);
        return bus_change_reply(c, r, &result, error);
}

int bus_remove_rule(BusCall *c, sd_bus_error *error)
{
        _cleanup_result_ ChangeResult result = { 0 };
        _cleanup_(bus_rule_deinit) BusRule rule = { 0 };
        Manager *m = c->bus->manager;
        Change change;
        int r;

        if ((r = bus_rule_read(c->message, BUS_RULE_REMOVE, &rule, error)) < 0 ||
                (r = bus_change_read(c, BUS_OPTION_NONE, &change, error)) < 0)
                return r;
        if (rule.has_id)
                r = manager_remove_rule_id(m, rule.id, &change, &result);
        else if (rule.has_position)
                r = manager_remove_rule_position(m, rule.position, &change, &result);
        else
                r = manager_remove_rules(m, &rule.rule, 1, &change, &result);
        return bus_change_reply(c, r, &result, error);
}

typedef struct RuleArray {
        Rule **items;
        size_t n;
} RuleArray;

static void rule_array_deinit(RuleArray *a)
{
        for (size_t i = 0; i < a->n; i++)
                rule_unref(a->items[i]);
        free(a->items);
        *a = (RuleArray){ 0 };
}

static int rule_array_add(BusCall *c, BusRuleUse use, RuleArray *ret, sd_bus_error *error)
{
        _cleanup_(bus_rule_deinit) BusRule rule = { 0 };
        int r;

        if (ret->n == POLICY_RULES_MAX)
                return sd_bus_error_setf(error, BUS_ERROR_LIMIT_EXCEEDED,
                        "a policy has at most %d rules", POLICY_RULES_MAX);
        r = bus_rule_read(c->message, use, &rule, error);
        if (r < 0)
                return r;
        if (!rule.rule)
                return sd_bus_error_set(error, BUS_ERROR_INVALID_RULE,
                        "id and position can only be used with RemoveRule; give a match");
        if (array_grow(&ret->items, ret->n, sizeof(*ret->items)) < 0)
                return -ENOMEM;
        ret->items[ret->n++] = TAKE_PTR(rule.rule);
        return 0;
}

static int rule_array_read(BusCall *c, BusRuleUse use, RuleArray *ret, sd_bus_error *error)
{
        int r;

        r = sd_bus_message_enter_container(c->message, 'a', "a{sv}");
        while (r >= 0 && (r = sd_bus_message_at_end(c->message, false)) == 0)
                r = rule_array_add(c, use, ret, error);
        return r < 0 ? r : sd_bus_message_exit_container(c->message);
}

/* Several at once: all of them or none. */
int bus_add_rules(BusCall *c, sd_bus_error *error)
{
        _cleanup_result_ ChangeResult result = { 0 };
        _cleanup_(rule_array_deinit) RuleArray rules = { 0 };
        Change change;
        int r;

        if ((r = rule_array_read(c, BUS_RULE_ADD, &rules, error)) < 0 ||
                (r = bus_change_read(c, BUS_OPTION_POSITION, &change, error)) < 0)
                return r;
        r = manager_add_rules(c->bus->manager, rules.items, rules.n, &change, &result);
        return bus_change_reply(c, r, &result, error);
}

int bus_remove_rules(BusCall *c, sd_bus_error *error)
{
        _cleanup_result_ ChangeResult result = { 0 };
        _cleanup_(rule_array_deinit) RuleArray rules = { 0 };
        Change change;
        int r;

        if ((r = rule_array_read(c, BUS_RULE_REMOVE, &rules, error)) < 0 ||
                (r = bus_change_read(c, BUS_OPTION_NONE, &change, error)) < 0)
                return r;
        r = manager_remove_rules(c->bus->manager, rules.items, rules.n, &change, &result);
        return bus_change_reply(c, r, &result, error);
}

/* ---- roles, defaults, switches ---- */

int bus_set_roles(BusCall *c, sd_bus_error *error)
{
        _cleanup_result_ ChangeResult result = { 0 };
        _cleanup_free_ char **roles = NULL;
        Change change;
        size_t n;
        int r;

        r = bus_strings_read(c->message, ROLES_MAX, "roles", &roles, &n, error);
        for (size_t i = 0; r >= 0 && i < n; i++)
                r = bus_name_check("role", roles[i], error);
        if (r < 0 || (r = bus_change_read(c, BUS_OPTION_NONE, &change, error)) < 0)
                return r;
        r = manager_set_roles(c->bus->manager, roles, &change, &result);
        return bus_change_reply(c, r, &result, error);
}

static int default_read(
        BusCall *c, Direction *ret_direction, Action *ret_action, sd_bus_error *error)
{
        const char *direction, *action;
        char shown[TEXT_SHOWN_MAX];
        int r;

        r = sd_bus_message_read(c->message, "ss", &direction, &action);
        if (r < 0)
                return r;
        *ret_direction = direction_from_adjective(direction);
        if (*ret_direction == _DIRECTION_INVALID)
                *ret_direction = direction_from_string(direction);
        if (*ret_direction == _DIRECTION_INVALID)
                return sd_bus_error_setf(error, BUS_ERROR_INVALID_ARGS,
                        "direction must be one of incoming, outgoing, routed (not %s)",
                        text_show(direction, shown));
        *ret_action = action_from_string(action);
        if (*ret_action == _ACTION_INVALID || *ret_action == ACTION_LIMIT)
                return sd_bus_error_setf(error, BUS_ERROR_INVALID_ARGS,
                        "default must be one of allow, deny, reject (not %s)",
                        text_show(action, shown));
        return 0;
}

int bus_set_default(BusCall *c, sd_bus_error *error)
{
        _cleanup_result_ ChangeResult result = { 0 };
        Direction direction = _DIRECTION_INVALID;
        Action action = _ACTION_INVALID;
        Change change;
        int r;

        if ((r = default_read(c, &direction, &action, error)) < 0 ||
                (r = bus_change_read(c, BUS_OPTION_NONE, &change, error)) < 0)
                return r;
        r = manager_set_default(c->bus->manager, direction, action, &change, &result);
        return bus_change_reply(c, r, &result, error);
}

/* A method whose one argument is on or off. */
static int bool_change(BusCall *c,
        int (*set)(Manager *m, bool on, const Change *c, ChangeResult *r), sd_bus_error *error)
{
        _cleanup_result_ ChangeResult result = { 0 };
        Change change;
        int on, r;

        if ((r = sd_bus_message_read(c->message, "b", &on)) < 0 ||
                (r = bus_change_read(c, BUS_OPTION_NONE, &change, error)) < 0)
                return r;
        r = set(c->bus->manager, on, &change, &result);
        return bus_change_reply(c, r, &result, error);
}

int bus_set_enabled(BusCall *c, sd_bus_error *error)
{
        return bool_change(c, manager_set_enabled, error);
}

int bus_set_lockdown(BusCall *c, sd_bus_error *error)
{
        return bool_change(c, manager_set_lockdown, error);
}

int bus_set_logging(BusCall *c, sd_bus_error *error)
{
        _cleanup_result_ ChangeResult result = { 0 };
        char shown[TEXT_SHOWN_MAX];
        const char *level;
        Logging logging;
        Change change;
        int r;

        r = sd_bus_message_read(c->message, "s", &level);
        if (r < 0)
                return r;
        logging = logging_from_string(level);
        if (logging == _LOGGING_INVALID)
                return sd_bus_error_setf(error, BUS_ERROR_INVALID_ARGS,
                        "level must be one of off, low, medium, high (not %s)",
                        text_show(level, shown));
        r = bus_change_read(c, BUS_OPTION_NONE, &change, error);
        if (r < 0)
                return r;
        r = manager_set_logging(c->bus->manager, logging, &change, &result);
        return bus_change_reply(c, r, &result, error);
}

/* Methods that take only options. */
static int plain_change(
        BusCall *c, int (*make)(Manager *, const Change *, ChangeResult *), sd_bus_error *error)
{
        _cleanup_result_ ChangeResult result = { 0 };
        Change change;
        int r;

        r = bus_change_read(c, BUS_OPTION_NONE, &change, error);
        if (r < 0)
                return r;
        r = make(c->bus->manager, &change, &result);
        return bus_change_reply(c, r, &result, error);
}

int bus_reload(BusCall *c, sd_bus_error *error)
{
        return plain_change(c, manager_reload, error);
}

int bus_promote_audit(BusCall *c, sd_bus_error *error)
{
        return plain_change(c, manager_promote_audit, error);
}

int bus_reset(BusCall *c, sd_bus_error *error)
{
        return plain_change(c, manager_reset, error);
}

int bus_rollback(BusCall *c, sd_bus_error *error)
{
        _cleanup_result_ ChangeResult result = { 0 };
        uint64_t revision;
        Change change;
        int r;

        if ((r = sd_bus_message_read(c->message, "t", &revision)) < 0 ||
                (r = bus_change_read(c, BUS_OPTION_NONE, &change, error)) < 0)
                return r;
        r = manager_rollback(c->bus->manager, revision, &change, &result);
        return bus_change_reply(c, r, &result, error);
}

/* ---- fragments ---- */

int bus_put_fragment(BusCall *c, sd_bus_error *error)
{
        _cleanup_result_ ChangeResult result = { 0 };
        const char *name, *text;
        Change change;
        size_t n;
        int r;

        if ((r = sd_bus_message_read(c->message, "ss", &name, &text)) < 0 ||
                (r = bus_name_check("fragment", name, error)) < 0)
                return r;
        n = strlen(text);
        if (n > POLICY_TEXT_MAX)
                return sd_bus_error_setf(error, BUS_ERROR_LIMIT_EXCEEDED,
                        "a policy text is at most %u MiB", POLICY_TEXT_MAX >> 20);
        r = bus_change_read(c, BUS_OPTION_NONE, &change, error);
        if (r < 0)
                return r;
        r = manager_put_fragment(c->bus->manager, name, text, n, &change, &result);
        return bus_change_reply(c, r, &result, error);
}
