/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "tests/differential/policies.h"

#include "rules/address/family.h"
#include "rules/base/buffer.h"
#include "rules/policy/action.h"
#include "rules/policy/direction.h"
#include "rules/policy/settings.h"
#include "tests/lib/random.h"

typedef struct PolicyWriter {
        Random *random;
        Buffer text;
        size_t n_sets;
        bool extra_port;
        Family family; /* of the addresses to come; 0: both */
} PolicyWriter;

/* ---- addresses ---- */

static Family policy_family(PolicyWriter *w)
{
        if (w->family != 0)
                return w->family;
        return random_once(w->random, 2) ? FAMILY_IPV4 : FAMILY_IPV6;
}

static Prefix policy_prefix(PolicyWriter *w)
{
        static const uint8_t bits4[] = { 32, 32, 32, 31, 30, 28, 27, 25, 24, 24, 20, 17, 16, 9, 8,
                1, 0 };
        static const uint8_t bits6[] = { 128, 128, 128, 127, 124, 122, 96, 65, 64, 64, 63, 48, 47,
                32, 12, 1, 0 };
        Random *r = w->random;
        Family family = policy_family(w);
        Prefix p = { .address = site_draw(r, (Site)random_below(r, _SITES), family) };

        p.bits = family == FAMILY_IPV4 ? random_of(r, bits4) : random_of(r, bits6);
        for (unsigned i = p.bits; i < family_bits(family); i++)
                p.address.bytes[i / 8] &= (uint8_t) ~(0x80 >> i % 8);
        return p;
}

/* Of those that make a set large: unlike most others of their length. */
static Prefix policy_scattered_prefix(PolicyWriter *w)
{
        Random *r = w->random;
        Prefix p = { .address.family = policy_family(w) };

        if (p.address.family == FAMILY_IPV4) {
                p.bits = (uint8_t)(22 + random_below(r, 11));
                p.address.bytes[0] = (uint8_t)(64 + random_below(r, 32));
                for (size_t i = 1; i < 4; i++)
                        p.address.bytes[i] = (uint8_t)random_below(r, 256);
        } else {
                p.bits = (uint8_t)(40 + random_below(r, 4) * 8);
                p.address.bytes[0] = 0x2a;
                for (size_t i = 1; i < 8; i++)
                        p.address.bytes[i] = (uint8_t)random_below(r, i == 1 ? 16 : 256);
        }
        for (unsigned i = p.bits; i < family_bits(p.address.family); i++)
                p.address.bytes[i / 8] &= (uint8_t) ~(0x80 >> i % 8);
        return p;
}

static void policy_add_prefixes(PolicyWriter *w, size_t n, bool scattered)
{
        char text[ADDRESS_TEXT_MAX];

        for (size_t i = 0; i < n; i++) {
                Prefix p = scattered && i % 50 ? policy_scattered_prefix(w) : policy_prefix(w);

                buffer_printf(&w->text, "%s\"%s\"", i > 0 ? i % 8 ? ", " : ",\n    " : "",
                        prefix_format(&p, text));
        }
}

/* An own set, or a list of literals; now and then both, in the list of one rule. */
static void policy_add_addresses(PolicyWriter *w, const char *key)
{
        Random *r = w->random;
        bool sets = w->n_sets > 0 && random_once(r, 3), literals = !sets || random_once(r, 4);

        buffer_printf(&w->text, " %s = [ ", key);
        if (sets)
                buffer_printf(&w->text, "\"@s%zu\"%s", (size_t)random_below(r, (uint32_t)w->n_sets),
                        literals ? ", " : "");
        if (literals)
                policy_add_prefixes(w,
                        random_once(r, 60)  ? 4990
                        : random_once(r, 8) ? 1 + random_below(r, 60)
                                            : 1 + random_below(r, 3),
                        random_once(r, 2));
        buffer_add_string(&w->text, " ];");
}

/* ---- rules ---- */

static void policy_add_ports(PolicyWriter *w)
{
        static const char *const ports[] = { "\"smtp\"", "\"submission\"", "\"submissions\"",
                "\"smtp-alt\"", "25", "587", "80" };
        uint32_t n = w->extra_port ? ELEMENTS(ports) : ELEMENTS(ports) - 1;

        buffer_add_string(&w->text, " ports = [ ");
        buffer_add_string(&w->text, ports[random_below(w->random, n)]);
        for (uint32_t i = random_below(w->random, 3); i > 0; i--)
                buffer_printf(&w->text, ", %s", ports[random_below(w->random, n)]);
        buffer_add_string(&w->text, " ];");
}

