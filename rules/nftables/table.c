/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Ruleset to table: the base chains, which packets go to which direction, a chain for each class of
 * ports, the order of rules in them. What one rule of the policy becomes is in rule.c.
 */

#include "rules/address/prefixset.h"
#include "rules/address/rangeset.h"
#include "rules/address/timedset.h"
#include "rules/base/array.h"
#include "rules/base/strv.h"
#include "rules/nftables/build.h"
#include "rules/nftables/numbers.h"
#include "rules/policy/rule.h"
#include "rules/ruleset/compiledrule.h"
#include "rules/ruleset/counterid.h"
#include "rules/ruleset/port_classes.h"

#include <errno.h>

/* Counting in detail takes a dozen rules of the kernel for each of these. Those behind them
 * count how many, if they log, and the log has the detail of some. */
#define COUNTED_RULES_MAX 1000u

NftTable *nft_table_free(NftTable *t)
{
        if (!t)
                return NULL;
        for (size_t i = 0; i < t->n_sets; i++) {
                range_set_unref(t->sets[i].ranges);
                timed_set_unref(t->sets[i].timed);
                free(t->sets[i].values);
        }
        for (size_t i = 0; i < t->n_chains; i++) {
                free(t->chains[i].rules);
                free(t->chains[i].handles);
        }
        for (size_t i = 0; i < t->n_origins; i++)
                rule_unref(t->origins[i]);
        strv_free(t->names);
        free(t->sets);
        free(t->chains);
        free(t->origins);
        free(t->counters);
        free(t->statements);
        free(t);
        return NULL;
}

/* ---- base chains ---- */

/* The ports that prerouting, forward and input look at: incoming and routed alike. */
static void entering_ports(const Ruleset *r, Ports *ret)
{
        const Ports *routed = &r->directions[DIRECTION_ROUTED].watched;

        *ret = r->directions[DIRECTION_IN].watched;
        for (size_t i = 0; i < routed->n; i++)
                ports_add(ret, routed->items[i]);
}

/* tcp dport 25, or ct original proto-dst 25; several ports are a set */
static void build_ports(NftBuild *b, const Ports *ports, Direction d, bool dialled)
{
        NftSetKey key = { .kind = SET_PORTS, .level = (uint32_t)d };

        if (ports->n == 1)
                build_kind(b, dialled ? STATEMENT_DIALLED_PORT : STATEMENT_PORT, ports->items[0]);
        else
                build_of_set(b, dialled ? STATEMENT_DIALLED_PORTS : STATEMENT_PORTS, &key);
}

static void build_ports_set(NftBuild *b, const Ports *ports, Direction d)
{
        NftSetKey key = { .kind = SET_PORTS, .level = (uint32_t)d };
        uint64_t values[PORTS_MAX];

        if (ports->n <= 1)
                return;
        for (size_t i = 0; i < ports->n; i++)
                values[i] = ports->items[i];
        build_values_set(b, &key, values, ports->n, NULL);
}

static void build_goto_kind(NftBuild *b, NftChainKind kind)
{
        build_goto(b, &(NftChainKey){ .kind = kind });
}

static void build_goto_direction(NftBuild *b, Direction d)
{
        build_goto(b, &(NftChainKey){ .kind = CHAIN_DIRECTION, .direction = d });
}

/* ct label 126 meta l4proto tcp tcp flags ! rst reject with tcp reset
 * The reset itself belongs to the connection and passes here too. */
static void build_cut(NftBuild *b)
{
        build_kind(b, STATEMENT_LABEL, NFT_LABEL_CUT);
        build_kind(b, STATEMENT_TCP, 0);
        build_kind(b, STATEMENT_NO_RST, 0);
        build_kind(b, STATEMENT_RESET, 0);
        build_end(b, NULL);
}

/*
 * tcp dport 25 tcp flags & (syn | ack) == syn
 * tcp flags & (syn | ack) == syn tcp dport @ports_in
 * What refuses most packets at the least cost is asked first: most are of other ports and open no
 * connection, one port is compared at once, and a set of them is looked up.
 */
static void build_opening(NftBuild *b, const Ports *ports, Direction d)
{
        bool several = ports->n > 1;

        build_kind(b, STATEMENT_TCP, 0);
        if (several)
                build_kind(b, STATEMENT_SYN, 0);
        build_ports(b, ports, d, false);
        if (!several)
                build_kind(b, STATEMENT_SYN, 0);
}

