/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns `explain` and `test`: what the policy says to a packet, asked of p25d or, under --root, of
 * the same code over the files.
 */

#include "rules/report/explain.h"
#include "cli/client/client.h"
#include "cli/commands/commands.h"
#include "cli/offline/offline.h"
#include "rules/report/report.h"
#include "rules/words/words.h"

#include <errno.h>
#include <stdio.h>

/* What came of a packet, from either side. */
typedef struct Answer {
        char *verdict;
        char *effective;
        Rule *rule; /* NULL: a default decided */
        Json *rule_json, *foreign;
        char **path;
} Answer;

static void answer_deinit(Answer *a)
{
        free(a->verdict);
        free(a->effective);
        rule_unref(a->rule);
        json_free(a->rule_json);
        json_free(a->foreign);
        strv_free(a->path);
        *a = (Answer){ 0 };
}
#define _cleanup_answer_ _cleanup_(answer_deinit)

/* ---- by the files ---- */

static int answer_of_files(
        Cli *c, const Offline *o, const Ruleset *ruleset, const Packet *packet, Answer *ret)
{
        Verdict v;
        int r;

        evaluate(ruleset, packet, &v);
        ret->verdict = strdup(action_to_string(v.action));
        ret->effective = strdup(action_to_string(v.action));
        if (v.rule) {
                ReportRule rule = { .rule = v.rule->rule };

                ret->rule = rule_ref(v.rule->rule);
                ret->rule_json = rule_to_json(&rule);
        }
        r = explain_path(ruleset, packet, &v, &ret->path);
        if (r < 0 || !ret->verdict || !ret->effective)
                return cli_fail_errno(c, -ENOMEM, o->paths.state);
        return 0;
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

static int packet_words_parse(Cli *c, char **words, const Names *names, Packet *ret)
{
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        int status, r;

        r = packet_parse_words(words, names, (Place){ 0 }, &d, ret);
        status = cli_tell_diagnostics(c, &d);
        return r < 0 && status == 0 ? cli_fail_errno(c, r, "explain") : status;
}

/* A policy that is not enabled lets everything pass. */
static int files_load(Cli *c, Offline *o, Ruleset **ret)
{
        _cleanup_(policy_free_p) Policy *p = NULL;

        return offline_load(c, o, &p, ret);
}

static int files_explain(Cli *c, char **words, Answer *ret)
{
        _cleanup_offline_ Offline o = { 0 };
        _cleanup_(ruleset_free_p) Ruleset *ruleset = NULL;
        Packet packet;
        int status;

        status = offline_open(c, &o);
        if (status == 0)
                status = packet_words_parse(c, words, &o.names, &packet);
        if (status == 0)
                status = files_load(c, &o, &ruleset);
        if (status != 0)
                return status;
        packet_complete(&o, &packet);
        return answer_of_files(c, &o, ruleset, &packet, ret);
}

/* ---- by p25d ---- */

/* The names of the packet are the daemon's to resolve: these only remember them. */
typedef struct Asked {
        const char *user, *group;
} Asked;

static int remember_user(void *data, const char *name, uint32_t *ret)
{
        ((Asked *)data)->user = name;
        *ret = 0;
        return 0;
}

static int remember_group(void *data, const char *name, uint32_t *ret)
{
        ((Asked *)data)->group = name;
        *ret = 0;
        return 0;
}

static int remember_unit(void *data, const char *name, Cgroup *ret)
{
        (void)data, (void)name;
        *ret = (Cgroup){ 0 };
        return 0;
}

static int text_append(sd_bus_message *m, const char *key, const char *text)
{
        return text ? sd_bus_message_append(m, "{sv}", key, "s", text) : 0;
}

static int address_append(sd_bus_message *m, const char *key, bool given, const Address *a)
{
        char text[ADDRESS_TEXT_MAX];

        return given ? text_append(m, key, address_format(a, text)) : 0;
}

static int id_append(
        sd_bus_message *m, const char *key, bool given, const char *name, uint32_t number)
{
        char text[16];

        if (!given)
                return 0;
        snprintf(text, sizeof(text), "%u", number);
        return text_append(m, key, name ? name : text);
}

static int packet_append(sd_bus_message *m, const Packet *p, const Asked *asked)
{
        int r;

        if ((r = sd_bus_message_open_container(m, 'a', "{sv}")) < 0 ||
                (r = text_append(m, "direction", direction_to_string(p->direction))) < 0 ||
                (r = address_append(m, "from", p->has_from, &p->from)) < 0 ||
                (r = address_append(m, "to", p->has_to, &p->to)) < 0 ||
                (r = sd_bus_message_append(m, "{sv}", "port", "q", p->port)) < 0 ||
                (r = id_append(m, "user", p->has_uid, asked->user, p->uid)) < 0 ||
                (r = id_append(m, "group", p->has_gid, asked->group, p->gid)) < 0 ||
                (r = text_append(m, "unit", p->unit)) < 0 ||
                (r = text_append(m, "interface", p->interface)) < 0 ||
                (r = text_append(m, "in_interface", p->in_interface)) < 0 ||
                (r = text_append(m, "out_interface", p->out_interface)) < 0)
                return r;
        return sd_bus_message_close_container(m);
}

/* The bus leaves out what has no value; SPEC's rule object has all keys. */
static int answer_rule(const Json *j, Answer *ret)
{
        ReportRule rule;
        int r;

        if (json_is_null_or_missing(j))
                return 0;
        r = rule_from_json(j, &rule);
        if (r < 0)
                return r;
        ret->rule = rule.rule;
        ret->rule_json = rule_to_json(&rule);
        return 0;
}

static int answer_of_reply(sd_bus_message *reply, Answer *ret)
{
        _cleanup_(json_free_p) Json *j = NULL;
        const char *verdict, *effective;
        int r;

        r = client_read_dict(reply, &j);
        if (r < 0)
                return r;
        verdict = json_get_string(j, "verdict");
        effective = json_get_string(j, "effective");
        if (!verdict || !effective)
                return -EBADMSG;
        ret->verdict = strdup(verdict);
        ret->effective = strdup(effective);
        if (!ret->verdict || !ret->effective)
                return -ENOMEM;
        r = json_get_strv(j, "path", &ret->path);
        if (r >= 0)
                r = answer_rule(json_get(j, "rule"), ret);
        /* what the daemon says of other tables is passed on as it is */
        ret->foreign = json_ref(json_get(j, "foreign"));
        return r;
}

static int daemon_explain(Cli *c, char **words, Answer *ret)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL, *reply = NULL;
        Asked asked = { 0 };
        Names names = { remember_user, remember_group, remember_unit, &asked };
        Packet packet;
        int status, r;

        status = packet_words_parse(c, words, &names, &packet);
        if (status == 0)
                status = client_message(c, "Explain", &m);
        if (status != 0)
                return status;
        r = packet_append(m, &packet, &asked);
        if (r < 0)
                return client_fail_message(c, r);
        status = client_call(c, m, &reply);
        if (status != 0)
                return status;
        r = answer_of_reply(reply, ret);
        return r < 0 ? client_fail_message(c, r) : 0;
}

