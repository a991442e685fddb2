/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/foreign/read.h"

#include "daemon/foreign/programs.h"
#include "daemon/loop/clock.h"
#include "daemon/netlink/netlink.h"
#include "daemon/reader/ask.h"
#include "daemon/reader/question.h"
#include "rules/base/array.h"
#include "rules/base/strv.h"

#include <assert.h>
#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

/* A change while they are listed makes the list worthless. */
#define ATTEMPTS 5
#define LEGACY_MAX (64u << 20)
/* For the elements of all sets: the kernel counts through a set from its beginning for each part of
 * it, so that a million of them take half a minute. Less than an answer may take. */
#define ELEMENTS_USEC (3 * USEC_PER_SEC / 2)

static int on_message(const struct nlmsghdr *h, void *data)
{
        return filters_add_message(data, h);
}

/* A request for a dump: headers and a few names. */
typedef struct Request {
        struct nlmsghdr header;
        struct nfgenmsg family;
        uint8_t attributes[1024];
} Request;

static Request request_make(uint16_t type, uint8_t family)
{
        return (Request){
                .header = { .nlmsg_len = offsetof(Request, attributes),
                        .nlmsg_type = (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type) },
                .family = { .nfgen_family = family, .version = NFNETLINK_V0 },
        };
}

static int request_add_string(Request *r, uint16_t type, const char *s)
{
        size_t n = strlen(s) + 1, used = r->header.nlmsg_len - offsetof(Request, attributes);
        struct nlattr a = { .nla_len = (uint16_t)(sizeof(a) + n), .nla_type = type };

        if (n > NFT_NAME_MAXLEN || NLA_ALIGN(sizeof(a) + n) > sizeof(r->attributes) - used)
                return -EMSGSIZE;
        memcpy(r->attributes + used, &a, sizeof(a));
        memcpy(r->attributes + used + sizeof(a), s, n);
        r->header.nlmsg_len += (uint32_t)NLA_ALIGN(sizeof(a) + n);
        return 0;
}

static int dump_all(Netlink *n, uint16_t type, Filters *f)
{
        Request request = request_make(type, NFPROTO_UNSPEC);

        return netlink_dump(n, &request.header, on_message, f);
}

/* Table by table, and only of those whose chains are listed: p25's own rules may be many. The
 * chains of a table are listed one behind the other. */
static int dump_rules(Netlink *n, Filters *f)
{
        int r = 0;

        for (size_t i = 0; r >= 0 && i < f->n_chains; i++) {
                const FilterChain *c = f->chains[i], *last = i > 0 ? f->chains[i - 1] : NULL;
                Request request = request_make(NFT_MSG_GETRULE, c->family);

                if (last && last->family == c->family && streq(last->table, c->table))
                        continue;
                r = request_add_string(&request, NFTA_RULE_TABLE, c->table);
                if (r >= 0)
                        r = netlink_dump(n, &request.header, on_message, f);
        }
        return r;
}

typedef struct ElementsReading {
        Filters *filters;
        FilterSet *set;
        uint64_t end_usec; /* CLOCK_MONOTONIC */
} ElementsReading;

static int on_elements(const struct nlmsghdr *h, void *data)
{
        ElementsReading *reading = data;

        if (clock_now_usec(CLOCK_MONOTONIC) < reading->end_usec && !reading->set->incomplete)
                return on_message(h, reading->filters);
        filter_set_give_up(reading->set);
        return -ECANCELED;
}

/* A set that takes too long counts as unknown. */
static int dump_set(Netlink *n, ElementsReading *reading)
{
        FilterSet *s = reading->set;
        Request request = request_make(NFT_MSG_GETSETELEM, s->family);
        int r = request_add_string(&request, NFTA_SET_ELEM_LIST_TABLE, s->table);

        if (r >= 0)
                r = request_add_string(&request, NFTA_SET_ELEM_LIST_SET, s->name);
        if (r >= 0)
                r = netlink_dump(n, &request.header, on_elements, reading);
        if (r != -ECANCELED)
                return r;
        netlink_close(n);
        return netlink_open(NETLINK_NETFILTER, n);
}

static int dump_elements(Netlink *n, Filters *f)
{
        uint64_t end_usec = clock_now_usec(CLOCK_MONOTONIC) + ELEMENTS_USEC;
        int r = 0;

        for (size_t i = 0; r >= 0 && i < f->n_sets; i++) {
                uint64_t now = clock_now_usec(CLOCK_MONOTONIC),
                         left = now < end_usec ? end_usec - now : 0;

                /* half of it, so that a small set behind a large one is known */
                r = dump_set(n, &(ElementsReading){ f, f->sets[i], now + left / 2 });
        }
        return r;
}

static int read_nftables_once(Netlink *n, Filters *f)
{
        int r = dump_all(n, NFT_MSG_GETCHAIN, f);

        if (r >= 0)
                r = dump_rules(n, f);
        if (r >= 0)
                r = dump_all(n, NFT_MSG_GETSET, f);
        if (r >= 0)
                r = dump_elements(n, f);
        if (r >= 0)
                filters_finish(f);
        return r;
}

static bool is_changing(int r)
{
        return r == -EINTR || r == -ESTALE || r == -ENOENT;
}

static int read_nftables(Filters *ret)
{
        Netlink n;
        int r = netlink_open(NETLINK_NETFILTER, &n);

        if (r < 0)
                return r;
        for (unsigned i = 0; i < ATTEMPTS; i++) {
                filters_deinit(ret);
                r = read_nftables_once(&n, ret);
                if (!is_changing(r))
                        break;
        }
        netlink_close(&n);
        if (r < 0)
                filters_deinit(ret);
        return r;
}

