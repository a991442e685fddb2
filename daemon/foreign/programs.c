/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/foreign/programs.h"

#include "daemon/netlink/attributes.h"
#include "daemon/netlink/netlink.h"
#include "rules/base/array.h"

#include <errno.h>
#include <linux/bpf.h>
#include <linux/netfilter/nfnetlink_hook.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Newer than the headers of the oldest system that p25 is built on. */
#define HOOK_TYPE_BPF 2u  /* NFNL_HOOK_TYPE_BPF */
#define HOOK_BPF_ID 1u    /* NFNLA_HOOK_BPF_ID */
#define LINK_NETFILTER 10 /* BPF_LINK_TYPE_NETFILTER */
/* So many links are looked at: a host has a few hundred. */
#define LINKS_MAX 65536

static int program_add(Filters *f, const FilterProgram *p)
{
        FilterProgram *own;
        int r;

        if (p->hook >= NF_INET_NUMHOOKS)
                return -EBADMSG;
        r = array_grow(&f->programs, f->n_programs, sizeof(*f->programs));
        if (r < 0)
                return r;
        own = &f->programs[f->n_programs++];
        *own = *p;
        snprintf(own->name, sizeof(own->name), "program %u", own->id);
        return 0;
}

/* ---- the list of hooks ---- */

int programs_add_hook(Filters *f, const struct nlmsghdr *h)
{
        Bytes a[NFNLA_HOOK_MAX + 1], info[NFNLA_HOOK_INFO_MAX + 1], program[HOOK_BPF_ID + 1];
        struct nfgenmsg m;
        FilterProgram p;

        if (!netfilter_attributes_read(h, a, ELEMENTS(a)))
                return -EBADMSG;
        memcpy(&m, (const uint8_t *)h + NLMSG_HDRLEN, sizeof(m));
        attributes_read(a[NFNLA_HOOK_CHAIN_INFO], info, ELEMENTS(info));
        if (attribute_u32_or(info[NFNLA_HOOK_INFO_TYPE], 0) != HOOK_TYPE_BPF)
                return 0;
        attributes_read(info[NFNLA_HOOK_INFO_DESC], program, ELEMENTS(program));
        p = (FilterProgram){ .family = m.nfgen_family,
                .hook = attribute_u32_or(a[NFNLA_HOOK_HOOKNUM], UINT32_MAX),
                .priority = (int32_t)attribute_u32_or(a[NFNLA_HOOK_PRIORITY], 0),
                .id = attribute_u32_or(program[HOOK_BPF_ID], 0) };
        return program_add(f, &p);
}

static int on_hook(const struct nlmsghdr *h, void *data)
{
        return programs_add_hook(data, h);
}

typedef struct Request {
        struct nlmsghdr header;
        struct nfgenmsg family;
        struct nlattr attribute;
        uint32_t hook;
} Request;

static int hook_list(Netlink *n, uint8_t family, uint32_t hook, Filters *f)
{
        Request request = {
                .header = { .nlmsg_len = sizeof(request),
                        .nlmsg_type = NFNL_SUBSYS_HOOK << 8 | NFNL_MSG_HOOK_GET },
                .family = { .nfgen_family = family, .version = NFNETLINK_V0 },
                .attribute = { .nla_len = sizeof(struct nlattr) + sizeof(uint32_t),
                        .nla_type = NFNLA_HOOK_HOOKNUM },
                .hook = htobe32(hook),
        };

        return netlink_dump(n, &request.header, on_hook, f);
}

static int hooks_list(Filters *f)
{
        static const uint8_t families[] = { NFPROTO_IPV4, NFPROTO_IPV6 };
        Netlink n;
        int r = netlink_open(NETLINK_NETFILTER, &n);

        if (r < 0)
                return r;
        for (size_t i = 0; r >= 0 && i < ELEMENTS(families); i++)
                for (uint32_t hook = 0; r >= 0 && hook < NF_INET_NUMHOOKS; hook++)
                        r = hook_list(&n, families[i], hook, f);
        netlink_close(&n);
        return r;
}

/* ---- the list of links ---- */

/* The beginning of bpf_link_info of bpf(2), with the part of this kind of link. */
typedef struct LinkInfo {
        uint32_t type, id, program, padding;
        uint32_t family, hook;
        int32_t priority;
        uint32_t flags;
} LinkInfo;

static int bpf(int command, union bpf_attr *a)
{
        int r = (int)syscall(SYS_bpf, command, a, sizeof(*a));

        return r < 0 ? -errno : r;
}

/* One that is gone meanwhile, and one of another kind, is passed over. */
static int link_add(Filters *f, uint32_t id)
{
        union bpf_attr a = { .link_id = id };
        LinkInfo info = { 0 };
        int fd = bpf(BPF_LINK_GET_FD_BY_ID, &a), r;

        if (fd < 0)
                return 0;
        a = (union bpf_attr){ .info = { .bpf_fd = (uint32_t)fd,
                                      .info_len = sizeof(info),
                                      .info = (uint64_t)(uintptr_t)&info } };
        r = bpf(BPF_OBJ_GET_INFO_BY_FD, &a);
        close(fd);
        if (r < 0 || info.type != LINK_NETFILTER)
                return 0;
        return program_add(f, &(FilterProgram){ .family = (uint8_t)info.family,
                                      .hook = info.hook,
                                      .priority = info.priority,
                                      .id = info.program });
}

static int links_list(Filters *f)
{
        union bpf_attr a = { 0 };
        int r = 0;

        for (unsigned i = 0; r >= 0 && i < LINKS_MAX && bpf(BPF_LINK_GET_NEXT_ID, &a) >= 0; i++) {
                uint32_t id = a.next_id;

                r = link_add(f, id);
                a = (union bpf_attr){ .start_id = id };
        }
        return r;
}

int programs_read(Filters *f)
{
        int r = hooks_list(f);

        if (r >= 0 || r == -ENOMEM)
                return r;
        f->n_programs = 0;
        return links_list(f) == -ENOMEM ? -ENOMEM : 0;
}
