/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/netlink/sockets.h"

#include "daemon/netlink/netlink.h"
#include "rules/address/family.h"
#include "rules/base/array.h"
#include "rules/policy/ports.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>

void sockets_deinit(Sockets *s)
{
        free(s->items);
        *s = (Sockets){ 0 };
}

/* ---- the filter, a program that the kernel runs for each socket ---- */

/*
 * For each port and end: port >= P, port <= P, then jump to the end of the program, which accepts.
 * A failed comparison goes on with the next test, and behind the last one leaves the program,
 * which refuses. (Equality as one operation came with Linux 5.7.)
 */
typedef struct PortTest {
        struct inet_diag_bc_op at_least, at_least_port, at_most, at_most_port, accept;
} PortTest;

#define TESTS_MAX (2 * 2 * PORTS_MAX)

_Static_assert(sizeof(PortTest) == 20, "operations of four bytes each");

static PortTest port_test(uint16_t port, bool source, size_t bytes_behind)
{
        /* four bytes beyond the end is how a program refuses */
        unsigned short beyond = bytes_behind == 0 ? sizeof(struct inet_diag_bc_op) : 0;

        return (PortTest){
                .at_least = { source ? INET_DIAG_BC_S_GE : INET_DIAG_BC_D_GE, 8,
                        (unsigned short)(20 + beyond) },
                .at_least_port = { 0, 0, port },
                .at_most = { source ? INET_DIAG_BC_S_LE : INET_DIAG_BC_D_LE, 8,
                        (unsigned short)(12 + beyond) },
                .at_most_port = { 0, 0, port },
                .accept = { INET_DIAG_BC_JMP, 4, (unsigned short)(4 + bytes_behind) },
        };
}

static size_t filter_make(const Ports *ports, PortTest tests[static TESTS_MAX])
{
        size_t n = 2 * ports->n;

        for (size_t i = 0; i < n; i++)
                tests[i] =
                        port_test(ports->items[i / 2], i % 2 == 0, (n - 1 - i) * sizeof(PortTest));
        return n * sizeof(PortTest);
}

/* ---- listing ---- */

static Address address_from_diag(uint8_t family, const __be32 words[4])
{
        static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
        Address a = { .family = family == AF_INET ? FAMILY_IPV4 : FAMILY_IPV6 };

        if (a.family == FAMILY_IPV6 && memcmp(words, mapped, sizeof(mapped)) == 0) {
                a.family = FAMILY_IPV4;
                memcpy(a.bytes, words + 3, 4);
        } else {
                memcpy(a.bytes, words, a.family == FAMILY_IPV4 ? 4 : 16);
        }
        return a;
}

static int attribute_read(const struct nlattr *a, void *data)
{
        Socket *s = data;

        if (mnl_attr_get_type(a) == INET_DIAG_CGROUP_ID &&
                mnl_attr_get_payload_len(a) >= sizeof(s->cgroup))
                memcpy(&s->cgroup, mnl_attr_get_payload(a), sizeof(s->cgroup));
        if (mnl_attr_get_type(a) == INET_DIAG_MARK && mnl_attr_validate(a, MNL_TYPE_U32) >= 0)
                s->mark = mnl_attr_get_u32(a);
        if (mnl_attr_get_type(a) == INET_DIAG_SKV6ONLY && mnl_attr_validate(a, MNL_TYPE_U8) >= 0)
                s->v6_only = mnl_attr_get_u8(a);
        return MNL_CB_OK;
}

static int socket_read(const struct nlmsghdr *h, void *data)
{
        const struct inet_diag_msg *m = mnl_nlmsg_get_payload(h);
        Socket *s = data;

        if (mnl_nlmsg_get_payload_len(h) < sizeof(*m))
                return -EBADMSG;
        *s = (Socket){
                .family = m->idiag_family,
                .state = m->idiag_state,
                .id = m->id,
                .local = address_from_diag(m->idiag_family, m->id.idiag_src),
                .peer = address_from_diag(m->idiag_family, m->id.idiag_dst),
                .local_port = ntohs(m->id.idiag_sport),
                .peer_port = ntohs(m->id.idiag_dport),
                .uid = m->idiag_uid,
                .inode = m->idiag_inode,
        };
        mnl_attr_parse(h, sizeof(*m), attribute_read, s);
        return 0;
}

