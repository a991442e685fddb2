/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns how a rule's settings are written for the bus. Knows nothing of who sends or answers, and
 * reads nothing.
 */

#include "daemon/api/rule_document.h"

#include "rules/policy/addresslist.h"

#include <stdio.h>

int strings_entry_append(sd_bus_message *m, const char *key, char *const *strings)
{
        int r;

        if ((r = sd_bus_message_open_container(m, 'e', "sv")) < 0 ||
                (r = sd_bus_message_append_basic(m, 's', key)) < 0 ||
                (r = sd_bus_message_open_container(m, 'v', "as")) < 0 ||
                (r = sd_bus_message_append_strv(m, (char **)strings)) < 0 ||
                (r = sd_bus_message_close_container(m)) < 0)
                return r;
        return sd_bus_message_close_container(m);
}

static int ports_append(sd_bus_message *m, const Ports *ports)
{
        int r;

        if ((r = sd_bus_message_open_container(m, 'e', "sv")) < 0 ||
                (r = sd_bus_message_append_basic(m, 's', "ports")) < 0 ||
                (r = sd_bus_message_open_container(m, 'v', "aq")) < 0 ||
                (r = sd_bus_message_append_array(
                         m, 'q', ports->items, ports->n * sizeof(ports->items[0]))) < 0 ||
                (r = sd_bus_message_close_container(m)) < 0)
                return r;
        return sd_bus_message_close_container(m);
}

static int text_append(sd_bus_message *m, const char *key, const char *text)
{
        return text ? sd_bus_message_append(m, "{sv}", key, "s", text) : 0;
}

static int number_append(sd_bus_message *m, const char *key, uint32_t number)
{
        return number > 0 ? sd_bus_message_append(m, "{sv}", key, "u", number) : 0;
}

static int strings_append(sd_bus_message *m, const char *key, char *const *strings, bool whole)
{
        return whole || (strings && *strings) ? strings_entry_append(m, key, strings) : 0;
}

static int addresses_append(sd_bus_message *m, const char *key, const AddressList *l, bool whole)
{
        _cleanup_strv_ char **texts = NULL;
        int r = address_list_print(l, &texts);

        return r < 0 ? r : strings_append(m, key, texts, whole);
}

static int limit_append(sd_bus_message *m, const Limit *l)
{
        char rate[64];
        int r = 0;

        if (l->unit_sec > 0) {
                snprintf(rate, sizeof(rate), "%u/%s", l->rate, limit_unit_to_string(l->unit_sec));
                r = text_append(m, "rate", rate);
        }
        if (r >= 0)
                r = number_append(m, "burst", l->burst);
        return r < 0 ? r : number_append(m, "max", l->open);
}

static int log_append(sd_bus_message *m, bool log, bool whole)
{
        return whole || log ? sd_bus_message_append(m, "{sv}", "log", "b", (int)log) : 0;
}

static int entries_append(sd_bus_message *m, const Rule *rule, bool whole)
{
        const char *comment = rule->comment;
        int r;

        if ((r = text_append(m, "action", action_to_string(rule->action))) < 0 ||
                (r = text_append(m, "direction", direction_to_string(rule->direction))) < 0 ||
                (r = ports_append(m, &rule->ports)) < 0 ||
                (r = addresses_append(m, "from", &rule->from, whole)) < 0 ||
                (r = addresses_append(m, "to", &rule->to, whole)) < 0 ||
                (r = text_append(m, "interface", rule->interface)) < 0 ||
                (r = text_append(m, "in_interface", rule->in_interface)) < 0 ||
                (r = text_append(m, "out_interface", rule->out_interface)) < 0 ||
                (r = strings_append(m, "user", rule->user, whole)) < 0 ||
                (r = strings_append(m, "group", rule->group, whole)) < 0 ||
                (r = strings_append(m, "unit", rule->unit, whole)) < 0 ||
                (r = limit_append(m, &rule->limit)) < 0 ||
                (r = log_append(m, rule->log, whole)) < 0)
                return r;
        return text_append(m, "comment", whole && !comment ? "" : comment);
}

int rule_entries_append(sd_bus_message *m, const Rule *rule)
{
        return entries_append(m, rule, true);
}

int rule_document_append(sd_bus_message *m, const Rule *rule, uint64_t duration_sec)
{
        int r;

        if ((r = sd_bus_message_open_container(m, 'a', "{sv}")) < 0 ||
                (r = entries_append(m, rule, false)) < 0 ||
                (duration_sec > 0 &&
                        (r = sd_bus_message_append(m, "{sv}", "duration", "t", duration_sec)) < 0))
                return r;
        return sd_bus_message_close_container(m);
}
