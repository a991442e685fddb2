/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What a rule alone can get wrong (policy.h). Knows nothing of other rules, of the host's users
 * and units, or of what a var or set holds: that is compile's.
 */

#include "rules/policy/rule.h"

#include <errno.h>
#include <stdio.h>

#define IDENTITY_MAX 255 /* bytes of a user, group or unit */

typedef struct Check {
        const Rule *rule;
        const char *setting;
        Diagnostics *diagnostics;
        int result;
} Check;

/* Notes an error of the rule's setting `field`; errno that is worse than a user's error stays. */
static void check_fail(Check *c, const char *field, const char *format, ...) _printf_(3, 4);
static void check_fail(Check *c, const char *field, const char *format, ...)
{
        Place place = { c->rule->file, c->rule->line };
        char setting[256];
        va_list ap;
        int r;

        snprintf(
                setting, sizeof(setting), "%s%s%s", c->setting ?: "", c->setting ? "." : "", field);
        va_start(ap, format);
        r = diagnostics_add_va(c->diagnostics, SEVERITY_ERROR, place, setting, format, ap);
        va_end(ap);
        if (c->result != -ENOMEM)
                c->result = r;
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

static void check_ports(Check *c, const Ports *mail_ports)
{
        const Ports *ports = &c->rule->ports;
        char list[PORT_LIST_MAX];

        if (c->rule->ports_var && !name_is_valid(c->rule->ports_var))
                check_fail(c, "ports", "ports: \"$%.64s\" is no var", c->rule->ports_var);
        if (ports->n == 0)
                check_fail(c, "ports", "a rule has at least one port (%s)",
                        port_list(mail_ports, list));
        for (size_t i = 0; i < ports->n; i++)
                if (!ports_contain(mail_ports, ports->items[i]))
                        check_fail(c, "ports", "%u is not a mail port (%s)", ports->items[i],
                                port_list(mail_ports, list));
}

/* ---- addresses ---- */

static void check_addresses(Check *c, const char *field, const AddressList *l)
{
        for (size_t i = 0; i < l->n; i++) {
                const AddressItem *a = &l->items[i];

                if (a->kind != ADDRESS_PREFIX && !name_is_valid(a->name))
                        check_fail(c, field,
                                "%s: \"%.64s\" is no name of a %s (letters, digits, '.', '_' and "
                                "'-', at most %d)",
                                field, a->name, a->kind == ADDRESS_SET ? "set" : "var",
                                NAME_MAX_LENGTH);
        }
}

/* The families that a list can match, as far as it can be told here: bit 0 IPv4, bit 1 IPv6. */
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

static void check_address_lists(Check *c)
{
        const Rule *r = c->rule;

        if (r->from.n + r->to.n > RULE_ADDRESSES_MAX)
                check_fail(c, r->from.n > r->to.n ? "from" : "to",
                        "a rule holds at most %d addresses, not %zu: put them into a set and write "
                        "@NAME",
                        RULE_ADDRESSES_MAX, r->from.n + r->to.n);
        check_addresses(c, "from", &r->from);
        check_addresses(c, "to", &r->to);
        if ((list_families(&r->from) & list_families(&r->to)) == 0)
                check_fail(c, "to",
                        "from and to are of different families, IPv4 and IPv6: no connection "
                        "matches both");
}

/* ---- interfaces ---- */

static void check_interface_name(Check *c, const char *field, const char *name)
{
        if (name && !interface_is_valid(name))
                check_fail(c, field,
                        "%s: \"%.32s\" is no interface (1 to 15 bytes, no white space, no "
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
                                "interface is for directions in and out: routed has in_interface "
                                "and out_interface");
                return;
        }
        if (r->in_interface)
                check_fail(c, "in_interface",
                        "in_interface is for direction routed alone: %s has interface",
                        direction_to_string(r->direction));
        if (r->out_interface)
                check_fail(c, "out_interface",
                        "out_interface is for direction routed alone: %s has interface",
                        direction_to_string(r->direction));
}

/* ---- identities ---- */

static bool is_number(const char *s)
{
        return *s && s[strspn(s, "0123456789")] == '\0';
}

