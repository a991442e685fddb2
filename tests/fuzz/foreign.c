/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Dumps of packet filters, and tables of legacy iptables, as anybody may have made them: whatever
 * the bytes are, they are read within their bounds, and a connection through them gets an answer.
 *
 * The first byte says which: 0 and even: messages of netlink, one after another; odd: a table.
 */

#include "daemon/foreign/hooks.h"
#include "daemon/foreign/programs.h"
#include "rules/address/family.h"
#include "rules/policy/direction.h"
#include "rules/ruleset/packet.h"

#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void walk(const Filters *f)
{
        static const Family families[] = { FAMILY_IPV4, FAMILY_IPV6 };

        for (Direction d = 0; d < _DIRECTION_MAX; d++)
                for (size_t i = 0; i < 2; i++) {
                        _cleanup_passage_ Passage p = { 0 };
                        Packet packet = { .direction = d, .family = families[i], .port = 25 };
                        PassageQuestion q = { .packet = &packet, .own = OWN_NOWHERE };

                        if (passage_find(f, &q, &p) < 0 || p.outcome == 0)
                                abort();
                }
}

static void read_messages(const uint8_t *data, size_t n)
{
        _cleanup_filters_ Filters f = { 0 };

        while (n >= NLMSG_HDRLEN) {
                struct nlmsghdr h;
                struct nlmsghdr *copy;

                memcpy(&h, data, sizeof(h));
                if (h.nlmsg_len < NLMSG_HDRLEN || h.nlmsg_len > n)
                        break;
                copy = malloc(h.nlmsg_len);
                if (!copy)
                        abort();
                memcpy(copy, data, h.nlmsg_len);
                (void)filters_add_message(&f, copy);
                (void)programs_add_hook(&f, copy);
                free(copy);
                data += h.nlmsg_len;
                n -= h.nlmsg_len;
        }
        filters_finish(&f);
        walk(&f);
}

static void read_table(const uint8_t *data, size_t n)
{
        _cleanup_filters_ Filters f = { 0 };
        LegacyTable *t = calloc(1, 4 * sizeof(*t)); /* as array_grow() would */

        if (!t)
                abort();
        f.legacy = t;
        f.n_legacy = 1;
        t->family = n > 0 && data[0] & 1 ? NFPROTO_IPV6 : NFPROTO_IPV4;
        (void)snprintf(t->name, sizeof(t->name), "%s", n > 1 && data[1] & 1 ? "nat" : "filter");
        t->valid_hooks = 0x1f;
        t->size = (uint32_t)n;
        t->blob = malloc(n + 1);
        if (!t->blob)
                abort();
        memcpy(t->blob, data, n);
        walk(&f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
        if (n == 0)
                return 0;
        if (data[0] & 1)
                read_table(data + 1, n - 1);
        else
                read_messages(data + 1, n - 1);
        return 0;
}
