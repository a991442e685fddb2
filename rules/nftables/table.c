/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Ruleset to table: the base chains, a chain for each class of ports, the order of rules in them.
 * What one rule of the policy becomes is in nft_rule.c, what a list of addresses in nft_sets.c.
 */

#include "rules/nftables/build.h"
#include "rules/ruleset/port_classes.h"

#include <errno.h>

NftTable *nft_table_free(NftTable *t)
{
        if (!t)
                return NULL;
        for (size_t i = 0; i < t->n_sets; i++) {
                range_set_unref(t->sets[i].ranges);
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

/* ---- pieces ---- */

int build_statement(NftBuild *b, const NftStatement *s)
{
        NftTable *t = b->table;
        int r = array_grow(&t->statements, t->n_statements, sizeof(NftStatement));

        if (r < 0)
                return r;
        t->statements[t->n_statements++] = *s;
        return 0;
}

int build_simple(NftBuild *b, NftStatementKind kind, uint32_t number)
{
        return build_statement(b, &(NftStatement){ .kind = kind, .number = number });
}

int build_set_statement(NftBuild *b, NftStatementKind kind, const NftSetKey *key)
{
        return build_statement(b, &(NftStatement){ .kind = kind, .set = *key });
}

int build_chain_statement(NftBuild *b, NftStatementKind kind, const NftChainKey *key)
{
        return build_statement(b, &(NftStatement){ .kind = kind, .chain = *key });
}

static int rules_append(NftRule **rules, size_t *n, const NftRule *rule)
{
        int r = array_grow(rules, *n, sizeof(NftRule));

        if (r < 0)
                return r;
        (*rules)[(*n)++] = *rule;
        return 0;
}

int build_rule(NftBuild *b, size_t first, const Rule *origin)
{
        NftRule rule = { .first = first, .n = b->table->n_statements - first, .origin = origin };

        return rules_append(&b->rules, &b->n_rules, &rule);
}

int build_last_chain_rule(NftBuild *b, size_t first, const Rule *origin)
{
        NftRule rule = { .first = first, .n = b->table->n_statements - first, .origin = origin };
        NftChain *c = &b->table->chains[b->table->n_chains - 1];

        return rules_append(&c->rules, &c->n, &rule);
}

int build_chain(NftBuild *b, const NftChainKey *key)
{
        NftTable *t = b->table;
        int r = array_grow(&t->chains, t->n_chains, sizeof(NftChain));

        if (r < 0)
                return r;
        t->chains[t->n_chains++] = (NftChain){ .key = *key };
        return 0;
}

static int build_origin(NftBuild *b, Rule *rule)
{
        NftTable *t = b->table;
        int r = array_grow(&t->origins, t->n_origins, sizeof(Rule *));

        if (r < 0)
                return r;
        t->origins[t->n_origins++] = rule_ref(rule);
        return 0;
}

static int build_counter(NftBuild *b, uint64_t id)
{
        NftTable *t = b->table;
        int r = array_grow(&t->counters, t->n_counters, sizeof(uint64_t));

        if (r < 0)
                return r;
        t->counters[t->n_counters++] = id;
        return 0;
}

/* ---- base chains ---- */

/* What prerouting and forward look at: incoming and routed alike. */
static void entering_ports(const Ruleset *r, Ports *ret)
{
        const Ports *routed = &r->directions[DIRECTION_ROUTED].watched;

        *ret = r->directions[DIRECTION_IN].watched;
        for (size_t i = 0; i < routed->n; i++)
                ports_add(ret, routed->items[i]);
}

/* One port is compared, several are a set. */
static int build_ports(NftBuild *b, const Ports *ports, Direction d, bool dialled)
{
        NftSetKey key = { .kind = SET_PORTS, .level = (uint32_t)d };

        if (ports->n == 1)
                return build_simple(
                        b, dialled ? STATEMENT_DIALLED_PORT : STATEMENT_PORT, ports->items[0]);
        return build_set_statement(b, dialled ? STATEMENT_DIALLED_PORTS : STATEMENT_PORTS, &key);
}

static int build_ports_set(NftBuild *b, const Ports *ports, Direction d)
{
        NftSetKey key = { .kind = SET_PORTS, .level = (uint32_t)d };
        uint64_t values[PORTS_MAX];

        if (ports->n <= 1)
                return 0;
        for (size_t i = 0; i < ports->n; i++)
                values[i] = ports->items[i];
        return build_values_set(b, &key, values, ports->n, NULL);
}

/* meta l4proto tcp tcp dport … tcp flags & (syn | ack) == syn iif != 1 jump opened */
static int build_syn_hook(NftBuild *b, NftChainKind base, const Ports *ports, Direction d,
        NftStatementKind not_lo, const NftChainKey *target)
{
        size_t first;
        int r;

        r = build_chain(b, &(NftChainKey){ .kind = base });
        if (r < 0 || ports->n == 0)
                return r;
        first = b->table->n_statements;
        r = build_simple(b, STATEMENT_TCP, 0);
        if (r >= 0)
                r = build_ports(b, ports, d, false);
        if (r >= 0)
                r = build_simple(b, STATEMENT_SYN, 0);
        if (r >= 0)
                r = build_simple(b, not_lo, 0);
        if (r >= 0)
                r = build_chain_statement(b, STATEMENT_GOTO, target);
        return r < 0 ? r : build_last_chain_rule(b, first, NULL);
}

/* meta l4proto tcp ct original proto-dst … goto forwarded */
static int build_forward(NftBuild *b, const Ports *ports)
{
        static const NftChainKey forwarded = { .kind = CHAIN_FORWARDED };
        size_t first;
        int r;

        r = build_chain(b, &(NftChainKey){ .kind = CHAIN_FORWARD });
        if (r < 0 || ports->n == 0)
                return r;
        first = b->table->n_statements;
        r = build_simple(b, STATEMENT_TCP, 0);
        if (r >= 0)
                r = build_ports(b, ports, DIRECTION_IN, true);
        if (r >= 0)
                r = build_chain_statement(b, STATEMENT_GOTO, &forwarded);
        return r < 0 ? r : build_last_chain_rule(b, first, NULL);
}

/* fib daddr type local ct label set 125 goto in */
static int build_to_host(NftBuild *b, uint32_t address_type)
{
        static const NftChainKey in = { .kind = CHAIN_DIRECTION, .direction = DIRECTION_IN };
        size_t first = b->table->n_statements;
        int r = build_simple(b, STATEMENT_ADDRESS_TYPE, address_type);

        if (r >= 0)
                r = build_simple(b, STATEMENT_SET_LABEL, NFT_LABEL_INCOMING);
        if (r >= 0)
                r = build_chain_statement(b, STATEMENT_GOTO, &in);
        return r < 0 ? r : build_last_chain_rule(b, first, NULL);
}

/* Where a whole IPv6 prefix is routed to the host itself, the routing table calls its first address
 * an anycast, and the host answers there too. Then: ct state invalid,untracked goto untracked */
static int build_opened(NftBuild *b)
{
        static const NftChainKey opened = { .kind = CHAIN_OPENED };
        static const NftChainKey untracked = { .kind = CHAIN_UNTRACKED };
        size_t first;
        int r;

        r = build_chain(b, &opened);
        if (r >= 0)
                r = build_to_host(b, NFT_ADDRESS_LOCAL);
        if (r >= 0)
                r = build_to_host(b, NFT_ADDRESS_ANYCAST);
        if (r < 0)
                return r;
        first = b->table->n_statements;
        r = build_simple(b, STATEMENT_NO_CONNTRACK, 0);
        if (r >= 0)
                r = build_chain_statement(b, STATEMENT_GOTO, &untracked);
        return r < 0 ? r : build_last_chain_rule(b, first, NULL);
}

/* ct label 126 reject with tcp reset; ct label 125 accept; tcp flags … goto routed */
static int build_forwarded(NftBuild *b)
{
        static const NftChainKey forwarded = { .kind = CHAIN_FORWARDED };
        static const NftChainKey routed = { .kind = CHAIN_DIRECTION,
                .direction = DIRECTION_ROUTED };
        static const struct {
                NftStatementKind kind;
                uint32_t number;
                bool ends;
        } lines[] = {
                { STATEMENT_LABEL, NFT_LABEL_CUT, false },
                { STATEMENT_TCP, 0, false },
                { STATEMENT_RESET, 0, true },
                { STATEMENT_LABEL, NFT_LABEL_INCOMING, false },
                { STATEMENT_ACCEPT, 0, true },
                { STATEMENT_TCP, 0, false },
                { STATEMENT_SYN, 0, false },
        };
        size_t first = b->table->n_statements;
        int r;

        r = build_chain(b, &forwarded);
        for (size_t i = 0; i < ELEMENTS(lines) && r >= 0; i++) {
                r = build_simple(b, lines[i].kind, lines[i].number);
                if (r < 0 || !lines[i].ends)
                        continue;
                r = build_last_chain_rule(b, first, NULL);
                first = b->table->n_statements;
        }
        if (r >= 0)
                r = build_chain_statement(b, STATEMENT_GOTO, &routed);
        return r < 0 ? r : build_last_chain_rule(b, first, NULL);
}

/* ct label 126 tcp flags ! rst reject with tcp reset
 * The reset itself belongs to the connection and passes here too. */
static int build_cut(NftBuild *b)
{
        static const NftStatement statements[] = {
                { .kind = STATEMENT_LABEL, .number = NFT_LABEL_CUT },
                { .kind = STATEMENT_TCP },
                { .kind = STATEMENT_NO_RST },
                { .kind = STATEMENT_RESET },
        };
        size_t first = b->table->n_statements;
        int r = 0;

        for (size_t i = 0; i < ELEMENTS(statements) && r >= 0; i++)
                r = build_statement(b, statements + i);
        return r < 0 ? r : build_last_chain_rule(b, first, NULL);
}

/* After the chain `output`, which gets the rule as its last. */
static int build_cut_local(NftBuild *b)
{
        int r = build_cut(b);

        if (r >= 0)
                r = build_chain(b, &(NftChainKey){ .kind = CHAIN_INPUT });
        return r < 0 ? r : build_cut(b);
}

static int build_base(NftBuild *b)
{
        static const NftChainKey opened = { .kind = CHAIN_OPENED };
        static const NftChainKey out = { .kind = CHAIN_DIRECTION, .direction = DIRECTION_OUT };
        const Ports *leaving = &b->ruleset->directions[DIRECTION_OUT].watched;
        Ports entering;
        int r;

        entering_ports(b->ruleset, &entering);
        r = build_ports_set(b, &entering, DIRECTION_IN);
        if (r >= 0)
                r = build_ports_set(b, leaving, DIRECTION_OUT);
        if (r >= 0)
                r = build_syn_hook(
                        b, CHAIN_PREROUTING, &entering, DIRECTION_IN, STATEMENT_IN_NOT_LO, &opened);
        if (r >= 0)
                r = build_forward(b, &entering);
        if (r >= 0)
                r = build_syn_hook(
                        b, CHAIN_OUTPUT, leaving, DIRECTION_OUT, STATEMENT_OUT_NOT_LO, &out);
        if (r >= 0 && b->cut_local && entering.n + leaving->n > 0)
                r = build_cut_local(b);
        if (r >= 0)
                r = build_opened(b);
        return r < 0 ? r : build_forwarded(b);
}

/* ---- classes of ports ---- */

/* meta l4proto tcp tcp dport P goto in_P; or ct original proto-dst P, where DNAT came before */
static int build_dispatch(NftBuild *b, const NftChainKey *key, bool dialled, const PortClasses *c)
{
        int r = build_chain(b, key);

        for (size_t p = 0; p < c->ports->n && r >= 0; p++) {
                NftChainKey target = { .kind = CHAIN_CLASS,
                        .direction = b->direction,
                        .port = port_classes_port(c, port_classes_of(c, p)) };
                size_t first = b->table->n_statements;

                r = build_simple(b, STATEMENT_TCP, 0);
                if (r >= 0)
                        r = build_simple(b, dialled ? STATEMENT_DIALLED_PORT : STATEMENT_PORT,
                                c->ports->items[p]);
                if (r >= 0)
                        r = build_chain_statement(b, STATEMENT_GOTO, &target);
                if (r >= 0)
                        r = build_last_chain_rule(b, first, NULL);
        }
        return r;
}

static int build_dispatches(NftBuild *b, const PortClasses *c)
{
        NftChainKey key = { .kind = CHAIN_DIRECTION, .direction = b->direction };
        int r;

        r = build_dispatch(b, &key, b->direction == DIRECTION_ROUTED, c);
        if (r < 0 || b->direction != DIRECTION_ROUTED)
                return r;
        return build_dispatch(b, &(NftChainKey){ .kind = CHAIN_UNTRACKED }, false, c);
}

/* The rule at hand joins the chains of all its ports. */
static int build_join(NftBuild *b, const PortClasses *c, size_t first_chain, uint64_t mask)
{
        for (size_t i = 0; i < c->n; i++) {
                NftChain *chain = &b->table->chains[first_chain + i];

                if ((c->masks[i] & mask) == 0)
                        continue;
                for (size_t k = 0; k < b->n_rules; k++) {
                        int r = rules_append(&chain->rules, &chain->n, &b->rules[k]);

                        if (r < 0)
                                return r;
                }
        }
        return 0;
}

static int build_class_chains(NftBuild *b, const PortClasses *c)
{
        for (size_t i = 0; i < c->n; i++) {
                NftChainKey key = { .kind = CHAIN_CLASS,
                        .direction = b->direction,
                        .port = port_classes_port(c, i) };
                int r = build_chain(b, &key);

                if (r < 0)
                        return r;
        }
        return 0;
}

static int build_rules(
        NftBuild *b, const RulesetDirection *d, const PortClasses *c, size_t first_chain)
{
        for (size_t i = 0; i < d->n; i++) {
                int r;

                b->n_rules = 0;
                r = build_origin(b, d->rules[i].rule);
                if (r >= 0)
                        r = build_counter(b, d->rules[i].rule->id);
                if (r >= 0)
                        r = build_policy_rule(b, &d->rules[i]);
                if (r >= 0)
                        r = build_join(b, c, first_chain, c->rules[i]);
                if (r < 0)
                        return r;
        }
        b->n_rules = 0;
        return build_default(b);
}

static int build_direction(NftBuild *b, Direction direction)
{
        const RulesetDirection *d = &b->ruleset->directions[direction];
        _cleanup_(port_classes_deinit) PortClasses c = { 0 };
        size_t first_chain;
        int r;

        b->direction = direction;
        r = port_classes_find(d, &c);
        if (r >= 0)
                r = build_dispatches(b, &c);
        first_chain = b->table->n_chains;
        if (r >= 0)
                r = build_class_chains(b, &c);
        if (r >= 0)
                r = build_counter(b, DEFAULT_COUNTER_ID(direction));
        if (r >= 0)
                r = build_rules(b, d, &c, first_chain);
        return r < 0 ? r : build_join(b, &c, first_chain, c.managed);
}

/* ---- the whole ---- */

static int set_compare(const void *a, const void *b)
{
        return nft_set_key_compare(&((const NftSet *)a)->key, &((const NftSet *)b)->key);
}

static int chain_compare(const void *a, const void *b)
{
        return nft_chain_key_compare(&((const NftChain *)a)->key, &((const NftChain *)b)->key);
}

static int id_compare(const void *a, const void *b)
{
        uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

        return x < y ? -1 : x > y;
}

static void table_sort(NftTable *t)
{
        size_t n = 0;

        if (t->n_sets > 0)
                qsort(t->sets, t->n_sets, sizeof(NftSet), set_compare);
        qsort(t->chains, t->n_chains, sizeof(NftChain), chain_compare);
        qsort(t->counters, t->n_counters, sizeof(uint64_t), id_compare);
        for (size_t i = 0; i < t->n_counters; i++)
                if (n == 0 || t->counters[n - 1] != t->counters[i])
                        t->counters[n++] = t->counters[i];
        t->n_counters = n;
}

int nft_table_new(const Ruleset *r, const NftTable *previous, bool cut_local, NftTable **ret)
{
        _cleanup_(nft_table_free_p) NftTable *t = calloc(1, sizeof(NftTable));
        NftBuild b = { .table = t, .ruleset = r, .previous = previous, .cut_local = cut_local };
        int k;

        if (!t)
                return -ENOMEM;
        k = build_named_sets(&b);
        if (k >= 0)
                k = build_base(&b);
        for (Direction d = 0; d < _DIRECTION_MAX && k >= 0; d++)
                k = build_direction(&b, d);
        if (k >= 0)
                k = build_untracked(&b);
        free(b.rules);
        if (k < 0)
                return k;
        table_sort(t);
        *ret = TAKE_PTR(t);
        return 0;
}
