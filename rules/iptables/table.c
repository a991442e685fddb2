/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Ruleset to chains: the jumps from the built-in chains, the sorting of packets by direction and
 * port. What one rule becomes is in rule.c, what a long list becomes in tree.c.
 */

#include "rules/address/prefixset.h"
#include "rules/address/rangeset.h"
#include "rules/address/timedset.h"
#include "rules/base/array.h"
#include "rules/base/strv.h"
#include "rules/iptables/build.h"
#include "rules/iptables/set.h"
#include "rules/iptables/statement.h"
#include "rules/policy/rule.h"
#include "rules/ruleset/counterid.h"
#include "rules/ruleset/port_classes.h"

#include <errno.h>
#include <stdio.h>

IptTable *ipt_table_free(IptTable *t)
{
        if (!t)
                return NULL;
        for (size_t i = 0; i < t->n_chains; i++)
                free(t->chains[i].entries);
        for (size_t i = 0; i < t->n_sets; i++) {
                range_set_unref(t->sets[i].ranges);
                timed_set_unref(t->sets[i].timed);
                free(t->sets[i].name);
        }
        for (size_t i = 0; i < t->n_origins; i++)
                rule_unref(t->origins[i]);
        strv_free(t->paths);
        free(t->chains);
        free(t->statements);
        free(t->sets);
        free(t->counters);
        free(t->origins);
        free(t);
        return NULL;
}

/* ---- directions ---- */

static void build_class(
        IptBuild *b, const PortClasses *c, size_t i, size_t chain, size_t *rule_chains)
{
        const RulesetDirection *d = &b->ruleset->directions[b->direction];
        IptClass class = { .port = port_classes_port(c, i), .chain = chain };

        for (size_t k = 0; k < d->n && b->error == 0; k++) {
                b->counts = k < IPT_COUNTED_RULES_MAX;
                if (c->rules[k] & c->masks[i])
                        ipt_build_rule(b, &class, &d->rules[k], &rule_chains[k]);
        }
        b->counts = true;
        if (c->managed & c->masks[i])
                ipt_build_default(b, class.chain, c->audited & c->masks[i]);
}

/*
 * -m conntrack --ctdir ORIGINAL --ctorigdstport 25 -g P25-IN-25
 * -p tcp --dport 25 -m conntrack --ctstate … --ctdir REPLY -g P25-IN-25
 * A connection's port is the one that was dialled; a packet without a connection, or of the reply
 * direction of one, has its own.
 */
static size_t build_dispatch(IptBuild *b, const PortClasses *c, const size_t *class_chains)
{
        size_t chain = ipt_build_chain(b, "P25-%s-PORTS", ipt_build_direction_name(b->direction));

        for (size_t i = 0; i < c->ports->n; i++) {
                IptStatement port = { .kind = IPT_DIALLED_PORT, .first = c->ports->items[i] };
                size_t target = class_chains[port_classes_of(c, i)];

                ipt_build_add(b, &port);
                ipt_build_goto(b, chain, target);
                port.kind = IPT_PORT;
                ipt_build_add(b, &port);
                ipt_build_kind(b, IPT_OWN, false);
                ipt_build_goto(b, chain, target);
        }
        return chain;
}

static void build_counters(IptBuild *b, const RulesetDirection *d)
{
        ipt_build_counter(b, DEFAULT_COUNTER_ID(b->direction));
        for (size_t i = 0; i < d->n && b->error == 0; i++) {
                ipt_build_origin(b, d->rules[i].rule);
                ipt_build_counter(b, d->rules[i].rule->id);
                ipt_build_check_rule(b, &d->rules[i]);
        }
}

/* As many users as can be counted apart by each rule and the default. */
static size_t users_counted(const IptBuild *b, const RulesetDirection *d)
{
        size_t n = IPT_COUNTED_USERS_MAX / (d->n + 2);

        if (b->direction != DIRECTION_OUT || b->ruleset->attribution == ATTRIBUTION_OFF)
                return 0;
        return n < b->ruleset->accounts.n ? n : b->ruleset->accounts.n;
}

