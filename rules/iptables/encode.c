/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Entries as the kernel takes them: the header, each match behind it, in the order of the
 * statements, and the target. Does no input or output.
 */

#include "rules/iptables/encoder.h"

#include "rules/base/buffer.h"
#include "rules/iptables/extension.h"
#include "rules/iptables/statement.h"

#include <errno.h>

int ipt_entry_encode(
        const IptTable *t, const IptEntry *entry, IptSetIndex set_index, void *data, Buffer *b)
{
        Encoder e = { .table = t,
                .family = t->family,
                .set_index = set_index,
                .data = data,
                .b = b,
                .header_size = b->length };
        bool v4 = t->family == FAMILY_IPV4;
        size_t start = b->length, size = v4 ? sizeof(e.header.v4) : sizeof(e.header.v6), n;

        buffer_add(b, &e.header, size);
        for (size_t i = 0; i < entry->n && e.error == 0; i++) {
                const IptStatement *statement = &t->statements[entry->first + i];

                ipt_statement_rows[statement->kind].put(&e, statement);
        }
        if (e.error < 0)
                return e.error;
        if (b->failed)
                return -ENOMEM;
        n = b->length - start;
        if (n > UINT16_MAX)
                return -E2BIG;
        if (v4) {
                e.header.v4.target_offset = e.target_offset;
                e.header.v4.next_offset = (uint16_t)n;
        } else {
                e.header.v6.target_offset = e.target_offset;
                e.header.v6.next_offset = (uint16_t)n;
        }
        memcpy(b->data + start, &e.header, size);
        return 0;
}

/* ---- what the kernel must have ---- */

int ipt_table_each_extension(
        const IptTable *t, int (*f)(const IptExtension *e, void *data), void *data)
{
        bool used[_EXTENSION_MAX] = { false };

        for (size_t i = 0; i < t->n_statements; i++)
                used[ipt_statement_rows[t->statements[i].kind].extension] = true;
        for (Extension i = EXTENSION_NONE + 1; i < _EXTENSION_MAX; i++) {
                int r = used[i] ? f(&ipt_extensions[i], data) : 0;

                if (r < 0)
                        return r;
        }
        return 0;
}
