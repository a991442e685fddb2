/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns Explain: the question becomes a packet, the policy and the packet filters give the answer.
 */

#include "daemon/bus/explain.h"

#include "daemon/bus/answer.h"
#include "daemon/bus/dict.h"
#include "daemon/bus/methods.h"
#include "daemon/bus/reply.h"
#include "daemon/bus/rule.h"
#include "daemon/foreign/way.h"
#include "daemon/host/host.h"
#include "daemon/loop/clock.h"
#include "rules/base/diagnostic.h"
#include "rules/base/strv.h"
#include "rules/policy/names.h"
#include "rules/policy/rule.h"
#include "rules/report/report.h"
#include "rules/ruleset/compiledrule.h"

#include <errno.h>

#define _cleanup_message_ _cleanup_(sd_bus_message_unrefp)
#define _cleanup_report_ _cleanup_(report_deinit)

/* A packet of the host's own process has its user's primary group, when no other is named. */
static int packet_read(BusCall *c, BusQuestion *asked, Packet *ret, sd_bus_error *error)
{
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        HostNames *host = manager_names(c->bus->manager);
        const char *user;
        Names names = host_names_of_guest(host);
        int r;

        r = bus_question_read(c->message, asked, error);
        if (r < 0)
                return r;
        r = question_resolve(&asked->question, &names, (Place){ 0 }, &d, ret);
        if (r == -EINVAL || r == -ENOENT)
                return sd_bus_error_set(error,
                        r == -ENOENT ? BUS_ERROR_NO_SUCH_NAME : BUS_ERROR_INVALID_ARGS,
                        d.n > 0 ? d.items[0].text : "not a valid packet");
        if (r == -EAGAIN && d.n > 0)
                return sd_bus_error_set(error, SD_BUS_ERROR_FAILED, d.items[0].text);
        if (r < 0)
                return r;
        user = asked->question.texts[QUESTION_USER];
        if (user && !ret->has_gid)
                ret->has_gid = host_user_group(host, user, &ret->gid) == 0;
        return 0;
}

/* The rule with its counters, as ListRules has it; an empty dictionary when none decided. */
static int verdict_rule_append(sd_bus_message *m, const Report *report, const Verdict *v)
{
        ReportRule alone = { .rule = v->rule ? v->rule->rule : NULL };

        if (!v->rule)
                return sd_bus_message_append(m, "a{sv}", 0);
        for (size_t i = 0; i < report->n_rules; i++)
                if (report->rules[i].rule->id == alone.rule->id)
                        return bus_rule_append(m, &report->rules[i]);
        return bus_rule_append(m, &alone);
}

static int rule_entry_append(sd_bus_message *m, const Report *report, const Verdict *v)
{
        int r;

        if ((r = sd_bus_message_open_container(m, 'e', "sv")) < 0 ||
                (r = sd_bus_message_append_basic(m, 's', "rule")) < 0 ||
                (r = sd_bus_message_open_container(m, 'v', "a{sv}")) < 0 ||
                (r = verdict_rule_append(m, report, v)) < 0 ||
                (r = sd_bus_message_close_container(m)) < 0)
                return r;
        return sd_bus_message_close_container(m);
}

static int obstacle_append(sd_bus_message *m, const Obstacle *o)
{
        int r;

        if ((r = sd_bus_message_open_container(m, 'a', "{sv}")) < 0 ||
                (r = bus_append_entry(m, "table", "s", o->table)) < 0 ||
                (r = bus_append_entry(m, "chain", "s", o->chain)) < 0 ||
                (r = bus_append_entry(m, "verdict", "s", o->verdict)) < 0 ||
                (r = bus_append_entry(m, "code", "s", o->code)) < 0)
                return r;
        return sd_bus_message_close_container(m);
}

static int obstacles_append(sd_bus_message *m, const Effect *e)
{
        int r;

        if ((r = sd_bus_message_open_container(m, 'e', "sv")) < 0 ||
                (r = sd_bus_message_append_basic(m, 's', "foreign")) < 0 ||
                (r = sd_bus_message_open_container(m, 'v', "aa{sv}")) < 0 ||
                (r = sd_bus_message_open_container(m, 'a', "a{sv}")) < 0)
                return r;
        for (size_t i = 0; r >= 0 && i < e->n; i++)
                r = obstacle_append(m, &e->obstacles[i]);
        if (r < 0 || (r = sd_bus_message_close_container(m)) < 0 ||
                (r = sd_bus_message_close_container(m)) < 0)
                return r;
        return sd_bus_message_close_container(m);
}

void bus_answer_deinit(BusAnswer *a)
{
        explanation_deinit(&a->explanation);
        effect_deinit(&a->effect);
}

/* then NULL: it is about now */
static int then_append(sd_bus_message *m, const FormerPolicy *then)
{
        int r = then ? bus_append_entry(m, "revision", "t", then->revision) : 0;

        return r < 0 || !then ? r : bus_append_entry(m, "time", "t", then->time_usec);
}

