/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns the rule commands: words to D-Bus calls, and what is said of the outcome, in ufw's words.
 * Which ports are mail ports the daemon says; without one, the four.
 */

#include "cli/client.h"
#include "cli/rule_message.h"
#include "cli/verbs.h"
#include "rules/words.h"

#include <errno.h>

/* Of two rules at once the greater one is told. */
typedef enum Outcome {
        OUTCOME_NONE, /* nothing changed */
        OUTCOME_UPDATED,
        OUTCOME_DONE,
} Outcome;

/* What changed, told from the difference: an update takes the old rule out and puts a new one in.
 */
static Outcome change_outcome(const ChangeReply *reply)
{
        bool added = false, removed = false;

        if (!reply->changed)
                return OUTCOME_NONE;
        STRV_FOREACH (line, reply->diff) {
                added |= **line == '+';
                removed |= **line == '-';
        }
        return added && removed ? OUTCOME_UPDATED : OUTCOME_DONE;
}

static const char *outcome_message(Outcome o, Placement placement)
{
        static const char *const messages[][3] = {
                [PLACEMENT_APPEND] = { "Skipping adding existing rule", "Rule updated",
                        "Rule added" },
                [PLACEMENT_INSERT] = { "Skipping adding existing rule", "Rule updated",
                        "Rule inserted" },
                [PLACEMENT_PREPEND] = { "Skipping adding existing rule", "Rule updated",
                        "Rule inserted" },
                [PLACEMENT_DELETE] = { "Could not delete non-existent rule", "Rule deleted",
                        "Rule deleted" },
        };

        return messages[placement][o];
}

/* First and second line for the outcome. ufw calls every change "Rules updated" while it is
 * inactive; so does p25, and the sentence says that nothing is in force yet. */
static int tell_outcome(
        Cli *c, const ChangeReply *reply, Outcome o, Rule *const *rules, size_t n, Placement p)
{
        _cleanup_free_ char *sentence = NULL;
        _cleanup_buffer_ Buffer second = { 0 };
        const char *first = outcome_message(o, p);
        bool active = true;
        int status;

        if (o == OUTCOME_NONE || c->dry_run)
                return client_tell_change(
                        c, reply, first, o == OUTCOME_NONE ? "Nothing was changed." : NULL);
        status = client_get_active(c, &active);
        if (status != 0)
                return status;
        if (rule_sentence_print(rules, n, p, &sentence) < 0)
                return cli_fail_errno(c, -ENOMEM, "rule");
        buffer_add_string(&second, sentence);
        if (!active) {
                first = "Rules updated";
                buffer_add_string(
                        &second, " p25 is inactive: this is in force after 'p25ctl enable'.");
        }
        if (second.failed)
                return cli_fail_errno(c, -ENOMEM, "rule");
        return client_tell_change(c, reply, first, second.data);
}

/* ---- adding ---- */

static int rule_add(Cli *c, const Rule *rule, uint32_t position, ChangeReply *ret)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL, *reply = NULL;
        int status, r;

        status = client_message(c, "AddRule", &m);
        if (status != 0)
                return status;
        r = rule_message_append(m, rule);
        if (r < 0)
                return client_fail_message(c, r);
        status = client_append_options(c, m, position);
        if (status == 0)
                status = client_call(c, m, &reply);
        return status != 0 ? status : client_change_read(c, reply, ret);
}

/* Removes the rule; *ret_gone says that there was none. */
static int rule_remove(Cli *c, const Rule *rule, bool *ret_gone, ChangeReply *ret)
{
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL, *reply = NULL;
        int status, r;

        *ret_gone = false;
        status = client_message(c, "RemoveRule", &m);
        if (status != 0)
                return status;
        r = rule_message_append(m, rule);
        if (r < 0)
                return client_fail_message(c, r);
        status = client_append_options(c, m, 0);
        if (status != 0)
                return status;
        r = client_try(c, m, &error, &reply);
        if (sd_bus_error_has_name(&error, BUS_ERROR_NO_SUCH_RULE)) {
                *ret_gone = true;
                return 0;
        }
        return r < 0 ? client_fail(c, &error, r) : client_change_read(c, reply, ret);
}

static int reply_merge(Cli *c, ChangeReply *sum, ChangeReply *more)
{
        int r = 0;

        sum->changed |= more->changed;
        if (more->revision > 0)
                sum->revision = more->revision;
        for (char **line = more->diff; r >= 0 && line && *line; line++)
                r = strv_append(&sum->diff, *line);
        /* what the next call may expect is what this one left */
        if (c->expect && more->changed && !c->dry_run)
                c->expected_revision = more->revision;
        return r < 0 ? cli_fail_errno(c, r, "rule") : 0;
}

/* One rule of the command: *ret_outcome grows with it, position moves behind it. */
static int words_add_one(
        Cli *c, const Rule *rule, uint32_t *position, ChangeReply *sum, Outcome *ret_outcome)
{
        _cleanup_change_reply_ ChangeReply reply = { 0 };
        Outcome o;
        int status;

        status = rule_add(c, rule, *position, &reply);
        if (status != 0)
                return status;
        o = change_outcome(&reply);
        if (o > *ret_outcome)
                *ret_outcome = o;
        *position += *position > 0 && o == OUTCOME_DONE;
        return reply_merge(c, sum, &reply);
}

