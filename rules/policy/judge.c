/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Judges a rule by itself (judge.h). Does not depend on other rules, on the host's users and
 * units, or on what a variable or set holds: compile looks at those.
 */

#include "rules/policy/judge.h"

#include "rules/address/family.h"
#include "rules/base/diagnostic.h"
#include "rules/base/strv.h"
#include "rules/base/text.h"
#include "rules/policy/addressitem.h"
#include "rules/policy/rule.h"
#include "rules/policy/valid.h"

#include <errno.h>
#include <stdio.h>

#define IDENTITY_MAX 255 /* bytes of a user, group or unit */

typedef struct Check {
        const Rule *rule;
        const char *setting;
        Diagnostics *diagnostics;
        int result;
} Check;

/* Reports an error of the rule's setting `field`. An earlier -ENOMEM stays. */
static void check_fail_code(
        Check *c, DiagnosticCode code, const char *field, const char *format, ...) _printf_(4, 5);
static void check_fail_code(
        Check *c, DiagnosticCode code, const char *field, const char *format, ...)
{
        Place place = { c->rule->file, c->rule->line };
        char setting[256];
        va_list ap;
        int r;

        snprintf(
                setting, sizeof(setting), "%s%s%s", c->setting ?: "", c->setting ? "." : "", field);
        va_start(ap, format);
        r = diagnostics_error_va(c->diagnostics, code, place, setting, format, ap);
        va_end(ap);
        if (c->result != -ENOMEM)
                c->result = r;
}

#define check_fail(c, field, ...) check_fail_code(c, DIAGNOSTIC_PLAIN, field, __VA_ARGS__)

/* Rules of p25ctl and the bus have no place where a variable gets its value. */
static void check_vars_allowed(Check *c, const char *field, bool has_var)
{
        if (has_var && c->rule->source == SOURCE_P25CTL)
                check_fail(c, field, "%s: variables can only be used in files", field);
}

#define PORT_LIST_MAX (PORTS_MAX * sizeof("65535, "))

static const char *port_list(const Ports *ports, char buffer[static PORT_LIST_MAX])
{
        size_t n = 0;

        buffer[0] = '\0';
        for (size_t i = 0; i < ports->n; i++)
                n += (size_t)snprintf(
                        buffer + n, PORT_LIST_MAX - n, "%s%u", i > 0 ? ", " : "", ports->items[i]);
        return buffer;
}

static void check_mail_ports(Check *c, const Ports *mail_ports)
{
        const Ports *ports = &c->rule->ports;
        char list[PORT_LIST_MAX];

        for (size_t i = 0; i < ports->n; i++)
                if (!ports_contain(mail_ports, ports->items[i]))
                        check_fail(c, "ports", "%u is not a mail port (%s)", ports->items[i],
                                port_list(mail_ports, list));
}

static void check_ports(Check *c)
{
        if (c->rule->ports_var && !name_is_valid(c->rule->ports_var))
                check_fail(c, "ports", "ports: \"$%.64s\" is not a valid variable name",
                        c->rule->ports_var);
        check_vars_allowed(c, "ports", c->rule->ports_var);
        if (c->rule->ports.n == 0)
                check_fail(c, "ports", "a rule must have at least one port");
}

/* ---- addresses ---- */

static void check_addresses(Check *c, const char *field, const AddressList *l)
{
        bool has_var = false;

        for (size_t i = 0; i < l->n; i++) {
                const AddressItem *a = &l->items[i];

                has_var |= a->kind == ADDRESS_VAR;
                if (a->kind != ADDRESS_PREFIX && !name_is_valid(a->name))
                        check_fail(c, field,
                                "%s: \"%.64s\" is not a valid %s name (letters, digits, '.', '_' "
                                "and "
                                "'-', at most %d)",
                                field, a->name, a->kind == ADDRESS_SET ? "set" : "variable",
                                NAME_MAX_LENGTH);
        }
        check_vars_allowed(c, field, has_var);
}

/* The families that a list can match, as far as is known here: bit 0 IPv4, bit 1 IPv6. */
static unsigned list_families(const AddressList *l)
{
        unsigned families = l->n == 0 ? 3 : 0;

        for (size_t i = 0; i < l->n; i++) {
                if (l->items[i].kind != ADDRESS_PREFIX)
                        return 3;
                families |= l->items[i].prefix.address.family == FAMILY_IPV4 ? 1 : 2;
        }
        return families;
}

