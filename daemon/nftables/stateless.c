/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/nftables/stateless.h"

#include "daemon/netlink/forwarding.h"
#include "rules/nftables/table.h"

void nft_stateless_stop(NftBackend *b)
{
        b->flags &= ~(unsigned)NFT_TABLE_STATELESS;
        b->forwarding_source = sd_event_source_disable_unref(b->forwarding_source);
        netlink_close(&b->forwarding);
}

/* In doubt: yes. */
static bool host_forwards(void)
{
        Netlink n;
        int r = netlink_open(NETLINK_ROUTE, &n);

        if (r >= 0) {
                r = forwarding_find(&n);
                netlink_close(&n);
        }
        return r != 0;
}

/* What fails is tried again with the next event. */
static int on_forwarding(
        _unused_ sd_event_source *s, _unused_ int fd, _unused_ uint32_t events, void *data)
{
        NftBackend *b = data;

        forwarding_drain(&b->forwarding);
        if (!b->base.outdated && !host_forwards())
                return 0;
        b->flags &= ~(unsigned)NFT_TABLE_STATELESS;
        b->base.outdated = b->wanted;
        if (b->base.outdated)
                b->repairer.repaired(b->repairer.repaired_data, 0, 0, NULL);
        if (!b->base.outdated)
                nft_stateless_stop(b);
        return 0;
}

/* Watched first, so that nothing is missed. */
int nft_stateless_start(NftBackend *b)
{
        int r = b->event ? forwarding_watch(&b->forwarding) : 0;

        if (r >= 0 && b->event)
                r = sd_event_add_io(b->event, &b->forwarding_source, b->forwarding.fd, EPOLLIN,
                        on_forwarding, b);
        if (r < 0)
                return r;
        if (host_forwards())
                nft_stateless_stop(b);
        else
                b->flags |= NFT_TABLE_STATELESS;
        return 0;
}
