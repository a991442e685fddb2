/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns the methods that change the policy: each reads and validates what came, calls one function
 * of the manager and replies. Whether the caller may is decided before (bus_vtable.c).
 */

#include "daemon/bus/dict.h"
#include "daemon/bus/internal.h"
#include "daemon/bus/rule.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

#define ROLES_MAX 1000
#define PIPE_PAUSE_USEC UINT64_C(50000)
#define UPLOAD_BYTES_MAX (128u << 20) /* 64 bytes for each entry of the largest set */

#define _cleanup_result_ _cleanup_(change_result_deinit)

/* ---- what all have in common ---- */

/* The options are the last argument; the caller is the bus's word. */
static int change_read(BusCall *c, bool with_position, Change *ret, sd_bus_error *error)
{
        int r;

        r = bus_options_read(c->message, with_position, ret, error);
        if (r < 0)
                return r;
        ret->uid = c->caller.uid;
        ret->pid = c->caller.pid;
        ret->process = c->caller.process;
        ret->connection = c->connection;
        if (!ret->dry_run)
                caller_place("/proc", c->caller.pid, &c->place);
        ret->unit = c->place.unit;
        ret->remote = c->place.remote;
        return 0;
}

/* As many lines as a message takes; a change of a hundred thousand rules has more. */
static int lines_append(sd_bus_message *m, char *const *diff)
{
        size_t size = 0, n = strv_length(diff), i = 0;
        char rest[64];
        int r = 0;

        for (; r >= 0 && i < n && (size += strlen(diff[i]) + 8) <= BUS_REPLY_MAX; i++)
                r = sd_bus_message_append_basic(m, 's', diff[i]);
        if (r >= 0 && i < n) {
                snprintf(rest, sizeof(rest), "and %zu more", n - i);
                r = sd_bus_message_append_basic(m, 's', rest);
        }
        return r;
}

int bus_append_diff(sd_bus_message *m, const ChangeResult *change)
{
        int r = sd_bus_message_open_container(m, 'a', "s");

        if (r >= 0)
                r = lines_append(m, change->diff);
        if (r >= 0)
                r = lines_append(m, change->effects);
        for (char **w = change->warnings; r >= 0 && w && *w; w++) {
                _cleanup_buffer_ Buffer line = { 0 };

                buffer_printf(&line, BUS_WARNING "%s", *w);
                r = line.failed ? -ENOMEM : sd_bus_message_append_basic(m, 's', line.data);
        }
        return r < 0 ? r : sd_bus_message_close_container(m);
}

/* The reply to what the manager returned. */
static int change_reply(BusCall *c, int result, const ChangeResult *change, sd_bus_error *error)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        int r;

        if (result < 0 && change->locked_out && !c->last)
                return -EBUSY;
        if (result < 0 && change->locked_out)
                return sd_bus_error_setf(error, BUS_ERROR_BACKEND_FAILED,
                        "%s; given up after %d seconds", change->message ?: "the lock is held",
                        MANAGER_WAIT_SECONDS);
        if (result < 0) {
                ErrorKind kind = change->error == ERROR_NONE ? ERROR_FAILED : change->error;

                return sd_bus_error_set(error, error_kind_to_bus_name(kind),
                        change->message ?: "the change failed");
        }
        if ((r = sd_bus_message_new_method_return(c->message, &reply)) < 0 ||
                (r = sd_bus_message_append(reply, "bt", (int)change->changed, change->revision)) <
                        0 ||
                (r = bus_append_diff(reply, change)) < 0 ||
                (r = sd_bus_send(NULL, reply, NULL)) < 0)
                return r;
        return 0;
}

static int name_validate(const char *what, const char *name, sd_bus_error *error)
{
        char shown[TEXT_SHOWN_MAX];

        if (name_is_valid(name))
                return 0;
        return sd_bus_error_setf(error, BUS_ERROR_INVALID_ARGS,
                "\"%s\" is no name of a %s ([A-Za-z0-9._-]{1,%d})", text_show(name, shown), what,
                NAME_MAX_LENGTH);
}

