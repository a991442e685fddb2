/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns the rule commands: words to D-Bus calls, and what is said of the outcome, in ufw's words.
 * The daemon says which ports are mail ports; without one, they are the four.
 */

#include "rules/policy/rule.h"
#include "cli/client/change.h"
#include "cli/client/client.h"
#include "cli/commands/commands.h"
#include "cli/console/cli.h"
#include "daemon/api/api.h"
#include "daemon/api/rule_document.h"
#include "rules/base/buffer.h"
#include "rules/base/diagnostic.h"
#include "rules/policy/expiry.h"
#include "rules/policy/judge.h"
#include "rules/report/report.h"
#include "rules/words/words.h"

#include <errno.h>

static const char *outcome_message(Outcome o, Placement placement)
{
        static const char *const messages[_OUTCOME_MAX] = {
                [OUTCOME_NONE] = "Skipping adding existing rule",
                [OUTCOME_ADDED] = "Rule added",
                [OUTCOME_UPDATED] = "Rule updated",
                [OUTCOME_INSERTED] = "Rule inserted",
                [OUTCOME_REMOVED] = "Rule deleted",
                [OUTCOME_CHANGED] = "Rules updated",
        };

        if (o == OUTCOME_NONE && placement == PLACEMENT_DELETE)
                return "Could not delete non-existent rule";
        return messages[o];
}

/* First and second line for the outcome. ufw calls every change "Rules updated" while it is
 * inactive; so does p25, and the sentence says that nothing is in force yet. */
static int tell_outcome(Cli *c, const ChangeReply *reply, Rule *const *rules, size_t n, Placement p,
        uint64_t duration_sec)
{
        _cleanup_free_ char *sentence = NULL;
        _cleanup_buffer_ Buffer second = { 0 };
        Outcome o = reply->outcome;
        const char *first = outcome_message(o, p);
        char end[EXPIRY_TEXT_MAX];

        if (o == OUTCOME_NONE || c->dry_run)
                return client_tell_change(
                        c, reply, first, o == OUTCOME_NONE ? "Nothing was changed." : NULL);
        if (rule_sentence_print(rules, n, p, duration_sec, &sentence) < 0)
                return cli_fail_errno(c, -ENOMEM, "rule");
        buffer_add_string(&second, sentence);
        if (reply->former_expires_usec > 0 && duration_sec == 0)
                buffer_printf(&second, " It was to end at %s and stays now.",
                        expiry_format(reply->former_expires_usec, end));
        if (!client_is_active(c, true)) {
                first = "Rules updated";
                buffer_add_string(
                        &second, " p25 is inactive: this is in force after 'p25ctl enable'.");
        }
        if (second.failed)
                return cli_fail_errno(c, -ENOMEM, "rule");
        return client_tell_change(c, reply, first, second.data);
}

/* ---- adding, removing ---- */

/* All rules of the command in one call: both of `both`, or none. */
static int words_send(Cli *c, const RuleWords *w, ChangeReply *ret)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL, *reply = NULL;
        bool delete = w->placement == PLACEMENT_DELETE, several = w->n_rules > 1;
        const char *method = delete    ? several ? "RemoveRules" : "RemoveRule"
                             : several ? "AddRules"
                                       : "AddRule";
        ClientOption position = { .name = "position" };
        int status, r = 0;

        status = client_message(c, method, &m);
        if (status != 0)
                return status;
        if (several)
                r = sd_bus_message_open_container(m, 'a', "a{sv}");
        for (size_t i = 0; r >= 0 && i < w->n_rules; i++)
                r = rule_document_append(m, w->rules[i], w->duration_sec);
        if (r >= 0 && several)
                r = sd_bus_message_close_container(m);
        if (r < 0)
                return client_fail_message(c, r);
        position.value = w->placement == PLACEMENT_PREPEND ? 1 : w->position;
        status = client_append_options(c, &m, &position);
        if (status == 0)
                status = client_call(c, m, &reply);
        return status != 0 ? status : client_change_read(c, reply, ret);
}