/* Would the rule be taken? */
static int words_try(Cli *c, const Rule *rule)
{
        _cleanup_change_reply_ ChangeReply reply = { 0 };
        bool dry_run = c->dry_run;
        int status;

        c->dry_run = true;
        status = rule_add(c, rule, 0, &reply);
        c->dry_run = dry_run;
        return status;
}

/* `both` is two calls. All or nothing is done: the second one is tried before the first is made,
 * and should it fail all the same what the first added is taken back. */
static int words_add(Cli *c, const RuleWords *w, ChangeReply *ret, Outcome *ret_outcome)
{
        uint32_t position = w->placement == PLACEMENT_PREPEND ? 1 : w->position;
        int status = 0;

        if (w->n_rules > 1 && !c->dry_run)
                status = words_try(c, w->rules[1]);
        if (status == 0)
                status = words_add_one(c, w->rules[0], &position, ret, ret_outcome);
        if (status != 0 || w->n_rules == 1)
                return status;
        status = words_add_one(c, w->rules[1], &position, ret, ret_outcome);
        if (status != 0 && *ret_outcome == OUTCOME_DONE && !c->dry_run) {
                _cleanup_change_reply_ ChangeReply back = { 0 };
                bool gone;

                rule_remove(c, w->rules[0], &gone, &back);
        }
        return status;
}

static int words_remove(Cli *c, const RuleWords *w, ChangeReply *ret, Outcome *ret_outcome)
{
        *ret_outcome = OUTCOME_NONE;
        for (size_t i = 0; i < w->n_rules; i++) {
                _cleanup_change_reply_ ChangeReply reply = { 0 };
                bool gone;
                int status;

                status = rule_remove(c, w->rules[i], &gone, &reply);
                if (status == 0 && !gone)
                        status = reply_merge(c, ret, &reply);
                if (status != 0)
                        return status;
                if (reply.changed)
                        *ret_outcome = OUTCOME_DONE;
        }
        return 0;
}

static int words_run(Cli *c, const RuleWords *w)
{
        _cleanup_change_reply_ ChangeReply reply = { 0 };
        Outcome outcome = OUTCOME_NONE;
        int status;

        if (w->duration_sec > 0)
                return cli_fail(c, EXIT_BAD_INPUT, "for is not available in this version");
        status = w->placement == PLACEMENT_DELETE ? words_remove(c, w, &reply, &outcome)
                                                  : words_add(c, w, &reply, &outcome);
        if (status != 0)
                return status;
        return tell_outcome(c, &reply, outcome, w->rules, w->n_rules, w->placement);
}

/* The daemon knows all mail ports of its host and judges those that are none of the four. Where it
 * cannot be asked, that is the nearer error. */
static int words_parse(Cli *c, char **words, Diagnostics *d, RuleWords *ret)
{
        _cleanup_diagnostics_ Diagnostics more = { 0 };
        int r;

        r = rule_words_parse(words, &mail_ports_default, d, ret);
        if (r != -EINVAL)
                return r;
        r = rule_words_parse(words, NULL, &more, ret);
        if (r >= 0 && !client_is_reachable(c)) {
                rule_words_deinit(ret);
                return -EINVAL;
        }
        /* more ports than a host can have */
        if (r == -EINVAL && strstr(more.items[0].text, "is not a mail port"))
                return r;
        /* only the port was wrong, or something else is wrong besides */
        diagnostics_deinit(d);
        return diagnostics_move(d, &more) < 0 ? -ENOMEM : r;
}

static int words_command(Cli *c, char **words)
{
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        RuleWords w = { 0 };
        int status, r;

        r = words_parse(c, words, &d, &w);
        if (r == -ENOMEM) {
                rule_words_deinit(&w);
                return cli_fail_errno(c, r, "rule");
        }
        status = cli_tell_diagnostics(c, &d);
        if (status == 0)
                status = words_run(c, &w);
        rule_words_deinit(&w);
        return status;
}

int command_rule(Cli *c, const Verb *v, char **args, size_t n)
{
        (void)v;
        (void)n;
        /* the grammar begins at the verb's own name */
        return words_command(c, args - 1);
}

/* ---- delete N ---- */

static int number_remove(Cli *c, uint64_t id, ChangeReply *ret)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        int status, r;

        status = client_message(c, "RemoveRule", &m);
        if (status != 0)
                return status;
        r = sd_bus_message_append(m, "a{sv}", 1, "id", "t", id);
        return r < 0 ? client_fail_message(c, r) : client_change(c, m, ret);
}

/* Shows what will go and asks. Returns 0 to go on, -ECANCELED, or an exit status. */
static int deletion_ask(Cli *c, const Rule *rule)
{
        _cleanup_free_ char *words = NULL, *question = NULL;
        int r;

        if (c->dry_run)
                return 0;
        if (rule_words_print(rule, &words) < 0 ||
                asprintf(&question, "Deleting:\n %s\nProceed with operation", words) < 0)
                return cli_fail_errno(c, -ENOMEM, "delete");
        r = cli_ask(c, question);
        if (r == -ENOTTY)
                return cli_fail(c, EXIT_BAD_INPUT,
                        "delete asks before it deletes, and there is no terminal: use --force");
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
                status = number_remove(c, rule->id, &reply);
        if (status != 0)
                return status;
        return tell_outcome(
                c, &reply, reply.changed ? OUTCOME_DONE : OUTCOME_NONE, &rule, 1, PLACEMENT_DELETE);
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
                status = cli_fail(c, EXIT_BAD_INPUT, "there is no rule %s: there are none", number);
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