static int socket_append(const struct nlmsghdr *h, void *data)
{
        Sockets *sockets = data;
        int r;

        if (array_grow(&sockets->items, sockets->n, sizeof(Socket)) < 0)
                return -ENOMEM;
        r = socket_read(h, sockets->items + sockets->n);
        if (r == 0)
                sockets->n++;
        return r;
}

static int family_list(Netlink *n, uint8_t family, uint32_t states, const Ports *ports, Sockets *s)
{
        struct {
                struct nlmsghdr header;
                struct inet_diag_req_v2 request;
                struct nlattr filter;
                PortTest tests[TESTS_MAX];
        } m = {
                .header = { .nlmsg_type = SOCK_DIAG_BY_FAMILY },
                .request = { .sdiag_family = family,
                        .sdiag_protocol = IPPROTO_TCP,
                        .idiag_states = states },
        };
        size_t length = sizeof(m.header) + sizeof(m.request), filter;

        if (ports) {
                filter = sizeof(m.filter) + filter_make(ports, m.tests);
                m.filter = (struct nlattr){ .nla_type = INET_DIAG_REQ_BYTECODE,
                        .nla_len = (uint16_t)filter };
                length += filter;
        }
        m.header.nlmsg_len = (uint32_t)length;
        return netlink_dump(n, &m.header, socket_append, s);
}

int sockets_list(Netlink *n, uint32_t states, const Ports *ports, Sockets *s)
{
        static const uint8_t families[] = { AF_INET, AF_INET6 };
        int r;

        for (size_t i = 0; i < ELEMENTS(families); i++) {
                r = family_list(n, families[i], states, ports, s);
                /* a kernel without IPv6 has no sockets of it */
                if (r < 0 && !(r == -ENOENT && families[i] == AF_INET6))
                        return r;
        }
        return 0;
}

static void address_to_diag(const Address *a, __be32 words[static 4])
{
        memcpy(words, a->bytes, family_bits(a->family) / 8);
}

int socket_find(Netlink *n, const Address *local, uint16_t local_port, const Address *peer,
        uint16_t peer_port, Socket *ret)
{
        struct {
                struct nlmsghdr header;
                struct inet_diag_req_v2 request;
        } m = {
                .header = { .nlmsg_len = sizeof(m), .nlmsg_type = SOCK_DIAG_BY_FAMILY },
                .request = { .sdiag_family = local->family == FAMILY_IPV4 ? AF_INET : AF_INET6,
                        .sdiag_protocol = IPPROTO_TCP,
                        .idiag_states = UINT32_MAX,
                        .id = { .idiag_sport = htons(local_port),
                                .idiag_dport = htons(peer_port),
                                .idiag_if = ret->id.idiag_if,
                                .idiag_cookie = { INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE } } },
        };
        Socket s = { 0 };
        int r;

        address_to_diag(local, m.request.id.idiag_src);
        address_to_diag(peer, m.request.id.idiag_dst);
        r = netlink_request(n, &m.header, socket_read, &s);
        if (r < 0)
                return r;
        *ret = s;
        return 0;
}

int socket_destroy(Netlink *n, const Socket *s)
{
        struct {
                struct nlmsghdr header;
                struct inet_diag_req_v2 request;
        } m = {
                .header = { .nlmsg_len = sizeof(m), .nlmsg_type = SOCK_DESTROY },
                .request = { .sdiag_family = s->family,
                        .sdiag_protocol = IPPROTO_TCP,
                        .idiag_states = UINT32_MAX,
                        .id = s->id },
        };

        return netlink_request(n, &m.header, NULL, NULL);
}

/* The kernel looks whether it can do so at all before it looks for the socket. None has port 0, nor
 * this cookie. Before Linux 4.5 the very request is unknown. */
bool sockets_lack_destroy(Netlink *n)
{
        int r = socket_destroy(n, &(Socket){ .family = AF_INET });

        return r == -EOPNOTSUPP || r == -EINVAL;
}