/* The chain that judges the direction's ports. */
static size_t build_direction(IptBuild *b, Direction direction)
{
        const RulesetDirection *d = &b->ruleset->directions[direction];
        _cleanup_(port_classes_deinit) PortClasses c = { 0 };
        _cleanup_free_ size_t *rule_chains = NULL;
        size_t class_chains[PORTS_MAX], r = IPT_NO_CHAIN;

        b->direction = direction;
        b->defaults[0] = b->defaults[1] = IPT_NO_CHAIN;
        b->n_users = users_counted(b, d);
        build_counters(b, d);
        if (d->watched.n == 0 || b->error < 0)
                return IPT_NO_CHAIN;
        rule_chains = calloc(d->n + 1, sizeof(size_t));
        if (!rule_chains || port_classes_find(d, &c) < 0) {
                ipt_build_fail(b, -ENOMEM);
                return IPT_NO_CHAIN;
        }
        for (size_t i = 0; i < d->n; i++)
                rule_chains[i] = IPT_NO_CHAIN;
        for (size_t i = 0; i < c.n; i++)
                class_chains[i] = ipt_build_chain(b, "P25-%s-%u",
                        ipt_build_direction_name(direction), port_classes_port(&c, i));
        r = build_dispatch(b, &c, class_chains);
        for (size_t i = 0; i < c.n && b->error == 0; i++)
                build_class(b, &c, i, class_chains[i], rule_chains);
        return r;
}

/* ---- hooks ---- */

static const char *const hook_names[] = {
        [IPT_HOOK_INPUT] = "INPUT",
        [IPT_HOOK_FORWARD] = "FORWARD",
        [IPT_HOOK_OUTPUT] = "OUTPUT",
};

const char *ipt_hook_to_string(IptHook h)
{
        return hook_names[h];
}

/* The one entry that all packets meet; -p tcp --tcp-flags SYN,ACK SYN … -j P25-IN */
static void build_jump(IptBuild *b, IptHook h, const char *not_lo_name, size_t target)
{
        static const struct {
                IptStatementKind not_lo;
                bool syn;
        } hooks[] = {
                [IPT_HOOK_INPUT] = { IPT_IN_INTERFACE, true },
                [IPT_HOOK_FORWARD] = { _IPT_STATEMENT_MAX, false },
                [IPT_HOOK_OUTPUT] = { IPT_OUT_INTERFACE, true },
        };
        bool syn = hooks[h].syn && !b->options->cut_local;

        if (hooks[h].not_lo != _IPT_STATEMENT_MAX)
                ipt_build_add(b,
                        &(IptStatement){
                                .kind = hooks[h].not_lo, .not = true, .interface = not_lo_name });
        ipt_build_kind(b, syn ? IPT_SYN : IPT_TCP, false);
        ipt_build_add(b, &(IptStatement){ .kind = IPT_COMMENT, .comment = IPT_COMMENT_MARK });
        ipt_build_add(b, &(IptStatement){ .kind = IPT_JUMP, .chain = target });
        ipt_build_end(b, h);
}

/* -p tcp -m multiport ! --dports 25 -m conntrack --ctstate … ! --ctorigdstport 25 -j RETURN
 * Out with what neither goes to a mail port nor dialled one. The comment marks the chain as p25's.
 */
static void build_sort(IptBuild *b, size_t chain, IptHook h)
{
        const Ports *ports = &b->table->watched[h];

        ipt_build_add(b, &(IptStatement){ .kind = IPT_PORTS, .not = true, .ports = ports });
        ipt_build_add(b, &(IptStatement){ .kind = IPT_NOT_DIALLED, .ports = ports });
        ipt_build_add(b, &(IptStatement){ .kind = IPT_COMMENT, .comment = IPT_COMMENT_MARK });
        ipt_build_verdict(b, chain, IPT_VERDICT_RETURN);
}

/* -p tcp --tcp-flags SYN,RST RST -j RETURN
 * -m connlabel --label 126 -j REJECT --reject-with tcp-reset
 * A reset by one end is news for the other; that of p25 itself belongs to the connection too, and
 * passes OUTPUT, and INPUT if it is for us. */
static void build_cut(IptBuild *b, size_t chain)
{
        ipt_build_kind(b, IPT_RST, false);
        ipt_build_verdict(b, chain, IPT_VERDICT_RETURN);
        ipt_build_add(b, &(IptStatement){ .kind = IPT_LABEL, .first = IPT_LABEL_CUT });
        ipt_build_verdict(b, chain, IPT_VERDICT_RESET);
}

static void build_cut_local(IptBuild *b, size_t chain)
{
        if (!b->options->cut_local)
                return;
        build_cut(b, chain);
        ipt_build_kind(b, IPT_SYN, true);
        ipt_build_verdict(b, chain, IPT_VERDICT_RETURN);
}

