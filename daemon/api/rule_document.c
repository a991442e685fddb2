/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns how the forms of a rule's fields are written for the bus. Does not depend on who sends and
 * who receives.
 */

#include "daemon/api/rule_document.h"

#include "rules/policy/fields.h"
#include "rules/policy/ports.h"

int rule_document_append_strings(sd_bus_message *m, const char *key, char *const *strings)
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

static int ports_entry_append(sd_bus_message *m, const char *key, const Ports *ports)
{
        int r;

        if ((r = sd_bus_message_open_container(m, 'e', "sv")) < 0 ||
                (r = sd_bus_message_append_basic(m, 's', key)) < 0 ||
                (r = sd_bus_message_open_container(m, 'v', "aq")) < 0 ||
                (r = sd_bus_message_append_array(
                         m, 'q', ports->items, ports->n * sizeof(ports->items[0]))) < 0 ||
                (r = sd_bus_message_close_container(m)) < 0)
                return r;
        return sd_bus_message_close_container(m);
}

static int value_append(sd_bus_message *m, const RuleField *f, const FieldValue *v)
{
        switch (f->form) {
        case FORM_TEXT:
                return sd_bus_message_append(m, "{sv}", f->name, "s", v->text ?: "");
        case FORM_TEXTS:
                return rule_document_append_strings(m, f->name, v->texts);
        case FORM_PORTS:
                return ports_entry_append(m, f->name, v->ports);
        case FORM_NUMBER:
                return sd_bus_message_append(m, "{sv}", f->name, "u", (uint32_t)v->number);
        case FORM_TIME:
                return sd_bus_message_append(m, "{sv}", f->name, "t", v->number);
        case FORM_FLAG:
                return sd_bus_message_append(m, "{sv}", f->name, "b", (int)v->number);
        case FORM_HIDDEN:
                break;
        }
        return 0;
}

static int entries_append(sd_bus_message *m, const Rule *rule, bool whole)
{
        RULE_FIELD_FOREACH(f)
        {
                FieldValue v;
                int r = rule_field_get(rule, f, &v);

                if (r > 0 || (r == 0 && whole && f->uses & FIELD_BUS))
                        r = value_append(m, f, &v);
                field_value_deinit(&v);
                if (r < 0)
                        return r;
        }
        return 0;
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
