/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The spellings of an item. Does not know what a set or a variable holds.
 */

#include "rules/policy/addressitem.h"

#include "rules/address/family.h"
#include "rules/policy/addresslist.h"
#include "rules/policy/valid.h"

#include <errno.h>
#include <stdio.h>

int address_item_compare(const void *a, const void *b)
{
        const AddressItem *x = a, *y = b;

        if (x->kind != y->kind)
                return x->kind < y->kind ? -1 : 1;
        return x->kind == ADDRESS_PREFIX ? prefix_compare(&x->prefix, &y->prefix)
                                         : strcmp(x->name, y->name);
}

static int named_item_parse(const char *text, AddressItem *ret, const char **ret_reason)
{
        AddressKind kind = text[0] == '@' ? ADDRESS_SET : ADDRESS_VAR;
        char *name;

        if (!name_is_valid(text + 1)) {
                *ret_reason =
                        kind == ADDRESS_SET
                                ? "@ must be followed by a set name, [A-Za-z0-9._-]{1,64}"
                                : "$ must be followed by a variable name, [A-Za-z0-9._-]{1,64}";
                return -EINVAL;
        }
        name = strdup(text + 1);
        if (!name)
                return -ENOMEM;
        *ret = (AddressItem){ .kind = kind, .name = name };
        return 0;
}

int address_item_parse(
        const char *text, bool vars, AddressItem *ret, bool *ret_host_bits, const char **ret_reason)
{
        Prefix prefix;
        int r;

        *ret_host_bits = false;
        if (text[0] == '@')
                return named_item_parse(text, ret, ret_reason);
        if (text[0] == '$') {
                if (vars)
                        return named_item_parse(text, ret, ret_reason);
                *ret_reason = "a variable cannot hold another variable";
                return -EINVAL;
        }
        r = prefix_parse(text, strlen(text), &prefix, ret_host_bits, ret_reason);
        if (r < 0)
                return r;
        *ret = (AddressItem){ .kind = ADDRESS_PREFIX, .prefix = prefix };
        return 0;
}

void address_item_deinit(AddressItem *i)
{
        free(i->name);
        *i = (AddressItem){ 0 };
}

int address_item_print(const AddressItem *i, char **ret)
{
        char buffer[ADDRESS_TEXT_MAX];
        char *text;

        if (i->kind == ADDRESS_PREFIX) {
                text = strdup(prefix_format(&i->prefix, buffer));
                if (!text)
                        return -ENOMEM;
        } else if (asprintf(&text, "%c%s", i->kind == ADDRESS_SET ? '@' : '$', i->name) < 0)
                return -ENOMEM;
        *ret = text;
        return 0;
}

bool address_list_has_family(const AddressList *l, Family family)
{
        for (size_t i = 0; i < l->n; i++)
                if (l->items[i].kind != ADDRESS_PREFIX ||
                        l->items[i].prefix.address.family == family)
                        return true;
        return l->n == 0;
}
