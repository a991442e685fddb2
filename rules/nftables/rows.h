/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A row for each kind of statement: when two are equal, how nft lists it, which expressions the
 * kernel gets. matches.c has the rows of matches, limits.c those of limits, notes.c those that
 * leave elements in sets, actions.c those of other actions.
 */

#include "rules/nftables/maker.h"
#include "rules/nftables/statement.h"
#include "rules/nftables/table.h"

typedef struct Buffer Buffer;

/* Expressions that nft adds before a match, and does not list. */
typedef enum StatementImplies {
        IMPLIES_NOTHING, /* of rows that do not state it */
        IMPLIES_TCP,     /* meta l4proto tcp */
        IMPLIES_FAMILY,  /* meta nfproto … */
} StatementImplies;

typedef struct StatementRow {
        /* NULL: kind and number are all there is */
        bool (*equal)(const NftStatement *a, const NftStatement *b);
        void (*text)(Buffer *b, const NftStatement *s);
        void (*bytes)(Maker *m, const NftStatement *s);
        StatementImplies implies;
        const char *words; /* instead of text(): they are always the same */
} StatementRow;

/* By kind; rows of the other files are empty. */
extern const StatementRow statement_matches[_STATEMENT_MAX];
extern const StatementRow statement_limits[_STATEMENT_MAX];
extern const StatementRow statement_notes[_STATEMENT_MAX];
extern const StatementRow statement_actions[_STATEMENT_MAX];

/* ---- what several of these files need ---- */

bool statement_set_equal(const NftStatement *a, const NftStatement *b);
/* "@name" */
void statement_print_set(Buffer *b, const NftSetKey *k);
/* "ip daddr", "ip6 saddr" … */
const char *statement_address_word(unsigned family, bool to);
/* The key by which a limit counts: ip saddr, ip6 saddr & ffff:ffff:ffff:ffff::, meta skuid (family
 * 0), or the statement's own user: meta skuid & 0 | USER, because nft takes no constant here. */
void statement_print_source(Buffer *b, const NftStatement *s);
void make_source(Maker *m, const NftStatement *s);
/* One end of a connection, ip saddr . tcp sport or ip daddr . tcp dport => reg and those behind it;
 * returns the one behind these. */
uint32_t make_end(Maker *m, unsigned family, bool to, uint32_t reg);
/* Register 1 becomes an element, with an expression of its own (taken over; may be NULL after an
 * error). */
void make_element(Maker *m, const NftSetKey *k, uint32_t op, struct nftnl_expr *own);

/* ---- of all kinds ---- */

/* Adds a statement's expressions to the rule, in their order; 0 or -ENOMEM. */
int nft_statement_make(struct nftnl_rule *r, const NftStatement *s);