/* ---- rules ---- */

int bus_add_rule(BusCall *c, sd_bus_error *error)
{
        _cleanup_result_ ChangeResult result = { 0 };
        _cleanup_(bus_rule_deinit) BusRule rule = { 0 };
        Ports mail_ports;
        Change change;
        int r;

        policy_mail_ports(manager_policy(c->bus->manager), &mail_ports);
        if ((r = bus_rule_read(c->message, BUS_RULE_ADD, &mail_ports, &rule, error)) < 0 ||
                (r = change_read(c, true, &change, error)) < 0)
                return r;
        r = manager_add_rules(c->bus->manager, &rule.rule, 1, &change, &result);
        return change_reply(c, r, &result, error);
}

int bus_remove_rule(BusCall *c, sd_bus_error *error)
{
        _cleanup_result_ ChangeResult result = { 0 };
        _cleanup_(bus_rule_deinit) BusRule rule = { 0 };
        Manager *m = c->bus->manager;
        Ports mail_ports;
        Change change;
        int r;

        policy_mail_ports(manager_policy(m), &mail_ports);
        if ((r = bus_rule_read(c->message, BUS_RULE_REMOVE, &mail_ports, &rule, error)) < 0 ||
                (r = change_read(c, false, &change, error)) < 0)
                return r;
        if (rule.has_id)
                r = manager_remove_rule_id(m, rule.id, &change, &result);
        else if (rule.has_position)
                r = manager_remove_rule_position(m, rule.position, &change, &result);
        else
                r = manager_remove_rules(m, &rule.rule, 1, &change, &result);
        return change_reply(c, r, &result, error);
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

static int rule_array_add(
        BusCall *c, BusRuleUse use, const Ports *mail_ports, RuleArray *ret, sd_bus_error *error)
{
        _cleanup_(bus_rule_deinit) BusRule rule = { 0 };
        int r;

        if (ret->n == POLICY_RULES_MAX)
                return sd_bus_error_setf(error, BUS_ERROR_LIMIT_EXCEEDED,
                        "a policy has at most %d rules", POLICY_RULES_MAX);
        r = bus_rule_read(c->message, use, mail_ports, &rule, error);
        if (r < 0)
                return r;
        if (!rule.rule)
                return sd_bus_error_set(error, BUS_ERROR_INVALID_RULE,
                        "id and position are for RemoveRule alone: say a match");
        if (array_grow(&ret->items, ret->n, sizeof(*ret->items)) < 0)
                return -ENOMEM;
        ret->items[ret->n++] = TAKE_PTR(rule.rule);
        return 0;
}

static int rule_array_read(BusCall *c, BusRuleUse use, RuleArray *ret, sd_bus_error *error)
{
        Ports mail_ports;
        int r;

        policy_mail_ports(manager_policy(c->bus->manager), &mail_ports);
        r = sd_bus_message_enter_container(c->message, 'a', "a{sv}");
        while (r >= 0 && (r = sd_bus_message_at_end(c->message, false)) == 0)
                r = rule_array_add(c, use, &mail_ports, ret, error);
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
                (r = change_read(c, true, &change, error)) < 0)
                return r;
        r = manager_add_rules(c->bus->manager, rules.items, rules.n, &change, &result);
        return change_reply(c, r, &result, error);
}