/* meta l4proto tcp tcp dport 25 tcp flags & (syn | ack) == syn iif != 1 goto opened
 * stateless: goto untracked */
static void build_prerouting(NftBuild *b, const Ports *entering)
{
        build_chain(b, &(NftChainKey){ .kind = CHAIN_PREROUTING });
        if (entering->n == 0)
                return;
        build_opening(b, entering, DIRECTION_IN);
        build_kind(b, STATEMENT_IN_NOT_LO, 0);
        build_goto_kind(b, b->stateless ? CHAIN_UNTRACKED : CHAIN_OPENED);
}

/* meta l4proto tcp ct original proto-dst 25 goto forwarded
 * meta l4proto tcp ct state invalid,untracked goto refused     (only while there is any) */
static void build_forward(NftBuild *b, const Ports *entering)
{
        if (b->stateless && !b->refuses)
                return;
        build_chain(b, &(NftChainKey){ .kind = CHAIN_FORWARD });
        if (entering->n == 0)
                return;
        if (!b->stateless) {
                build_kind(b, STATEMENT_TCP, 0);
                build_ports(b, entering, DIRECTION_IN, true);
                build_goto_kind(b, CHAIN_FORWARDED);
        }
        if (!b->refuses)
                return;
        build_kind(b, STATEMENT_TCP, 0);
        build_no_conntrack(b);
        build_goto_kind(b, CHAIN_REFUSED);
}

/* meta l4proto tcp tcp flags & (syn | ack) == syn ct original proto-dst 25 ct direction original
 * iif != 1 goto arrived */
static void build_input(NftBuild *b, const Ports *entering, bool cut)
{
        build_chain(b, &(NftChainKey){ .kind = CHAIN_INPUT });
        if (entering->n > 0) {
                build_kind(b, STATEMENT_TCP, 0);
                build_kind(b, STATEMENT_SYN, 0);
                build_ports(b, entering, DIRECTION_IN, true);
                build_kind(b, STATEMENT_DIRECTION, NFT_DIRECTION_ORIGINAL);
                build_kind(b, STATEMENT_IN_NOT_LO, 0);
                build_goto_kind(b, CHAIN_ARRIVED);
        }
        if (cut)
                build_cut(b);
}

/* meta l4proto tcp tcp dport 25 tcp flags & (syn | ack) == syn oif != 1 goto out */
static void build_leaving(NftBuild *b, const Ports *leaving, const NftChainKey *to)
{
        if (leaving->n == 0)
                return;
        build_opening(b, leaving, DIRECTION_OUT);
        build_kind(b, STATEMENT_OUT_NOT_LO, 0);
        build_goto(b, to);
}

static void build_output(NftBuild *b, const Ports *leaving, bool cut)
{
        static const NftChainKey out = { .kind = CHAIN_DIRECTION, .direction = DIRECTION_OUT };
        static const NftChainKey owned = { .kind = CHAIN_OWNED };
        static const NftChainKey held = { .kind = CHAIN_HELD_PORTS };

        build_chain(b, &(NftChainKey){ .kind = CHAIN_OUTPUT });
        build_leaving(b, leaving, b->holds ? &owned : &out);
        if (cut)
                build_cut(b);
        if (!b->holds)
                return;
        build_chain(b, &(NftChainKey){ .kind = CHAIN_HELD });
        build_leaving(b, leaving, &held);
}

/* ---- the chains behind them ---- */

static const Family families[] = { FAMILY_IPV4, FAMILY_IPV6 };
static const uint32_t own_addresses[] = { NFT_ADDRESS_LOCAL, NFT_ADDRESS_ANYCAST };

/*
 * fib daddr type local [ct label set 125] goto in
 * fib daddr type anycast [ct label set 125] goto in
 * Where a whole IPv6 prefix is routed to the host itself, the routing table calls its first address
 * an anycast, and the host answers there too.
 */
static void build_to_host(NftBuild *b, bool label)
{
        for (size_t i = 0; i < ELEMENTS(own_addresses); i++) {
                build_kind(b, STATEMENT_ADDRESS_TYPE, own_addresses[i]);
                if (label)
                        build_kind(b, STATEMENT_SET_LABEL, NFT_LABEL_INCOMING);
                build_goto_direction(b, DIRECTION_IN);
        }
}

