/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns `show listening`: which sockets of this host listen on mail ports, whose they are, and which
 * rules match them. Reads only /proc; only root sees the processes of others.
 */

#include "cli/survey/listening.h"
#include "cli/client/client.h"
#include "cli/client/verdict.h"
#include "cli/commands/commands.h"
#include "daemon/host/forwarders.h"
#include "rules/base/buffer.h"
#include "rules/base/json.h"
#include "rules/policy/addressitem.h"
#include "rules/policy/addresslist.h"
#include "rules/policy/rule.h"
#include "rules/report/report.h"
#include "rules/words/words.h"

#include <errno.h>

static bool rule_may_decide(const Rule *r, uint16_t port, Family family)
{
        return r->direction == DIRECTION_IN && ports_contain(&r->ports, port) &&
               address_list_has_family(&r->from, family) && address_list_has_family(&r->to, family);
}

/* No rule behind it is reached. */
static bool rule_matches_all(const Rule *r)
{
        return r->from.n == 0 && r->to.n == 0 && !r->interface;
}

/* The policy by which listeners are judged. */
typedef struct Scene {
        Report report;
        Forwarders forwarders;
} Scene;

/* Rules for incoming connections that may decide, in their order. */
static int rules_print(const Report *report, uint16_t port, Family family, Buffer *b, Json *list)
{
        for (size_t i = 0; i < report->n_rules; i++) {
                const ReportRule *rule = &report->rules[i];
                _cleanup_free_ char *words = NULL, *source = NULL;

                if (!rule_may_decide(rule->rule, port, family))
                        continue;
                if (rule_words_print_until(rule->rule, &words) < 0 ||
                        rule_source_format(rule->rule, &source) < 0)
                        return -ENOMEM;
                if (rule->position > 0)
                        buffer_printf(b, "   [%2u] %s\n", rule->position, words);
                else
                        buffer_printf(b, "        %s (%s)\n", words, source);
                json_append(list, json_new_string(words));
                if (rule_matches_all(rule->rule))
                        break;
        }
        return 0;
}

static Json *listener_json(const Listener *l, Family family)
{
        Json *object = json_new_object();

        json_set(object, "family", json_new_string(family == FAMILY_IPV4 ? "ipv4" : "ipv6"));
        json_set(object, "port", json_new_integer(l->port));
        json_set(object, "address", json_new_string(l->address));
        json_set(object, "ipv4", json_new_bool(l->ipv4));
        json_set(object, "ipv6", json_new_bool(l->ipv6));
        json_set(object, "user", json_new_string(l->user));
        json_set(object, "pid", l->pid > 0 ? json_new_integer(l->pid) : json_new_null());
        json_set(object, "process", json_new_string(l->process));
        return object;
}

/* "  25 :: (master, user root)" */
static void listener_text(const Listener *l, Buffer *b)
{
        buffer_printf(b, "  %u %s (%s%suser %s)\n", l->port, l->address,
                l->process ? l->process : "", l->process ? ", " : "", l->user);
}

static bool listener_takes(const Listener *l, Family family)
{
        return family == FAMILY_IPV4 ? l->ipv4 : l->ipv6;
}

static bool verdict_passes(const ClientVerdict *v)
{
        return streq(v->p25, "allow") || streq(v->p25, "limit");
}

/* Does the listener take connections of the family, and does p25 let those of anybody pass? */
static int ask_whether_passes(Cli *c, const Listener *l, Family family, bool *ret)
{
        _cleanup_verdict_ ClientVerdict verdict = { 0 };
        int status;

        *ret = false;
        if (!listener_takes(l, family))
                return 0;
        status = client_ask_listener(c, l->address, l->port, family, &verdict);
        if (status == 0)
                *ret = verdict_passes(&verdict);
        return status;
}

/* A listener of which one family has been judged. */
typedef struct Judged {
        const Listener *listener;
        Family family;
        const ClientVerdict *verdict;
} Judged;

/* One that hides its clients from the server behind it, and what to do about it. */
static int forwarder_advise(
        Cli *c, const Judged *j, const Forwarders *forwarders, const Forwarder *f, char **ret)
{
        bool is_ipv4 = j->family == FAMILY_IPV4, passes = verdict_passes(j->verdict), other;
        int status =
                ask_whether_passes(c, j->listener, is_ipv4 ? FAMILY_IPV6 : FAMILY_IPV4, &other);

        if (status == 0 && forwarder_advice(forwarders, f, is_ipv4 ? passes : other,
                                   is_ipv4 ? other : passes, j->listener->port, ret) < 0)
                status = cli_fail_errno(c, -ENOMEM, "listening");
        return status;
}

