/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/foreign/registers.h"

#include <linux/netfilter/nf_tables.h>

static bool register_place(Bytes number, size_t n, size_t *ret)
{
        uint32_t r;

        if (!attribute_u32(number, &r))
                return false;
        if (r >= NFT_REG_1 && r <= NFT_REG_4)
                *ret = (r - NFT_REG_1) * 16;
        else if (r >= NFT_REG32_00 && r <= NFT_REG32_15)
                *ret = (r - NFT_REG32_00) * 4;
        else
                return false;
        return n > 0 && n <= REGISTER_BYTES && *ret + n <= REGISTER_BYTES;
}

bool register_get(Walk *w, Bytes number, size_t n, Operand *ret)
{
        size_t at;

        if (!register_place(number, n, &at))
                return false;
        *ret = (Operand){ w->registers.value + at, w->registers.known + at, NULL };
        /* of a key of several parts, the first that is not known */
        for (size_t i = at; i < at + n && !ret->name; i++)
                if (w->registers.known[i] != 0xff)
                        ret->name = w->registers.names[i / 4];
        ret->name = ret->name ?: w->registers.names[at / 4] ?: "a value that is not known";
        return true;
}

Truth register_put(Walk *w, Bytes number, const uint8_t *value, const uint8_t *known, size_t n,
        const char *name)
{
        size_t at, end = (n + 3) / 4 * 4;

        if (!value || !register_place(number, n, &at) || at + end > REGISTER_BYTES)
                return walk_doubt(w, "a value that is not understood", false);
        memset(w->registers.value + at, 0, end);
        memset(w->registers.known + at, 0xff, end);
        memcpy(w->registers.value + at, value, n);
        memcpy(w->registers.known + at, known, n);
        for (size_t i = at; i < at + end; i += 4)
                w->registers.names[i / 4] = name;
        return TRUTH_YES;
}

Truth register_put_part(Walk *w, Bytes number, Part p, const char *name)
{
        return register_put(
                w, number, facts_value(&w->facts, p), facts_known(&w->facts, p), p.n, name);
}
