/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "tests/unit/random_policy.h"

#include "rules/policy/policy.h"
#include "rules/policy/rule.h"
#include "rules/policy/state.h"
#include "tests/unit/fixture.h"

uint64_t seed;

unsigned pick(unsigned n)
{
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        return (unsigned)((seed >> 20) % n);
}

static const char *const random_lists[] = { NULL, NULL, NULL, "10.0.0.0/8", "10.1.0.0/16,fd00::/8",
        "0.0.0.0/0", "::/0", "@s", "@t,192.0.2.7", "$v", "$w", "$none", "10.1.2.3", "fd00:1::/32",
        "0.0.0.0/1,128.0.0.0/1", "10.1.2.0/24,10.1.3.0/24,@s" };

static const char *const random_users[] = { NULL, NULL, "alice", "alice,postfix", "0", "$u" };

static const char *const random_groups[] = { NULL, NULL, NULL, "mail", "mail,users" };

static const char *const random_units[] = { NULL, NULL, NULL, "nginx.service",
        "nginx.service,stopped.service" };

static const char *const random_interfaces[] = { NULL, NULL, NULL, "eth0", "eth1" };

/* Vars are of files; p25ctl's own rules take the list without. */
static const char *without_vars(const char *s, bool vars)
{
        return s && !vars && strchr(s, '$') ? NULL : s;
}

static void random_rules(RuleList *l, unsigned n, SourceKind source, const char *name, uint64_t id)
{
        for (unsigned i = 0; i < n; i++) {
                Direction d = (Direction)pick(_DIRECTION_MAX);
                bool out = d == DIRECTION_OUT, routed = d == DIRECTION_ROUTED;
                bool vars = source != SOURCE_P25CTL;
                const char *from = without_vars(PICK(random_lists), vars);
                const char *to = without_vars(PICK(random_lists), vars);
                R r = { .action = (Action)pick(_ACTION_MAX),
                        .direction = d,
                        .ports = PICK(random_ports),
                        .from = from,
                        .to = from ? NULL : to,
                        .user = out ? without_vars(PICK(random_users), vars) : NULL,
                        .group = out ? PICK(random_groups) : NULL,
                        .unit = out ? PICK(random_units) : NULL,
                        .interface = routed ? NULL : PICK(random_interfaces),
                        .in_interface = routed ? PICK(random_interfaces) : NULL,
                        .out_interface = routed ? PICK(random_interfaces) : NULL,
                        .source = source,
                        .source_name = name,
                        .id = id ? id + i : 0 };

                add_rule_from(l, &r);
        }
}

static Defaults random_defaults(void)
{
        Defaults d;

        for (Direction i = 0; i < _DIRECTION_MAX; i++)
                d.of[i] = ((Action[]){ _ACTION_INVALID, _ACTION_INVALID, ACTION_ALLOW, ACTION_DENY,
                        ACTION_REJECT })[pick(5)];
        return d;
}

static void random_role(Policy *p, const char *name)
{
        Role *role = add_role(p, name);

        add_decl(role, "v", VAR_NETWORKS, false, "10.1.0.0/16", NULL);
        add_decl(role, "w", VAR_NETWORKS, false, "any", NULL);
        add_decl(role, "none", VAR_NETWORKS, false, NULL, NULL);
        add_decl(role, "u", VAR_USERS, false, "postfix,nobody-here", NULL);
        role->defaults = random_defaults();
        for (Direction d = 0; d < _DIRECTION_MAX; d++)
                if (pick(2))
                        ports_add(&role->manages[d], pick(2) ? 587 : 465);
        role->manages_all[pick(_DIRECTION_MAX)] = pick(4) == 0;
        random_rules(&role->rules, pick(4), SOURCE_ROLE, name, 0);
}

Policy *random_policy(void)
{
        Policy *p = make_policy();
        HostConf *h = make_host(p);

        if (pick(2))
                h->defaults = random_defaults();
        if (pick(3) == 0)
                p->state->defaults = random_defaults();
        add_value(h->common, "v", "10.1.2.0/24,@t", 1);
        add_value(h->common, "w", "fd00::/8", 2);
        add_value(h->common, "u", "alice", 3);
        add_value(h->common, "none", NULL, 4);
        add_set(h->common, "s", "10.1.2.3\n10.1.4.0/22\nfd00:1::/32\n", 5);
        add_stored_set(p, "t", pick(2) ? "192.0.2.0/24\nfd00:2::/32\n" : "");
        random_rules(&p->state->rules, pick(6), SOURCE_P25CTL, NULL, 1);
        random_rules(&h->common->rules, pick(5), SOURCE_CONF, NULL, 0);
        random_rules(&add_file(p, "b")->rules, pick(5), SOURCE_FRAGMENT, "b", 0);
        random_rules(&add_stored_fragment(p, "a")->rules, pick(5), SOURCE_FRAGMENT, "a", 0);
        if (pick(2))
                add_value(p->files[0], "v", "10.0.0.0/8", 5);
        random_role(p, "x");
        random_role(p, "y");
        h->roles = split(((const char *[]){ "x,y", "y,x", "y", "" })[pick(4)]);
        return p;
}

Packet random_packet(void)
{
        static const char *const v4[] = { "10.1.2.3", "10.1.2.4", "10.1.5.1", "10.2.0.1",
                "192.0.2.7", "192.0.2.8", "203.0.113.1" };
        static const char *const v6[] = { "fd00:1::1", "fd00:2::1", "fd01::1", "2001:db8::1" };
        static const uint32_t uids[] = { 0, 33, 101, 1000, 1001 };
        static const uint16_t ports[] = { 25, 25, 465, 587, 2525, 80 };
        Packet p = { .direction = (Direction)pick(_DIRECTION_MAX),
                .family = pick(2) ? FAMILY_IPV4 : FAMILY_IPV6,
                .port = PICK(ports) };
        const char *from = p.family == FAMILY_IPV4 ? PICK(v4) : PICK(v6);
        const char *to = p.family == FAMILY_IPV4 ? PICK(v4) : PICK(v6);
        const char *why;

        p.has_from = pick(5) != 0;
        p.has_to = pick(5) != 0;
        if (p.has_from)
                assert_int_equal(address_parse(from, strlen(from), &p.from, &why), 0);
        if (p.has_to)
                assert_int_equal(address_parse(to, strlen(to), &p.to, &why), 0);
        if (p.direction == DIRECTION_ROUTED) {
                p.in_interface = PICK(random_interfaces);
                p.out_interface = PICK(random_interfaces);
                return p;
        }
        p.interface = PICK(random_interfaces);
        if (p.direction == DIRECTION_OUT) {
                p.has_uid = pick(4) != 0;
                p.uid = PICK(uids);
                p.has_gid = pick(3) != 0;
                p.gid = pick(2) ? 8 : 100;
                p.unit = ((const char *[]){
                        NULL, "nginx.service", "stopped.service", "postfix.service" })[pick(4)];
        }
        return p;
}