static void policy_add_ids(PolicyWriter *w, const char *key, const uint32_t *ids, uint32_t n)
{
        buffer_printf(&w->text, " %s = [ \"%u\"", key, ids[random_below(w->random, n)]);
        for (uint32_t i = random_below(w->random, 3); i > 0; i--)
                buffer_printf(&w->text, ", \"%u\"", ids[random_below(w->random, n)]);
        buffer_add_string(&w->text, " ];");
}

static void policy_add_units(PolicyWriter *w)
{
        buffer_printf(&w->text, " unit = [ \"u%u.service\"", random_below(w->random, SENDER_UNITS));
        if (random_once(w->random, 3))
                buffer_printf(&w->text, ", \"u%u.service\"", random_below(w->random, SENDER_UNITS));
        buffer_add_string(&w->text, " ];");
}

static void policy_add_interface(PolicyWriter *w, const char *key)
{
        static const char *const names[] = { "wan0", "wan0", "cont0", "cont0", "tun9" };

        buffer_printf(&w->text, " %s = \"%s\";", key, random_of(w->random, names));
}

/* Either far more than is ever asked for, or so little that it can be counted. */
static void policy_add_limit(PolicyWriter *w)
{
        static const char *const limits[] = { "", " rate = \"1000000/second\"; burst = 65535;",
                " rate = \"1/day\"; burst = 1;", " rate = \"4/day\"; burst = 3;", " max = 20;",
                " rate = \"500000/second\"; burst = 30000; max = 20;" };

        buffer_add_string(&w->text, random_of(w->random, limits));
}

static void policy_add_who(PolicyWriter *w)
{
        Random *r = w->random;

        if (random_once(r, 3))
                policy_add_ids(w, "user", sender_uids, ELEMENTS(sender_uids));
        if (random_once(r, 5))
                policy_add_ids(w, "group", sender_gids, ELEMENTS(sender_gids));
        if (random_once(r, 5))
                policy_add_units(w);
}

/* Many rules in a row that ask for a prefix each, of the same end: what a packet meets of them is
 * for the backend to arrange. Prefixes lie in each other, and the first rule decides. */
static void policy_add_row(PolicyWriter *w)
{
        static const uint8_t bits4[] = { 32, 32, 32, 31, 30, 28, 24, 24, 17, 9 };
        static const uint8_t bits6[] = { 128, 128, 127, 124, 96, 64, 64, 47, 12 };
        Random *r = w->random;
        Direction d = (Direction)random_below(r, _DIRECTION_MAX);
        const char *end = random_once(r, 3) ? "to" : "from";
        uint32_t n = 10 + random_below(r, random_once(r, 4) ? 1000 : 100);
        bool near = random_once(r, 2);
        char text[ADDRESS_TEXT_MAX];

        for (uint32_t i = 0; i < n; i++) {
                Prefix p = random_once(r, near ? 2 : 8) ? policy_prefix(w)
                                                        : policy_scattered_prefix(w);
                uint8_t least =
                        p.address.family == FAMILY_IPV4 ? random_of(r, bits4) : random_of(r, bits6);

                p.bits = p.bits < least && random_once(r, 100) == 0 ? least : p.bits;
                buffer_printf(&w->text, "  { action = \"%s\"; direction = \"%s\"; %s = [ \"%s\" ];",
                        action_to_string((Action)random_below(r, ACTION_LIMIT)),
                        direction_to_string(d), end, prefix_format(&p, text));
                if (random_once(r, 40))
                        policy_add_ports(w);
                if (random_once(r, 40))
                        buffer_add_string(&w->text, " log = true;");
                buffer_add_string(&w->text, " },\n");
        }
}