static int words_run(Cli *c, const RuleWords *w)
{
        _cleanup_change_reply_ ChangeReply reply = { 0 };
        int status;

        status = words_send(c, w, &reply);
        if (status != 0)
                return status;
        return tell_outcome(c, &reply, w->rules, w->n_rules, w->placement, w->duration_sec);
}

/* p25d judges a rule, which knows all mail ports of its host. Where it cannot be asked, a rule that
 * is wrong on most hosts is the nearer error. */
static int words_judge_offline(Cli *c, const Rule *rule)
{
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        int r = rule_judge_complete(rule, &mail_ports_default, &d);

        if (r >= 0 || client_is_reachable(c))
                return 0;
        return cli_fail(c, EXIT_BAD_INPUT, "%s", d.n > 0 ? d.items[0].text : strerror(-r));
}

static int words_command(Cli *c, char **words)
{
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        RuleWords w = { 0 };
        int status, r;

        r = rule_words_parse(words, &d, &w);
        if (r == -ENOMEM) {
                rule_words_deinit(&w);
                return cli_fail_errno(c, r, "rule");
        }
        status = cli_tell_diagnostics(c, &d);
        if (status == 0)
                status = words_judge_offline(c, w.rules[0]);
        if (status == 0)
                status = words_run(c, &w);
        rule_words_deinit(&w);
        return status;
}

int command_rule(Cli *c, _unused_ const Verb *v, char **args, _unused_ size_t n)
{
        /* the grammar begins at the verb's own name */
        return words_command(c, args - 1);
}

/* ---- delete N ---- */

/* Shows what will go and asks. Returns 0 to go on, -ECANCELED, or an exit status. */
static int deletion_ask(Cli *c, const Rule *rule)
{
        _cleanup_free_ char *words = NULL, *question = NULL;
        int r;

        if (c->dry_run)
                return 0;
        if (rule_words_print_until(rule, &words) < 0 ||
                asprintf(&question, "Deleting:\n %s\nProceed with operation", words) < 0)
                return cli_fail_errno(c, -ENOMEM, "delete");
        r = cli_ask(c, question);
        if (r == -ENOTTY)
                return cli_fail(c, EXIT_BAD_INPUT,
                        "delete asks for confirmation, and there is no terminal: use --force");
        return r > 0 ? 0 : -ECANCELED;
}

static int rule_delete(Cli *c, Rule *rule)
{
        _cleanup_change_reply_ ChangeReply reply = { 0 };
        int status;

        status = deletion_ask(c, rule);
        if (status == -ECANCELED) {
                cli_say(c, "Aborted");
                return client_tell_change(c, &reply, NULL, NULL);
        }
        if (status == 0)
                status = client_change_with(
                        c, "RemoveRule", &reply, "a{sv}", 1, "id", "t", rule->id);
        if (status != 0)
                return status;
        return tell_outcome(c, &reply, &rule, 1, PLACEMENT_DELETE, 0);
}

static int number_command(Cli *c, const char *number)
{
        Report report = { 0 };
        unsigned long long position = strtoull(number, NULL, 10);
        unsigned last = 0;
        Rule *rule = NULL;
        int status;

        status = client_get_report(c, &report);
        if (status != 0)
                return status;
        for (size_t i = 0; i < report.n_rules; i++) {
                if (report.rules[i].position > last)
                        last = report.rules[i].position;
                if (position > 0 && report.rules[i].position == position)
                        rule = report.rules[i].rule;
        }
        if (rule)
                status = rule_delete(c, rule);
        else if (last == 0)
                status = cli_fail(
                        c, EXIT_BAD_INPUT, "there is no rule %s: p25ctl has no rules", number);
        else
                status = cli_fail(c, EXIT_BAD_INPUT,
                        "there is no rule %s: 'p25ctl status numbered' shows 1 to %u", number,
                        last);
        report_deinit(&report);
        return status;
}

int command_delete(Cli *c, const Verb *v, char **args, size_t n)
{
        if (n == 1 && args[0][0] && args[0][strspn(args[0], "0123456789")] == '\0')
                return number_command(c, args[0]);
        return command_rule(c, v, args, n);
}
