/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The parts that each kind of statement adds to an entry: fields of its header, a match, the
 * target. */

#include "rules/iptables/encoder.h"

#include "rules/iptables/set.h"
#include "rules/iptables/statement.h"

#include <errno.h>
#include <linux/netfilter/nf_conntrack_common.h>
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
#include <stdio.h>

#define TCP 6
#define FLAG_SYN 0x02
#define FLAG_RST 0x04
#define FLAG_ACK 0x10
#define GC_INTERVAL_MSEC 1000

/* ---- the header ---- */

static void put_protocol(Encoder *e, _unused_ const IptStatement *s)
{
        if (e->family == FAMILY_IPV4) {
                e->header.v4.ip.proto = TCP;
        } else {
                e->header.v6.ipv6.proto = TCP;
                e->header.v6.ipv6.flags |= IP6T_F_PROTO;
        }
}

static void put_interface(Encoder *e, const IptStatement *s)
{
        bool v4 = e->family == FAMILY_IPV4, in = s->kind == IPT_IN_INTERFACE;
        size_t n = strlen(s->interface) + 1;
        char *name = v4 ? (in ? e->header.v4.ip.iniface : e->header.v4.ip.outiface)
                        : (in ? e->header.v6.ipv6.iniface : e->header.v6.ipv6.outiface);
        unsigned char *mask =
                v4 ? (in ? e->header.v4.ip.iniface_mask : e->header.v4.ip.outiface_mask)
                   : (in ? e->header.v6.ipv6.iniface_mask : e->header.v6.ipv6.outiface_mask);

        if (n > IFNAMSIZ)
                n = IFNAMSIZ;
        memcpy(name, s->interface, n - 1);
        memset(mask, 0xff, n);
        if (!s->not )
                return;
        if (v4)
                e->header.v4.ip.invflags |= in ? IPT_INV_VIA_IN : IPT_INV_VIA_OUT;
        else
                e->header.v6.ipv6.invflags |= in ? IP6T_INV_VIA_IN : IP6T_INV_VIA_OUT;
}

static void mask_fill(uint8_t *mask, unsigned bits)
{
        for (unsigned i = 0; i < bits; i++)
                mask[i / 8] |= (uint8_t)(0x80u >> i % 8);
}

static void put_address(Encoder *e, const IptStatement *s)
{
        if (e->family == FAMILY_IPV4) {
                struct ipt_ip *ip = &e->header.v4.ip;

                memcpy(s->to ? &ip->dst : &ip->src, s->prefix.address.bytes, 4);
                mask_fill((uint8_t *)(s->to ? &ip->dmsk : &ip->smsk), s->prefix.bits);
        } else {
                struct ip6t_ip6 *ip = &e->header.v6.ipv6;

                memcpy(s->to ? &ip->dst : &ip->src, s->prefix.address.bytes, 16);
                mask_fill((uint8_t *)(s->to ? &ip->dmsk : &ip->smsk), s->prefix.bits);
        }
}

/* ---- matches ---- */

static void put_tcp(Encoder *e, const IptStatement *s)
{
        struct xt_tcp m = { .spts = { 0, UINT16_MAX }, .dpts = { 0, UINT16_MAX } };

        put_protocol(e, s);
        if (s->kind == IPT_PORT) {
                m.dpts[0] = m.dpts[1] = (uint16_t)s->first;
        } else if (s->kind == IPT_RST) {
                m.flg_mask = FLAG_SYN | FLAG_RST;
                m.flg_cmp = FLAG_RST;
                m.invflags = s->not ? XT_TCP_INV_FLAGS : 0;
        } else {
                m.flg_mask = FLAG_SYN | FLAG_ACK;
                m.flg_cmp = FLAG_SYN;
                m.invflags = s->not ? XT_TCP_INV_FLAGS : 0;
        }
        put_match(e, EXTENSION_TCP, &m, sizeof(m));
}

/* A match holds so many ports. Inverted matches are all true if the port is in none of them. */
static void put_ports(Encoder *e, const IptStatement *s)
{
        put_protocol(e, s);
        for (size_t i = 0; i < s->ports->n; i += XT_MULTI_PORTS) {
                struct xt_multiport_v1 m = { .flags = XT_MULTIPORT_DESTINATION, .invert = s->not };
                size_t n = s->ports->n - i;

                m.count = (uint8_t)(n < XT_MULTI_PORTS ? n : XT_MULTI_PORTS);
                memcpy(m.ports, s->ports->items + i, m.count * sizeof(m.ports[0]));
                put_match(e, EXTENSION_MULTIPORT, &m, sizeof(m));
        }
}

