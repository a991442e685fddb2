/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/nftables/senderkeys.h"

#include "rules/base/array.h"

#include <stdlib.h>
#include <string.h>

/* For bsearch(3) too: a sender begins with its key. */
static int sender_key_compare(const void *a, const void *b)
{
        return memcmp(a, b, SENDER_BYTES);
}

/* One who sends much to many places is met many times in a row. */
int sender_keys_add(SenderKeys *l, const uint8_t *key)
{
        int r;

        if (l->n > 0 && sender_key_compare(&l->items[l->n - 1], key) == 0)
                return 0;
        r = array_grow(&l->items, l->n, sizeof(SenderKey));
        if (r < 0)
                return r;
        l->items[l->n] = (SenderKey){ .is_there = false };
        memcpy(l->items[l->n++].key, key, SENDER_BYTES);
        return 0;
}

void sender_keys_sort(SenderKeys *l)
{
        size_t n = 0;

        if (l->n > 0)
                qsort(l->items, l->n, sizeof(SenderKey), sender_key_compare);
        for (size_t i = 0; i < l->n; i++)
                if (n == 0 || sender_key_compare(&l->items[n - 1], &l->items[i]) != 0)
                        l->items[n++] = l->items[i];
        l->n = n;
}

SenderKey *sender_keys_find(const SenderKeys *l, const uint8_t *key)
{
        return l->n > 0 ? bsearch(key, l->items, l->n, sizeof(SenderKey), sender_key_compare)
                        : NULL;
}
