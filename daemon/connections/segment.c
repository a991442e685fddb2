/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/connections/segment.h"

#include "daemon/netlink/conntrack.h"
#include "rules/address/family.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

/* Half the space of numbers apart: one of the two is outside the window, wherever that is. */
static const uint32_t sequences[] = { 0, UINT32_C(1) << 31 };
/* An end that has sent a SYN-ACK and waits answers a wrong acknowledgement with a reset, and is not
 * closed by it; one without is answered with an ACK (net/ipv4/tcp_minisocks.c, tcp_check_req). It
 * goes first: an end that is open discards it. */
static const uint8_t flags[] = { 0, TH_ACK };

/* A descriptor, or negative errno; an error stays what it is. */
static int raw_socket(Segments *s, Family family)
{
        size_t f = family == FAMILY_IPV4 ? 0 : 1;

        if (s->fds[f] == -1) {
                int fd = socket(f == 0 ? AF_INET : AF_INET6,
                        SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_RAW);

                s->fds[f] = fd < 0 ? -1 - errno : fd;
        }
        return s->fds[f] < 0 ? s->fds[f] + 1 : s->fds[f];
}

void segments_close(Segments *s)
{
        for (size_t f = 0; f < ELEMENTS(s->fds); f++)
                if (s->fds[f] >= 0)
                        close(s->fds[f]);
        *s = SEGMENTS_CLOSED;
}

/* The sum of RFC 1071, not yet complemented. */
static uint32_t sum_add(uint32_t sum, const void *data, size_t n)
{
        const uint8_t *bytes = data;

        for (size_t i = 0; i + 1 < n; i += 2)
                sum += (uint32_t)(bytes[i] << 8 | bytes[i + 1]);
        return sum;
}

static uint16_t sum_finish(uint32_t sum)
{
        while (sum >> 16)
                sum = (sum & 0xffff) + (sum >> 16);
        return htons((uint16_t)~sum);
}

static struct tcphdr segment_make(const Tuple *t, uint32_t sequence, uint8_t flag)
{
        size_t n = family_bits(t->from.family) / 8;
        struct tcphdr tcp = {
                .th_sport = htons(t->from_port),
                .th_dport = htons(t->to_port),
                .th_seq = htonl(sequence),
                .th_off = sizeof(tcp) / 4,
                .th_flags = flag,
        };
        uint32_t sum = IPPROTO_TCP + sizeof(tcp);

        sum = sum_add(sum, t->from.bytes, n);
        sum = sum_add(sum, t->to.bytes, n);
        tcp.th_sum = sum_finish(sum_add(sum, &tcp, sizeof(tcp)));
        return tcp;
}

/* The kernel fills in the checksum and the identification. */
static ssize_t send4(int fd, const Tuple *t, uint32_t sequence, uint8_t flag)
{
        struct {
                struct iphdr ip;
                struct tcphdr tcp;
        } packet = {
                .ip = { .version = 4,
                        .ihl = sizeof(packet.ip) / 4,
                        .tot_len = htons(sizeof(packet)),
                        .ttl = IPDEFTTL,
                        .protocol = IPPROTO_TCP },
                .tcp = segment_make(t, sequence, flag),
        };
        struct sockaddr_in to = { .sin_family = AF_INET };

        memcpy(&packet.ip.saddr, t->from.bytes, 4);
        memcpy(&packet.ip.daddr, t->to.bytes, 4);
        memcpy(&to.sin_addr, t->to.bytes, 4);
        return sendto(fd, &packet, sizeof(packet), 0, (struct sockaddr *)&to, sizeof(to));
}

static ssize_t send6(int fd, const Tuple *t, uint32_t sequence, uint8_t flag)
{
        struct {
                struct ip6_hdr ip;
                struct tcphdr tcp;
        } packet = {
                .ip = { .ip6_flow = htonl(UINT32_C(6) << 28),
                        .ip6_plen = htons(sizeof(packet.tcp)),
                        .ip6_nxt = IPPROTO_TCP,
                        .ip6_hlim = IPDEFTTL },
                .tcp = segment_make(t, sequence, flag),
        };
        struct sockaddr_in6 to = { .sin6_family = AF_INET6 };

        memcpy(&packet.ip.ip6_src, t->from.bytes, 16);
        memcpy(&packet.ip.ip6_dst, t->to.bytes, 16);
        memcpy(&to.sin6_addr, t->to.bytes, 16);
        return sendto(fd, &packet, sizeof(packet), 0, (struct sockaddr *)&to, sizeof(to));
}

int segments_send(Segments *s, const Tuple *t, uint32_t mark)
{
        int fd = raw_socket(s, t->from.family);

        if (fd < 0)
                return fd;
        (void)setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark));
        for (size_t i = 0; i < ELEMENTS(flags) * ELEMENTS(sequences); i++) {
                uint32_t sequence = sequences[i % ELEMENTS(sequences)];
                uint8_t flag = flags[i / ELEMENTS(sequences)];
                ssize_t sent = t->from.family == FAMILY_IPV4 ? send4(fd, t, sequence, flag)
                                                             : send6(fd, t, sequence, flag);

                if (sent < 0)
                        return -errno;
        }
        return 0;
}
