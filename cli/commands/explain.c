/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns `explain` and `test`: the policy's verdict on a packet, asked of p25d or, under --root, of
 * the same code over the files.
 */

#include "rules/report/explain.h"
#include "cli/client/client.h"
#include "cli/commands/commands.h"
#include "cli/commands/probe.h"
#include "cli/console/moment.h"
#include "cli/offline/offline.h"
#include "cli/probe/probe.h"
#include "daemon/api/api.h"
#include "rules/base/diagnostic.h"
#include "rules/base/json.h"
#include "rules/base/strv.h"
#include "rules/policy/assertion.h"
#include "rules/policy/assertions.h"
#include "rules/policy/policy.h"
#include "rules/policy/rule.h"
#include "rules/report/report.h"
#include "rules/ruleset/compiledrule.h"
#include "rules/ruleset/evaluate.h"
#include "rules/ruleset/packet.h"
#include "rules/ruleset/ruleset.h"
#include "rules/words/packet.h"
#include "rules/words/words.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

/* The verdict of a packet and its explanation, from p25d or from the files. */
typedef struct Answer {
        Json *document; /* as SPEC has it */
        Rule *rule;     /* NULL: a default decided */
} Answer;

static void answer_deinit(Answer *a)
{
        json_free(a->document);
        rule_unref(a->rule);
        *a = (Answer){ 0 };
}
#define _cleanup_answer_ _cleanup_(answer_deinit)

/* ---- by the files ---- */

static int answer_of_files(
        Cli *c, const Offline *o, const Ruleset *ruleset, const Packet *packet, Answer *ret)
{
        _cleanup_explanation_ Explanation e = { 0 };
        const char *audited;
        Json *document;
        Verdict v;

        evaluate(ruleset, packet, &v);
        if (explain_offline(ruleset, packet, &v, &e) < 0)
                return cli_fail_errno(c, -ENOMEM, o->paths.state);
        audited = v.audited != ACTION_ALLOW ? action_to_string(v.audited) : NULL;
        ret->rule = v.rule ? rule_ref(v.rule->rule) : NULL;
        ret->document = document = json_new_object();
        json_set(document, "verdict", json_new_string(action_to_string(v.action)));
        json_set(document, "audit", json_new_string(audited));
        json_set(document, "rule",
                ret->rule ? rule_to_json(&(ReportRule){ .rule = ret->rule }) : json_new_null());
        json_set(document, "effective", json_new_string(e.effective));
        json_set(document, "foreign", json_new_array());
        json_set(document, "code", json_new_string(e.code));
        json_set(document, "assumptions", json_new_strv(e.assumptions));
        json_set(document, "path", json_new_strv(e.path));
        if (json_get_string(document, "verdict"))
                return 0;
        return cli_fail_errno(c, -ENOMEM, o->paths.state);
}

/* A packet of the host's own process has its user's primary group, when no other is named. */
static void packet_complete(const Offline *o, Packet *packet)
{
        char uid[16];

        if (!packet->has_uid || packet->has_gid)
                return;
        snprintf(uid, sizeof(uid), "%u", packet->uid);
        packet->has_gid = host_user_group(o->host_names, uid, &packet->gid) == 0;
}

static int question_of_words(Cli *c, char **words, Place place, Question *ret)
{
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        int r = question_parse(words, place, &d, ret);
        int status = cli_tell_diagnostics(c, &d);

        return r < 0 && status == 0 ? cli_fail_errno(c, r, "explain") : status;
}

static int packet_of_question(Cli *c, const Offline *o, const Question *q, Place place, Packet *ret)
{
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        int r = question_resolve(q, &o->names, place, &d, ret);
        int status = cli_tell_diagnostics(c, &d);

        if (r >= 0)
                packet_complete(o, ret);
        return r < 0 && status == 0 ? cli_fail_errno(c, r, "explain") : status;
}