/* ---- legacy tables ---- */

/* ip6_tables answers as ip_tables does, at a level of its own. */
static_assert(sizeof(struct ip6t_getinfo) == sizeof(struct ipt_getinfo) &&
                      offsetof(struct ip6t_getinfo, size) == offsetof(struct ipt_getinfo, size) &&
                      offsetof(struct ip6t_get_entries, entrytable) ==
                              offsetof(struct ipt_get_entries, entrytable) &&
                      IP6T_SO_GET_INFO == IPT_SO_GET_INFO &&
                      IP6T_SO_GET_ENTRIES == IPT_SO_GET_ENTRIES,
        "both families have the same layout");

static int read_entries(int fd, int level, LegacyTable *t)
{
        _cleanup_free_ struct ipt_get_entries *entries = NULL;
        struct ipt_getinfo info = { 0 };
        socklen_t n = sizeof(info);
        int r;

        snprintf(info.name, sizeof(info.name), "%s", t->name);
        if (getsockopt(fd, level, IPT_SO_GET_INFO, &info, &n) < 0)
                return -errno;
        if (info.size > LEGACY_MAX)
                return -EFBIG;
        n = (socklen_t)(sizeof(*entries) + info.size);
        entries = calloc(1, n);
        t->blob = malloc(info.size + 1);
        if (!entries || !t->blob)
                return -ENOMEM;
        memcpy(entries->name, info.name, sizeof(entries->name));
        entries->size = info.size;
        r = getsockopt(fd, level, IPT_SO_GET_ENTRIES, entries, &n) < 0 ? -errno : 0;
        memcpy(t->blob, entries->entrytable, info.size);
        t->size = info.size;
        t->valid_hooks = info.valid_hooks;
        memcpy(t->entry, info.hook_entry, sizeof(t->entry));
        memcpy(t->underflow, info.underflow, sizeof(t->underflow));
        return r;
}

/* The unit of p25d has no such families, so that p25d can send nothing. */
static int open_socket(int family)
{
        int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

        if (fd < 0 && errno == EAFNOSUPPORT)
                return reader_xtables(family);
        return fd < 0 ? -errno : fd;
}

/* Changed between the two questions: -EAGAIN. */
static int read_table(uint8_t family, const char *name, LegacyTable *ret)
{
        bool v4 = family == NFPROTO_IPV4;
        size_t n = strlen(name) + 1;
        int fd, r = -EAGAIN;

        if (n > sizeof(ret->name))
                return -ENAMETOOLONG;
        fd = open_socket(v4 ? AF_INET : AF_INET6);
        if (fd < 0)
                return fd;
        for (unsigned i = 0; r == -EAGAIN && i < ATTEMPTS; i++) {
                free(ret->blob);
                *ret = (LegacyTable){ .family = family };
                memcpy(ret->name, name, n);
                r = read_entries(fd, v4 ? IPPROTO_IP : IPPROTO_IPV6, ret);
        }
        close(fd);
        return r;
}

static int note_unread(Filters *f, const char *what, int error)
{
        return strv_printf(&f->unread, "%s could not be read: %s", what, strerror(-error));
}

static int add_table(Filters *f, uint8_t family, const char *name)
{
        _cleanup_free_ char *what = NULL;
        LegacyTable t = { 0 };
        int r = read_table(family, name, &t);

        if (r >= 0)
                r = array_grow(&f->legacy, f->n_legacy, sizeof(*f->legacy));
        if (r >= 0) {
                f->legacy[f->n_legacy++] = t;
                return 0;
        }
        free(t.blob);
        if (r == -ENOMEM || asprintf(&what, "table %s of legacy %s", name,
                                    family == NFPROTO_IPV4 ? "iptables" : "ip6tables") < 0)
                return -ENOMEM;
        return note_unread(f, what, r);
}

/* Only root may read the names: for p25d of the unit, p25d-reader opens them. */
static FILE *open_names(uint8_t family)
{
        const char *path = family == NFPROTO_IPV4 ? READER_TABLES4 : READER_TABLES6;
        FILE *names = fopen(path, "re");
        int fd;

        if (names || errno != EACCES)
                return names;
        fd = reader_open(READER_FILE, path);
        if (fd >= 0) {
                names = fdopen(fd, "r");
                if (!names)
                        close(fd);
        } else
                errno = -fd;
        return names;
}

/* A table that is asked for would be made: only those that exist are. */
static int read_legacy(Filters *f, uint8_t family)
{
        FILE *names = open_names(family);
        char line[64];
        int r = 0;

        if (!names) /* no legacy iptables in this kernel */
                return errno == ENOENT ? 0 : note_unread(f, "legacy iptables", -errno);
        while (r >= 0 && fgets(line, sizeof(line), names)) {
                line[strcspn(line, "\n")] = '\0';
                if (strlen(line) < sizeof(f->legacy->name))
                        r = add_table(f, family, line);
        }
        fclose(names);
        return r;
}

int filters_read(Filters *ret)
{
        int r = read_nftables(ret);

        if (r == -ENOMEM)
                return r;
        r = r < 0 ? note_unread(ret, "nf_tables", r) : 0;
        if (r >= 0)
                r = read_legacy(ret, NFPROTO_IPV4);
        if (r >= 0)
                r = read_legacy(ret, NFPROTO_IPV6);
        if (r >= 0)
                r = programs_read(ret);
        if (r < 0)
                filters_deinit(ret);
        return r;
}