static void check_address_count(Check *c)
{
        const Rule *r = c->rule;

        if (r->from.n + r->to.n > RULE_ADDRESSES_MAX)
                check_fail_code(c, DIAGNOSTIC_LIMIT, r->from.n > r->to.n ? "from" : "to",
                        "a rule can have at most %d addresses; put them into a set and write @NAME",
                        RULE_ADDRESSES_MAX);
}

static void check_address_lists(Check *c)
{
        const Rule *r = c->rule;

        check_address_count(c);
        check_addresses(c, "from", &r->from);
        check_addresses(c, "to", &r->to);
        if ((list_families(&r->from) & list_families(&r->to)) == 0)
                check_fail(c, "to",
                        "from and to are of different families (IPv4, IPv6), so no connection "
                        "matches both");
}

/* ---- interfaces ---- */

static void check_interface_name(Check *c, const char *field, const char *name)
{
        if (name && !interface_is_valid(name))
                check_fail(c, field,
                        "%s: \"%.32s\" is not a valid interface name (1 to 15 bytes, no white "
                        "space, no "
                        "wildcards)",
                        field, name);
}

static void check_interfaces(Check *c)
{
        const Rule *r = c->rule;

        check_interface_name(c, "interface", r->interface);
        check_interface_name(c, "in_interface", r->in_interface);
        check_interface_name(c, "out_interface", r->out_interface);
        if (r->direction == DIRECTION_ROUTED) {
                if (r->interface)
                        check_fail(c, "interface",
                                "interface can only be used with direction in or out; with routed, "
                                "use "
                                "in_interface and out_interface");
                return;
        }
        if (r->in_interface)
                check_fail(c, "in_interface",
                        "in_interface can only be used with direction = \"routed\"; with %s, use "
                        "interface",
                        direction_to_string(r->direction));
        if (r->out_interface)
                check_fail(c, "out_interface",
                        "out_interface can only be used with direction = \"routed\"; with %s, use "
                        "interface",
                        direction_to_string(r->direction));
}

/* ---- identities ---- */

/* uid_t and gid_t, without the one that means "none" (-1). */
static bool id_is_valid(const char *s)
{
        return strlen(s) <= 10 && strtoull(s, NULL, 10) < UINT32_MAX;
}

/* Names are looked up in text files and below cgroup folders: nothing that could break out. */
static bool account_name_is_valid(const char *s)
{
        return *s && strlen(s) <= IDENTITY_MAX && !strpbrk(s, " /:,") && text_is_printable(s) &&
               !streq(s, ".") && !streq(s, "..");
}

bool identity_is_valid(const char *s, bool is_unit)
{
        if (is_unit)
                return unit_name_is_valid(s) && !unit_type_without_processes(s);
        return text_is_number(s) ? id_is_valid(s) : account_name_is_valid(s);
}

static bool unit_type_starts_service(const char *type)
{
        return streq(type, ".timer") || streq(type, ".path") || streq(type, ".socket");
}

static void check_unit(Check *c, const char *field, const char *s)
{
        const char *type = unit_type_without_processes(s);

        if (!unit_name_is_valid(s))
                check_fail(c, field, "%s: \"%.64s\" is not a valid systemd unit name", field, s);
        else if (type && !unit_type_starts_service(type))
                check_fail(c, field,
                        "%s: a %s unit has no processes; write the service that opens the "
                        "connections",
                        field, type + 1);
        else if (type)
                check_fail(c, field,
                        "%s: a %s unit has no processes; write the service that it starts, for "
                        "example %.*s.service",
                        field, type + 1, (int)(strlen(s) - strlen(type)), s);
}

