/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns the commands that set one thing: enable, disable, lockdown, default, logging, reload, reset.
 */

#include "cli/client/change.h"
#include "cli/client/client.h"
#include "cli/client/service.h"
#include "cli/commands/commands.h"
#include "daemon/api/api.h"
#include "rules/base/text.h"
#include "rules/policy/action.h"
#include "rules/policy/direction.h"
#include "rules/policy/settings.h"

#include <errno.h>
#include <stdio.h>
#include <strings.h>

/* The policy is stored as enabled; whether it comes into force at boot is up to systemd. */
int command_enable(Cli *c, const Verb *v, char **args, size_t n)
{
        _cleanup_change_reply_ ChangeReply reply = { 0 };
        const char *first = "p25 is active", *second = NULL;
        int status = client_change_with(c, "SetEnabled", &reply, "b", 1);

        (void)v, (void)args, (void)n;
        if (status != 0)
                return status;
        switch (service_ask_start(c)) {
        case SERVICE_STARTS:
                first = "p25 is active and enabled on system startup";
                break;
        case SERVICE_DISABLED:
                second = "p25d.service is disabled, so p25 does not start at boot: "
                         "'systemctl enable p25d' changes that.";
                break;
        case SERVICE_MISSING:
                second = "systemd has no p25d.service, so it does not start p25 at boot.";
                break;
        case SERVICE_UNKNOWN:
                second = "Without systemd, see to it that p25d is started at boot.";
                break;
        }
        return client_tell_change(c, &reply, first, second);
}

int command_disable(Cli *c, const Verb *v, char **args, size_t n)
{
        _cleanup_change_reply_ ChangeReply reply = { 0 };
        int status = client_change_with(c, "SetEnabled", &reply, "b", 0);

        (void)v, (void)args, (void)n;
        if (status != 0)
                return status;
        return client_tell_change(c, &reply, "p25 stopped and disabled on system startup",
                "Mail ports are no longer filtered by p25; rules, roles and sets are kept.");
}

static bool word_is(const char *word, const char *keyword)
{
        return strcasecmp(word, keyword) == 0;
}

/* The words of these commands, as an error lists them. */
static const char *const actions[] = { "allow", "deny", "reject" };
static const char *const directions[] = { "incoming", "outgoing", "routed" };
static const char *const levels[] = { "on", "off", "low", "medium", "high" };

/* ---- lockdown ---- */

int command_lockdown(Cli *c, const Verb *v, char **args, size_t n)
{
        _cleanup_change_reply_ ChangeReply reply = { 0 };
        bool on = word_is(args[0], "on");
        int status;

        (void)v, (void)n;
        if (!on && !word_is(args[0], "off"))
                return cli_fail(c, EXIT_BAD_INPUT, "'%s' must be on or off", args[0]);
        status = client_change_with(c, "SetLockdown", &reply, "b", (int)on);
        if (status != 0)
                return status;
        return client_tell_change(c, &reply, on ? "Lockdown is on" : "Lockdown is off",
                on ? "Every mail port is closed, in, out and routed, IPv4 and IPv6, except on "
                     "loopback; other ports are not touched."
                   : "The policy is in force again.");
}

/* ---- default ---- */

static Action default_action(const char *word)
{
        for (Action a = 0; a < _ACTION_MAX; a++)
                if (a != ACTION_LIMIT && word_is(word, action_to_string(a)))
                        return a;
        return _ACTION_INVALID;
}

static Direction default_direction(const char *word)
{
        for (Direction d = 0; d < _DIRECTION_MAX; d++)
                if (word_is(word, direction_to_adjective(d)) ||
                        word_is(word, direction_to_string(d)))
                        return d;
        /* the chain that ufw's rules stand in */
        return word_is(word, "forward") ? DIRECTION_ROUTED : _DIRECTION_INVALID;
}

/* One that another firewall has for it gets p25's. */
static int default_fail(Cli *c, const char *word, const char *kind, const char *meant)
{
        char shown[TEXT_SHOWN_MAX];

        return cli_fail(c, EXIT_BAD_INPUT, "'%s' is not a valid %s: did you mean \"%s\"?",
                text_show(word, shown), kind, meant);
}

static int default_fail_action(Cli *c, const char *word)
{
        Action meant = action_from_other_word(word);

        return meant == _ACTION_INVALID || meant == ACTION_LIMIT
                       ? cli_fail_word(c, word, "default", actions, ELEMENTS(actions))
                       : default_fail(c, word, "default", action_to_string(meant));
}

static int default_fail_direction(Cli *c, const char *word)
{
        Direction meant = direction_from_other_word(word);

        return meant == _DIRECTION_INVALID
                       ? cli_fail_word(c, word, "direction", directions, ELEMENTS(directions))
                       : default_fail(c, word, "direction", direction_to_adjective(meant));
}

