/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Random rulesets of nf_tables as a script: tables of all families that see IP, base chains on all
 * hooks, chains that are jumped to, sets, intervals, concatenations, maps and verdict maps, marks,
 * states, users and translated addresses. Only a SYN is judged: every base chain lets the rest
 * pass.
 */

#include "rules/base/buffer.h"
#include "tests/lib/random.h"

#include <stdarg.h>
#include <stdio.h>

typedef struct Script {
        Random *random;
        Buffer text;
        const char *family; /* "inet", "ip", "ip6" */
        unsigned n_chains;  /* chains that may be jumped to: those made before */
        bool nat, raw;
        bool plain; /* no rejects, and no jumps to chains that may have them: the kernel refuses */
        unsigned version; /* of IP in this rule: 4 or 6, or 0 */
} Script;

static inline void say(Script *s, const char *format, ...) _printf_(2, 3);
static inline void say(Script *s, const char *format, ...)
{
        char line[1024];
        va_list ap;

        va_start(ap, format);
        vsnprintf(line, sizeof(line), format, ap);
        va_end(ap);
        buffer_add_string(&s->text, line);
}

static inline void say_one_of(Script *s, const char *const *of, size_t n)
{
        say(s, "%s ", of[random_below(s->random, (uint32_t)n)]);
}
#define say_of(s, table) say_one_of((s), (table), ELEMENTS(table))

static inline bool speaks_of_ipv4(const Script *s)
{
        return strcmp(s->family, "ip6") != 0;
}

static inline bool speaks_of_ipv6(const Script *s)
{
        return strcmp(s->family, "ip") != 0;
}

static inline void say_match(Script *s)
{
        static const char *const any[] = {
                "tcp dport 25",
                "tcp dport != 25",
                "tcp dport { 25, 587 }",
                "tcp dport 1-1024",
                "tcp dport >= 26",
                "tcp dport < 2525",
                "tcp dport @ports",
                "tcp dport != @ports",
                "tcp dport @ranges",
                "tcp sport >= 1024",
                "meta l4proto tcp",
                "ct state new",
                "ct state established,related",
                "ct state invalid",
                "ct state { new, untracked }",
                "ct state != new",
                "ct direction original",
                "ct direction reply",
                "ct mark 0",
                "ct mark 3",
                "ct mark and 0x2 == 0x2",
                "ct status dnat",
                "ct original protocol tcp",
                "meta mark 0",
                "meta mark 1",
                "meta mark 2-5",
                "meta mark and 0x1 == 0x1",
                "meta mark @marks",
                "meta skuid 1000",
                "meta skuid != 1000",
                "meta skuid 500-2000",
                "meta skgid { 0, 1000 }",
                "iifname \"wan0\"",
                "iifname \"cont*\"",
                "iifname != \"wan0\"",
                "iifname { \"wan0\", \"lo\" }",
                "iif \"cont0\"",
                "oifname \"wan0\"",
                "oifname != \"wan0\"",
                "oifname \"wan*\"",
                "oif \"wan0\"",
                "oif != \"lo\"",
                "tcp flags syn",
                "tcp flags & (syn | ack) == syn",
                "tcp flags & (fin | rst) != 0",
                "fib daddr type local",
                "fib daddr type != local",
                "fib saddr type local",
                "iifname . tcp dport { \"wan0\" . 25, \"cont0\" . 80 }",
                "meta l4proto . tcp dport { tcp . 25, udp . 25 }",
        };
        static const char *const v4[] = {
                "ip saddr 192.0.2.0/24",
                "ip saddr != 192.0.2.2",
                "ip daddr 192.0.2.2",
                "ip daddr != 192.0.2.0/30",
                "ip saddr @hosts",
                "ip daddr @nets",
                "ip saddr != @nets",
                "ip saddr . tcp dport @pairs",
                "ip saddr . ip daddr @ranges4",
                "ip saddr 10.9.0.1-10.9.0.9",
                "ip frag-off & 0x1fff == 0",
                "ip protocol tcp",
                "ct original ip daddr 192.0.2.2",
        };
        static const char *const v6[] = {
                "ip6 saddr 2001:db8::/32",
                "ip6 daddr 2001:db8:1::2",
                "ip6 saddr != fd00::/8",
                "ip6 saddr @hosts6",
                "ip6 daddr @nets6",
                "ip6 nexthdr tcp",
                "ip6 version 6",
        };

        if (random_once(s->random, 60))
                say(s, "limit rate 5/second ");
        else if (s->version == 4 && random_once(s->random, 2))
                say_of(s, v4);
        else if (s->version == 6 && random_once(s->random, 2))
                say_of(s, v6);
        else
                say_of(s, any);
}

