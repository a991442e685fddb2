/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "rules/base/hash.h"

#define FNV_PRIME UINT64_C(0x100000001b3)

uint64_t hash_bytes(uint64_t h, const void *data, size_t n)
{
        const uint8_t *p = data;

        for (size_t i = 0; i < n; i++)
                h = (h ^ p[i]) * FNV_PRIME;
        return h;
}

uint64_t hash_number(uint64_t h, uint64_t n)
{
        for (unsigned i = 0; i < 8; i++)
                h = (h ^ ((n >> (8 * i)) & 0xff)) * FNV_PRIME;
        return h;
}

uint64_t hash_string(uint64_t h, const char *s)
{
        if (!s)
                return hash_number(h, UINT64_MAX);
        return hash_bytes(hash_number(h, strlen(s)), s, strlen(s));
}

uint64_t hash_finish(uint64_t h)
{
        h ^= h >> 33;
        h *= UINT64_C(0xff51afd7ed558ccd);
        h ^= h >> 33;
        h *= UINT64_C(0xc4ceb9fe1a85ec53);
        h ^= h >> 33;
        return h ? h : 1;
}

static struct NumberEntry *entry_find(const NumberMap *m, uint64_t key)
{
        size_t i = hash_finish(key) & (m->capacity - 1);

        while (m->entries[i].key != 0 && m->entries[i].key != key)
                i = (i + 1) & (m->capacity - 1);
        return m->entries + i;
}

static bool number_map_grow(NumberMap *m)
{
        NumberMap grown = { .n = m->n, .capacity = m->capacity ? 2 * m->capacity : 64 };

        grown.entries = calloc(grown.capacity, sizeof(*grown.entries));
        if (!grown.entries)
                return false;
        for (size_t i = 0; i < m->capacity; i++)
                if (m->entries[i].key != 0)
                        *entry_find(&grown, m->entries[i].key) = m->entries[i];
        free(m->entries);
        *m = grown;
        return true;
}

uint64_t *number_map_get(NumberMap *m, uint64_t key)
{
        struct NumberEntry *e;

        if (2 * (m->n + 1) > m->capacity && !number_map_grow(m))
                return NULL;
        e = entry_find(m, key);
        if (e->key == 0) {
                e->key = key;
                m->n++;
        }
        return &e->value;
}

void number_map_deinit(NumberMap *m)
{
        free(m->entries);
        *m = (NumberMap){ 0 };
}