#define STATES_NONE (XT_CONNTRACK_STATE_INVALID | XT_CONNTRACK_STATE_UNTRACKED)
#define STATES_ANY                                         \
        (STATES_NONE | XT_CONNTRACK_STATE_BIT(IP_CT_NEW) | \
                XT_CONNTRACK_STATE_BIT(IP_CT_ESTABLISHED) | XT_CONNTRACK_STATE_BIT(IP_CT_RELATED))

static void put_conntrack(Encoder *e, const struct xt_conntrack_mtinfo3 *m)
{
        put_match(e, EXTENSION_CONNTRACK, m, sizeof(*m));
}

static void put_untracked(Encoder *e, _unused_ const IptStatement *s)
{
        struct xt_conntrack_mtinfo3 m = { .match_flags = XT_CONNTRACK_STATE,
                .state_mask = STATES_NONE };

        put_conntrack(e, &m);
}

/* True for what has no entry, so that the packet's own port decides. */
static void put_not_dialled(Encoder *e, uint16_t port)
{
        struct xt_conntrack_mtinfo3 m = {
                .match_flags = XT_CONNTRACK_STATE | XT_CONNTRACK_ORIGDST_PORT,
                .invert_flags = XT_CONNTRACK_ORIGDST_PORT,
                .state_mask = STATES_ANY,
                .origdst_port = port,
                .origdst_port_high = port,
        };

        put_conntrack(e, &m);
}

static void put_none_dialled(Encoder *e, const IptStatement *s)
{
        for (size_t i = 0; i < s->ports->n; i++)
                put_not_dialled(e, s->ports->items[i]);
}

/* Any state and the reply direction. */
static void put_own(Encoder *e, _unused_ const IptStatement *s)
{
        struct xt_conntrack_mtinfo3 m = { .match_flags =
                                                  XT_CONNTRACK_STATE | XT_CONNTRACK_DIRECTION,
                .invert_flags = XT_CONNTRACK_DIRECTION,
                .state_mask = STATES_ANY };

        put_conntrack(e, &m);
}

static void put_dialled_port(Encoder *e, const IptStatement *s)
{
        struct xt_conntrack_mtinfo3 m = { .match_flags = XT_CONNTRACK_DIRECTION |
                                                         XT_CONNTRACK_ORIGDST_PORT,
                .origdst_port = (uint16_t)s->first,
                .origdst_port_high = (uint16_t)s->first };

        put_conntrack(e, &m);
}

static void put_dialled_address(Encoder *e, const IptStatement *s)
{
        struct xt_conntrack_mtinfo3 m = { .match_flags =
                                                  XT_CONNTRACK_DIRECTION | XT_CONNTRACK_ORIGDST };

        memcpy(&m.origdst_addr, s->prefix.address.bytes, family_bits(e->family) / 8);
        mask_fill((uint8_t *)&m.origdst_mask, s->prefix.bits);
        /* as iptables has it, so that a table that is saved and restored is the same */
        if (s->prefix.bits == family_bits(e->family))
                memset(&m.origdst_mask, 0xff, sizeof(m.origdst_mask));
        put_conntrack(e, &m);
}

static void put_translated(Encoder *e, _unused_ const IptStatement *s)
{
        struct xt_conntrack_mtinfo3 m = { .match_flags =
                                                  XT_CONNTRACK_STATE | XT_CONNTRACK_DIRECTION,
                .state_mask = XT_CONNTRACK_STATE_DNAT };

        put_conntrack(e, &m);
}

static void put_marked(Encoder *e, _unused_ const IptStatement *s)
{
        struct xt_mark_mtinfo1 m = { .mask = UINT32_MAX, .invert = 1 };

        put_match(e, EXTENSION_MARK, &m, sizeof(m));
}

static void put_transparent(Encoder *e, _unused_ const IptStatement *s)
{
        struct xt_socket_mtinfo3 m = { .flags = XT_SOCKET_TRANSPARENT | XT_SOCKET_NOWILDCARD };

        put_match(e, EXTENSION_SOCKET, &m, sizeof(m));
}

static void put_bridged(Encoder *e, _unused_ const IptStatement *s)
{
        struct xt_physdev_info m = { .bitmask = XT_PHYSDEV_OP_BRIDGED };

        put_match(e, EXTENSION_PHYSDEV, &m, sizeof(m));
}

static void put_label(Encoder *e, const IptStatement *s)
{
        struct xt_connlabel_mtinfo m = { .bit = (uint16_t)s->first };

        put_match(e, EXTENSION_CONNLABEL, &m, sizeof(m));
}

static void put_owner(Encoder *e, const IptStatement *s)
{
        struct xt_owner_match_info m = { 0 };

        if (s->kind == IPT_USERS) {
                m.match = XT_OWNER_UID;
                m.uid_min = s->first;
                m.uid_max = s->last;
        } else {
                m.match = XT_OWNER_GID;
                m.gid_min = s->first;
                m.gid_max = s->last;
        }
        put_match(e, EXTENSION_OWNER, &m, sizeof(m));
}

