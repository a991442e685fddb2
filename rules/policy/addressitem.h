/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * One member of an address list, in its four spellings: an address, a prefix, @set, $var.
 */

#include "rules/address/address.h"
#include "rules/address/family.h"

typedef struct AddressList AddressList;

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

/*
 * One text: an address, a prefix, "@set" or, if variables are allowed here, "$var". "any" is not an
 * item.
 * 0, -ENOMEM, or -EINVAL with a static reason in *ret_reason that does not name the text.
 */
int address_item_parse(const char *text, bool vars, AddressItem *ret, bool *ret_host_bits,
        const char **ret_reason);
void address_item_deinit(AddressItem *i);
/* "192.0.2.0/24", "@set", "$var"; 0 or -ENOMEM */
int address_item_print(const AddressItem *i, char **ret);
/* For qsort(3) and bsearch(3). */
int address_item_compare(const void *a, const void *b);

/* True if an item can be an address of the family; what a set holds is not known here. */
bool address_list_has_family(const AddressList *l, Family family);