/* A rule speaks of one version of IP, or of none. */
static inline void say_version(Script *s)
{
        static const unsigned versions[] = { 0, 4, 6 };

        s->version = random_of(s->random, versions);
        if (!speaks_of_ipv4(s) && s->version == 4)
                s->version = 6;
        if (!speaks_of_ipv6(s) && s->version == 6)
                s->version = 4;
        if (s->version != 0 && speaks_of_ipv4(s) && speaks_of_ipv6(s))
                say(s, "meta nfproto ipv%u ", s->version);
}

static inline void say_change(Script *s)
{
        static const char *const changes[] = {
                "counter",
                "meta mark set 1",
                "meta mark set 3",
                "meta mark set meta mark or 0x4",
                "meta mark set meta mark and 0xfffffffe",
                "meta mark set ct mark",
                "ct mark set 3",
                "ct mark set meta mark",
                "meta mark set tcp dport map { 25 : 1, 587 : 2 }",
                "meta mark set tcp dport map { 0-24 : 7, 25-100 : 5 }",
                "counter meta mark set tcp dport map @numbers",
        };

        say_of(s, changes);
}

static inline void say_verdict(Script *s)
{
        static const char *const ends[] = { "accept", "accept", "accept", "drop", "drop", "reject",
                "reject with tcp reset", "return", "continue" };
        static const char *const maps[] = {
                "tcp dport vmap { 25 : accept, 80 : drop }",
                "tcp dport vmap { 0-24 : drop, 25-26 : continue, 27-65535 : accept }",
                "meta mark vmap { 1 : drop, 3 : accept }",
                "ct state vmap { new : continue, established : accept, invalid : drop }",
                "iifname vmap { \"wan0\" : accept, \"cont0\" : drop }",
                "tcp dport vmap @verdicts",
                "meta l4proto . tcp dport vmap { tcp . 25 : drop }",
        };

        static const char *const plain[] = { "accept", "accept", "drop", "return", "continue" };

        if (s->plain) {
                say_of(s, plain);
        } else if (s->n_chains > 0 && random_once(s->random, 3)) {
                unsigned to = random_below(s->random, s->n_chains);

                if (random_once(s->random, 4))
                        say(s, "tcp dport vmap { 25 : jump c%u, 587 : drop }", to);
                else
                        say(s, "%s c%u", random_once(s->random, 4) ? "goto" : "jump", to);
        } else if (random_once(s->random, 5)) {
                say_of(s, maps);
        } else {
                say_of(s, ends);
        }
}

/* In a chain of type nat, rarely: where it is sent to. */
static inline void say_translation(Script *s)
{
        static const char *const any[] = { "redirect", "redirect to :2525", "redirect to :26" };
        static const char *const v4[] = { "dnat to 10.9.0.2", "dnat to 192.0.2.2:2525",
                "dnat to 10.9.0.2:2525" };
        static const char *const v6[] = { "dnat to fd00:9::2", "dnat to [2001:db8:1::2]:2525" };

        if (strcmp(s->family, "ip") == 0 && random_once(s->random, 2))
                say_of(s, v4);
        else if (strcmp(s->family, "ip6") == 0 && random_once(s->random, 2))
                say_of(s, v6);
        else
                say_of(s, any);
}

static inline void say_rule(Script *s)
{
        uint32_t n = random_below(s->random, 3);

        say(s, "    ");
        say_version(s);
        if (s->nat || n == 0)
                say(s, "meta l4proto tcp ");
        for (uint32_t i = 0; i < n; i++)
                say_match(s);
        if (random_once(s->random, 4))
                say_change(s);
        if (s->raw && random_once(s->random, 8))
                say(s, "notrack");
        else if (s->nat && random_once(s->random, 2))
                say_translation(s);
        else if (!random_once(s->random, 6))
                say_verdict(s);
        else
                say(s, "counter");
        say(s, "\n");
}

