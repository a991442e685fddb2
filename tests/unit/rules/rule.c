/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Rules: errors of a rule by itself, equal rules, copies and lists. */

#include "rules/policy/rule.h"
#include "rules/address/address.h"
#include "rules/base/array.h"
#include "rules/base/diagnostic.h"
#include "rules/base/strv.h"
#include "rules/policy/addressitem.h"
#include "rules/policy/addresslist.h"
#include "rules/policy/judge.h"
#include "rules/policy/limit.h"
#include "rules/policy/rulelist.h"
#include "rules/policy/valid.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include <errno.h>

/* ---- rules out of a few words ---- */

typedef struct Sketch {
        Direction direction;
        Action action;
        uint16_t port;         /* 0: as rule_new() has it */
        const char *from, *to; /* prefixes, @sets and $vars, with blanks between; NULL: any */
        const char *interface, *in_interface, *out_interface;
        const char *user, *group, *unit; /* with blanks between */
        Limit limit;
        const char *comment;
        const char *ports_var;
        bool log;
        uint64_t expires_usec;
} Sketch;

static void split(const char *text, char ***ret)
{
        _cleanup_free_ char *copy = text ? strdup(text) : NULL;
        char *rest = copy, *word;

        while (rest && (word = strsep(&rest, " ")))
                assert_int_equal(strv_append(ret, word), 0);
}

static void read_addresses(const char *text, AddressList *ret)
{
        _cleanup_strv_ char **words = NULL;

        split(text, &words);
        STRV_FOREACH (s, words) {
                AddressItem item = { 0 };
                const char *reason;
                bool host_bits;

                if ((*s)[0] == '@' || (*s)[0] == '$') {
                        item.kind = (*s)[0] == '@' ? ADDRESS_SET : ADDRESS_VAR;
                        item.name = strdup(*s + 1);
                } else {
                        assert_int_equal(
                                prefix_parse(*s, strlen(*s), &item.prefix, &host_bits, &reason), 0);
                }
                assert_int_equal(array_grow(&ret->items, ret->n, sizeof(item)), 0);
                ret->items[ret->n++] = item;
        }
}

static char *copy_of(const char *s)
{
        return s ? strdup(s) : NULL;
}

static Rule *make(const Sketch *s)
{
        Rule *r = rule_new();

        assert_non_null(r);
        r->source = SOURCE_CONF;
        r->file = strdup("f");
        r->line = 3;
        r->direction = s->direction;
        r->action = s->action;
        if (s->port > 0)
                r->ports = (Ports){ .items = { s->port }, .n = 1 };
        read_addresses(s->from, &r->from);
        read_addresses(s->to, &r->to);
        r->interface = copy_of(s->interface);
        r->in_interface = copy_of(s->in_interface);
        r->out_interface = copy_of(s->out_interface);
        r->ports_var = copy_of(s->ports_var);
        r->comment = copy_of(s->comment);
        split(s->user, &r->user);
        split(s->group, &r->group);
        split(s->unit, &r->unit);
        r->limit = s->limit;
        r->log = s->log;
        r->expires_usec = s->expires_usec;
        return r;
}

/* ---- what a rule can get wrong ---- */

#define IN .direction = DIRECTION_IN
#define OUT .direction = DIRECTION_OUT
#define ROUTED .direction = DIRECTION_ROUTED
#define LIMIT .action = ACTION_LIMIT

static const Sketch good[] = {
        { IN },
        { IN, .action = ACTION_DENY, .from = "192.0.2.1 2001:db8::/32 @drop $internal" },
        { IN, .from = "192.0.2.1 ::1", .to = "192.0.2.2" },
        { IN, .from = "192.0.2.1", .to = "@drop" },
        { IN, .from = "::1", .to = "$own" },
        { IN, .interface = "eth0", .port = 465 },
        { OUT, .interface = "eth0", .port = 2525 },
        { ROUTED, .in_interface = "docker0", .out_interface = "eth0" },
        { OUT, .user = "postfix www-data 1000 0 4294967294", .group = "mail",
                .unit = "a@b.service" },
        { OUT, .user = "$mta_users", .group = "$g", .unit = "$u" },
        { OUT, .user = "DOM\\user user@dom machine$ _smtpd Debian-exim caf\xc3\xa9" },
        { OUT, .unit = "mail-jobs\\x2dx.slice" },
        { OUT, .unit = "postfix@-.service" },
        { OUT, .unit = "postfix@*.service" },
        { OUT, .unit = "postfix@*" },
        { IN, LIMIT },
        { IN, LIMIT, .limit = { 1, 1, 1, 1 } },
        { OUT, LIMIT, .limit = { 1000000, 86400, 65535, 65535 } },
        { ROUTED, LIMIT, .limit = { 0, 0, 0, 20 } },
        { IN, LIMIT, .limit = { 0, 0, 5, 0 } },
        { IN, .comment = "caf\xc3\xa9", .ports_var = "ports", .log = true, .expires_usec = 1 },
};