static int explanation_reply(
        BusCall *c, const Report *report, const BusAnswer *a, const FormerPolicy *then)
{
        const Explanation *e = &a->explanation;
        const Verdict *v = &a->verdict;
        _cleanup_message_ sd_bus_message *m = NULL;
        size_t left = BUS_REPLY_MAX;
        int r;

        if ((r = bus_reply_new(c, &m)) < 0 ||
                (r = sd_bus_message_open_container(m, 'a', "{sv}")) < 0 ||
                (r = bus_append_entry(m, "verdict", "s", action_to_string(v->action))) < 0 ||
                (v->audited != ACTION_ALLOW && (r = bus_append_entry(m, "audit", "s",
                                                        action_to_string(v->audited))) < 0) ||
                (r = rule_entry_append(m, report, v)) < 0 ||
                (r = bus_append_entry(m, "effective", "s", e->effective)) < 0 ||
                (r = bus_append_entry(m, "code", "s", e->code)) < 0 ||
                (r = obstacles_append(m, &a->effect)) < 0 ||
                (r = bus_append_lines(m, "assumptions", e->assumptions, &left)) < 0 ||
                (r = bus_append_lines(m, "path", e->path, &left)) < 0 ||
                (r = then_append(m, then)) < 0 || (r = sd_bus_message_close_container(m)) < 0 ||
                (r = bus_reply_send(c, m)) < 0)
                return r;
        return 0;
}

OwnPlace bus_own_place(const BusCall *c)
{
        const char *name = manager_backend_name(c->bus->manager);

        return streq(name, "nftables")   ? OWN_NFTABLES
               : streq(name, "iptables") ? OWN_IPTABLES
                                         : OWN_NOWHERE;
}

/* The ruleset NULL: p25 is inactive. */
static int explain_own(
        const Ruleset *ruleset, const Packet *packet, const Completion *c, BusAnswer *ret)
{
        Verdict asked = { .action = ACTION_ALLOW };
        int r;

        ret->verdict = asked;
        if (ruleset) {
                evaluate(ruleset, packet, &asked);
                evaluate(ruleset, &c->packet, &ret->verdict);
        }
        r = explain(ruleset, &c->packet, &ret->verdict, &ret->explanation);
        if (r >= 0 && c->in_assumed && ret->verdict.rule != asked.rule)
                r = way_assume_in(c, &ret->explanation.assumptions);
        return r;
}

int bus_answer_find(BusCall *c, Way *w, const Packet *packet, BusAnswer *ret)
{
        Completion completion;
        EffectQuestion q = { .packet = packet, .completion = &completion, .own = bus_own_place(c) };
        int r;

        way_complete(w, packet, &completion);
        r = explain_own(manager_ruleset(c->bus->manager), packet, &completion, ret);
        q.verdict = ret->verdict.action;
        return r < 0 ? r : effect_find(c->filters, w, &q, &ret->explanation, &ret->effect);
}

static int explain_now(BusCall *c, const Packet *packet, BusAnswer *ret)
{
        Way way;
        int r = way_open(&way);

        if (r < 0)
                return r;
        r = bus_answer_find(c, &way, packet, ret);
        way_close(&way);
        return r;
}

/* Says which facts of that time are not kept. A packet that p25 refused was refused, whatever else
 * there was. */
static int explain_then(const FormerPolicy *then, const Packet *packet, BusAnswer *ret)
{
        Explanation *e = &ret->explanation;
        int r;

        ret->verdict = (Verdict){ .action = ACTION_ALLOW };
        if (then->ruleset)
                evaluate(then->ruleset, packet, &ret->verdict);
        r = explain(then->ruleset, packet, &ret->verdict, e);
        if (r >= 0 && ret->verdict.action != ACTION_DENY && ret->verdict.action != ACTION_REJECT) {
                e->effective = "undetermined";
                r = strv_append(&e->assumptions,
                        "other firewalls, routes and listeners of that time are not kept");
        }
        if (r >= 0)
                r = strv_append(&e->assumptions,
                        "users, groups and units are those of now, and so are the entries of sets");
        if (r >= 0 && then->files_of_now)
                r = strv_append(&e->assumptions, "the files below /etc/p25 of that time are not "
                                                 "kept: those of now are used");
        return r;
}

static int bus_explain_then(
        BusCall *c, const BusQuestion *asked, Packet *packet, sd_bus_error *error)
{
        _cleanup_(change_result_deinit) ChangeResult result = { 0 };
        _cleanup_(former_policy_deinit) FormerPolicy then = { 0 };
        _cleanup_bus_answer_ BusAnswer answer = { 0 };
        static const Report nothing; /* counters are those of now */
        int r = manager_policy_at(c->bus->manager, asked->at_usec, &result, &then);

        if (r < 0)
                return bus_result_fail(&result, error);
        packet->time_usec = asked->at_usec;
        r = explain_then(&then, packet, &answer);
        return r < 0 ? r : explanation_reply(c, &nothing, &answer, &then);
}

int bus_explain(BusCall *c, sd_bus_error *error)
{
        _cleanup_bus_answer_ BusAnswer answer = { 0 };
        _cleanup_report_ Report report = { 0 };
        BusQuestion asked;
        Packet packet;
        int r;

        r = packet_read(c, &asked, &packet, error);
        if (r < 0)
                return r;
        if (asked.at_usec > 0)
                return bus_explain_then(c, &asked, &packet, error);
        packet.time_usec = clock_now_usec(CLOCK_REALTIME);
        if ((r = explain_now(c, &packet, &answer)) < 0 ||
                (r = manager_report(c->bus->manager, &report)) < 0)
                return r;
        return explanation_reply(c, &report, &answer, NULL);
}