/* A policy that is not enabled lets everything pass. */
static int files_load(Cli *c, Offline *o, Ruleset **ret)
{
        _cleanup_(policy_free_p) Policy *p = NULL;

        return offline_load(c, o, &p, ret);
}

static int files_explain(Cli *c, const Question *q, Answer *ret)
{
        _cleanup_offline_ Offline o = { 0 };
        _cleanup_(ruleset_free_p) Ruleset *ruleset = NULL;
        Packet packet;
        int status;

        status = offline_open(c, &o);
        if (status == 0)
                status = packet_of_question(c, &o, q, (Place){ 0 }, &packet);
        if (status == 0)
                status = files_load(c, &o, &ruleset);
        if (status != 0)
                return status;
        return answer_of_files(c, &o, ruleset, &packet, ret);
}

/* ---- by p25d ---- */

/* at_usec 0: now */
static int question_append(sd_bus_message *m, const Question *q, uint16_t port, uint64_t at_usec)
{
        int r;

        r = sd_bus_message_open_container(m, 'a', "{sv}");
        for (QuestionField f = 0; r >= 0 && f < _QUESTION_MAX; f++)
                if (f == QUESTION_PORT)
                        r = sd_bus_message_append(
                                m, "{sv}", question_field_to_string(f), "q", port);
                else if (q->texts[f])
                        r = sd_bus_message_append(
                                m, "{sv}", question_field_to_string(f), "s", q->texts[f]);
        if (r >= 0 && at_usec > 0)
                r = sd_bus_message_append(m, "{sv}", "at", "t", at_usec);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

/* The bus leaves out what has no value; SPEC's objects have all keys. */
static int answer_rule(const Json *j, Answer *ret)
{
        ReportRule rule;
        int r;

        if (json_is_null_or_missing(j)) {
                json_set(ret->document, "rule", json_new_null());
                return 0;
        }
        r = rule_from_json(j, &rule);
        if (r < 0)
                return r;
        ret->rule = rule.rule;
        json_set(ret->document, "rule", rule_to_json(&rule));
        return 0;
}

static int answer_of_reply(sd_bus_message *reply, Answer *ret)
{
        static const char *const lists[] = { "assumptions", "path" };
        _cleanup_(json_free_p) Json *j = NULL;
        const Json *foreign;
        Json *document;
        int r;

        r = client_read_dict(reply, &j);
        if (r < 0)
                return r;
        if (!json_get_string(j, "verdict") || !json_get_string(j, "effective") ||
                !json_get_string(j, "code"))
                return -EBADMSG;
        ret->document = document = json_new_object();
        json_set(document, "verdict", json_new_string(json_get_string(j, "verdict")));
        json_set(document, "audit", json_new_string(json_get_string(j, "audit")));
        r = answer_rule(json_get(j, "rule"), ret);
        json_set(document, "effective", json_new_string(json_get_string(j, "effective")));
        /* other tables, as p25d reports them */
        foreign = json_get(j, "foreign");
        json_set(document, "foreign", foreign ? json_ref(foreign) : json_new_array());
        json_set(document, "code", json_new_string(json_get_string(j, "code")));
        for (size_t i = 0; r >= 0 && i < ELEMENTS(lists); i++) {
                _cleanup_strv_ char **list = NULL;

                r = json_get_strv(j, lists[i], &list);
                json_set(document, lists[i], json_new_strv(list));
        }
        /* about a former policy, which is this one */
        if (r >= 0 && json_get(j, "revision")) {
                json_set(document, "revision", json_ref(json_get(j, "revision")));
                json_set(document, "time", json_new_time((uint64_t)json_get_integer(j, "time")));
        }
        return r < 0 || json_get_string(document, "verdict") ? r : -ENOMEM;
}

/* The words go as they are: p25d knows the names of its host. */
static int daemon_explain(Cli *c, const Question *q, Place place, Answer *ret)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL, *reply = NULL;
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        uint16_t port = 0;
        int status, r;

        (void)question_port(q, place, &d, &port);
        status = cli_tell_diagnostics(c, &d);
        if (status == 0)
                status = client_message(c, "Explain", &m);
        if (status != 0)
                return status;
        r = question_append(m, q, port, c->at_usec);
        if (r < 0)
                return client_fail_message(c, r);
        status = client_call(c, m, &reply);
        if (status != 0)
                return status;
        r = answer_of_reply(reply, ret);
        return r < 0 ? client_fail_message(c, r) : 0;
}