static const struct Bad {
        Sketch rule;
        const char *setting, *text;
} bad[] = {
        { { IN, .port = 22 }, "r.ports", "22 is not a mail port (25, 465, 587, 2525)" },
        { { IN, .port = 8025 }, "r.ports", "8025 is not a mail port (25, 465, 587, 2525)" },
        { { IN, .ports_var = "a b" }, "r.ports", "ports: \"$a b\" is not a valid variable name" },
        { { IN, .from = "@" }, "r.from",
                "from: \"\" is not a valid set name (letters, digits, '.', '_' and '-', at most "
                "64)" },
        { { IN, .to = "$a/b" }, "r.to",
                "to: \"a/b\" is not a valid variable name (letters, digits, '.', '_' and '-', at "
                "most 64)" },
        { { IN, .from = "192.0.2.1", .to = "::1" }, "r.to",
                "from and to are of different families (IPv4, IPv6), so no connection matches "
                "both" },
        { { IN, .from = "::1", .to = "192.0.2.1 192.0.2.2" }, "r.to",
                "from and to are of different families (IPv4, IPv6), so no connection matches "
                "both" },
        { { ROUTED, .interface = "eth0" }, "r.interface",
                "interface can only be used with direction in or out; with routed, use "
                "in_interface and out_interface" },
        { { IN, .in_interface = "eth0" }, "r.in_interface",
                "in_interface can only be used with direction = \"routed\"; with in, use "
                "interface" },
        { { OUT, .out_interface = "eth0" }, "r.out_interface",
                "out_interface can only be used with direction = \"routed\"; with out, use "
                "interface" },
        { { IN, .interface = "eth*" }, "r.interface",
                "interface: \"eth*\" is not a valid interface name (1 to 15 bytes, no white space, "
                "no wildcards)" },
        { { ROUTED, .out_interface = "" }, "r.out_interface",
                "out_interface: \"\" is not a valid interface name (1 to 15 bytes, no white space, "
                "no wildcards)" },
        { { IN, .user = "postfix" }, "r.user",
                "user can only be used with direction = \"out\": only connections from this host "
                "have a local user" },
        { { ROUTED, .group = "mail" }, "r.group",
                "group can only be used with direction = \"out\": only connections from this host "
                "have a local group" },
        { { IN, .unit = "a.service" }, "r.unit",
                "unit can only be used with direction = \"out\": only connections from this host "
                "have a local unit" },
        { { OUT, .user = "4294967295" }, "r.user",
                "user: 4294967295 is out of range (0 to 4294967294)" },
        { { OUT, .group = "99999999999999999999" }, "r.group",
                "group: 99999999999999999999 is out of range (0 to 4294967294)" },
        { { OUT, .user = "a:b" }, "r.user",
                "user: \"a:b\" is not a valid user name (no white space, '/', ':' or ','; a number "
                "is accepted too)" },
        { { OUT, .group = "../x" }, "r.group",
                "group: \"../x\" is not a valid group name (no white space, '/', ':' or ','; a "
                "number is accepted too)" },
        { { OUT, .user = "a\nb" }, "r.user",
                "user: \"a?b\" is not a valid user name (no white space, '/', ':' or ','; a number "
                "is accepted too)" },
        { { OUT, .user = "" }, "r.user",
                "user: \"\" is not a valid user name (no white space, '/', ':' or ','; a number is "
                "accepted too)" },
        { { OUT, .unit = "../../x" }, "r.unit",
                "unit: \"../../x\" is not a valid systemd unit name" },
        { { OUT, .unit = "apt-daily.timer" }, "r.unit",
                "unit: a timer unit has no processes; write the service that it starts, for "
                "example apt-daily.service" },
        { { OUT, .unit = "mail@1.socket" }, "r.unit",
                "unit: a socket unit has no processes; write the service that it starts, for "
                "example mail@1.service" },
        { { OUT, .unit = "a.target" }, "r.unit",
                "unit: a target unit has no processes; write the service that opens the "
                "connections" },
        { { OUT, .unit = "a.path" }, "r.unit",
                "unit: a path unit has no processes; write the service that it starts, for "
                "example a.service" },
        { { OUT, .unit = "a.mount" }, "r.unit",
                "unit: a mount unit has no processes; write the service that opens the "
                "connections" },
        { { OUT, .unit = "post*" }, "r.unit", "unit: \"post*\" is not a valid systemd unit name" },
        { { OUT, .unit = "postfix@*.slice" }, "r.unit",
                "unit: \"postfix@*.slice\" is not a valid systemd unit name" },
        { { OUT, .unit = ".." }, "r.unit", "unit: \"..\" is not a valid systemd unit name" },
        { { OUT, .user = "$a postfix" }, "r.user", "user: $a must be the only value" },
        { { OUT, .user = "$" }, "r.user", "user: \"$\" is not a valid variable name" },
        { { IN, .limit = { 30, 60, 0, 0 } }, "r.rate",
                "rate can only be used with action = \"limit\"" },
        { { IN, .limit = { 0, 0, 6, 0 } }, "r.burst",
                "burst can only be used with action = \"limit\"" },
        { { IN, .limit = { 0, 0, 0, 3 } }, "r.max",
                "max can only be used with action = \"limit\"" },
        { { IN, LIMIT, .limit = { 1000001, 60, 0, 0 } }, "r.rate",
                "rate must be 1 to 1000000 per second, minute, hour or day, as in 12/minute" },
        { { IN, LIMIT, .limit = { 0, 60, 0, 0 } }, "r.rate",
                "rate must be 1 to 1000000 per second, minute, hour or day, as in 12/minute" },
        { { IN, LIMIT, .limit = { 5, 61, 0, 0 } }, "r.rate",
                "rate must be 1 to 1000000 per second, minute, hour or day, as in 12/minute" },
        { { IN, LIMIT, .limit = { 0, 0, 65536, 0 } }, "r.burst", "burst must be 1 to 65535" },
        { { IN, LIMIT, .limit = { 0, 0, 0, 65536 } }, "r.max", "max must be 1 to 65535" },
        { { IN, .comment = "two\nlines" }, "r.comment",
                "a comment must be at most 200 bytes of UTF-8 without control characters" },
        { { IN, .action = _ACTION_INVALID }, "r.action",
                "a rule must have an action: allow, deny, reject or limit" },
        { { .direction = _DIRECTION_INVALID }, "r.direction",
                "a rule must have a direction: in, out or routed" },
};