/* uid_t and gid_t, without the one that means "none" (-1). */
static bool id_is_valid(const char *s)
{
        return strlen(s) <= 10 && strtoull(s, NULL, 10) < UINT32_MAX;
}

/* Names are looked up in text files and below cgroup folders: nothing that could break out. */
static bool identity_is_valid(const char *s)
{
        return *s && strlen(s) <= IDENTITY_MAX && !strpbrk(s, " /:,") && text_is_printable(s) &&
               !streq(s, ".") && !streq(s, "..");
}

static bool unit_is_valid(const char *s)
{
        static const char characters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                         "abcdefghijklmnopqrstuvwxyz0123456789:_.\\@-";
        size_t n = strlen(s);

        return n >= 1 && n <= IDENTITY_MAX && strspn(s, characters) == n && !streq(s, ".") &&
               !streq(s, "..");
}

static void check_identity(Check *c, const char *field, const char *s, bool is_unit, bool alone)
{
        if (s[0] == '$') {
                if (!name_is_valid(s + 1))
                        check_fail(c, field, "%s: \"%.64s\" is no var", field, s);
                else if (!alone)
                        check_fail(c, field, "%s: %s must stand alone, without others", field, s);
        } else if (is_unit && !unit_is_valid(s)) {
                check_fail(c, field, "%s: \"%.64s\" is no name of a systemd unit", field, s);
        } else if (!is_unit && is_number(s) && !id_is_valid(s)) {
                check_fail(c, field, "%s: %.64s is out of range (0 to 4294967294)", field, s);
        } else if (!is_unit && !identity_is_valid(s)) {
                check_fail(c, field,
                        "%s: \"%.64s\" is no name of a %s (no white space, '/', ':' or ','; its "
                        "number will do)",
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
                        "%s is for direction out alone: only what this host sends has a local "
                        "%s",
                        field, field);
        for (char *const *s = names; *s; s++)
                check_identity(c, field, *s, streq(field, "unit"), alone);
}

/* ---- limits ---- */

static void check_limit(Check *c)
{
        const Limit *l = &c->rule->limit;

        if (c->rule->action != ACTION_LIMIT) {
                if (l->rate > 0 || l->unit_sec > 0)
                        check_fail(c, "rate", "rate is for action limit alone");
                if (l->burst > 0)
                        check_fail(c, "burst", "burst is for action limit alone");
                if (l->open > 0)
                        check_fail(c, "max", "max is for action limit alone");
                return;
        }
        if ((l->rate > 0 || l->unit_sec > 0) &&
                (l->rate < 1 || l->rate > LIMIT_RATE_MAX || !limit_unit_to_string(l->unit_sec)))
                check_fail(c, "rate", "rate is 1 to %d each second, minute, hour or day, 12/minute",
                        LIMIT_RATE_MAX);
        if (l->burst > LIMIT_BURST_MAX)
                check_fail(c, "burst", "burst is 1 to %d", LIMIT_BURST_MAX);
        if (l->open > LIMIT_OPEN_MAX)
                check_fail(c, "max", "max is 1 to %d", LIMIT_OPEN_MAX);
}

int rule_check(const Rule *r, const Ports *mail_ports, const char *setting, Diagnostics *d)
{
        Check c = { .rule = r, .setting = setting, .diagnostics = d };

        if ((int)r->action < 0 || r->action >= _ACTION_MAX)
                check_fail(&c, "action", "a rule has an action: allow, deny, reject or limit");
        if ((int)r->direction < 0 || r->direction >= _DIRECTION_MAX) {
                check_fail(&c, "direction", "a rule has a direction: in, out or routed");
                return c.result;
        }
        check_ports(&c, mail_ports);
        check_address_lists(&c);
        check_interfaces(&c);
        check_identities(&c, "user", r->user);
        check_identities(&c, "group", r->group);
        check_identities(&c, "unit", r->unit);
        check_limit(&c);
        if (r->comment && !comment_is_valid(r->comment))
                check_fail(&c, "comment",
                        "a comment is at most %d bytes of UTF-8 without control characters",
                        COMMENT_MAX);
        return c.result;
}
