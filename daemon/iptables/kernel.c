/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Reading tables straight from the kernel, for looking and counting: a dump is one call, and no
 * copy of all foreign rules is made of it. Changes nothing.
 */

#include "daemon/iptables/kernel.h"

#include "daemon/iptables/image.h"
#include "rules/address/large.h"
#include "rules/base/array.h"
#include "rules/iptables/extension.h"

/* The kernel's headers give way to the C library's, if they come later. */
#include <netinet/in.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/netfilter/xt_set.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_TRIES 10

/* The two families' calls: equal in numbers and structures, up to the entries. */
_Static_assert(IPT_SO_GET_INFO == IP6T_SO_GET_INFO && IPT_SO_GET_ENTRIES == IP6T_SO_GET_ENTRIES,
        "same calls");
_Static_assert(sizeof(struct ipt_getinfo) == sizeof(struct ip6t_getinfo), "same structure");

static int level_of(const IptKernel *k)
{
        return k->family == FAMILY_IPV4 ? IPPROTO_IP : IPPROTO_IPV6;
}

void ipt_kernel_close(IptKernel *k)
{
        if (k->fd >= 0)
                close(k->fd);
        k->fd = -1;
}

static int revision_get(const IptKernel *k, const char *name, uint8_t revision, bool target)
{
        struct xt_get_revision r = { .revision = revision };
        socklen_t n = sizeof(r);
        bool v4 = k->family == FAMILY_IPV4;
        int match = v4 ? IPT_SO_GET_REVISION_MATCH : IP6T_SO_GET_REVISION_MATCH;
        int of_target = v4 ? IPT_SO_GET_REVISION_TARGET : IP6T_SO_GET_REVISION_TARGET;

        snprintf(r.name, sizeof(r.name), "%s", name);
        return getsockopt(k->fd, level_of(k), target ? of_target : match, &r, &n) < 0 ? -errno : 0;
}