/* To `target` what dialled an address of this host and was translated since; the rest goes on. */
static void build_translated(
        IptBuild *b, size_t chain, size_t target, size_t next, const char *name)
{
        IptTable *t = b->table;

        if (target == IPT_NO_CHAIN)
                return;
        ipt_build_kind(b, IPT_TRANSLATED, false);
        if (!b->options->locals) {
                ipt_build_goto(b, chain, target);
                return;
        }
        t->locals[t->n_locals].chain = ipt_build_chain(b, "%s", name);
        t->locals[t->n_locals].target = target;
        t->locals[t->n_locals].next = next;
        ipt_build_goto(b, chain, t->locals[t->n_locals++].chain);
}

static void build_locals(IptBuild *b, const PrefixList *l)
{
        static const IptAddressTest test = { IPT_DIALLED_ADDRESS, true };
        IptTable *t = b->table;

        for (size_t i = 0; i < t->n_locals; i++) {
                struct IptLocal local = t->locals[i];
                char name[IPT_CHAIN_NAME_MAX];
                size_t n_names = 0;

                memcpy(name, t->chains[local.chain].name, sizeof(name));
                ipt_build_tree(b, local.chain, l, test,
                        &(IptWay){ local.target, local.next, name, &n_names });
                if (local.next != IPT_NO_CHAIN)
                        ipt_build_goto(b, local.chain, local.next);
        }
}

/* -m physdev --physdev-is-bridged -j RETURN, where frames of bridges pass here at all: to ask for
 * it without need would make the kernel send them here. The rest goes on. */
static void build_bridged(IptBuild *b, bool bridges)
{
        IptTable *t = b->table;

        if (t->bridged == IPT_NO_CHAIN)
                return;
        if (bridges) {
                ipt_build_kind(b, IPT_BRIDGED, false);
                ipt_build_verdict(b, t->bridged, IPT_VERDICT_RETURN);
        }
        ipt_build_goto(b, t->bridged, t->behind_bridged);
}

static void chain_empty(IptChain *c)
{
        free(TAKE_PTR(c->entries));
        c->n = 0;
}

static void forget_host(IptTable *t)
{
        for (size_t i = 0; i < t->n_locals; i++)
                chain_empty(&t->chains[t->locals[i].chain]);
        if (t->bridged != IPT_NO_CHAIN)
                chain_empty(&t->chains[t->bridged]);
        for (size_t i = t->n_fixed; i < t->n_chains; i++)
                free(t->chains[i].entries);
        t->n_chains = t->n_fixed;
        t->n_statements = t->n_fixed_statements;
}

static int build_host(IptTable *t, const PrefixList *locals, bool bridges)
{
        IptBuild b = { .table = t };

        forget_host(t);
        b.first = t->n_statements;
        build_locals(&b, locals);
        build_bridged(&b, bridges);
        return b.error;
}

int ipt_table_set_host(IptTable *t, const RangeSet *locals, bool bridges)
{
        _cleanup_(prefix_list_deinit) PrefixList l = { 0 };
        int r = 0;

        if (locals && t->n_locals > 0)
                r = prefix_list_fill(locals, t->family, &l);
        if (r < 0)
                return r;
        r = build_host(t, &l, bridges);
        if (r < 0)
                (void)build_host(t, &(PrefixList){ 0 }, false);
        return r;
}

/*
 * -m conntrack --ctstate DNAT --ctdir ORIGINAL -g P25-IN-DNAT
 * -m socket --transparent --nowildcard -g P25-FWD-PORTS     (taken by TPROXY)
 * -g P25-IN-PORTS
 * What arrives here is the host's, whatever its address. What dialled another host's address and
 * was redirected is routed, like what TPROXY took: it has a mark, for nothing else brings it here,
 * and a socket that takes foreign addresses.
 */
static void build_input(IptBuild *b, size_t in, size_t routed)
{
        size_t chain = ipt_build_chain(b, "P25-IN");

        build_jump(b, IPT_HOOK_INPUT, "lo", chain);
        build_sort(b, chain, IPT_HOOK_INPUT);
        build_cut_local(b, chain);
        if (in == IPT_NO_CHAIN && routed == IPT_NO_CHAIN)
                return;
        build_translated(b, chain, in, routed, "P25-IN-DNAT");
        if (routed != IPT_NO_CHAIN) {
                ipt_build_kind(b, IPT_MARKED, false);
                ipt_build_kind(b, IPT_TRANSPARENT, false);
                ipt_build_goto(b, chain, routed);
        }
        if (in != IPT_NO_CHAIN)
                ipt_build_goto(b, chain, in);
}