/* ---- explain ---- */

/* "Revision: 7, in force since 2026-11-29 20:15:00" */
static void revision_tell(Cli *c, const Json *document)
{
        char when[MOMENT_TEXT_MAX];

        cli_say(c, "Revision: %" PRId64 ", in force since %s",
                json_get_integer(document, "revision"),
                moment_format(json_get_time(document, "time"), MOMENT_SECONDS, when));
}

static void list_tell(Cli *c, const char *before, const Json *list)
{
        for (size_t i = 0; i < json_array_length(list); i++)
                cli_say(c, "%s%s", before, json_text(json_array_item(list, i)));
}

/* probe NULL: none was asked for. */
static int answer_tell(Cli *c, Answer *a, const ProbeResult *probe)
{
        const char *verdict = json_get_string(a->document, "verdict");
        const char *effective = json_get_string(a->document, "effective");
        const char *audit = json_get_string(a->document, "audit");
        _cleanup_free_ char *words = NULL, *source = NULL;
        Json *probed = NULL;
        int status = 0;

        if (a->rule && (rule_words_print_until(a->rule, &words) < 0 ||
                               rule_source_format(a->rule, &source) < 0))
                return cli_fail_errno(c, -ENOMEM, "explain");
        if (json_get(a->document, "revision"))
                revision_tell(c, a->document);
        cli_say(c, "Verdict: %s", verdict);
        if (audit)
                cli_say(c, "Audit: %s, if it were enforced", audit);
        if (a->rule)
                cli_say(c, "Rule: %s (%s)", words, source);
        else
                cli_say(c, "Rule: none");
        list_tell(c, "  ", json_get(a->document, "path"));
        if (!streq(verdict, effective))
                cli_say(c, "Effective: %s", effective);
        list_tell(c, "Note: ", json_get(a->document, "assumptions"));
        if (probe)
                status = probe_tell(c, probe, effective, &probed);
        if (probed)
                json_set(a->document, "probe", probed);
        return status != 0 ? status : cli_document(c, TAKE_PTR(a->document));
}

/* To the document's assumptions. */
static int answer_add_note(Cli *c, Answer *a, const char *note)
{
        _cleanup_strv_ char **notes = NULL;

        if (json_get_strv(a->document, "assumptions", &notes) < 0 || strv_append(&notes, note) < 0)
                return cli_fail_errno(c, -ENOMEM, "explain");
        json_set(a->document, "assumptions", json_new_strv(notes));
        return 0;
}

int command_explain(Cli *c, const Verb *v, char **args, size_t n)
{
        _cleanup_probe_result_ ProbeResult probe = { 0 };
        _cleanup_answer_ Answer answer = { 0 };
        bool as_root = false;
        Question question;
        int status;

        (void)v, (void)n;
        status = question_of_words(c, args, (Place){ 0 }, &question);
        if (status == 0 && c->at && c->root)
                status = cli_fail(c, EXIT_BAD_INPUT,
                        "--at asks p25d, which keeps the history: it cannot be used with --root");
        if (status == 0 && c->probe)
                status = probe_check(c, &question);
        if (status == 0 && c->probe)
                as_root = probe_complete(&question);
        if (status == 0)
                status = c->root ? files_explain(c, &question, &answer)
                                 : daemon_explain(c, &question, (Place){ 0 }, &answer);
        if (status == 0 && as_root)
                status = answer_add_note(c, &answer,
                        "no user is named, so the question is answered for root, who also sends "
                        "the probe");
        if (status == 0 && c->probe)
                status = probe_question(c, &question, &probe);
        return status != 0 ? status : answer_tell(c, &answer, c->probe ? &probe : NULL);
}