int ipt_kernel_open(Family family, IptKernel *ret)
{
        IptKernel k = { .family = family };
        int r;

        k.fd = socket(
                family == FAMILY_IPV4 ? AF_INET : AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
        if (k.fd < 0 && errno == EAFNOSUPPORT && family == FAMILY_IPV6) {
                *ret = k;
                return 0;
        }
        if (k.fd < 0 && errno == EAFNOSUPPORT) /* p25d's unit allows it with iptables.conf only */
                return -EPERM;
        if (k.fd < 0)
                return -errno;
        r = revision_get(&k, "tcp", 0, false);
        if (r < 0) {
                ipt_kernel_close(&k);
                return r == -EPERM ? r : -EOPNOTSUPP;
        }
        *ret = k;
        return 0;
}

bool ipt_kernel_has_extension(const IptKernel *k, const IptExtension *e)
{
        return revision_get(k, e->name, e->revision, e->target) >= 0;
}

bool ipt_kernel_has_table(const IptKernel *k)
{
        const char *path = k->family == FAMILY_IPV4 ? "/proc/self/net/ip_tables_names"
                                                    : "/proc/self/net/ip6_tables_names";
        FILE *f = fopen(path, "re");
        char line[64];
        bool found = false;

        if (!f)
                return errno != ENOENT; /* cannot be determined: taken as present */
        while (fgets(line, sizeof(line), f))
                found = found || streq(line, IPT_TABLE "\n");
        fclose(f);
        return found;
}

int ipt_kernel_set_index(const IptKernel *k, const char *name, uint16_t *ret)
{
        struct ip_set_req_version version = { .op = IP_SET_OP_VERSION };
        struct ip_set_req_get_set q = { .op = IP_SET_OP_GET_BYNAME };
        socklen_t n = sizeof(version);

        if (getsockopt(k->fd, SOL_IP, SO_IP_SET, &version, &n) < 0)
                return -errno;
        q.version = version.version;
        snprintf(q.set.name, sizeof(q.set.name), "%s", name);
        n = sizeof(q);
        if (getsockopt(k->fd, SOL_IP, SO_IP_SET, &q, &n) < 0)
                return -errno;
        if (q.set.index == IPSET_INVALID_ID)
                return -ENOENT;
        *ret = q.set.index;
        return 0;
}

/* ---- a dump ---- */

typedef struct Dump {
        Family family;
        struct ipt_getinfo info;
        uint8_t *entries; /* info.size bytes */
        void *memory;
        /* The offsets of user-defined chains: their first rule, ascending. */
        struct Head {
                size_t offset;
                const char *name;
        } * heads;
        size_t n_heads;
} Dump;

static void dump_deinit(Dump *d)
{
        free(d->memory);
        free(d->heads);
}

static int dump_get(const IptKernel *k, Dump *d)
{
        socklen_t n = sizeof(d->info);
        struct ipt_get_entries *e;
        size_t at = k->family == FAMILY_IPV4 ? offsetof(struct ipt_get_entries, entrytable)
                                             : offsetof(struct ip6t_get_entries, entrytable);

        memcpy(d->info.name, IPT_TABLE, sizeof(IPT_TABLE));
        if (getsockopt(k->fd, level_of(k), IPT_SO_GET_INFO, &d->info, &n) < 0)
                return -errno;
        free(d->memory);
        d->memory = large_array_new(at + d->info.size, 1);
        if (!d->memory)
                return -ENOMEM;
        e = d->memory;
        memset(e, 0, at);
        memcpy(e->name, IPT_TABLE, sizeof(IPT_TABLE));
        e->size = d->info.size;
        n = (socklen_t)(at + d->info.size);
        if (getsockopt(k->fd, level_of(k), IPT_SO_GET_ENTRIES, e, &n) < 0)
                return -errno;
        d->entries = (uint8_t *)d->memory + at;
        return 0;
}

static size_t entry_length(const Dump *d, size_t at)
{
        const void *e = d->entries + at;

        return d->family == FAMILY_IPV4 ? ((const struct ipt_entry *)e)->next_offset
                                        : ((const struct ip6t_entry *)e)->next_offset;
}

static const struct xt_entry_target *entry_target(const Dump *d, size_t at)
{
        const void *e = d->entries + at;
        size_t offset = d->family == FAMILY_IPV4 ? ((const struct ipt_entry *)e)->target_offset
                                                 : ((const struct ip6t_entry *)e)->target_offset;

        return (const void *)(d->entries + at + offset);
}

/* The name of the chain that begins with this entry, behind whose head no rule is. NULL: a rule. */
static const char *head_name(const Dump *d, size_t at)
{
        const struct xt_entry_target *t = entry_target(d, at);

        if (!streq(t->u.user.name, XT_ERROR_TARGET))
                return NULL;
        return ((const struct xt_error_target *)(const void *)t)->errorname;
}

/* Lengths are the kernel's own, and trusted no further than to stay inside. */
static bool entry_is_whole(const Dump *d, size_t at)
{
        size_t n = entry_length(d, at);

        return n >= sizeof(struct ipt_entry) + sizeof(struct xt_entry_target) &&
               n <= d->info.size - at;
}

static int dump_find_heads(Dump *d)
{
        for (size_t at = 0; at < d->info.size; at += entry_length(d, at)) {
                const char *name;

                if (!entry_is_whole(d, at))
                        return -EBADMSG;
                name = head_name(d, at);
                if (!name)
                        continue;
                if (array_grow(&d->heads, d->n_heads, sizeof(*d->heads)) < 0)
                        return -ENOMEM;
                d->heads[d->n_heads].offset = at + entry_length(d, at);
                d->heads[d->n_heads++].name = name;
        }
        return 0;
}

static const char *chain_at(const Dump *d, size_t offset)
{
        size_t low = 0, high = d->n_heads;

        while (low < high) {
                size_t middle = (low + high) / 2;

                if (d->heads[middle].offset == offset)
                        return d->heads[middle].name;
                if (d->heads[middle].offset < offset)
                        low = middle + 1;
                else
                        high = middle;
        }
        return "?";
}

/* The target as libiptc would name it; NULL for an extension. */
static const char *target_name(const Dump *d, size_t at)
{
        const struct xt_entry_target *t = entry_target(d, at);
        int verdict;

        if (t->u.user.name[0] != '\0')
                return NULL;
        verdict = ((const struct xt_standard_target *)(const void *)t)->verdict;
        if (verdict >= 0 && (size_t)verdict == at + entry_length(d, at))
                return "";
        if (verdict >= 0)
                return chain_at(d, (size_t)verdict);
        if (verdict == XT_RETURN)
                return "RETURN";
        return verdict == -NF_DROP - 1 ? "DROP" : verdict == -NF_ACCEPT - 1 ? "ACCEPT" : "QUEUE";
}

/* The rules of one chain: up to the entry before the next head, which is its end. */
static int dump_read_chain(const Dump *d, size_t head, IptImage *image)
{
        size_t at = d->heads[head].offset, end = d->info.size;
        int r = ipt_image_add_chain(image, d->heads[head].name);

        while (r >= 0 && at < end) {
                size_t next = at + entry_length(d, at);

                if (next >= end || head_name(d, next))
                        break;
                r = ipt_image_add_entry(image, d->entries + at, target_name(d, at));
                at = next;
        }
        return r;
}

static int dump_read_jumps(const Dump *d, IptHook hook, unsigned number, IptImage *image)
{
        size_t first = d->info.hook_entry[number], end = d->info.underflow[number];
        int r = 0;

        for (size_t at = first, n = 0; at < end && r >= 0; at += entry_length(d, at), n++) {
                const char *name = target_name(d, at);

                if (ipt_entry_is_our_jump(d->family, d->entries + at, name))
                        r = ipt_image_found_jump(image, hook, n, d->entries + at, name);
        }
        return r;
}

static int dump_read(const Dump *d, IptImage *image)
{
        static const unsigned numbers[] = {
                [IPT_HOOK_INPUT] = NF_INET_LOCAL_IN,
                [IPT_HOOK_FORWARD] = NF_INET_FORWARD,
                [IPT_HOOK_OUTPUT] = NF_INET_LOCAL_OUT,
        };
        int r = 0;

        for (size_t i = 0; i < d->n_heads && r >= 0; i++)
                if (ipt_name_is_ours(d->heads[i].name))
                        r = dump_read_chain(d, i, image);
        for (IptHook h = 0; h < _IPT_HOOK_MAX && r >= 0; h++)
                r = dump_read_jumps(d, h, numbers[h], image);
        return r >= 0 ? ipt_image_finish(image) : r;
}

static int dump_table(const IptKernel *k, Dump *d)
{
        int r = -EAGAIN;

        if (!ipt_kernel_has_table(k))
                return -ENOENT;
        for (unsigned n = 0; n < READ_TRIES && r == -EAGAIN; n++)
                r = dump_get(k, d);
        return r < 0 ? r : dump_find_heads(d);
}

static struct xt_counters entry_counters(const Dump *d, size_t at)
{
        const void *e = d->entries + at;

        return d->family == FAMILY_IPV4 ? ((const struct ipt_entry *)e)->counters
                                        : ((const struct ip6t_entry *)e)->counters;
}

int ipt_kernel_count(const IptKernel *k, IptCountHandler *f, void *data)
{
        _cleanup_(dump_deinit) Dump d = { .family = k->family };
        int r = dump_table(k, &d);

        for (size_t i = 0; i < d.n_heads && r >= 0; i++) {
                size_t end = i + 1 < d.n_heads ? d.heads[i + 1].offset : d.info.size;

                if (!ipt_name_is_ours(d.heads[i].name))
                        continue;
                for (size_t at = d.heads[i].offset; at < end; at += entry_length(&d, at)) {
                        struct xt_counters c = entry_counters(&d, at);
                        uint64_t id;

                        if (ipt_entry_id(d.family, d.entries + at, &id))
                                f(id, c.pcnt, c.bcnt, data);
                }
        }
        return r;
}

int ipt_kernel_read(const IptKernel *k, IptImage *ret)
{
        _cleanup_(dump_deinit) Dump d = { .family = k->family };
        IptImage image = { .family = k->family };
        int r = dump_table(k, &d);

        if (r >= 0)
                r = dump_read(&d, &image);
        if (r < 0) {
                ipt_image_deinit(&image);
                return r;
        }
        *ret = image;
        return 0;
}