static void policy_add_rule(PolicyWriter *w)
{
        static const Action actions[] = { ACTION_ALLOW, ACTION_ALLOW, ACTION_DENY, ACTION_DENY,
                ACTION_REJECT, ACTION_REJECT, ACTION_LIMIT };
        Random *r = w->random;
        Action action = random_of(r, actions);
        Direction d = (Direction)random_below(r, _DIRECTION_MAX);

        /* not every backend counts by user */
        if (action == ACTION_LIMIT && d == DIRECTION_OUT && !random_once(r, 4))
                action = ACTION_ALLOW;

        buffer_printf(&w->text, "  { action = \"%s\"; direction = \"%s\";",
                action_to_string(action), direction_to_string(d));
        if (!random_once(r, 3))
                policy_add_ports(w);
        /* a rule whose sides have no family in common is refused */
        w->family = random_once(r, 2) ? FAMILY_IPV4 : FAMILY_IPV6;
        if (random_once(r, 2))
                policy_add_addresses(w, "from");
        else if (random_once(r, 2))
                w->family = 0;
        if (random_once(r, 3))
                policy_add_addresses(w, "to");
        w->family = 0;
        if (d == DIRECTION_ROUTED && random_once(r, 4))
                policy_add_interface(w, "in_interface");
        if (random_once(r, 4))
                policy_add_interface(w, d == DIRECTION_ROUTED ? "out_interface" : "interface");
        if (d == DIRECTION_OUT && random_once(r, 2))
                policy_add_who(w);
        if (action == ACTION_LIMIT)
                policy_add_limit(w);
        if (random_once(r, 10))
                buffer_add_string(&w->text, " log = true;");
        buffer_add_string(&w->text, " }");
}

/* ---- the whole ---- */

static void policy_add_roles(PolicyWriter *w)
{
        static const char *const roles[] = { "mx", "internal-relay", "app-server", "submission",
                "outbound-mta", "legacy-relay", "shared-hosting", "container-host", "no-mail" };
        static const char *const vars[] = { "internal", "devices", "smarthosts",
                "mail_containers" };
        uint32_t first = random_below(w->random, ELEMENTS(roles) - 1);

        if (!random_once(w->random, 3))
                return;
        buffer_printf(&w->text, "roles = ( \"%s\"", roles[first]);
        if (random_once(w->random, 2))
                buffer_printf(&w->text, ", \"%s\"",
                        roles[first + 1 +
                                random_below(w->random, (uint32_t)ELEMENTS(roles) - 1 - first)]);
        buffer_add_string(&w->text, " );\nvars = {\n");
        for (size_t i = 0; i < ELEMENTS(vars); i++) {
                policy_add_addresses(w, vars[i]);
                buffer_add_char(&w->text, '\n');
        }
        buffer_add_string(&w->text, "};\n");
}

static void policy_add_defaults(PolicyWriter *w)
{
        buffer_add_string(&w->text, "default = {");
        for (Direction d = 0; d < _DIRECTION_MAX; d++)
                if (!random_once(w->random, 3))
                        buffer_printf(&w->text, " %s = \"%s\";", direction_to_adjective(d),
                                action_to_string((Action)random_below(w->random, ACTION_LIMIT)));
        buffer_add_string(&w->text, " };\n");
}

static void policy_add_sets(PolicyWriter *w)
{
        static const uint16_t sizes[] = { 0, 1, 2, 5, 20, 200 };

        w->n_sets = random_below(w->random, 4);
        if (w->n_sets == 0)
                return;
        buffer_add_string(&w->text, "sets = {\n");
        for (size_t i = 0; i < w->n_sets; i++) {
                bool large = random_once(w->random, 12);

                buffer_printf(&w->text, "  s%zu = { entries = [ ", i);
                policy_add_prefixes(w, large ? 9000 : random_of(w->random, sizes), large);
                buffer_add_string(&w->text, " ]; };\n");
        }
        buffer_add_string(&w->text, "};\n");
}

char *policy_write(Random *r)
{
        PolicyWriter w = { .random = r, .extra_port = random_once(r, 4) };
        uint32_t n = random_once(r, 12) ? 150 : random_below(r, 14);
        char *text;

        buffer_printf(&w.text, "enabled = true;\nlogging = \"%s\";\n",
                logging_to_string((Logging)random_below(r, _LOGGING_MAX)));
        if (random_once(r, 4))
                buffer_printf(&w.text, "audit = \"%s\";\n",
                        direction_to_adjective((Direction)random_below(r, _DIRECTION_MAX)));
        if (w.extra_port)
                buffer_add_string(&w.text, "mail_ports = [ 80 ];\n");
        policy_add_defaults(&w);
        policy_add_sets(&w);
        policy_add_roles(&w);
        buffer_add_string(&w.text, "rules = (\n");
        for (uint32_t i = 0; i < n; i++) {
                if (random_once(r, 40))
                        policy_add_row(&w);
                policy_add_rule(&w);
                buffer_add_string(&w.text, i + 1 < n ? ",\n" : "\n");
        }
        buffer_add_string(&w.text, ");\n");
        assert_int_equal(buffer_take(&w.text, &text), 0);
        return text;
}
