/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Texts to address lists and back: what `from` and `to` hold, wherever they come from (files,
 * words, bus, JSON), so that "@set", "$var", "any" and bad addresses mean the same everywhere.
 */

#include "rules/address/address.h"

typedef struct Diagnostics Diagnostics;
typedef struct Place Place;

/* SPEC section 3, "Limits" */
#define RULE_ADDRESSES_MAX 10000

typedef enum AddressKind {
        ADDRESS_PREFIX,
        ADDRESS_SET, /* @name */
        ADDRESS_VAR, /* $name: only in roles and fragments, gone after compile */
} AddressKind;

typedef struct AddressItem {
        AddressKind kind;
        Prefix prefix;
        char *name; /* without the sigil; NULL for ADDRESS_PREFIX */
} AddressItem;

/* No items: any. "any" in a list of others is an error of the parser. */
typedef struct AddressList {
        AddressItem *items;
        size_t n;
} AddressList;

void address_list_deinit(AddressList *l);
int address_list_copy(const AddressList *l, AddressList *ret);
/* The same members: order and duplicates do not count. */
bool address_list_equal(const AddressList *a, const AddressList *b);
/* True if an item can be an address of the family; what a set holds is not known here. */
bool address_list_has_family(const AddressList *l, Family family);

/*
 * One text: an address, a prefix, "@set" or, if variables are allowed here, "$var". "any" is not an
 * item.
 * 0, -ENOMEM, or -EINVAL with a static reason in *ret_reason that does not name the text.
 */
int address_item_parse(const char *text, bool vars, AddressItem *ret, bool *ret_host_bits,
        const char **ret_reason);
void address_item_deinit(AddressItem *i);

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