static inline void say_base_chain(Script *s, unsigned number)
{
        static const char *const hooks[] = { "prerouting", "input", "forward", "output", "output",
                "postrouting" };
        static const int priorities[] = { -310, -300, -150, -10, 0, 0, 0, 10, 50 };
        const char *hook = random_of(s->random, hooks);
        int priority = random_of(s->random, priorities);

        s->nat = (!strcmp(hook, "prerouting") || !strcmp(hook, "output")) &&
                 random_once(s->random, 4);
        s->plain = s->nat || !strcmp(hook, "postrouting");
        s->raw = priority < -200 && !s->nat &&
                 (!strcmp(hook, "prerouting") || !strcmp(hook, "output"));
        say(s, "  chain b%u { type %s hook %s priority %d; policy %s;\n", number,
                s->nat ? "nat" : "filter", hook, s->nat ? -100 + (int)number : priority,
                !s->nat && random_once(s->random, 4) ? "drop" : "accept");
        say(s, "    meta l4proto != tcp accept\n    tcp flags & (syn | ack) != syn accept\n");
        for (uint32_t n = 1 + random_below(s->random, 6); n > 0; n--)
                say_rule(s);
        say(s, "  }\n");
        s->nat = s->raw = s->plain = false;
}

static inline void say_sets(Script *s)
{
        static const char *const bits[] = {
                "  set ports { type inet_service; elements = { 25, 465 }; }\n",
                "  set ports { type inet_service; elements = { 80 }; }\n",
        };

        say_of(s, bits);
        say(s, "  set ranges { type inet_service; flags interval; elements = { 1-24, 26, %s }; }\n",
                random_once(s->random, 2) ? "25" : "1024-2000");
        say(s, "  set marks { type mark; elements = { 1, 3 }; }\n");
        say(s, "  map numbers { type inet_service : mark; elements = { 25 : %u, 80 : 9 }; }\n",
                random_below(s->random, 5));
        say(s,
                "  map verdicts { type inet_service : verdict; elements = { 25 : %s, 80 : drop }; "
                "}\n",
                random_once(s->random, 2) ? "accept" : "drop");
        if (speaks_of_ipv4(s)) {
                say(s, "  set hosts { type ipv4_addr; elements = { 192.0.2.2, 10.9.0.2 }; }\n");
                say(s, "  set nets { type ipv4_addr; flags interval; elements = { 10.0.0.0/8, "
                       "192.0.2.0/31 }; }\n");
                say(s, "  set pairs { type ipv4_addr . inet_service; elements = { 192.0.2.2 . 25, "
                       "192.0.2.1 . 80 }; }\n");
                say(s, "  set ranges4 { type ipv4_addr . ipv4_addr; flags interval; elements = { "
                       "10.0.0.0/8 . 192.0.2.0/24, 192.0.2.1 . 192.0.2.0-192.0.2.9 }; }\n");
        }
        if (speaks_of_ipv6(s)) {
                say(s, "  set hosts6 { type ipv6_addr; elements = { 2001:db8:1::2 }; }\n");
                say(s, "  set nets6 { type ipv6_addr; flags interval; elements = { fd00::/8, "
                       "2001:db8:1::/127 }; }\n");
        }
}

static inline void say_table(Script *s, unsigned number)
{
        static const char *const families[] = { "inet", "inet", "ip", "ip6" };

        s->family = random_of(s->random, families);
        s->n_chains = 0;
        say(s, "table %s t%u {\n", s->family, number);
        say_sets(s);
        for (uint32_t n = random_below(s->random, 4); n > 0; n--) {
                say(s, "  chain c%u {\n", s->n_chains);
                for (uint32_t k = 1 + random_below(s->random, 4); k > 0; k--)
                        say_rule(s);
                say(s, "  }\n");
                s->n_chains++;
        }
        for (uint32_t n = 1 + random_below(s->random, 3); n > 0; n--)
                say_base_chain(s, n);
        say(s, "}\n");
}

/* A malloc()ed script. */
static inline char *foreign_rules(Random *random)
{
        Script s = { .random = random };
        char *text = NULL;

        for (uint32_t n = 1 + random_below(random, 3), i = 0; i < n; i++)
                say_table(&s, i);
        if (buffer_take(&s.text, &text) < 0)
                abort();
        return text;
}
