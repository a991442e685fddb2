/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns the table of commands. What is printed of them is in help.c.
 */

#include "cli/verbs.h"

#include <strings.h>

#define RULE_WORDS                                                                           \
        "[in|out|both] [on IFACE] [log|log-all] [PORT[/tcp]|SERVICE | [proto tcp] [from A] " \
        "[to A [port P]]] [user U] [group G] [unit U] [rate N/T] [burst N] [max N] "         \
        "[for DURATION] [comment TEXT]"

const Verb verbs[] = {
        { "status", 0, 1, command_status, "[verbose|numbered]", "the policy in force" },
        { "enable", 0, 0, command_enable, NULL, "put the policy in force, now and at every start" },
        { "disable", 0, 0, command_disable, NULL,
                "take the policy out of the kernel, and keep it" },
        { "reload", 0, 0, command_reload, NULL, "read the files below /etc/p25 again" },
        { "reset", 0, 0, command_reset, NULL, "drop all that p25ctl and D-Bus stored" },
        { "lockdown", 1, 1, command_lockdown, "on|off",
                "close every mail port at once, cut what is open" },
        { "default", 1, 2, command_default, "allow|deny|reject [incoming|outgoing|routed]",
                "what happens where no rule decides" },
        { "logging", 1, 1, command_logging, "on|off|low|medium|high", "what is logged" },
        { "show added", 0, 0, command_show_added, NULL, "p25ctl's rules as commands" },
        { "show raw", 0, 0, command_show_raw, NULL, "the policy in force in the backend's words" },
        { "show listening", 0, 0, command_show_listening, NULL,
                "who listens on mail ports, and what p25 says to that" },
        { "allow", 0, VERB_ANY, command_rule, RULE_WORDS, "let connections pass" },
        { "deny", 0, VERB_ANY, command_rule, RULE_WORDS, "drop connections silently" },
        { "reject", 0, VERB_ANY, command_rule, RULE_WORDS, "refuse connections with a TCP reset" },
        { "limit", 0, VERB_ANY, command_rule, RULE_WORDS,
                "let so many pass for each source, reject more" },
        { "route", 0, VERB_ANY, command_rule, "[delete|insert N|prepend] RULE",
                "a rule for what passes through this host" },
        { "rule", 0, VERB_ANY, command_rule, "[delete|insert N|prepend] RULE",
                "a rule, spelled out" },
        { "insert", 0, VERB_ANY, command_rule, "N RULE", "a rule in the place of rule N" },
        { "prepend", 0, VERB_ANY, command_rule, "RULE", "a rule before all others" },
        { "delete", 1, VERB_ANY, command_delete, "N | RULE", "take a rule away" },
        { "role list", 0, 0, command_role_list, NULL, "roles there are; * marks this host's" },
        { "role show", 1, 1, command_role_show, "NAME", "the text of a role" },
        { "role set", 0, VERB_ANY, command_role_change, "NAME...", "the roles of this host" },
        { "role add", 1, 1, command_role_change, "NAME", "one more role" },
        { "role remove", 1, 1, command_role_change, "NAME", "one role less" },
        { "role suggest", 0, 0, command_role_suggest, NULL, "roles that fit what this host does" },
        { "set list", 0, 0, command_set_list, NULL, "sets, their size and source" },
        { "set show", 1, 1, command_set_show, "NAME", "the entries of a set" },
        { "set load", 2, 2, command_set_load, "NAME FILE", "replace a set ('-': standard input)" },
        { "set add", 2, VERB_ANY, command_set_change, "NAME A...",
                "add entries ('-': standard input)" },
        { "set remove", 2, VERB_ANY, command_set_change, "NAME A...",
                "remove entries ('-': standard input)" },
        { "set drop", 1, 1, command_set_drop, "NAME", "remove a set that no rule uses" },
        { "fragment list", 0, 0, command_fragment_list, NULL, "fragments and their source" },
        { "fragment show", 1, 1, command_fragment_show, "NAME", "the text of a fragment" },
        { "fragment put", 2, 2, command_fragment_put, "NAME FILE",
                "put or replace a fragment ('-': standard input)" },
        { "fragment drop", 1, 1, command_fragment_drop, "NAME", "remove a fragment" },
        { "check", 1, VERB_ANY, command_check, "FILE...", "would p25d take these files?" },
        { "compile", 1, 1, command_compile, "FILE [--format ir|nft|iptables|json] [-4|-6]",
                "what a file means, rule by rule" },
        { "test", 1, 1, command_test, "FILE", "do the assertions in a file hold?" },
        { "plan", 0, 1, command_plan, "[FILE]", "what a reload would change" },
        { "edit", 0, 1, command_edit, "[NAME]",
                "edit p25.conf or a fragment, with checks and a plan" },
        { "confirm", 0, 0, command_confirm, NULL, "keep a change made with --confirm" },
        { "history", 0, 0, command_history, NULL, "stored revisions" },
        { "diff", 1, 2, command_diff, "A [B]", "what differs between revisions" },
        { "rollback", 1, 1, command_rollback, "N", "go back to a revision" },
        { "explain", 1, VERB_ANY, command_explain,
                "in|out|routed [from A] [to A] [port P] [user U] [on IFACE | in on IFACE out on "
                "IFACE]",
                "what happens to a connection, and why" },
        { "stats", 0, VERB_ANY, NULL, NULL, "counters" },
        { "events", 0, VERB_ANY, NULL, "[--follow]", "what was refused" },
        { "doctor", 0, VERB_ANY, NULL, NULL, "what is wrong with mail on this host" },
        { "version", 0, 0, command_version, NULL, "the version of p25ctl" },
        { "help", 0, 2, command_help, "[COMMAND]", "this text, or more on a command" },
        { 0 },
};

const Verb *verb_find(char *const *words, size_t *ret_n)
{
        for (const Verb *v = verbs; v->name; v++) {
                const char *space = strchr(v->name, ' ');
                size_t n = space ? (size_t)(space - v->name) : strlen(v->name);

                if (strlen(words[0]) != n || strncasecmp(words[0], v->name, n) != 0)
                        continue;
                if (space && (!words[1] || strcasecmp(words[1], space + 1) != 0))
                        continue;
                *ret_n = space ? 2 : 1;
                return v;
        }
        return NULL;
}
