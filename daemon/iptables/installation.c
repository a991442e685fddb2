/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The end of an installation, its errors, and the insertion of an entry.
 */

#include "daemon/iptables/installation.h"

#include "daemon/iptables/library.h"
#include "rules/base/diagnostic.h"

#include <errno.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>

void ipt_installation_deinit(IptInstallation *i)
{
        if (i->handle)
                i->library->free(i->handle);
        ipt_image_deinit(&i->have);
        ipt_counts_deinit(&i->gone);
}

int ipt_installation_failed(IptInstallation *i, const char *what, const char *chain)
{
        int error = errno ?: EIO;

        diagnostics_error(i->diagnostics, (Place){ 0 }, NULL, "%s: %s%s%s: %s", i->library->program,
                what, chain ? " " : "", chain ?: "", i->library->error(error));
        return -error;
}

int ipt_installation_insert(IptInstallation *i, const char *chain, const ImageEntry *e, size_t at)
{
        _Alignas(struct ip6t_entry) uint8_t copy[UINT16_MAX + 1];
        IptCount sum = ipt_counts_take(&i->gone, e);
        struct xt_counters counters = { sum.packets, sum.bytes };
        size_t offset = i->family == FAMILY_IPV4 ? offsetof(struct ipt_entry, counters)
                                                 : offsetof(struct ip6t_entry, counters);

        memcpy(copy, i->want->bytes.data + e->offset, e->length);
        memcpy(copy + offset, &counters, sizeof(counters));
        if (!i->library->insert(chain, copy, (unsigned)at, i->handle))
                return ipt_installation_failed(i, "a rule cannot be added to", chain);
        return 0;
}
