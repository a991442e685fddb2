/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Ruleset to chains: the jumps from the built-in chains, the sorting of packets by direction and
 * port. What one rule becomes is in ipt_rule.c, what a long list becomes in ipt_tree.c.
 */

#include "rules/iptables/build.h"
#include "rules/ruleset/port_classes.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

IptTable *ipt_table_free(IptTable *t)
{
        if (!t)
                return NULL;
        for (size_t i = 0; i < t->n_chains; i++)
                free(t->chains[i].entries);
        for (size_t i = 0; i < t->n_sets; i++) {
                range_set_unref(t->sets[i].ranges);
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

/* ---- pieces ---- */

void ipt_build_fail(IptBuild *b, int error)
{
        if (b->error == 0)
                b->error = error;
}

void ipt_build_add(IptBuild *b, const IptStatement *s)
{
        IptTable *t = b->table;

        if (b->error < 0)
                return;
        if (array_grow(&t->statements, t->n_statements, sizeof(IptStatement)) < 0) {
                ipt_build_fail(b, -ENOMEM);
                return;
        }
        t->statements[t->n_statements++] = *s;
}

void ipt_build_kind(IptBuild *b, IptStatementKind kind, bool not )
{
        ipt_build_add(b, &(IptStatement){ .kind = kind, .not = not });
}

void ipt_build_end(IptBuild *b, size_t chain)
{
        IptTable *t = b->table;
        IptChain *c;

        if (b->error < 0)
                return;
        c = &t->chains[chain];
        if (array_grow(&c->entries, c->n, sizeof(IptEntry)) < 0) {
                ipt_build_fail(b, -ENOMEM);
                return;
        }
        c->entries[c->n++] = (IptEntry){ .first = b->first, .n = t->n_statements - b->first };
        b->first = t->n_statements;
}

void ipt_build_goto(IptBuild *b, size_t chain, size_t target)
{
        ipt_build_add(b, &(IptStatement){ .kind = IPT_GOTO, .chain = target });
        ipt_build_end(b, chain);
}

void ipt_build_verdict(IptBuild *b, size_t chain, IptStatementKind verdict)
{
        ipt_build_kind(b, verdict, false);
        ipt_build_end(b, chain);
}

size_t ipt_build_chain(IptBuild *b, const char *format, ...)
{
        IptTable *t = b->table;
        IptChain c = { 0 };
        va_list ap;
        int n;

        if (b->error < 0)
                return IPT_NO_CHAIN;
        va_start(ap, format);
        n = vsnprintf(c.name, sizeof(c.name), format, ap);
        va_end(ap);
        if (n < 0 || (size_t)n >= sizeof(c.name))
                ipt_build_fail(b, -E2BIG);
        else if (array_grow(&t->chains, t->n_chains, sizeof(IptChain)) < 0)
                ipt_build_fail(b, -ENOMEM);
        if (b->error < 0)
                return IPT_NO_CHAIN;
        t->chains[t->n_chains] = c;
        return t->n_chains++;
}

static void build_counter(IptBuild *b, uint64_t id)
{
        IptTable *t = b->table;

        if (array_grow(&t->counters, t->n_counters, sizeof(uint64_t)) < 0)
                ipt_build_fail(b, -ENOMEM);
        else
                t->counters[t->n_counters++] = id;
}

static void build_origin(IptBuild *b, Rule *rule)
{
        IptTable *t = b->table;

        if (array_grow(&t->origins, t->n_origins, sizeof(Rule *)) < 0)
                ipt_build_fail(b, -ENOMEM);
        else
                t->origins[t->n_origins++] = rule_ref(rule);
}

/* ---- directions ---- */

static const char *const direction_names[] = {
        [DIRECTION_IN] = "IN",
        [DIRECTION_OUT] = "OUT",
        [DIRECTION_ROUTED] = "FWD",
};

const char *ipt_build_direction_name(Direction d)
{
        return direction_names[d];
}

static void build_class(
        IptBuild *b, const PortClasses *c, size_t i, size_t chain, size_t *rule_chains)
{
        const RulesetDirection *d = &b->ruleset->directions[b->direction];
        IptClass class = { .port = port_classes_port(c, i), .chain = chain };

        for (size_t k = 0; k < d->n && b->error == 0; k++)
                if (c->rules[k] & c->masks[i])
                        ipt_build_rule(b, &class, &d->rules[k], &rule_chains[k]);
        if (c->managed & c->masks[i])
                ipt_build_default(b, &class);
}

/* -m conntrack --ctorigdstport 25 -g P25-IN-25, and by the packet's port where conntrack has no
 * entry */
static size_t build_dispatch(IptBuild *b, const PortClasses *c, const size_t *class_chains)
{
        size_t chain = ipt_build_chain(b, "P25-%s-PORTS", direction_names[b->direction]);

        for (size_t i = 0; i < c->ports->n; i++) {
                IptStatement port = { .kind = IPT_DIALLED_PORT, .first = c->ports->items[i] };
                size_t target = class_chains[port_classes_of(c, i)];

                ipt_build_add(b, &port);
                ipt_build_goto(b, chain, target);
                port.kind = IPT_PORT;
                ipt_build_add(b, &port);
                ipt_build_kind(b, IPT_UNTRACKED, false);
                ipt_build_goto(b, chain, target);
        }
        return chain;
}

/* The chain that judges the direction's ports; `looked_at`: what may arrive there. */
static size_t build_direction(IptBuild *b, Direction direction, const Ports *looked_at)
{
        const RulesetDirection *d = &b->ruleset->directions[direction];
        _cleanup_(port_classes_deinit) PortClasses c = { 0 };
        _cleanup_free_ size_t *rule_chains = NULL;
        size_t class_chains[PORTS_MAX], r = IPT_NO_CHAIN;

        b->direction = direction;
        build_counter(b, DEFAULT_COUNTER_ID(direction));
        for (size_t i = 0; i < d->n && b->error == 0; i++) {
                build_origin(b, d->rules[i].rule);
                build_counter(b, d->rules[i].rule->id);
                ipt_build_check_rule(b, &d->rules[i]);
        }
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
                class_chains[i] = ipt_build_chain(
                        b, "P25-%s-%u", direction_names[direction], port_classes_port(&c, i));
        r = c.n == 1 && ports_equal(looked_at, &d->watched) ? class_chains[0]
                                                            : build_dispatch(b, &c, class_chains);
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
        ipt_build_add(
                b, &(IptStatement){ .kind = IPT_ANY_DIALLED, .ports = &b->table->watched[h] });
        ipt_build_add(b, &(IptStatement){ .kind = IPT_COMMENT, .comment = IPT_COMMENT_MARK });
        ipt_build_add(b, &(IptStatement){ .kind = IPT_JUMP, .chain = target });
        ipt_build_end(b, h);
}

/* Untracked packets have all passed the jump: out with those to other ports. The comment tells
 * that the chain is p25's. */
static void build_sort_untracked(IptBuild *b, size_t chain, const Ports *ports)
{
        if (ports->n > 0)
                ipt_build_add(b, &(IptStatement){ .kind = IPT_PORTS, .not = true, .ports = ports });
        ipt_build_kind(b, IPT_UNTRACKED, false);
        ipt_build_add(b, &(IptStatement){ .kind = IPT_COMMENT, .comment = IPT_COMMENT_MARK });
        ipt_build_verdict(b, chain, IPT_VERDICT_RETURN);
}

/* -m connlabel --label 126 -j REJECT --reject-with tcp-reset */
static void build_cut(IptBuild *b, size_t chain)
{
        ipt_build_add(b, &(IptStatement){ .kind = IPT_LABEL, .first = IPT_LABEL_CUT });
        ipt_build_verdict(b, chain, IPT_VERDICT_RESET);
}

/* The reset itself belongs to the connection and passes OUTPUT, and INPUT if it is for us. */
static void build_cut_local(IptBuild *b, size_t chain)
{
        if (!b->options->cut_local)
                return;
        ipt_build_kind(b, IPT_RST, false);
        ipt_build_verdict(b, chain, IPT_VERDICT_RETURN);
        build_cut(b, chain);
        ipt_build_kind(b, IPT_SYN, true);
        ipt_build_verdict(b, chain, IPT_VERDICT_RETURN);
}

/* To `target` what dialled an address of this host and was translated since; the rest goes on. */
static void build_translated(
        IptBuild *b, size_t chain, size_t target, size_t next, const char *name)
{
        IptTable *t = b->table;

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

        b->first = t->n_statements;
        for (size_t i = 0; i < t->n_locals; i++) {
                struct IptLocal local = t->locals[i];
                char name[IPT_CHAIN_NAME_MAX];
                size_t n_names = 0;

                memcpy(name, t->chains[local.chain].name, sizeof(name));
                ipt_build_tree(b, local.chain, l->items, l->n, test, local.target, local.next, name,
                        &n_names);
                if (local.next != IPT_NO_CHAIN)
                        ipt_build_goto(b, local.chain, local.next);
        }
}

static void forget_locals(IptTable *t)
{
        for (size_t i = 0; i < t->n_locals; i++) {
                IptChain *c = &t->chains[t->locals[i].chain];

                free(TAKE_PTR(c->entries));
                c->n = 0;
        }
        for (size_t i = t->n_fixed; i < t->n_chains; i++)
                free(t->chains[i].entries);
        t->n_chains = t->n_fixed;
        t->n_statements = t->n_fixed_statements;
}

int ipt_table_set_locals(IptTable *t, const RangeSet *locals)
{
        _cleanup_(prefix_list_deinit) PrefixList l = { 0 };
        IptBuild b = { .table = t };
        int r;

        if (t->n_locals == 0)
                return 0;
        r = prefix_list_fill(locals, t->family, &l);
        if (r < 0)
                return r;
        forget_locals(t);
        build_locals(&b, &l);
        if (b.error < 0) {
                forget_locals(t);
                build_locals(&b, &(PrefixList){ 0 });
        }
        return b.error;
}

static void build_input(IptBuild *b, size_t in)
{
        size_t chain = ipt_build_chain(b, "P25-IN");

        build_jump(b, IPT_HOOK_INPUT, "lo", chain);
        build_sort_untracked(b, chain, &b->table->watched[IPT_HOOK_INPUT]);
        build_cut_local(b, chain);
        if (in == IPT_NO_CHAIN)
                return;
        ipt_build_kind(b, IPT_TRANSLATED, true);
        ipt_build_kind(b, IPT_TO_LOCAL, false);
        ipt_build_goto(b, chain, in);
        build_translated(b, chain, in, IPT_NO_CHAIN, "P25-IN-DNAT");
}

static void build_forward(IptBuild *b, size_t in, size_t routed)
{
        size_t chain = ipt_build_chain(b, "P25-FWD");

        build_jump(b, IPT_HOOK_FORWARD, NULL, chain);
        build_sort_untracked(b, chain, &b->table->routed);
        if (b->options->cut)
                build_cut(b, chain);
        ipt_build_kind(b, IPT_SYN, true);
        ipt_build_verdict(b, chain, IPT_VERDICT_RETURN);
        if (in != IPT_NO_CHAIN)
                build_translated(b, chain, in, routed, "P25-FWD-DNAT");
        if (routed != IPT_NO_CHAIN)
                ipt_build_goto(b, chain, routed);
}

static void build_output(IptBuild *b, size_t out)
{
        size_t chain = ipt_build_chain(b, "P25-OUT");

        build_jump(b, IPT_HOOK_OUTPUT, "lo", chain);
        build_sort_untracked(b, chain, &b->table->watched[IPT_HOOK_OUTPUT]);
        build_cut_local(b, chain);
        if (out != IPT_NO_CHAIN)
                ipt_build_goto(b, chain, out);
}

static void add_ports(Ports *ports, const Ports *more)
{
        for (size_t i = 0; i < more->n; i++)
                ports_add(ports, more->items[i]);
}

/* Answers to what was dialled here come in by INPUT, and ours leave by OUTPUT. */
static void watch_both_ways(IptTable *t)
{
        add_ports(&t->watched[IPT_HOOK_INPUT], &t->watched[IPT_HOOK_OUTPUT]);
        t->watched[IPT_HOOK_OUTPUT] = t->watched[IPT_HOOK_INPUT];
}

static void build_all(IptBuild *b)
{
        bool cut_local = b->options->cut_local;
        const RulesetDirection *d = b->ruleset->directions;
        IptTable *t = b->table;
        size_t in, out, routed;
        Ports entering;

        t->watched[IPT_HOOK_INPUT] = t->watched[IPT_HOOK_FORWARD] = d[DIRECTION_IN].watched;
        t->watched[IPT_HOOK_OUTPUT] = d[DIRECTION_OUT].watched;
        t->routed = d[DIRECTION_ROUTED].watched;
        add_ports(&t->watched[IPT_HOOK_FORWARD], &t->routed);
        if (cut_local)
                watch_both_ways(t);
        for (IptHook h = 0; h < _IPT_HOOK_MAX; h++)
                ipt_build_chain(b, "%s", hook_names[h]);
        entering = t->watched[IPT_HOOK_FORWARD];
        add_ports(&entering, &t->watched[IPT_HOOK_INPUT]);
        in = build_direction(b, DIRECTION_IN, &entering);
        out = build_direction(b, DIRECTION_OUT, &t->watched[IPT_HOOK_OUTPUT]);
        routed = build_direction(b, DIRECTION_ROUTED, &t->watched[IPT_HOOK_FORWARD]);
        if (in != IPT_NO_CHAIN || (cut_local && out != IPT_NO_CHAIN))
                build_input(b, in);
        if (in != IPT_NO_CHAIN || routed != IPT_NO_CHAIN)
                build_forward(b, in, routed);
        if (out != IPT_NO_CHAIN || (cut_local && in != IPT_NO_CHAIN))
                build_output(b, out);
}

int ipt_table_new(const Ruleset *r, const IptOptions *o, Diagnostics *d, IptTable **ret)
{
        _cleanup_(ipt_table_free_p) IptTable *t = calloc(1, sizeof(IptTable));
        IptBuild b = { .table = t, .ruleset = r, .options = o, .diagnostics = d };

        if (!t)
                return -ENOMEM;
        t->family = o->family;
        build_all(&b);
        t->n_fixed = t->n_chains;
        t->n_fixed_statements = t->n_statements;
        if (b.error == 0 && o->locals)
                b.error = ipt_table_set_locals(t, o->locals);
        if (b.error < 0)
                return b.error;
        *ret = TAKE_PTR(t);
        return 0;
}

/* ---- names ---- */

const char *ipt_comment_format(uint64_t id, char buffer[static IPT_COMMENT_TEXT_MAX])
{
        if (id == IPT_COMMENT_MARK)
                return "p25";
        if (id >= DEFAULT_COUNTER_ID(0))
                snprintf(buffer, IPT_COMMENT_TEXT_MAX, "p25:default-%s",
                        direction_to_string((Direction)(id - DEFAULT_COUNTER_ID(0))));
        else
                snprintf(buffer, IPT_COMMENT_TEXT_MAX, "p25:%llu", (unsigned long long)id);
        return buffer;
}

bool ipt_comment_parse(const char *text, uint64_t *ret_id)
{
        char *end;

        if (streq(text, "p25")) {
                *ret_id = IPT_COMMENT_MARK;
                return true;
        }
        for (Direction d = 0; d < _DIRECTION_MAX; d++) {
                char buffer[IPT_COMMENT_TEXT_MAX];

                if (streq(text, ipt_comment_format(DEFAULT_COUNTER_ID(d), buffer))) {
                        *ret_id = DEFAULT_COUNTER_ID(d);
                        return true;
                }
        }
        if (strncmp(text, "p25:", 4) != 0 || text[4] < '1' || text[4] > '9' || strlen(text) > 23)
                return false;
        *ret_id = strtoull(text + 4, &end, 10);
        return *end == '\0';
}
