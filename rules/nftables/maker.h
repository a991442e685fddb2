/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Expressions of nf_tables, added to a rule of libnftnl. Registers: an expression loads into
 * register 1 and is used at once, unless it says otherwise. The first error sticks.
 */

#include <stdio.h> /* libnftnl's headers need it before them */

#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <linux/netfilter/nf_tables.h>

typedef struct NftSetKey NftSetKey;

typedef struct Maker {
        struct nftnl_rule *rule;
        int error;
} Maker;

/* NULL after an error; the setters take it. */
struct nftnl_expr *make(Maker *m, const char *name);
void set_u32(struct nftnl_expr *e, uint16_t attribute, uint32_t value);
void set_data(Maker *m, struct nftnl_expr *e, uint16_t attribute, const void *data, uint32_t n);
void set_text(Maker *m, struct nftnl_expr *e, uint16_t attribute, const char *text);

/* meta KEY => reg 1, or another */
void make_meta(Maker *m, uint32_t key);
void make_meta_to(Maker *m, uint32_t key, uint32_t reg);
void make_payload_to(Maker *m, uint32_t base, uint32_t offset, uint32_t n, uint32_t reg);
/* direction: of the entry; negative: none is asked for */
void make_ct(Maker *m, uint32_t key, int direction);
void make_fib(Maker *m, uint32_t flags, uint32_t result);
void make_socket(Maker *m, uint32_t key, uint32_t level);
void make_socket_to(Maker *m, uint32_t key, uint32_t level, uint32_t reg);
/* & mask */
void make_mask(Maker *m, const void *mask, uint32_t n);
/* & 0 | value */
void make_constant(Maker *m, uint32_t value);
/* The register from the byte order of the host to that of the network; n bytes. */
void make_network_order(Maker *m, uint32_t n);
/* first-last, of numbers in the byte order of the host */
void make_range(Maker *m, uint32_t first, uint32_t last);
void make_prefix_mask(Maker *m, unsigned bits, uint32_t n);
void make_compare(Maker *m, uint32_t op, const void *data, uint32_t n);
/* @set; flags: NFT_LOOKUP_F_… */
void make_lookup(Maker *m, const NftSetKey *k, uint32_t flags);
/* tcp: the bytes of the header */
void make_tcp(Maker *m, uint32_t offset, uint32_t n);
/* ip saddr, ip daddr, ip6 saddr, ip6 daddr: the first n bytes */
void make_address(Maker *m, unsigned family, bool to, uint32_t n);