/*
 * ct state invalid,untracked goto untracked
 * ct direction reply goto untracked
 * fib daddr type local ct label set 125 goto in
 * fib daddr oif missing ct label set 124     (a route of another table makes the address local)
 * All but these are judged when it is known where they go: in forward or in input.
 */
static void build_opened(NftBuild *b)
{
        build_chain(b, &(NftChainKey){ .kind = CHAIN_OPENED });
        build_kind(b, STATEMENT_NO_CONNTRACK, 0);
        build_goto_kind(b, CHAIN_UNTRACKED);
        build_kind(b, STATEMENT_DIRECTION, NFT_DIRECTION_REPLY);
        build_goto_kind(b, CHAIN_UNTRACKED);
        build_to_host(b, true);
        build_kind(b, STATEMENT_NO_ROUTE, 0);
        build_kind(b, STATEMENT_SET_LABEL, NFT_LABEL_LOCAL);
        build_end(b, NULL);
}

/*
 * fib daddr type local goto in
 * fib daddr oif missing goto in              (a route of another table makes the address local)
 * goto untracked_ports
 */
static void build_untracked_direction(NftBuild *b)
{
        build_chain(b, &(NftChainKey){ .kind = CHAIN_UNTRACKED });
        build_to_host(b, false);
        build_kind(b, STATEMENT_NO_ROUTE, 0);
        build_goto_direction(b, DIRECTION_IN);
        build_goto_kind(b, CHAIN_UNTRACKED_PORTS);
}

/* ct label 126 meta l4proto tcp tcp flags ! rst reject with tcp reset
 * ct label 125 accept
 * tcp flags & (syn | ack) == syn ct direction original goto passing
 * A reset by one end is news for the other. */
static void build_forwarded(NftBuild *b)
{
        build_chain(b, &(NftChainKey){ .kind = CHAIN_FORWARDED });
        build_cut(b);
        build_kind(b, STATEMENT_LABEL, NFT_LABEL_INCOMING);
        build_kind(b, STATEMENT_ACCEPT, 0);
        build_end(b, NULL);
        build_kind(b, STATEMENT_TCP, 0);
        build_kind(b, STATEMENT_SYN, 0);
        build_kind(b, STATEMENT_DIRECTION, NFT_DIRECTION_ORIGINAL);
        build_goto_kind(b, CHAIN_PASSING);
}

/*
 * meta iifkind "bridge" add @bridged4 { iif . iif . ip daddr . ip daddr }
 *      iif . oif . ip daddr . rt ip nexthop @bridged4 accept
 * What a bridge passes between its own ports meets forward where bridge-nf-call-iptables is 1. It
 * enters and leaves by the same bridge, and its next hop is its destination: traffic that
 * the host routes over a bridge to the Internet is still judged.
 */
static void build_bridged(NftBuild *b)
{
        for (size_t f = 0; f < ELEMENTS(families); f++) {
                build_family(b, families[f]);
                build_of_set(b, STATEMENT_BRIDGED,
                        &(NftSetKey){ .kind = SET_BRIDGED, .family = families[f] });
                build_kind(b, STATEMENT_ACCEPT, 0);
                build_end(b, NULL);
        }
}

/* The same, then goto routed. */
static void build_passing(NftBuild *b)
{
        for (size_t f = 0; f < ELEMENTS(families); f++)
                build_dynamic_set(
                        b, &(NftSetKey){ .kind = SET_BRIDGED, .family = families[f] }, NULL);
        build_chain(b, &(NftChainKey){ .kind = CHAIN_PASSING });
        build_bridged(b);
        build_goto_direction(b, DIRECTION_ROUTED);
}

/* meta nfproto ipv4 ip saddr . tcp sport . ip daddr . tcp dport @refused4
 *      tcp flags & (syn | ack) != syn tcp flags ! rst reject with tcp reset
 * A SYN is judged where it enters. */
static void build_refused_direction(NftBuild *b, const NftSetKey *key, bool answer)
{
        build_family(b, (Family)key->family);
        build_statement(b, &(NftStatement){ .kind = STATEMENT_REFUSED, .to = answer, .set = *key });
        build_kind(b, STATEMENT_TCP, 0);
        build_kind(b, STATEMENT_NO_SYN, 0);
        build_kind(b, STATEMENT_NO_RST, 0);
        build_kind(b, STATEMENT_RESET, 0);
        build_end(b, NULL);
}

