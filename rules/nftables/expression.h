/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Statements to the expressions of nf_tables. Only nft_message.c includes this. */

#include "rules/nftables/table.h"

struct nftnl_rule;

/* Appends the statement's expressions; 0 or -ENOMEM. */
int nft_expression_add(struct nftnl_rule *r, const NftStatement *s);
