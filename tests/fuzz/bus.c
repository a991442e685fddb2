/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Rule documents of the bus, made of lines "key type value" (lists with commas): what is taken is a
 * rule that the model takes too and that is printed as it was; what is refused has a name and says
 * why in one line.
 */

#include "daemon/api/api.h"
#include "daemon/bus/rule.h"
#include "rules/base/json.h"
#include "rules/base/text.h"
#include "rules/policy/judge.h"
#include "rules/policy/rule.h"
#include "rules/report/report.h"

#include <stdio.h>
#include <sys/socket.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void expect(bool ok, const char *what)
{
        if (!ok) {
                fprintf(stderr, "%s\n", what);
                abort();
        }
}

/* Messages need a bus that was started; nobody listens at its other end. */
static sd_bus *open_bus(void)
{
        sd_bus *bus = NULL;
        int fds[2];

        expect(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0, "socketpair");
        expect(sd_bus_new(&bus) >= 0 && sd_bus_set_fd(bus, fds[0], fds[0]) >= 0 &&
                        sd_bus_start(bus) >= 0,
                "bus");
        return bus;
}

static int basic_append(sd_bus_message *m, char type, const char *value)
{
        uint64_t number = strtoull(value, NULL, 10);

        switch (type) {
        case 's':
                return sd_bus_message_append(m, "s", value);
        case 't':
                return sd_bus_message_append(m, "t", number);
        case 'b':
        case 'q':
        case 'u':
                return sd_bus_message_append(
                        m, (char[]){ type, '\0' }, (unsigned)(type == 'b' ? number % 2 : number));
        default:
                return -1;
        }
}

static int value_append(sd_bus_message *m, const char *type, char *value)
{
        char *word;
        int r;

        if (type[0] != 'a')
                return basic_append(m, type[0], value);
        r = sd_bus_message_open_container(m, 'a', type + 1);
        while (r >= 0 && (word = strsep(&value, ",")))
                r = basic_append(m, type[1], word);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static int line_append(sd_bus_message *m, char *line)
{
        char *key = strsep(&line, " "), *type = line ? strsep(&line, " ") : NULL;
        int r;

        if (!type || strlen(type) > 2 || !type[0] || (type[0] != 'a') == (type[1] != '\0'))
                return -1;
        if ((r = sd_bus_message_open_container(m, 'e', "sv")) < 0 ||
                (r = sd_bus_message_append(m, "s", key)) < 0 ||
                (r = sd_bus_message_open_container(m, 'v', type)) < 0 ||
                (r = value_append(m, type, line ?: (char[]){ "" })) < 0 ||
                (r = sd_bus_message_close_container(m)) < 0)
                return r;
        return sd_bus_message_close_container(m);
}

static sd_bus_message *make_message(sd_bus *bus, char *text)
{
        sd_bus_message *m = NULL;
        char *line;
        int r;

        expect(sd_bus_message_new_method_call(bus, &m, NULL, BUS_PATH, BUS_INTERFACE, "X") >= 0,
                "message");
        r = sd_bus_message_open_container(m, 'a', "{sv}");
        while (r >= 0 && (line = strsep(&text, "\n")))
                if (*line)
                        r = line_append(m, line);
        if (r < 0 || sd_bus_message_close_container(m) < 0 || sd_bus_message_seal(m, 1, 0) < 0)
                return sd_bus_message_unref(m);
        return m;
}

/* The answers of ListRules and `status --json` for the rule are whole. */
static void rule_expect(sd_bus *bus, Rule *rule)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        _cleanup_(json_free_p) Json *json = NULL;
        ReportRule report = { .rule = rule }, again = { 0 };

        /* the manager takes no other */
        if (rule_judge_complete(rule, &mail_ports_default, NULL) < 0)
                return;
        expect(sd_bus_message_new_method_call(bus, &m, NULL, BUS_PATH, BUS_INTERFACE, "X") >= 0 &&
                        bus_rule_append(m, &report) >= 0,
                "append");
        json = rule_to_json(&report);
        expect(rule_from_json(json, &again) == 0 && rule_equal(rule, again.rule), "JSON");
        rule_unref(again.rule);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
        static sd_bus *bus;
        _cleanup_free_ char *text = strndup((const char *)data, n);
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_(bus_rule_deinit) BusRule rule = { 0 };
        int r;

        if (!bus)
                bus = open_bus();
        m = text ? make_message(bus, text) : NULL;
        if (!m)
                return 0;
        r = bus_rule_read(m, n % 2 ? BUS_RULE_ADD : BUS_RULE_REMOVE, &rule, &error);
        if (r < 0)
                expect(error.name && error.message && text_is_printable(error.message),
                        error.message ?: "an error without a word");
        else if (rule.rule)
                rule_expect(bus, rule.rule);
        return 0;
}