/* Both questions: what is wrong with it here, and by itself. */
static int judge(const Rule *r, const Ports *mail_ports, const char *setting, Diagnostics *d)
{
        int here = rule_judge_in_policy(r, mail_ports, setting, d);
        int itself = rule_judge(r, setting, d);

        return here < 0 ? here : itself;
}

static void test_good(void **state _unused_)
{
        for (size_t i = 0; i < ELEMENTS(good); i++) {
                _cleanup_(rule_unref_p) Rule *r = make(&good[i]);
                _cleanup_diagnostics_ Diagnostics d = { 0 };

                if (judge(r, &mail_ports_default, "r", &d) < 0)
                        fail_msg("%zu: %s", i, d.items[0].text);
                assert_int_equal(d.n, 0);
        }
}

static void test_bad(void **state _unused_)
{
        for (size_t i = 0; i < ELEMENTS(bad); i++) {
                _cleanup_(rule_unref_p) Rule *r = make(&bad[i].rule);
                _cleanup_diagnostics_ Diagnostics d = { 0 };

                assert_int_equal(judge(r, &mail_ports_default, "r", &d), -EINVAL);
                assert_int_equal(d.n, 1);
                assert_string_equal(d.items[0].text, bad[i].text);
                assert_string_equal(d.items[0].setting, bad[i].setting);
                assert_string_equal(d.items[0].file, "f");
                assert_int_equal(d.items[0].line, 3);
                assert_int_equal(judge(r, &mail_ports_default, NULL, NULL), -EINVAL);
        }
}

