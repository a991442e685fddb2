/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns the keys of a rule on its way to p25d. Says only what the rule states.
 */

#include "cli/rule_message.h"

#include "rules/addresslist.h"

#include <stdio.h>

static int text_append(sd_bus_message *m, const char *key, const char *text)
{
        return text ? sd_bus_message_append(m, "{sv}", key, "s", text) : 0;
}

static int number_append(sd_bus_message *m, const char *key, uint32_t number)
{
        return number > 0 ? sd_bus_message_append(m, "{sv}", key, "u", number) : 0;
}

static int texts_append(sd_bus_message *m, const char *key, char **texts)
{
        int r;

        if (!texts || !*texts)
                return 0;
        if ((r = sd_bus_message_open_container(m, 'e', "sv")) < 0 ||
                (r = sd_bus_message_append_basic(m, 's', key)) < 0 ||
                (r = sd_bus_message_open_container(m, 'v', "as")) < 0 ||
                (r = sd_bus_message_append_strv(m, texts)) < 0 ||
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

static int addresses_append(sd_bus_message *m, const char *key, const AddressList *l)
{
        _cleanup_strv_ char **texts = NULL;
        int r = address_list_print(l, &texts);

        return r < 0 ? r : texts_append(m, key, texts);
}

static int rate_append(sd_bus_message *m, const Limit *l)
{
        char text[64];

        if (l->unit_sec == 0)
                return 0;
        snprintf(text, sizeof(text), "%u/%s", l->rate, limit_unit_to_string(l->unit_sec));
        return text_append(m, "rate", text);
}

int rule_message_append(sd_bus_message *m, const Rule *rule)
{
        int r;

        if ((r = sd_bus_message_open_container(m, 'a', "{sv}")) < 0 ||
                (r = text_append(m, "action", action_to_string(rule->action))) < 0 ||
                (r = text_append(m, "direction", direction_to_string(rule->direction))) < 0 ||
                (r = ports_append(m, &rule->ports)) < 0 ||
                (r = addresses_append(m, "from", &rule->from)) < 0 ||
                (r = addresses_append(m, "to", &rule->to)) < 0 ||
                (r = text_append(m, "interface", rule->interface)) < 0 ||
                (r = text_append(m, "in_interface", rule->in_interface)) < 0 ||
                (r = text_append(m, "out_interface", rule->out_interface)) < 0 ||
                (r = texts_append(m, "user", rule->user)) < 0 ||
                (r = texts_append(m, "group", rule->group)) < 0 ||
                (r = texts_append(m, "unit", rule->unit)) < 0 ||
                (r = rate_append(m, &rule->limit)) < 0 ||
                (r = number_append(m, "burst", rule->limit.burst)) < 0 ||
                (r = number_append(m, "max", rule->limit.open)) < 0 ||
                (r = rule->log ? sd_bus_message_append(m, "{sv}", "log", "b", 1) : 0) < 0 ||
                (r = text_append(m, "comment", rule->comment)) < 0)
                return r;
        return sd_bus_message_close_container(m);
}
