/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Pieces of a table: entries, chains, counters. Does not depend on their meaning. */

#include "rules/iptables/build.h"

#include "rules/base/array.h"
#include "rules/iptables/statement.h"
#include "rules/policy/rule.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

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

void ipt_build_counter(IptBuild *b, uint64_t id)
{
        IptTable *t = b->table;

        if (array_grow(&t->counters, t->n_counters, sizeof(uint64_t)) < 0)
                ipt_build_fail(b, -ENOMEM);
        else
                t->counters[t->n_counters++] = id;
}

void ipt_build_origin(IptBuild *b, Rule *rule)
{
        IptTable *t = b->table;

        if (array_grow(&t->origins, t->n_origins, sizeof(Rule *)) < 0)
                ipt_build_fail(b, -ENOMEM);
        else
                t->origins[t->n_origins++] = rule_ref(rule);
}

static const char *const direction_names[] = {
        [DIRECTION_IN] = "IN",
        [DIRECTION_OUT] = "OUT",
        [DIRECTION_ROUTED] = "FWD",
};

const char *ipt_build_direction_name(Direction d)
{
        return direction_names[d];
}
