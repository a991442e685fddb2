/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Texts to address lists and back: what `from` and `to` hold, wherever they come from (files,
 * words, bus, JSON), so that "@set", "$var", "any" and bad addresses mean the same everywhere.
 */

#include "rules/policy/rule.h"

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
