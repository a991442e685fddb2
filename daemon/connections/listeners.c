/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/connections/listeners.h"

#include "daemon/netlink/netlink.h"
#include "daemon/netlink/sockets.h"
#include "rules/address/family.h"

#include <linux/netlink.h>
#include <netinet/tcp.h>

static bool is_loopback(const Address *a)
{
        static const uint8_t one[16] = { [15] = 1 };

        return a->family == FAMILY_IPV4 ? a->bytes[0] == 127 : memcmp(a->bytes, one, 16) == 0;
}

bool listener_is_loopback(const Socket *s)
{
        return is_loopback(&s->local);
}

int listeners_list(const Ports *ports, Sockets *ret)
{
        Netlink n;
        int r = netlink_open(NETLINK_SOCK_DIAG, &n);

        if (r < 0)
                return r;
        r = sockets_list(&n, 1u << TCP_LISTEN, ports, ret);
        netlink_close(&n);
        return r;
}

int listeners_find(const Ports *ports, Listeners *ret)
{
        _cleanup_(sockets_deinit) Sockets sockets = { 0 };
        Listeners l = { 0 };
        int r = listeners_list(ports, &sockets);

        for (size_t i = 0; i < sockets.n && r >= 0; i++) {
                const Socket *s = &sockets.items[i];

                if (ports_contain(ports, s->local_port))
                        r = ports_add(
                                listener_is_loopback(s) ? &l.loopback : &l.heard, s->local_port);
        }
        if (r < 0)
                return r;
        *ret = l;
        return 0;
}