int command_default(Cli *c, _unused_ const Verb *v, char **args, size_t n)
{
        _cleanup_change_reply_ ChangeReply reply = { 0 };
        Action action = default_action(args[0]);
        Direction direction = n > 1 ? default_direction(args[1]) : DIRECTION_IN;
        char first[128];
        int status;

        if (action == _ACTION_INVALID)
                return default_fail_action(c, args[0]);
        if (direction == _DIRECTION_INVALID)
                return default_fail_direction(c, args[1]);
        status = client_change_with(c, "SetDefault", &reply, "ss",
                direction_to_adjective(direction), action_to_string(action));
        if (status != 0)
                return status;
        snprintf(first, sizeof(first), "Default %s policy %s '%s'",
                direction_to_adjective(direction), reply.changed ? "changed to" : "is already",
                action_to_string(action));
        return client_tell_change(c, &reply, first,
                reply.changed
                        ? "It applies to managed mail ports when no rule matches; other ports "
                          "are not touched."
                        : NULL);
}

/* ---- logging ---- */

/* "on" keeps a level that is set, as ufw's does. */
static int logging_level(Cli *c, const char *word, Logging *ret)
{
        _cleanup_free_ char *now = NULL;
        int status;

        for (Logging l = 0; l < _LOGGING_MAX; l++)
                if (word_is(word, logging_to_string(l))) {
                        *ret = l;
                        return 0;
                }
        if (word_is(word, "full")) {
                *ret = LOGGING_HIGH;
                return 0;
        }
        if (!word_is(word, "on"))
                return cli_fail_word(c, word, "logging level", levels, ELEMENTS(levels));
        status = client_get_string(c, "Logging", &now);
        if (status != 0)
                return status;
        *ret = logging_from_string(now);
        if (*ret == _LOGGING_INVALID || *ret == LOGGING_OFF)
                *ret = LOGGING_LOW;
        return 0;
}

int command_logging(Cli *c, const Verb *v, char **args, size_t n)
{
        _cleanup_change_reply_ ChangeReply reply = { 0 };
        Logging level = LOGGING_LOW;
        char first[64];
        int status;

        (void)v, (void)n;
        status = logging_level(c, args[0], &level);
        if (status == 0)
                status = client_change_with(c, "SetLogging", &reply, "s", logging_to_string(level));
        if (status != 0)
                return status;
        if (level == LOGGING_OFF)
                snprintf(first, sizeof(first), "Logging disabled");
        else
                snprintf(first, sizeof(first), "Logging enabled (%s)", logging_to_string(level));
        return client_tell_change(c, &reply, first, NULL);
}

/* ---- reload, reset ---- */

int command_reload(Cli *c, const Verb *v, char **args, size_t n)
{
        _cleanup_change_reply_ ChangeReply reply = { 0 };
        int status = client_change_with(c, "Reload", &reply, NULL);

        (void)v, (void)args, (void)n;
        if (status != 0)
                return status;
        return client_tell_change(c, &reply, "p25 reloaded",
                reply.changed ? "Files reloaded; the policy is in force."
                              : "The files are unchanged; nothing to do.");
}

/* p25.conf remains in force as p25d last read it, and that may not enable p25. */
static int reset(Cli *c)
{
        _cleanup_change_reply_ ChangeReply reply = { 0 };
        bool was_active = false;
        int status = client_get_active(c, &was_active);

        if (status == 0)
                status = client_change_with(c, "Reset", &reply, NULL);
        if (status != 0)
                return status;
        return client_tell_change(c, &reply, "p25 reset to its files",
                was_active && !c->dry_run && !client_is_active(c, true)
                        ? "Mail ports are no longer filtered by p25: p25.conf, as it was last "
                          "read, does not enable it ('p25ctl enable')."
                        : "Everything that p25ctl and D-Bus stored is gone; the files remain.");
}

int command_reset(Cli *c, const Verb *v, char **args, size_t n)
{
        _cleanup_change_reply_ ChangeReply reply = { 0 };
        int r;

        (void)v, (void)args, (void)n;
        r = c->dry_run ? 1
                       : cli_ask(c, "Resetting drops all rules, roles, sets and fragments that "
                                    "p25ctl and D-Bus stored. Proceed with operation");
        if (r == -ENOTTY)
                return cli_fail(c, EXIT_BAD_INPUT,
                        "reset asks for confirmation, and there is no terminal: use "
                        "--force");
        if (r == 0) {
                cli_say(c, "Aborted");
                return client_tell_change(c, &reply, NULL, NULL);
        }
        return reset(c);
}