static void put_unit(Encoder *e, const IptStatement *s)
{
        struct xt_cgroup_info_v2 m = { .has_path = 1 };
        int n = snprintf(m.path, sizeof(m.path), "%s", s->path);

        if (n < 0 || (size_t)n >= sizeof(m.path))
                put_fail(e, -ENAMETOOLONG);
        else
                put_match(e, EXTENSION_CGROUP, &m, sizeof(m));
}

/* Up to the last second before the time, on any day; in UTC. */
static void put_before(Encoder *e, const IptStatement *s)
{
        struct xt_time_info m = { .date_stop = s->time_sec - 1,
                .daytime_stop = XT_TIME_MAX_DAYTIME,
                .monthdays_match = XT_TIME_ALL_MONTHDAYS,
                .weekdays_match = XT_TIME_ALL_WEEKDAYS };

        put_match(e, EXTENSION_TIME, &m, sizeof(m));
}

static void put_set(Encoder *e, const IptStatement *s)
{
        struct xt_set_info_match_v4 m = { .match_set = { .dim = IPSET_DIM_ONE } };
        uint16_t index = 0;
        int r = e->set_index ? e->set_index(e->data, &e->table->sets[s->set], &index) : -EINVAL;

        if (r < 0) {
                put_fail(e, r);
                return;
        }
        m.match_set.index = index;
        m.match_set.flags = s->to ? 0 : 1 << IPSET_DIM_ONE;
        put_match(e, EXTENSION_SET, &m, sizeof(m));
}

static void put_rate_over(Encoder *e, const IptStatement *s)
{
        struct xt_hashlimit_mtinfo3 m = { 0 };
        const Limit *l = &s->over.limit;
        char name[IPT_LIMIT_NAME_MAX];

        snprintf(m.name, sizeof(m.name), "%s", ipt_limit_name(s, name));
        m.cfg.mode = XT_HASHLIMIT_HASH_SIP | XT_HASHLIMIT_INVERT;
        m.cfg.avg = XT_HASHLIMIT_SCALE_v2 * l->unit_sec / l->rate;
        m.cfg.burst = l->burst;
        m.cfg.size = IPT_SOURCES_HASH;
        m.cfg.max = IPT_SOURCES_MAX;
        m.cfg.gc_interval = GC_INTERVAL_MSEC;
        m.cfg.expire = (uint32_t)ipt_limit_expire_msec(l);
        m.cfg.srcmask = e->family == FAMILY_IPV4 ? 32 : 64;
        m.cfg.dstmask = (uint8_t)family_bits(e->family);
        put_match(e, EXTENSION_HASHLIMIT, &m, sizeof(m));
}

static void put_open_over(Encoder *e, const IptStatement *s)
{
        struct xt_connlimit_info m = { .limit = s->over.limit.open };

        mask_fill((uint8_t *)&m.mask, e->family == FAMILY_IPV4 ? 32 : 64);
        put_match(e, EXTENSION_CONNLIMIT, &m, sizeof(m));
}

static void put_log_limit(Encoder *e, _unused_ const IptStatement *s)
{
        struct xt_rateinfo m = { .avg = XT_LIMIT_SCALE / s->log_limit.a_second,
                .burst = s->log_limit.burst };

        put_match(e, EXTENSION_LIMIT, &m, sizeof(m));
}

static void put_count(Encoder *e, const IptStatement *s)
{
        struct xt_nfacct_match_info_v1 m = { 0 };
        char name[IPT_COUNT_NAME_MAX];

        snprintf(m.name, sizeof(m.name), "%s", ipt_count_name(s, name));
        put_match(e, EXTENSION_NFACCT, &m, sizeof(m));
}

static void put_old_count(Encoder *e, const IptStatement *s)
{
        struct xt_nfacct_match_info m = { 0 };
        char name[IPT_COUNT_NAME_MAX];

        snprintf(m.name, sizeof(m.name), "%s", ipt_count_name(s, name));
        put_match(e, EXTENSION_NFACCT_OLD, &m, sizeof(m));
}

static void put_comment(Encoder *e, const IptStatement *s)
{
        struct xt_comment_info m = { 0 };
        char text[IPT_COMMENT_TEXT_MAX];

        snprintf(m.comment, sizeof(m.comment), "%s", ipt_comment_format(s->comment, text));
        put_match(e, EXTENSION_COMMENT, &m, sizeof(m));
}

/* ---- targets ---- */