static void test_several_at_once(void **state _unused_)
{
        const Sketch s = { IN, .port = 22, .user = "postfix", .limit = { 1, 1, 1, 1 } };
        static const char *const settings[] = { "ports", "user", "rate", "burst", "max" };
        _cleanup_(rule_unref_p) Rule *r = make(&s);
        _cleanup_diagnostics_ Diagnostics d = { 0 };

        assert_int_equal(judge(r, &mail_ports_default, NULL, &d), -EINVAL);
        assert_int_equal(d.n, ELEMENTS(settings));
        for (size_t i = 0; i < d.n; i++)
                assert_string_equal(d.items[i].setting, settings[i]);
}

/* Only a file gives variables their values. */
static void test_vars(void **state _unused_)
{
        static const Sketch sketches[] = {
                { OUT, .from = "$a" },
                { OUT, .to = "192.0.2.1 $a" },
                { OUT, .ports_var = "a" },
                { OUT, .user = "$a" },
                { OUT, .group = "$a" },
                { OUT, .unit = "$a" },
        };
        static const char *const settings[] = { "from", "to", "ports", "user", "group", "unit" };

        for (size_t i = 0; i < ELEMENTS(sketches); i++) {
                _cleanup_(rule_unref_p) Rule *r = make(&sketches[i]);
                _cleanup_diagnostics_ Diagnostics d = { 0 };

                assert_int_equal(rule_judge(r, NULL, &d), 0);
                r->source = SOURCE_P25CTL;
                assert_int_equal(rule_judge(r, NULL, &d), -EINVAL);
                assert_int_equal(d.n, 1);
                assert_string_equal(d.items[0].setting, settings[i]);
                assert_non_null(strstr(d.items[0].text, "variables can only be used in files"));
        }
}

/* An exceeded limit has a code, besides the text. */
static void test_codes(void **state _unused_)
{
        _cleanup_(rule_unref_p) Rule *r = rule_new();
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        char comment[COMMENT_MAX + 2];

        memset(comment, 'x', sizeof(comment) - 1);
        comment[sizeof(comment) - 1] = '\0';
        r->comment = strdup(comment);
        assert_int_equal(rule_judge(r, NULL, &d), -EINVAL);
        assert_int_equal(d.items[0].code, DIAGNOSTIC_LIMIT);
        memcpy(r->comment, "a\nb", 4);
        assert_int_equal(rule_judge(r, NULL, &d), -EINVAL);
        assert_int_equal(d.items[1].code, DIAGNOSTIC_PLAIN);
}

/* Added mail ports are taken, and all are named when another is not. */
static void test_mail_ports(void **state _unused_)
{
        Ports many = mail_ports_default;
        _cleanup_(rule_unref_p) Rule *r = rule_new();
        _cleanup_diagnostics_ Diagnostics d = { 0 };

        assert_int_equal(ports_add(&many, 8025), 0);
        r->ports = (Ports){ .items = { 8025 }, .n = 1 };
        assert_int_equal(judge(r, &many, NULL, &d), 0);
        r->ports.items[0] = 22;
        assert_int_equal(judge(r, &many, NULL, &d), -EINVAL);
        assert_string_equal(d.items[0].text, "22 is not a mail port (25, 465, 587, 2525, 8025)");
        while (many.n < PORTS_MAX)
                assert_int_equal(ports_add(&many, (uint16_t)(60000 + many.n)), 0);
        assert_int_equal(judge(r, &many, NULL, &d), -EINVAL);
        assert_non_null(strstr(d.items[1].text, "60063)"));
        r->ports.n = 0;
        assert_int_equal(judge(r, &mail_ports_default, NULL, &d), -EINVAL);
        assert_string_equal(d.items[2].text, "a rule must have at least one port");
}

static void test_addresses_limit(void **state _unused_)
{
        _cleanup_(rule_unref_p) Rule *r = rule_new();
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        AddressItem item = { .kind = ADDRESS_PREFIX, .prefix.bits = 32 };

        for (uint32_t i = 0; i <= RULE_ADDRESSES_MAX; i++) {
                if (i == RULE_ADDRESSES_MAX)
                        assert_int_equal(judge(r, &mail_ports_default, NULL, &d), 0);
                item.prefix.address = address_from_ipv4(i);
                assert_int_equal(array_grow(&r->from.items, r->from.n, sizeof(item)), 0);
                r->from.items[r->from.n++] = item;
        }
        assert_int_equal(judge(r, &mail_ports_default, NULL, &d), -EINVAL);
        assert_string_equal(d.items[0].setting, "from");
        assert_string_equal(d.items[0].text,
                "a rule can have at most 10000 addresses; put them into a "
                "set and write @NAME");
}