/* Packets that a bridge passes are not among them. */
static void build_refused(NftBuild *b)
{
        if (!b->refuses)
                return;
        build_chain(b, &(NftChainKey){ .kind = CHAIN_REFUSED });
        if (!b->stateless)
                build_bridged(b);
        for (size_t f = 0; f < ELEMENTS(families); f++) {
                NftSetKey key = { .kind = SET_REFUSED, .family = families[f] };

                build_dynamic_set(b, &key, NULL);
                build_refused_direction(b, &key, false);
                build_refused_direction(b, &key, true);
        }
}

/*
 * ct label 125 accept            (judged in prerouting)
 * ct status dnat goto routed     (dialled another host, and was redirected)
 * ct label 124 goto in           (a route of another table makes the address local)
 * fib daddr type local accept    (judged, but older than the first policy: there is no room for
 * labels) goto routed                    (taken by TPROXY)
 */
static void build_arrived(NftBuild *b)
{
        build_chain(b, &(NftChainKey){ .kind = CHAIN_ARRIVED });
        build_kind(b, STATEMENT_LABEL, NFT_LABEL_INCOMING);
        build_kind(b, STATEMENT_ACCEPT, 0);
        build_end(b, NULL);
        build_kind(b, STATEMENT_TRANSLATED, 0);
        build_goto_direction(b, DIRECTION_ROUTED);
        build_kind(b, STATEMENT_LABEL, NFT_LABEL_LOCAL);
        build_goto_direction(b, DIRECTION_IN);
        for (size_t i = 0; i < ELEMENTS(own_addresses); i++) {
                build_kind(b, STATEMENT_ADDRESS_TYPE, own_addresses[i]);
                build_kind(b, STATEMENT_ACCEPT, 0);
                build_end(b, NULL);
        }
        build_goto_direction(b, DIRECTION_ROUTED);
}

/*
 * meta l4proto tcp tproxy to :1
 * A SYN in two fragments has no flags in the first and no port in the second. Conntrack puts
 * packets together before prerouting sees them; where it is not asked, the kernel does so for
 * whoever could take connections for a proxy. Nothing leads here.
 */
static void build_fragments(NftBuild *b)
{
        build_chain(b, &(NftChainKey){ .kind = CHAIN_FRAGMENTS });
        build_kind(b, STATEMENT_TCP, 0);
        build_kind(b, STATEMENT_DEFRAGMENT, 0);
        build_end(b, NULL);
}

static void build_base(NftBuild *b)
{
        const Ports *leaving = &b->ruleset->directions[DIRECTION_OUT].watched;
        Ports entering;
        bool cut;

        entering_ports(b->ruleset, &entering);
        cut = b->cut_local && entering.n + leaving->n > 0;
        build_ports_set(b, &entering, DIRECTION_IN);
        build_ports_set(b, leaving, DIRECTION_OUT);
        build_prerouting(b, &entering);
        build_forward(b, &entering);
        build_output(b, leaving, cut);
        build_untracked_direction(b);
        if (b->stateless) {
                build_fragments(b);
        } else {
                build_input(b, &entering, cut);
                build_opened(b);
                build_arrived(b);
                build_forwarded(b);
                build_passing(b);
        }
        build_allowed(b);
        build_refused(b);
}

/* ---- classes of ports ---- */

/* meta l4proto tcp tcp dport P goto in_P; or ct original proto-dst P, where DNAT came before */
static void build_dispatch(NftBuild *b, const NftChainKey *key, bool dialled, const PortClasses *c)
{
        build_chain(b, key);
        if (c->ports->n > 0)
                build_wake(b);
        for (size_t p = 0; p < c->ports->n; p++) {
                NftChainKey target = { .kind = CHAIN_CLASS,
                        .direction = b->direction,
                        .port = port_classes_port(c, port_classes_of(c, p)) };

                build_kind(b, STATEMENT_TCP, 0);
                build_kind(
                        b, dialled ? STATEMENT_DIALLED_PORT : STATEMENT_PORT, c->ports->items[p]);
                build_goto(b, &target);
        }
}

static void build_dispatches(NftBuild *b, const PortClasses *c)
{
        NftChainKey key = { .kind = CHAIN_DIRECTION, .direction = b->direction };

        if (b->direction != DIRECTION_ROUTED || !b->stateless)
                build_dispatch(b, &key, build_asks_dialled(b), c);
        if (b->direction == DIRECTION_ROUTED)
                build_dispatch(b, &(NftChainKey){ .kind = CHAIN_UNTRACKED_PORTS }, false, c);
}