/* ---- explain ---- */

static int answer_tell(Cli *c, Answer *a)
{
        Json *document = json_new_object();
        _cleanup_free_ char *words = NULL, *source = NULL;

        json_set(document, "verdict", json_new_string(a->verdict));
        json_set(document, "rule", a->rule_json ? TAKE_PTR(a->rule_json) : json_new_null());
        json_set(document, "effective", json_new_string(a->effective));
        json_set(document, "foreign", a->foreign ? TAKE_PTR(a->foreign) : json_new_array());
        json_set(document, "path", json_new_strv(a->path));
        if (a->rule && (rule_words_print_until(a->rule, &words) < 0 ||
                               rule_source_format(a->rule, &source) < 0)) {
                json_free(document);
                return cli_fail_errno(c, -ENOMEM, "explain");
        }
        cli_say(c, "Verdict: %s", a->verdict);
        if (a->rule)
                cli_say(c, "Rule: %s (%s)", words, source);
        else
                cli_say(c, "Rule: none");
        if (!streq(a->verdict, a->effective))
                cli_say(c, "Effective: %s", a->effective);
        STRV_FOREACH (line, a->path)
                cli_say(c, "  %s", *line);
        return cli_document(c, document);
}

int command_explain(Cli *c, const Verb *v, char **args, size_t n)
{
        _cleanup_answer_ Answer answer = { 0 };
        int status;

        (void)v, (void)n;
        status = c->root ? files_explain(c, args, &answer) : daemon_explain(c, args, &answer);
        return status != 0 ? status : answer_tell(c, &answer);
}

/* ---- test ---- */

static bool verdict_holds(const Assertion *a, const char *verdict)
{
        /* what a limit lets through is allowed */
        return streq(verdict, action_to_string(a->verdict)) ||
               (a->verdict == ACTION_ALLOW && streq(verdict, "limit"));
}

/* A packet that is none is bad input; else 0, and *ret_holds. */
static int assertion_test(Cli *c, const Offline *o, const Ruleset *ruleset, const Assertion *a,
        Json *list, bool *ret_holds)
{
        _cleanup_answer_ Answer answer = { 0 };
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        _cleanup_strv_ char **words = NULL;
        Place place = { a->file, a->line };
        Packet packet;
        Json *item;
        int status, r;

        r = packet_parse(a->packet, &o->names, place, &d, &packet, &words);
        status = cli_tell_diagnostics(c, &d);
        if (r < 0)
                return status != 0 ? status : cli_fail_errno(c, r, a->packet);
        packet_complete(o, &packet);
        status = ruleset ? answer_of_files(c, o, ruleset, &packet, &answer)
                         : daemon_explain(c, words, &answer);
        if (status != 0)
                return status;
        *ret_holds = verdict_holds(a, answer.verdict);
        item = json_new_object();
        json_set(item, "packet", json_new_string(a->packet));
        json_set(item, "expected", json_new_string(action_to_string(a->verdict)));
        json_set(item, "verdict", json_new_string(answer.verdict));
        json_set(item, "holds", json_new_bool(*ret_holds));
        json_append(list, item);
        if (*ret_holds)
                cli_say(c, "ok: %s: %s", a->packet, answer.verdict);
        else
                cli_say(c, "failed: %s: %s, not %s", a->packet, answer.verdict,
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
