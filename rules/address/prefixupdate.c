/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Changed copies of sorted sets of prefixes (prefixset.h), and of their ranges, where these are
 * known: what no change concerns is shared.
 */

#include "rules/address/prefixorder.h"
#include "rules/address/rangeupdate.h"

#include <errno.h>

typedef struct Update {
        ItemList *list;
        size_t added, removed;
} Update;

/* Compares two changes: below 0 what is added, above 0 what is removed, 0 for both. */
_inline_ int change_order(const ItemList *add, size_t a, const ItemList *remove, size_t r,
        size_t size, int (*compare)(const void *, const void *))
{
        if (a == item_list_count(add))
                return 1;
        if (r == item_list_count(remove))
                return -1;
        return compare(item_list_at(add, a, size), item_list_at(remove, r, size));
}

/* Walks the changes in order and keeps what lies between them. */
_inline_ void items_update(Update *u, const ItemList *old, const ItemList *add,
        const ItemList *remove, size_t size, int (*compare)(const void *, const void *))
{
        size_t n_old = item_list_count(old), i = 0, a = 0, r = 0;

        while (a < item_list_count(add) || r < item_list_count(remove)) {
                int order = change_order(add, a, remove, r, size, compare);
                const void *key =
                        order <= 0 ? item_list_at(add, a, size) : item_list_at(remove, r, size);
                size_t at = items_seek(old, i, key, size, compare);
                bool there = at < n_old && compare(item_list_at(old, at, size), key) == 0;
                bool removed = order >= 0;

                item_list_keep(u->list, old, i, at, size);
                if (!removed) {
                        memcpy(item_list_room(u->list, size), key, size);
                        item_list_put(u->list, 1, size);
                        u->added += !there;
                } else {
                        u->removed += there;
                }
                i = at + there;
                a += order <= 0;
                r += order >= 0;
        }
        item_list_keep(u->list, old, i, n_old, size);
}

/* A list without changes stays the same one. */
_inline_ int items_updated(Update *u, ItemList *old, const ItemList *add, const ItemList *remove,
        size_t size, int (*compare)(const void *, const void *))
{
        size_t n_add = item_list_count(add), n_changes = n_add + item_list_count(remove);
        int r;

        if (n_changes == 0) {
                u->list = item_list_ref(old);
                return 0;
        }
        r = item_list_begin(old, n_changes, n_add, size, &u->list);
        if (r < 0)
                return r;
        items_update(u, old, add, remove, size, compare);
        item_list_end(&u->list, size);
        return 0;
}

static void set_link(PrefixSet *before, PrefixSet *s)
{
        if (before->after)
                before->after->before = NULL;
        before->after = s;
        s->before = before;
}

int prefix_set_update(PrefixSet *s, const PrefixSet *add, const PrefixSet *remove, PrefixSet **ret,
        size_t *ret_added, size_t *ret_removed)
{
        static const PrefixSet nothing = { 0 };
        _cleanup_(prefix_set_unref_p) PrefixSet *result = calloc(1, sizeof(*result));
        const PrefixSet *old = s ?: &nothing;
        Update v4 = { 0 }, v6 = { 0 };
        int r;

        if (!result)
                return -ENOMEM;
        result->n_refs = 1;
        add = add ?: &nothing;
        remove = remove ?: &nothing;
        r = items_updated(&v4, old->v4, add->v4, remove->v4, sizeof(Prefix4), prefix4_compare);
        if (r < 0)
                return r;
        result->v4 = v4.list;
        r = items_updated(&v6, old->v6, add->v6, remove->v6, sizeof(Prefix6), prefix6_compare);
        if (r < 0)
                return r;
        result->v6 = v6.list;
        if (prefix_set_size(result) > PREFIX_SET_MAX)
                return -E2BIG;
        if (old->ranges && prefix_set_size(add) + prefix_set_size(remove) <= prefix_set_size(old)) {
                r = range_set_update(old->ranges, add, remove, result, &result->ranges);
                if (r < 0)
                        return r;
        }
        *ret_added = result->added = v4.added + v6.added;
        *ret_removed = result->removed = v4.removed + v6.removed;
        if (s)
                set_link(s, result);
        *ret = TAKE_PTR(result);
        return 0;
}