static void verdict_print(const ClientVerdict *v, Buffer *b)
{
        buffer_printf(b, "        all others: %s\n", v->p25);
        if (v->foreign && streq(v->effective, "undetermined"))
                buffer_printf(b, "        another firewall may stop them: %s\n", v->foreign);
        else if (v->foreign && !streq(v->effective, v->p25))
                buffer_printf(b, "        but another firewall stops them (%s): %s\n", v->effective,
                        v->foreign);
}

static int listener_print(
        Cli *c, const Listener *l, Family family, const Scene *scene, Buffer *b, Json *list)
{
        const Forwarder *f = forwarders_find(&scene->forwarders, l->inode);
        _cleanup_verdict_ ClientVerdict verdict = { 0 };
        Json *object = listener_json(l, family), *rules = json_new_array();
        _cleanup_free_ char *advice = NULL;
        int status = 0, r = 0;

        listener_text(l, b);
        if (l->loopback) {
                buffer_add_string(b, "        loopback only: always allowed\n");
        } else {
                status = client_ask_listener(c, l->address, l->port, family, &verdict);
                if (!scene->report.active)
                        buffer_add_string(b, "        p25 is inactive\n");
                else
                        r = rules_print(&scene->report, l->port, family, b, rules);
                if (status == 0)
                        verdict_print(&verdict, b);
        }
        if (f && !l->loopback && status == 0)
                status = forwarder_advise(
                        c, &(Judged){ l, family, &verdict }, &scene->forwarders, f, &advice);
        if (advice)
                buffer_printf(b, "        warning: %s\n", advice);
        json_set(object, "warning", json_new_string(advice));
        json_set(object, "loopback", json_new_bool(l->loopback));
        json_set(object, "rules", rules);
        json_set(object, "verdict", json_new_string(verdict.p25 ?: "allow"));
        json_set(object, "effective", json_new_string(verdict.effective ?: "allow"));
        json_append(list, object);
        return status == 0 && r < 0 ? cli_fail_errno(c, r, "listening") : status;
}

/* Those that take connections of a family. */
static int family_print(
        Cli *c, const Listeners *l, Family family, const Scene *scene, Buffer *b, Json *list)
{
        size_t n = 0;
        int status = 0;

        buffer_add_string(b, family == FAMILY_IPV4 ? "tcp (IPv4):\n" : "tcp (IPv6):\n");
        for (size_t i = 0; status == 0 && i < l->n; i++)
                if (listener_takes(&l->items[i], family)) {
                        status = listener_print(c, &l->items[i], family, scene, b, list);
                        n++;
                }
        if (n == 0)
                buffer_add_string(b, "  nothing listens on a mail port\n");
        return status;
}

int command_show_listening(Cli *c, const Verb *v, char **args, size_t n)
{
        _cleanup_buffer_ Buffer b = { 0 };
        Listeners listeners = { 0 };
        Scene scene = { 0 };
        Json *list = json_new_array();
        int status, r;

        (void)v, (void)args, (void)n;
        status = client_get_report(c, &scene.report);
        r = status == 0 ? listeners_read(&scene.report.mail_ports, &listeners) : 0;
        if (r < 0)
                status = cli_fail_errno(c, r, "/proc/net/tcp");
        if (status == 0 && forwarders_read("", &scene.forwarders) < 0)
                status = cli_fail_errno(c, -ENOMEM, "/proc");
        if (status == 0)
                status = family_print(c, &listeners, FAMILY_IPV4, &scene, &b, list);
        if (status == 0)
                status = family_print(c, &listeners, FAMILY_IPV6, &scene, &b, list);
        listeners_deinit(&listeners);
        report_deinit(&scene.report);
        forwarders_deinit(&scene.forwarders);
        if (status == 0 && b.failed)
                status = cli_fail_errno(c, -ENOMEM, "listening");
        if (status != 0) {
                json_free(list);
                return status;
        }
        return cli_text(c, b.data, list);
}