static void check_identity(Check *c, const char *field, const char *s, bool is_unit, bool alone)
{
        if (s[0] == '$') {
                if (!name_is_valid(s + 1))
                        check_fail(
                                c, field, "%s: \"%.64s\" is not a valid variable name", field, s);
                else if (!alone)
                        check_fail(c, field, "%s: %s must be the only value", field, s);
        } else if (is_unit) {
                check_unit(c, field, s);
        } else if (text_is_number(s) && !id_is_valid(s)) {
                check_fail(c, field, "%s: %.64s is out of range (0 to 4294967294)", field, s);
        } else if (!identity_is_valid(s, false)) {
                check_fail(c, field,
                        "%s: \"%.64s\" is not a valid %s name (no white space, '/', ':' or ','; a "
                        "number is accepted too)",
                        field, s, field);
        }
}

static void check_identities(Check *c, const char *field, char *const *names)
{
        bool alone = names && names[0] && !names[1];

        if (!names || !names[0])
                return;
        if (c->rule->direction != DIRECTION_OUT)
                check_fail(c, field,
                        "%s can only be used with direction = \"out\": only connections from "
                        "this host have a local %s",
                        field, field);
        check_vars_allowed(c, field, names[0][0] == '$');
        if (strv_length(names) > RULE_ADDRESSES_MAX)
                check_fail_code(c, DIAGNOSTIC_LIMIT, field, "%s: a rule can have at most %d names",
                        field, RULE_ADDRESSES_MAX);
        for (char *const *s = names; *s; s++)
                check_identity(c, field, *s, streq(field, "unit"), alone);
}

/* ---- limits ---- */

static void check_limit(Check *c)
{
        const Limit *l = &c->rule->limit;

        if (c->rule->action != ACTION_LIMIT) {
                if (l->rate > 0 || l->unit_sec > 0)
                        check_fail(c, "rate", "rate can only be used with action = \"limit\"");
                if (l->burst > 0)
                        check_fail(c, "burst", "burst can only be used with action = \"limit\"");
                if (l->open > 0)
                        check_fail(c, "max", "max can only be used with action = \"limit\"");
                return;
        }
        if ((l->rate > 0 || l->unit_sec > 0) &&
                (l->rate < 1 || l->rate > LIMIT_RATE_MAX || !limit_unit_to_string(l->unit_sec)))
                check_fail(c, "rate",
                        "rate must be 1 to %d per second, minute, hour or day, as in 12/minute",
                        LIMIT_RATE_MAX);
        if (l->burst > LIMIT_BURST_MAX)
                check_fail(c, "burst", "burst must be 1 to %d", LIMIT_BURST_MAX);
        if (l->open > LIMIT_OPEN_MAX)
                check_fail(c, "max", "max must be 1 to %d", LIMIT_OPEN_MAX);
}

static void check_comment(Check *c)
{
        const char *comment = c->rule->comment;

        if (comment && !comment_is_valid(comment))
                check_fail_code(c,
                        strlen(comment) > COMMENT_MAX ? DIAGNOSTIC_LIMIT : DIAGNOSTIC_PLAIN,
                        "comment",
                        "a comment must be at most %d bytes of UTF-8 without control characters",
                        COMMENT_MAX);
}

int rule_judge(const Rule *r, const char *setting, Diagnostics *d)
{
        Check c = { .rule = r, .setting = setting, .diagnostics = d };

        if ((int)r->action < 0 || r->action >= _ACTION_MAX)
                check_fail(
                        &c, "action", "a rule must have an action: allow, deny, reject or limit");
        if ((int)r->direction < 0 || r->direction >= _DIRECTION_MAX) {
                check_fail(&c, "direction", "a rule must have a direction: in, out or routed");
                return c.result;
        }
        check_ports(&c);
        check_address_lists(&c);
        check_interfaces(&c);
        check_identities(&c, "user", r->user);
        check_identities(&c, "group", r->group);
        check_identities(&c, "unit", r->unit);
        check_limit(&c);
        check_comment(&c);
        return c.result;
}

int rule_judge_in_policy(
        const Rule *r, const Ports *mail_ports, const char *setting, Diagnostics *d)
{
        Check c = { .rule = r, .setting = setting, .diagnostics = d };

        check_address_count(&c);
        check_mail_ports(&c, mail_ports);
        return c.result;
}

int rule_judge_complete(const Rule *r, const Ports *mail_ports, Diagnostics *d)
{
        int result = rule_judge(r, NULL, d);

        return result < 0 ? result : rule_judge_in_policy(r, mail_ports, NULL, d);
}