/* The rule at hand joins the chains of all its ports. */
static void build_join(NftBuild *b, const PortClasses *c, size_t first_chain, uint64_t mask)
{
        for (size_t i = 0; i < c->n; i++)
                if (c->masks[i] & mask)
                        build_share(b, first_chain + i);
        b->n_rules = 0;
}

static void build_class_chains(NftBuild *b, const PortClasses *c)
{
        for (size_t i = 0; i < c->n; i++)
                build_chain(b, &(NftChainKey){ .kind = CHAIN_CLASS,
                                       .direction = b->direction,
                                       .port = port_classes_port(c, i) });
}

static void build_direction(NftBuild *b, Direction direction)
{
        const RulesetDirection *d = &b->ruleset->directions[direction];
        _cleanup_(port_classes_deinit) PortClasses c = { 0 };
        size_t first_chain;

        b->direction = direction;
        if (port_classes_find(d, &c) < 0) {
                build_fail(b, -ENOMEM);
                return;
        }
        build_dispatches(b, &c);
        first_chain = b->table->n_chains;
        build_class_chains(b, &c);
        build_counter(b, DEFAULT_COUNTER_ID(direction));
        for (size_t i = 0; i < d->n && b->error == 0; i++) {
                b->numbers_only = i >= COUNTED_RULES_MAX;
                build_origin(b, d->rules[i].rule);
                build_counter(b, d->rules[i].rule->id);
                build_policy_rule(b, &d->rules[i]);
                build_join(b, &c, first_chain, c.rules[i]);
        }
        b->numbers_only = false;
        build_default(b, false);
        build_join(b, &c, first_chain, c.managed & ~c.audited);
        build_default_chain(b, false);
        if (c.audited == 0)
                return;
        build_default(b, true);
        build_join(b, &c, first_chain, c.audited);
        build_default_chain(b, true);
}

/* ---- the whole ---- */

static void table_sort(NftTable *t)
{
        size_t n = 0;

        if (t->n_sets > 0)
                qsort(t->sets, t->n_sets, sizeof(NftSet), nft_set_key_compare);
        qsort(t->chains, t->n_chains, sizeof(NftChain), nft_chain_key_compare);
        qsort(t->counters, t->n_counters, sizeof(uint64_t), number_compare);
        for (size_t i = 0; i < t->n_counters; i++)
                if (n == 0 || t->counters[n - 1] != t->counters[i])
                        t->counters[n++] = t->counters[i];
        t->n_counters = n;
}

/* Whoever counts what is open, and who cuts by label. */
static bool asks_conntrack(const Ruleset *r, unsigned flags)
{
        for (Direction d = 0; d < _DIRECTION_MAX; d++)
                for (size_t i = 0; i < r->directions[d].n; i++)
                        if (r->directions[d].rules[i].limit.open != 0)
                                return true;
        return flags & NFT_TABLE_CUT_LOCAL;
}

int nft_table_new(const Ruleset *r, const NftTable *previous, unsigned flags, NftTable **ret)
{
        _cleanup_(nft_table_free_p) NftTable *t = calloc(1, sizeof(NftTable));
        NftBuild b = { .table = t,
                .ruleset = r,
                .previous = previous,
                .stateless = flags & NFT_TABLE_STATELESS && !asks_conntrack(r, flags),
                .cut_local = flags & NFT_TABLE_CUT_LOCAL,
                .counts = flags & NFT_TABLE_COUNTS,
                .notes = flags & NFT_TABLE_NOTES,
                .refuses = flags & NFT_TABLE_REFUSES,
                .holds = r->attribution == ATTRIBUTION_PROCESS &&
                         flags & (NFT_TABLE_HOLD_QUEUE | NFT_TABLE_HOLD_TARGET),
                .holds_by_target = flags & NFT_TABLE_HOLD_TARGET };

        if (!t)
                return -ENOMEM;
        build_named_sets(&b);
        build_counting_sets(&b);
        build_base(&b);
        for (Direction d = 0; d < _DIRECTION_MAX && b.error == 0; d++)
                build_direction(&b, d);
        build_untracked(&b);
        build_hold(&b);
        build_branches(&b);
        build_numbers_set(&b);
        free(b.rules);
        free(b.numbers);
        if (b.error < 0)
                return b.error;
        table_sort(t);
        *ret = TAKE_PTR(t);
        return 0;
}
