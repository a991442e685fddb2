/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The extensions of which entries are made, and how a match and a target are laid out behind an
 * entry's header. Does no input or output.
 */

#include "rules/iptables/encoder.h"

#include "rules/base/buffer.h"
#include "rules/iptables/extension.h"

#include <errno.h>
#include <linux/netfilter/xt_cgroup.h>
#include <linux/netfilter/xt_comment.h>
#include <linux/netfilter/xt_connlabel.h>
#include <linux/netfilter/xt_connlimit.h>
#include <linux/netfilter/xt_conntrack.h>
#include <linux/netfilter/xt_hashlimit.h>
#include <linux/netfilter/xt_limit.h>
#include <linux/netfilter/xt_mark.h>
#include <linux/netfilter/xt_multiport.h>
#include <linux/netfilter/xt_nfacct.h>
#include <linux/netfilter/xt_NFLOG.h>
#include <linux/netfilter/xt_owner.h>
#include <linux/netfilter/xt_physdev.h>
#include <linux/netfilter/xt_set.h>
#include <linux/netfilter/xt_socket.h>
#include <linux/netfilter/xt_tcpudp.h>
#include <linux/netfilter/xt_time.h>
#include <linux/netfilter_ipv4/ipt_REJECT.h>
#include <linux/netfilter_ipv6/ip6t_REJECT.h>

const IptExtension ipt_extensions[_EXTENSION_MAX] = {
        [EXTENSION_TCP] = { "tcp", 0, false, sizeof(struct xt_tcp) },
        [EXTENSION_MULTIPORT] = { "multiport", 1, false, sizeof(struct xt_multiport_v1) },
        [EXTENSION_CONNTRACK] = { "conntrack", 3, false, sizeof(struct xt_conntrack_mtinfo3) },
        [EXTENSION_MARK] = { "mark", 1, false, sizeof(struct xt_mark_mtinfo1) },
        [EXTENSION_SOCKET] = { "socket", 3, false, sizeof(struct xt_socket_mtinfo3) },
        [EXTENSION_PHYSDEV] = { "physdev", 0, false, sizeof(struct xt_physdev_info) },
        [EXTENSION_CONNLABEL] = { "connlabel", 0, false, sizeof(struct xt_connlabel_mtinfo) },
        [EXTENSION_OWNER] = { "owner", 1, false, sizeof(struct xt_owner_match_info) },
        [EXTENSION_CGROUP] = { "cgroup", 2, false, offsetof(struct xt_cgroup_info_v2, priv) },
        [EXTENSION_TIME] = { "time", 0, false, sizeof(struct xt_time_info) },
        /* of set and socket the newest: iptables-save cannot print others, to be restored */
        [EXTENSION_SET] = { "set", 4, false, sizeof(struct xt_set_info_match_v4) },
        [EXTENSION_HASHLIMIT] = { "hashlimit", 3, false,
                offsetof(struct xt_hashlimit_mtinfo3, hinfo) },
        [EXTENSION_CONNLIMIT] = { "connlimit", 1, false, offsetof(struct xt_connlimit_info, data) },
        [EXTENSION_LIMIT] = { "limit", 0, false, offsetof(struct xt_rateinfo, prev) },
        [EXTENSION_NFACCT] = { "nfacct", 1, false,
                offsetof(struct xt_nfacct_match_info_v1, nfacct) },
        [EXTENSION_NFACCT_OLD] = { "nfacct", 0, false,
                offsetof(struct xt_nfacct_match_info, nfacct) },
        [EXTENSION_COMMENT] = { "comment", 0, false, sizeof(struct xt_comment_info) },
        [EXTENSION_NFLOG] = { "NFLOG", 0, true, sizeof(struct xt_nflog_info) },
        [EXTENSION_REJECT] = { "REJECT", 0, true, sizeof(struct ipt_reject_info) },
};

const IptExtension *ipt_extension_find(const char *name, uint8_t revision, bool target)
{
        for (Extension i = EXTENSION_NONE + 1; i < _EXTENSION_MAX; i++)
                if (ipt_extensions[i].target == target && ipt_extensions[i].revision == revision &&
                        streq(ipt_extensions[i].name, name))
                        return &ipt_extensions[i];
        return NULL;
}

/* ---- the frame ---- */

static void put_zeros(Buffer *b, size_t n)
{
        static const char zeros[XT_ALIGN(1)];

        buffer_add(b, zeros, n);
}

void put_match(Encoder *e, Extension x, const void *data, size_t n)
{
        struct xt_entry_match m = { 0 };

        m.u.user.match_size = (uint16_t)(XT_ALIGN(sizeof(m)) + XT_ALIGN(n));
        m.u.user.revision = ipt_extensions[x].revision;
        memcpy(m.u.user.name, ipt_extensions[x].name, strlen(ipt_extensions[x].name));
        buffer_add(e->b, &m, sizeof(m));
        buffer_add(e->b, data, n);
        put_zeros(e->b, XT_ALIGN(n) - n);
}

static void put_target_named(
        Encoder *e, const char *name, uint8_t revision, const void *data, size_t n)
{
        struct xt_entry_target t = { 0 };

        e->target_offset = (uint16_t)(e->b->length - e->header_size);
        t.u.user.target_size = (uint16_t)(XT_ALIGN(sizeof(t)) + XT_ALIGN(n));
        t.u.user.revision = revision;
        memcpy(t.u.user.name, name, strlen(name));
        buffer_add(e->b, &t, sizeof(t));
        buffer_add(e->b, data, n);
        put_zeros(e->b, XT_ALIGN(n) - n);
}

/* libiptc finds out what the name means. */
void put_standard(Encoder *e, const char *name)
{
        static const int verdict;

        put_target_named(e, name, 0, &verdict, sizeof(verdict));
}

void put_target(Encoder *e, Extension x, const void *data, size_t n)
{
        put_target_named(e, ipt_extensions[x].name, ipt_extensions[x].revision, data, n);
}

void put_fail(Encoder *e, int error)
{
        if (e->error == 0)
                e->error = error;
}
