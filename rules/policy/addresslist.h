/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Texts to address lists and back: what `from` and `to` hold, wherever they come from (files,
 * words, bus, JSON), so that "@set", "$var", "any" and bad addresses mean the same everywhere.
 */

#include "rules/base/util.h"

typedef struct AddressItem AddressItem;
typedef struct Diagnostics Diagnostics;
typedef struct Place Place;

/* SPEC section 3, "Limits" */
#define RULE_ADDRESSES_MAX 10000

/* No items: any. "any" in a list of others is an error of the parser. */
typedef struct AddressList {
        AddressItem *items;
        size_t n;
} AddressList;

void address_list_deinit(AddressList *l);
int address_list_copy(const AddressList *l, AddressList *ret);
/* The same members: order and duplicates do not count. */
bool address_list_equal(const AddressList *a, const AddressList *b);
/*
 * A whole list; none, or "any" as the only one, is the list that matches everything. Errors at
 * place, with the setting's name, in d: 0, -EINVAL, -ENOMEM. A prefix with host bits is a warning.
 */
int address_list_parse(char *const *texts, bool vars, const char *setting, Place place,
        Diagnostics *d, AddressList *ret);
/* rules/base/hash.h */
uint64_t address_list_hash(uint64_t h, const AddressList *l);
/* *ret is NULL for any; 0 or -ENOMEM */
int address_list_print(const AddressList *l, char ***ret);