/* -m conntrack --ctstate DNAT --ctdir ORIGINAL -g P25-FWD-DNAT
 * -g P25-FWD-BRIDGE
 * A bridge passes from port to port what dialled the host and was translated to a neighbour. */
static void build_forward(IptBuild *b, size_t in, size_t routed)
{
        size_t chain = ipt_build_chain(b, "P25-FWD");

        build_jump(b, IPT_HOOK_FORWARD, NULL, chain);
        build_sort(b, chain, IPT_HOOK_FORWARD);
        if (b->options->cut)
                build_cut(b, chain);
        ipt_build_kind(b, IPT_SYN, true);
        ipt_build_verdict(b, chain, IPT_VERDICT_RETURN);
        if (routed != IPT_NO_CHAIN) {
                b->table->bridged = ipt_build_chain(b, "P25-FWD-BRIDGE");
                b->table->behind_bridged = routed;
        }
        build_translated(b, chain, in, b->table->bridged, "P25-FWD-DNAT");
        if (routed != IPT_NO_CHAIN)
                ipt_build_goto(b, chain, b->table->bridged);
}

static void build_output(IptBuild *b, size_t out)
{
        size_t chain = ipt_build_chain(b, "P25-OUT");

        build_jump(b, IPT_HOOK_OUTPUT, "lo", chain);
        build_sort(b, chain, IPT_HOOK_OUTPUT);
        build_cut_local(b, chain);
        if (out != IPT_NO_CHAIN)
                ipt_build_goto(b, chain, out);
}

static void add_ports(Ports *ports, const Ports *more)
{
        for (size_t i = 0; i < more->n; i++)
                ports_add(ports, more->items[i]);
}

/* With cut_local answers to what was dialled here come in by INPUT, and ours leave by OUTPUT. */
static void find_watched(IptBuild *b)
{
        const RulesetDirection *d = b->ruleset->directions;
        Ports *watched = b->table->watched;

        watched[IPT_HOOK_INPUT] = d[DIRECTION_IN].watched;
        add_ports(&watched[IPT_HOOK_INPUT], &d[DIRECTION_ROUTED].watched);
        watched[IPT_HOOK_FORWARD] = watched[IPT_HOOK_INPUT];
        watched[IPT_HOOK_OUTPUT] = d[DIRECTION_OUT].watched;
        if (!b->options->cut_local)
                return;
        add_ports(&watched[IPT_HOOK_INPUT], &watched[IPT_HOOK_OUTPUT]);
        watched[IPT_HOOK_OUTPUT] = watched[IPT_HOOK_INPUT];
}

static void build_all(IptBuild *b)
{
        const Ports *watched = b->table->watched;
        size_t in, out, routed;

        find_watched(b);
        for (IptHook h = 0; h < _IPT_HOOK_MAX; h++)
                ipt_build_chain(b, "%s", hook_names[h]);
        in = build_direction(b, DIRECTION_IN);
        out = build_direction(b, DIRECTION_OUT);
        routed = build_direction(b, DIRECTION_ROUTED);
        if (watched[IPT_HOOK_INPUT].n > 0)
                build_input(b, in, routed);
        if (watched[IPT_HOOK_FORWARD].n > 0)
                build_forward(b, in, routed);
        if (watched[IPT_HOOK_OUTPUT].n > 0)
                build_output(b, out);
}

/* Several rules may count under one id. */
static void sort_counters(IptTable *t)
{
        size_t n = 0;

        if (t->n_counters > 0)
                qsort(t->counters, t->n_counters, sizeof(*t->counters), number_compare);
        for (size_t i = 0; i < t->n_counters; i++)
                if (n == 0 || t->counters[n - 1] != t->counters[i])
                        t->counters[n++] = t->counters[i];
        t->n_counters = n;
}

int ipt_table_new(const Ruleset *r, const IptOptions *o, Diagnostics *d, IptTable **ret)
{
        _cleanup_(ipt_table_free_p) IptTable *t = calloc(1, sizeof(IptTable));
        IptBuild b = { .table = t, .ruleset = r, .options = o, .diagnostics = d };

        if (!t)
                return -ENOMEM;
        t->family = o->family;
        t->bridged = IPT_NO_CHAIN;
        build_all(&b);
        sort_counters(t);
        t->n_fixed = t->n_chains;
        t->n_fixed_statements = t->n_statements;
        if (b.error == 0)
                b.error = ipt_table_set_host(t, o->locals, o->bridges);
        if (b.error < 0)
                return b.error;
        *ret = TAKE_PTR(t);
        return 0;
}