static void put_reset(Encoder *e, const IptStatement *s)
{
        struct ipt_reject_info v4 = { .with = IPT_TCP_RESET };
        struct ip6t_reject_info v6 = { .with = IP6T_TCP_RESET };

        put_protocol(e, s);
        if (e->family == FAMILY_IPV4)
                put_target(e, EXTENSION_REJECT, &v4, sizeof(v4));
        else
                put_target(e, EXTENSION_REJECT, &v6, sizeof(v6));
}

static void put_log(Encoder *e, const IptStatement *s)
{
        struct xt_nflog_info t = {
                .len = IPT_LOG_SNAPLEN, .group = IPT_LOG_GROUP, .flags = XT_NFLOG_F_COPY_LEN
        };
        char prefix[IPT_LOG_PREFIX_MAX];

        snprintf(t.prefix, sizeof(t.prefix), "%s", ipt_log_prefix(s, prefix));
        put_target(e, EXTENSION_NFLOG, &t, sizeof(t));
}

static void put_goto(Encoder *e, const IptStatement *s)
{
        if (s->kind == IPT_GOTO) {
                if (e->family == FAMILY_IPV4)
                        e->header.v4.ip.flags |= IPT_F_GOTO;
                else
                        e->header.v6.ipv6.flags |= IP6T_F_GOTO;
        }
        put_standard(e, e->table->chains[s->chain].name);
}

static void put_verdict(Encoder *e, const IptStatement *s)
{
        static const char *const names[_IPT_STATEMENT_MAX] = {
                [IPT_VERDICT_CONTINUE] = "",
                [IPT_VERDICT_RETURN] = "RETURN",
                [IPT_VERDICT_DROP] = "DROP",
        };

        put_standard(e, names[s->kind]);
}

const IptStatementRow ipt_statement_rows[_IPT_STATEMENT_MAX] = {
        [IPT_IN_INTERFACE] = { put_interface, EXTENSION_NONE },
        [IPT_OUT_INTERFACE] = { put_interface, EXTENSION_NONE },
        [IPT_ADDRESS] = { put_address, EXTENSION_NONE },
        [IPT_TCP] = { put_protocol, EXTENSION_NONE },
        [IPT_SYN] = { put_tcp, EXTENSION_TCP },
        [IPT_RST] = { put_tcp, EXTENSION_TCP },
        [IPT_PORT] = { put_tcp, EXTENSION_TCP },
        [IPT_PORTS] = { put_ports, EXTENSION_MULTIPORT },
        [IPT_NOT_DIALLED] = { put_none_dialled, EXTENSION_CONNTRACK },
        [IPT_OWN] = { put_own, EXTENSION_CONNTRACK },
        [IPT_DIALLED_PORT] = { put_dialled_port, EXTENSION_CONNTRACK },
        [IPT_DIALLED_ADDRESS] = { put_dialled_address, EXTENSION_CONNTRACK },
        [IPT_TRANSLATED] = { put_translated, EXTENSION_CONNTRACK },
        [IPT_UNTRACKED] = { put_untracked, EXTENSION_CONNTRACK },
        [IPT_MARKED] = { put_marked, EXTENSION_MARK },
        [IPT_TRANSPARENT] = { put_transparent, EXTENSION_SOCKET },
        [IPT_BRIDGED] = { put_bridged, EXTENSION_PHYSDEV },
        [IPT_LABEL] = { put_label, EXTENSION_CONNLABEL },
        [IPT_USERS] = { put_owner, EXTENSION_OWNER },
        [IPT_GROUPS] = { put_owner, EXTENSION_OWNER },
        [IPT_UNIT] = { put_unit, EXTENSION_CGROUP },
        [IPT_BEFORE] = { put_before, EXTENSION_TIME },
        [IPT_SET] = { put_set, EXTENSION_SET },
        [IPT_RATE_OVER] = { put_rate_over, EXTENSION_HASHLIMIT },
        [IPT_OPEN_OVER] = { put_open_over, EXTENSION_CONNLIMIT },
        [IPT_LOG_LIMIT] = { put_log_limit, EXTENSION_LIMIT },
        [IPT_COUNT] = { put_count, EXTENSION_NFACCT },
        [IPT_COUNT_OLD] = { put_old_count, EXTENSION_NFACCT_OLD },
        [IPT_COMMENT] = { put_comment, EXTENSION_COMMENT },
        [IPT_VERDICT_CONTINUE] = { put_verdict, EXTENSION_NONE },
        [IPT_VERDICT_RETURN] = { put_verdict, EXTENSION_NONE },
        [IPT_VERDICT_DROP] = { put_verdict, EXTENSION_NONE },
        [IPT_VERDICT_RESET] = { put_reset, EXTENSION_REJECT },
        [IPT_LOG] = { put_log, EXTENSION_NFLOG },
        [IPT_JUMP] = { put_goto, EXTENSION_NONE },
        [IPT_GOTO] = { put_goto, EXTENSION_NONE },
};
