/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns lists of addresses. Does not know what a set or a variable holds.
 */

#include "rules/policy/addresslist.h"

#include "rules/base/array.h"
#include "rules/base/diagnostic.h"
#include "rules/base/hash.h"
#include "rules/base/strv.h"
#include "rules/base/text.h"
#include "rules/policy/addressitem.h"
#include "rules/policy/valid.h"

#include <errno.h>
#include <stdio.h>

void address_list_deinit(AddressList *l)
{
        for (size_t i = 0; i < l->n; i++)
                free(l->items[i].name);
        free(l->items);
        *l = (AddressList){ 0 };
}

int address_list_copy(const AddressList *l, AddressList *ret)
{
        AddressList copy = { 0 };

        for (size_t i = 0; i < l->n; i++) {
                if (array_grow(&copy.items, copy.n, sizeof(*copy.items)) < 0)
                        goto fail;
                copy.items[copy.n] = l->items[i];
                if (strdup_null(l->items[i].name, &copy.items[copy.n].name) < 0)
                        goto fail;
                copy.n++;
        }
        *ret = copy;
        return 0;

fail:
        address_list_deinit(&copy);
        return -ENOMEM;
}

bool address_list_equal(const AddressList *a, const AddressList *b)
{
        return array_same_members(
                a->items, a->n, b->items, b->n, sizeof(AddressItem), address_item_compare);
}

uint64_t address_list_hash(uint64_t h, const AddressList *l)
{
        h = hash_number(h, l->n);
        for (size_t i = 0; i < l->n; i++) {
                const AddressItem *a = l->items + i;

                h = hash_number(h, a->kind);
                if (a->kind != ADDRESS_PREFIX) {
                        h = hash_string(h, a->name);
                        continue;
                }
                h = hash_number(h, a->prefix.address.family + 256u * a->prefix.bits);
                h = hash_bytes(h, a->prefix.address.bytes, sizeof(a->prefix.address.bytes));
        }
        return h;
}

/* ---- texts ---- */

static int item_append(const char *text, bool vars, const char *setting, Place place,
        Diagnostics *d, AddressList *l)
{
        bool host_bits;
        const char *reason;
        char buffer[TEXT_SHOWN_MAX];
        int r;

        r = array_grow(&l->items, l->n, sizeof(AddressItem));
        if (r < 0)
                return r;
        r = address_item_parse(text, vars, &l->items[l->n], &host_bits, &reason);
        if (r == -EINVAL)
                return diagnostics_error(
                        d, place, setting, "%s: %s", text_show(text, buffer), reason);
        if (r < 0)
                return r;
        l->n++;
        if (host_bits) {
                char network[ADDRESS_TEXT_MAX];

                prefix_format(&l->items[l->n - 1].prefix, network);
                return diagnostics_warning(d, place, setting, "%s has host bits; using %s",
                        text_show(text, buffer), network);
        }
        return 0;
}

int address_list_parse(char *const *texts, bool vars, const char *setting, Place place,
        Diagnostics *d, AddressList *ret)
{
        AddressList l = { 0 };
        size_t n = strv_length(texts);
        int r = 0;

        if (n == 1 && streq(texts[0], "any"))
                n = 0;
        for (size_t i = 0; i < n && r >= 0; i++) {
                if (streq(texts[i], "any"))
                        r = diagnostics_error(d, place, setting, "any must be the only value");
                else
                        r = item_append(texts[i], vars, setting, place, d, &l);
        }
        if (r < 0) {
                address_list_deinit(&l);
                return r;
        }
        *ret = l;
        return 0;
}

int address_list_print(const AddressList *l, char ***ret)
{
        _cleanup_strv_ char **texts = NULL;

        if (l->n > 0) {
                texts = calloc(l->n + 1, sizeof(char *));
                if (!texts)
                        return -ENOMEM;
        }
        for (size_t i = 0; i < l->n; i++) {
                int r = address_item_print(&l->items[i], &texts[i]);
                if (r < 0)
                        return r;
        }
        *ret = TAKE_PTR(texts);
        return 0;
}
