/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Statements of all kinds, by their rows. */

#include "rules/nftables/statement.h"

#include "rules/base/buffer.h"
#include "rules/nftables/rows.h"

static const StatementRow *row_of(NftStatementKind k)
{
        static const StatementRow *const tables[] = { statement_matches, statement_limits,
                statement_notes };

        for (size_t i = 0; i < ELEMENTS(tables); i++)
                if (tables[i][k].bytes)
                        return &tables[i][k];
        return &statement_actions[k];
}

static bool statement_equal(const NftStatement *a, const NftStatement *b)
{
        const StatementRow *row = row_of(a->kind);

        if (a->kind != b->kind || a->to != b->to || a->number != b->number)
                return false;
        return !row->equal || row->equal(a, b);
}

static void statement_print(Buffer *b, const NftStatement *s)
{
        const StatementRow *row = row_of(s->kind);

        if (row->words)
                buffer_add_string(b, row->words);
        else
                row->text(b, s);
}

int nft_statement_make(struct nftnl_rule *r, const NftStatement *s)
{
        Maker m = { .rule = r };

        row_of(s->kind)->bytes(&m, s);
        return m.error;
}

bool nft_statement_has_set(const NftStatement *s)
{
        return row_of(s->kind)->equal == statement_set_equal;
}

bool nft_rule_equal(const NftTable *ta, const NftRule *a, const NftTable *tb, const NftRule *b)
{
        if (a->n != b->n)
                return false;
        for (size_t i = 0; i < a->n; i++)
                if (!statement_equal(&ta->statements[a->first + i], &tb->statements[b->first + i]))
                        return false;
        return true;
}

void nft_rule_print(Buffer *b, const NftTable *t, const NftRule *r)
{
        const NftStatement *s = t->statements + r->first;

        for (size_t i = 0; i < r->n; i++) {
                StatementImplies next =
                        i + 1 < r->n ? row_of(s[i + 1].kind)->implies : IMPLIES_NOTHING;

                if ((s[i].kind == STATEMENT_TCP && next == IMPLIES_TCP) ||
                        (s[i].kind == STATEMENT_FAMILY && next == IMPLIES_FAMILY))
                        continue;
                statement_print(b, &s[i]);
                if (i + 1 < r->n)
                        buffer_add_char(b, ' ');
        }
}