/* ---- sameness ---- */

typedef enum Sameness { DIFFERENT, SAME_MATCH, EQUAL } Sameness;

static const struct Pair {
        Sketch a, b;
        Sameness want;
} pairs[] = {
        { { IN }, { IN }, EQUAL },
        { { IN }, { OUT }, DIFFERENT },
        { { IN, .port = 465 }, { IN }, DIFFERENT },
        { { IN, .ports_var = "p" }, { IN }, DIFFERENT },
        { { IN, .action = ACTION_DENY }, { IN }, SAME_MATCH },
        { { IN, .comment = "a" }, { IN }, SAME_MATCH },
        { { IN, .comment = "a" }, { IN, .comment = "b" }, SAME_MATCH },
        { { IN, .comment = "a" }, { IN, .comment = "a" }, EQUAL },
        { { IN, .log = true }, { IN }, SAME_MATCH },
        { { IN, .expires_usec = 5 }, { IN }, SAME_MATCH },
        { { IN, LIMIT, .limit = { 1, 1, 0, 0 } }, { IN, LIMIT }, SAME_MATCH },
        { { IN, LIMIT, .limit = { 1, 60, 0, 0 } }, { IN, LIMIT, .limit = { 1, 1, 0, 0 } },
                SAME_MATCH },
        { { IN, LIMIT, .limit = { 0, 0, 1, 0 } }, { IN, LIMIT }, SAME_MATCH },
        { { IN, LIMIT, .limit = { 0, 0, 0, 1 } }, { IN, LIMIT }, SAME_MATCH },
        { { IN, .from = "::1" }, { IN }, DIFFERENT },
        { { IN, .from = "::1" }, { IN, .to = "::1" }, DIFFERENT },
        { { IN, .from = "::1" }, { IN, .from = "::2" }, DIFFERENT },
        { { IN, .from = "10.0.0.0/8" }, { IN, .from = "10.0.0.0/9" }, DIFFERENT },
        { { IN, .from = "@a" }, { IN, .from = "$a" }, DIFFERENT },
        { { IN, .from = "@a" }, { IN, .from = "@b" }, DIFFERENT },
        { { IN, .from = "@a" }, { IN, .from = "@a" }, EQUAL },
        { { IN, .from = "::1 10.0.0.1 @a" }, { IN, .from = "@a ::1 10.0.0.1" }, EQUAL },
        { { IN, .from = "::1 ::2 ::2 ::1" }, { IN, .from = "::2 ::1" }, EQUAL },
        { { IN, .from = "::1 ::2 ::3" }, { IN, .from = "::1 ::2" }, DIFFERENT },
        { { IN, .from = "::1 ::2" }, { IN, .from = "::1 ::2 ::3" }, DIFFERENT },
        { { IN, .from = "::1 ::1" }, { IN, .from = "::1" }, EQUAL },
        { { IN, .interface = "a" }, { IN }, DIFFERENT },
        { { IN, .interface = "a" }, { IN, .interface = "b" }, DIFFERENT },
        { { ROUTED, .in_interface = "a" }, { ROUTED, .out_interface = "a" }, DIFFERENT },
        { { ROUTED, .in_interface = "a" }, { ROUTED, .in_interface = "a" }, EQUAL },
        { { OUT, .user = "a" }, { OUT }, DIFFERENT },
        { { OUT, .user = "a" }, { OUT, .group = "a" }, DIFFERENT },
        { { OUT, .user = "a" }, { OUT, .unit = "a" }, DIFFERENT },
        { { OUT, .user = "a b" }, { OUT, .user = "b a" }, EQUAL },
        { { OUT, .group = "a b" }, { OUT, .group = "b" }, DIFFERENT },
        { { OUT, .unit = "a" }, { OUT, .unit = "b" }, DIFFERENT },
};

static void test_sameness(void **state _unused_)
{
        for (size_t i = 0; i < ELEMENTS(pairs); i++) {
                _cleanup_(rule_unref_p) Rule *a = make(&pairs[i].a), *b = make(&pairs[i].b);

                /* what never counts */
                b->id = 7;
                b->source = SOURCE_CONF;
                b->line = 9;
                if (rule_same_match(a, b) != (pairs[i].want >= SAME_MATCH) ||
                        rule_equal(a, b) != (pairs[i].want == EQUAL) ||
                        rule_same_match(b, a) != (pairs[i].want >= SAME_MATCH) ||
                        rule_equal(b, a) != (pairs[i].want == EQUAL))
                        fail_msg("pair %zu", i);
        }
}