int bus_remove_rules(BusCall *c, sd_bus_error *error)
{
        _cleanup_result_ ChangeResult result = { 0 };
        _cleanup_(rule_array_deinit) RuleArray rules = { 0 };
        Change change;
        int r;

        if ((r = rule_array_read(c, BUS_RULE_REMOVE, &rules, error)) < 0 ||
                (r = change_read(c, false, &change, error)) < 0)
                return r;
        r = manager_remove_rules(c->bus->manager, rules.items, rules.n, &change, &result);
        return change_reply(c, r, &result, error);
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
                r = name_validate("role", roles[i], error);
        if (r < 0 || (r = change_read(c, false, &change, error)) < 0)
                return r;
        r = manager_set_roles(c->bus->manager, roles, &change, &result);
        return change_reply(c, r, &result, error);
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
                        "%s is no direction (incoming, outgoing, routed)",
                        text_show(direction, shown));
        *ret_action = action_from_string(action);
        if (*ret_action == _ACTION_INVALID || *ret_action == ACTION_LIMIT)
                return sd_bus_error_setf(error, BUS_ERROR_INVALID_ARGS,
                        "%s is no default (allow, deny, reject)", text_show(action, shown));
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
                (r = change_read(c, false, &change, error)) < 0)
                return r;
        r = manager_set_default(c->bus->manager, direction, action, &change, &result);
        return change_reply(c, r, &result, error);
}

/* A method whose one argument is on or off. */
static int bool_change(BusCall *c,
        int (*set)(Manager *m, bool on, const Change *c, ChangeResult *r), sd_bus_error *error)
{
        _cleanup_result_ ChangeResult result = { 0 };
        Change change;
        int on, r;

        if ((r = sd_bus_message_read(c->message, "b", &on)) < 0 ||
                (r = change_read(c, false, &change, error)) < 0)
                return r;
        r = set(c->bus->manager, on, &change, &result);
        return change_reply(c, r, &result, error);
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
                        "%s is no level (off, low, medium, high)", text_show(level, shown));
        r = change_read(c, false, &change, error);
        if (r < 0)
                return r;
        r = manager_set_logging(c->bus->manager, logging, &change, &result);
        return change_reply(c, r, &result, error);
}

/* What takes nothing but options. */
static int plain_change(
        BusCall *c, int (*make)(Manager *, const Change *, ChangeResult *), sd_bus_error *error)
{
        _cleanup_result_ ChangeResult result = { 0 };
        Change change;
        int r;

        r = change_read(c, false, &change, error);
        if (r < 0)
                return r;
        r = make(c->bus->manager, &change, &result);
        return change_reply(c, r, &result, error);
}

int bus_reload(BusCall *c, sd_bus_error *error)
{
        return plain_change(c, manager_reload, error);
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
                (r = change_read(c, false, &change, error)) < 0)
                return r;
        r = manager_rollback(c->bus->manager, revision, &change, &result);
        return change_reply(c, r, &result, error);
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
                (r = name_validate("fragment", name, error)) < 0)
                return r;
        n = strlen(text);
        if (n > POLICY_TEXT_MAX)
                return sd_bus_error_setf(error, BUS_ERROR_LIMIT_EXCEEDED,
                        "a policy text is at most %u MiB", POLICY_TEXT_MAX >> 20);
        r = change_read(c, false, &change, error);
        if (r < 0)
                return r;
        r = manager_put_fragment(c->bus->manager, name, text, n, &change, &result);
        return change_reply(c, r, &result, error);
}

/* ---- sets ---- */

int bus_update_set(BusCall *c, sd_bus_error *error)
{
        _cleanup_result_ ChangeResult result = { 0 };
        _cleanup_free_ char **add = NULL, **remove = NULL;
        const char *name;
        size_t n_add, n_remove;
        Change change;
        int r;

        if ((r = sd_bus_message_read(c->message, "s", &name)) < 0 ||
                (r = name_validate("set", name, error)) < 0 ||
                (r = bus_strings_read(
                         c->message, PREFIX_SET_MAX, "entries to add", &add, &n_add, error)) < 0 ||
                (r = bus_strings_read(c->message, PREFIX_SET_MAX, "entries to remove", &remove,
                         &n_remove, error)) < 0 ||
                (r = change_read(c, false, &change, error)) < 0)
                return r;
        r = manager_update_set(c->bus->manager, name, add, remove, &change, &result);
        return change_reply(c, r, &result, error);
}

