/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns `show listening`: which sockets of this host listen on mail ports, whose they are, and which
 * rules speak of them. Reads /proc alone; processes of others are seen by root only.
 */

#include "cli/survey/listening.h"
#include "cli/client/client.h"
#include "cli/commands/commands.h"
#include "rules/words/words.h"

#include <errno.h>

/* Rules for incoming connections that may decide for the port, in their order. */
static int rules_tell(const Report *report, uint16_t port, Buffer *b, Json *list)
{
        for (size_t i = 0; i < report->n_rules; i++) {
                const ReportRule *rule = &report->rules[i];
                _cleanup_free_ char *words = NULL, *source = NULL;

                if (rule->rule->direction != DIRECTION_IN ||
                        !ports_contain(&rule->rule->ports, port))
                        continue;
                if (rule_words_print_until(rule->rule, &words) < 0 ||
                        rule_source_format(rule->rule, &source) < 0)
                        return -ENOMEM;
                if (rule->position > 0)
                        buffer_printf(b, "   [%2u] %s\n", rule->position, words);
                else
                        buffer_printf(b, "        %s (%s)\n", words, source);
                json_append(list, json_new_string(words));
        }
        return 0;
}

static Json *listener_json(const Listener *l)
{
        Json *object = json_new_object();

        json_set(object, "port", json_new_integer(l->port));
        json_set(object, "address", json_new_string(l->address));
        json_set(object, "ipv4", json_new_bool(l->ipv4));
        json_set(object, "ipv6", json_new_bool(l->ipv6));
        json_set(object, "user", json_new_string(l->user));
        json_set(object, "pid", l->pid > 0 ? json_new_integer(l->pid) : json_new_null());
        json_set(object, "process", json_new_string(l->process));
        return object;
}

/* What p25d says to whom no rule with an address or interface names. */
static int verdict_fetch(Cli *c, uint16_t port, char **ret)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL, *reply = NULL;
        _cleanup_(json_free_p) Json *answer = NULL;
        const char *verdict;
        int status, r;

        status = client_message(c, "Explain", &m);
        if (status != 0)
                return status;
        r = sd_bus_message_append(m, "a{sv}", 2, "direction", "s", "in", "port", "q", port);
        status = r < 0 ? client_fail_message(c, r) : client_call(c, m, &reply);
        if (status != 0)
                return status;
        r = client_read_dict(reply, &answer);
        verdict = json_get_string(answer, "verdict");
        if (r < 0 || !verdict)
                return client_fail_message(c, r < 0 ? r : -EBADMSG);
        *ret = strdup(verdict);
        return *ret ? 0 : cli_fail_errno(c, -ENOMEM, "listening");
}

/* "  25 :: (master, user root, IPv4 and IPv6)" */
static void listener_text(const Listener *l, Buffer *b)
{
        buffer_printf(b, "  %u %s (%s%suser %s, %s)\n", l->port, l->address,
                l->process ? l->process : "", l->process ? ", " : "", l->user,
                l->ipv4 && l->ipv6 ? "IPv4 and IPv6"
                : l->ipv4          ? "IPv4"
                                   : "IPv6");
}

static int listener_tell(Cli *c, const Listener *l, const Report *report, Buffer *b, Json *list)
{
        _cleanup_free_ char *verdict = NULL;
        Json *object = listener_json(l), *rules = json_new_array();
        int status = 0, r = 0;

        listener_text(l, b);
        if (l->loopback) {
                buffer_add_string(b, "        loopback only: always allowed\n");
        } else if (!report->active) {
                buffer_add_string(b, "        p25 is inactive: allowed\n");
        } else {
                status = verdict_fetch(c, l->port, &verdict);
                r = rules_tell(report, l->port, b, rules);
                buffer_printf(b, "        all others: %s\n", verdict ? verdict : "");
        }
        json_set(object, "loopback", json_new_bool(l->loopback));
        json_set(object, "rules", rules);
        json_set(object, "verdict", json_new_string(verdict ? verdict : "allow"));
        json_append(list, object);
        return status == 0 && r < 0 ? cli_fail_errno(c, r, "listening") : status;
}

int command_show_listening(Cli *c, const Verb *v, char **args, size_t n)
{
        _cleanup_buffer_ Buffer b = { 0 };
        Listeners listeners = { 0 };
        Report report = { 0 };
        Json *list = json_new_array();
        int status, r;

        (void)v, (void)args, (void)n;
        status = client_get_report(c, &report);
        r = status == 0 ? listeners_read(&report.mail_ports, &listeners) : 0;
        if (r < 0)
                status = cli_fail_errno(c, r, "/proc/net/tcp");
        buffer_add_string(&b, "tcp:\n");
        for (size_t i = 0; status == 0 && i < listeners.n; i++)
                status = listener_tell(c, &listeners.items[i], &report, &b, list);
        if (listeners.n == 0)
                buffer_add_string(&b, "  nothing listens on a mail port\n");
        listeners_deinit(&listeners);
        report_deinit(&report);
        if (status == 0 && b.failed)
                status = cli_fail_errno(c, -ENOMEM, "listening");
        if (status != 0) {
                json_free(list);
                return status;
        }
        return cli_text(c, b.data, list);
}