/* ---- test ---- */

static bool verdict_holds(const Assertion *a, const char *verdict)
{
        /* packets under a limit are allowed */
        return streq(verdict, action_to_string(a->verdict)) ||
               (a->verdict == ACTION_ALLOW && streq(verdict, "limit"));
}

/* A packet that is none is bad input; else 0, and *ret_holds. */
static int assertion_test(Cli *c, const Offline *o, const Ruleset *ruleset, const Assertion *a,
        Json *list, bool *ret_holds)
{
        _cleanup_answer_ Answer answer = { 0 };
        _cleanup_strv_ char **words = NULL;
        Place place = { a->file, a->line };
        const char *verdict;
        Question question;
        Packet packet;
        Json *item;
        int status;

        if (packet_split(a->packet, &words) < 0)
                return cli_fail_errno(c, -ENOMEM, a->packet);
        status = question_of_words(c, words, place, &question);
        if (status == 0 && !ruleset)
                status = daemon_explain(c, &question, place, &answer);
        else if (status == 0 && (status = packet_of_question(c, o, &question, place, &packet)) == 0)
                status = answer_of_files(c, o, ruleset, &packet, &answer);
        if (status != 0)
                return status;
        verdict = json_get_string(answer.document, "verdict");
        *ret_holds = verdict_holds(a, verdict);
        item = json_new_object();
        json_set(item, "packet", json_new_string(a->packet));
        json_set(item, "expected", json_new_string(action_to_string(a->verdict)));
        json_set(item, "verdict", json_new_string(verdict));
        json_set(item, "holds", json_new_bool(*ret_holds));
        json_append(list, item);
        if (*ret_holds)
                cli_say(c, "ok: %s: %s", a->packet, verdict);
        else
                cli_say(c, "failed: %s: %s, not %s", a->packet, verdict,
                        action_to_string(a->verdict));
        return 0;
}

static int assertions_test(
        Cli *c, const Offline *o, const Ruleset *ruleset, const Assertions *assertions)
{
        Json *document = json_new_object(), *list = json_new_array();
        size_t n_failed = 0;
        int status = 0;

        for (size_t i = 0; status == 0 && i < assertions->n; i++) {
                bool holds = true;

                status = assertion_test(c, o, ruleset, &assertions->items[i], list, &holds);
                n_failed += !holds;
        }
        json_set(document, "assertions", list);
        json_set(document, "failed", json_new_integer((int64_t)n_failed));
        if (status != 0) {
                json_free(document);
                return status;
        }
        if (assertions->n == 0)
                cli_say(c, "There are no assertions in the file.");
        status = cli_document(c, document);
        return status == 0 && n_failed > 0 ? EXIT_FAILED : status;
}

int command_test(Cli *c, const Verb *v, char **args, size_t n)
{
        _cleanup_offline_ Offline o = { 0 };
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        _cleanup_document_ Document document = { 0 };
        _cleanup_(ruleset_free_p) Ruleset *ruleset = NULL;
        bool from_files = c->root;
        int status, r;

        (void)v, (void)n;
        status = offline_open(c, &o);
        if (status != 0)
                return status;
        r = document_load(&o, args[0], &d, &document);
        status = cli_tell_diagnostics(c, &d);
        if (r < 0 && status == 0)
                status = cli_fail(c, EXIT_BAD_INPUT, "%s: %s", args[0], strerror(-r));
        if (status == 0 && !c->root && !client_is_reachable(c)) {
                cli_warn(c, "p25d is not reachable: what is stored is tested");
                from_files = true;
        }
        if (status == 0 && from_files)
                status = files_load(c, &o, &ruleset);
        return status != 0 ? status
                           : assertions_test(c, &o, ruleset, document_assertions(&document));
}
