/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/connections/reroute.h"

#include "daemon/netlink/netlink.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

typedef struct RuleAttributes {
        bool asks_mark;
        uint32_t mark;
} RuleAttributes;

static int attribute_read(const struct nlattr *a, void *data)
{
        RuleAttributes *r = data;

        if (mnl_attr_validate(a, MNL_TYPE_U32) < 0)
                return MNL_CB_OK;
        if (mnl_attr_get_type(a) == FRA_FWMARK) {
                r->asks_mark = true;
                r->mark = mnl_attr_get_u32(a);
        }
        if (mnl_attr_get_type(a) == FRA_FWMASK && mnl_attr_get_u32(a) != 0)
                r->asks_mark = true; /* fwmark 0/0x1 */
        return MNL_CB_OK;
}

static int rule_read(const struct nlmsghdr *h, void *data)
{
        const struct fib_rule_hdr *rule = mnl_nlmsg_get_payload(h);
        RuleAttributes found = { 0 };
        MarkRoute *m = data;
        bool inverted;

        if (h->nlmsg_type != RTM_NEWRULE || mnl_nlmsg_get_payload_len(h) < sizeof(*rule))
                return -EBADMSG;
        mnl_attr_parse(h, sizeof(*rule), attribute_read, &found);
        inverted = rule->flags & FIB_RULE_INVERT;
        if (!found.asks_mark || (m->found && (inverted || !m->inverted)))
                return 0;
        *m = (MarkRoute){ true, inverted, rule->family == AF_INET ? FAMILY_IPV4 : FAMILY_IPV6,
                found.mark };
        return 0;
}

static int rules_read(Netlink *n, uint8_t family, MarkRoute *m)
{
        char buffer[64] = { 0 };
        struct nlmsghdr *h = mnl_nlmsg_put_header(buffer);
        struct fib_rule_hdr *rule = mnl_nlmsg_put_extra_header(h, sizeof(*rule));

        h->nlmsg_type = RTM_GETRULE;
        rule->family = family;
        return netlink_dump(n, h, rule_read, m);
}

int mark_route_find(MarkRoute *ret)
{
        MarkRoute m = { 0 };
        Netlink n;
        int r = netlink_open(NETLINK_ROUTE, &n);

        if (r < 0)
                return r;
        r = rules_read(&n, AF_INET, &m);
        if (r >= 0) {
                r = rules_read(&n, AF_INET6, &m);
                if (r == -EAFNOSUPPORT || r == -EOPNOTSUPP) /* a kernel without IPv6 */
                        r = 0;
        }
        netlink_close(&n);
        if (r >= 0)
                *ret = m;
        return r;
}