int bus_drop_set(BusCall *c, sd_bus_error *error)
{
        _cleanup_result_ ChangeResult result = { 0 };
        const char *name;
        Change change;
        int r;

        if ((r = sd_bus_message_read(c->message, "s", &name)) < 0 ||
                (r = name_validate("set", name, error)) < 0 ||
                (r = change_read(c, false, &change, error)) < 0)
                return r;
        r = manager_drop_set(c->bus->manager, name, &change, &result);
        return change_reply(c, r, &result, error);
}

static int set_replace(BusCall *c, sd_bus_error *error)
{
        _cleanup_result_ ChangeResult result = { 0 };
        int r;

        r = manager_replace_set(
                c->bus->manager, c->set, c->text, c->text_length, &c->change, &result);
        return change_reply(c, r, &result, error);
}

static void on_still_there(void *data, int r, _unused_ const Caller *caller)
{
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        BusCall *c = data;

        if (r >= 0)
                bus_call_run(c, set_replace);
        else
                bus_call_finish(c, r, &error);
}

static int on_pause_over(_unused_ sd_event_source *s, _unused_ uint64_t usec, void *data)
{
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        BusCall *c = data;
        int r;

        r = auth_query(&c->bus->auth, &c->auth, c->message, PRIVILEGE_PRESENT, on_still_there, c);
        if (r < 0)
                bus_call_finish(c, r, &error);
        return 0;
}

static int upload_error(int r, sd_bus_error *error)
{
        switch (r) {
        case -EFBIG:
                return sd_bus_error_setf(error, BUS_ERROR_LIMIT_EXCEEDED,
                        "the text of a set is at most %u MiB", UPLOAD_BYTES_MAX >> 20);
        case -ETIMEDOUT:
                return sd_bus_error_set(
                        error, BUS_ERROR_LIMIT_EXCEEDED, "the descriptor does not come to its end");
        case -ENOMEM:
                return r;
        default:
                return sd_bus_error_setf(error, BUS_ERROR_INVALID_ARGS,
                        "the descriptor cannot be read: %s", strerror(-r));
        }
}

/*
 * A pipe ends also when its writer is killed in the midst of a list; half a list must not become
 * the set. Whoever died has left the bus too, or leaves it in this moment: after a pause it is
 * asked once more.
 */
static void on_uploaded(void *data, int r, char *text, size_t n)
{
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        BusCall *c = data;

        c->text = text;
        c->text_length = n;
        if (r < 0)
                r = upload_error(r, &error);
        else if (bus_upload_is_pipe(c->upload))
                r = sd_event_add_time_relative(c->bus->event, &c->pause, CLOCK_MONOTONIC,
                        PIPE_PAUSE_USEC, 1000, on_pause_over, c);
        else
                bus_call_run(c, set_replace);
        if (r < 0)
                bus_call_finish(c, r, &error);
}

int bus_replace_set(BusCall *c, sd_bus_error *error)
{
        BusUploadLimits limits = { UPLOAD_BYTES_MAX, c->bus->upload_timeout_usec };
        int fd, r;

        if ((r = sd_bus_message_read(c->message, "sh", &c->set, &fd)) < 0 ||
                (r = name_validate("set", c->set, error)) < 0 ||
                (r = change_read(c, false, &c->change, error)) < 0)
                return r;
        if (c->bus->n_uploads >= BUS_UPLOADS_MAX)
                return sd_bus_error_setf(error, BUS_ERROR_LIMIT_EXCEEDED,
                        "%d sets are being read already", BUS_UPLOADS_MAX);
        r = bus_upload_new(c->bus->event, fd, &limits, on_uploaded, c, &c->upload);
        if (r == -EINVAL)
                return sd_bus_error_set(error, BUS_ERROR_INVALID_ARGS,
                        "the descriptor is neither a file nor a pipe that can be read");
        if (r < 0)
                return r;
        c->bus->n_uploads++;
        return 1;
}