/* ---- copies, references, lists ---- */

static void test_copy(void **state _unused_)
{
        const Sketch full = { OUT, LIMIT, 465, "::1 @a", "$b", "if", "in", "out", "u v", "g", "x",
                { 1, 60, 2, 3 }, "comment", "var", true, 77 };
        Rule *r = make(&full), *copy;

        r->id = 5;
        r->source = SOURCE_ROLE;
        r->source_name = strdup("mx");
        assert_int_equal(rule_copy(r, &copy), 0);
        assert_int_equal(copy->n_refs, 1);
        assert_true(rule_equal(r, copy));
        assert_ptr_not_equal(r->comment, copy->comment);
        assert_ptr_not_equal(r->from.items[1].name, copy->from.items[1].name);
        rule_unref(r);
        assert_int_equal(copy->id, 5);
        assert_int_equal(copy->source, SOURCE_ROLE);
        assert_string_equal(copy->source_name, "mx");
        assert_string_equal(copy->file, "f");
        assert_int_equal(copy->line, 3);
        assert_string_equal(copy->ports_var, "var");
        assert_string_equal(copy->user[1], "v");
        rule_unref(copy);
}

static void test_source(void **state _unused_)
{
        static const struct Case {
                SourceKind source;
                const char *name, *want;
        } cases[] = {
                { SOURCE_P25CTL, NULL, "p25ctl" },
                { SOURCE_CONF, NULL, "p25.conf" },
                { SOURCE_FRAGMENT, "ansible", "fragment:ansible" },
                { SOURCE_ROLE, "mx", "role:mx" },
        };

        assert_int_equal(ELEMENTS(cases), _SOURCE_MAX);
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                _cleanup_(rule_unref_p) Rule *r = rule_new();
                _cleanup_free_ char *text = NULL;

                r->source = cases[i].source;
                r->source_name = copy_of(cases[i].name);
                assert_int_equal(rule_source_format(r, &text), 0);
                assert_string_equal(text, cases[i].want);
        }
}

static void check_order(const RuleList *l, const uint64_t *ids, size_t n)
{
        assert_int_equal(l->n, n);
        for (size_t i = 0; i < n; i++)
                assert_int_equal(l->items[i]->id, ids[i]);
}

static void test_lists(void **state _unused_)
{
        RuleList l = { 0 }, copy = { 0 };
        Rule *rules[5];

        for (size_t i = 0; i < ELEMENTS(rules); i++) {
                rules[i] = rule_new();
                rules[i]->id = i;
        }
        assert_int_equal(rule_list_append(&l, rules[0]), 0);
        assert_int_equal(rule_list_append(&l, rules[1]), 0);
        assert_int_equal(rule_list_insert(&l, 0, rules[2]), 0);
        assert_int_equal(rule_list_insert(&l, 2, rules[3]), 0);
        assert_int_equal(rule_list_insert(&l, 99, rules[4]), 0);
        check_order(&l, (uint64_t[]){ 2, 0, 3, 1, 4 }, 5);
        assert_int_equal(rule_list_copy(&l, &copy), 0);
        assert_int_equal(rules[0]->n_refs, 3);
        rule_list_remove(&l, 1);
        rule_list_remove(&l, 3);
        rule_list_remove(&l, 0);
        check_order(&l, (uint64_t[]){ 3, 1 }, 2);
        check_order(&copy, (uint64_t[]){ 2, 0, 3, 1, 4 }, 5);
        rule_list_deinit(&l);
        rule_list_deinit(&l);
        rule_list_deinit(&copy);
        for (size_t i = 0; i < ELEMENTS(rules); i++) {
                assert_int_equal(rules[i]->n_refs, 1);
                rule_unref(rules[i]);
        }
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_good),
                cmocka_unit_test(test_bad),
                cmocka_unit_test(test_several_at_once),
                cmocka_unit_test(test_vars),
                cmocka_unit_test(test_codes),
                cmocka_unit_test(test_mail_ports),
                cmocka_unit_test(test_addresses_limit),
                cmocka_unit_test(test_sameness),
                cmocka_unit_test(test_copy),
                cmocka_unit_test(test_source),
                cmocka_unit_test(test_lists),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
