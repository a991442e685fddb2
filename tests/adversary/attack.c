/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "tests/adversary/attack.h"

#include "daemon/backend/rule_counter.h"
#include "daemon/nftables/apply.h"
#include "rules/address/address.h"
#include "rules/address/prefixset.h"
#include "rules/address/timedset.h"
#include "rules/nftables/table.h"
#include "rules/policy/policy.h"
#include "rules/policy/state.h"

static const BackendOps *const attacked_backends[] = { &backend_nft,
#ifdef WITH_IPTABLES
        &backend_iptables
#endif
};

const BackendOps *attacked_ops;
Backend *attacked;

int attack_apply(const char *text, Ruleset **ret)
{
        _cleanup_compiled_ Compiled c = compile_text(text);
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        int r = attacked_ops->apply(attacked, c.ruleset, &d);

        for (size_t i = 0; i < d.n && r != -EOPNOTSUPP; i++)
                print_message("# %s\n", d.items[i].text);
        if (r >= 0 && ret)
                *ret = TAKE_PTR(c.ruleset);
        return r;
}

void attack_stateless(bool stateless)
{
        NftBackend *b = (NftBackend *)attacked;

        if (attacked_ops != &backend_nft)
                return;
        b->flags &= ~(unsigned)NFT_TABLE_STATELESS;
        b->flags |= stateless ? NFT_TABLE_STATELESS : 0;
}

void attack_apply_small(const char *text, uint32_t room)
{
        _cleanup_compiled_ Compiled c = { 0 };
        NftTable *t;

        if (attacked_ops != &backend_nft) {
                attack_must_apply(text);
                return;
        }
        c = compile_text(text);
        assert_int_equal(nft_table_new(c.ruleset, NULL,
                                 ((NftBackend *)attacked)->flags & NFT_TABLE_STATELESS, &t),
                0);
        for (size_t i = 0; i < t->n_sets; i++)
                if (nft_set_is_dynamic(&t->sets[i]))
                        t->sets[i].size = room;
        assert_int_equal(nft_apply((NftBackend *)attacked, t, true, NULL), 0);
}

void attack_apply_timed(const char *text, uint64_t until_usec)
{
        static const char *const halves[] = { "0.0.0.0/1", "128.0.0.0/1", "::/1", "8000::/1" };
        _cleanup_(prefix_set_unref_p) PrefixSet *all = NULL, *none = NULL;
        _cleanup_compiled_ Compiled c = { .policy = make_policy() };
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        _cleanup_(timed_set_unref_p) TimedSet *timed = NULL;
        Prefix prefixes[ELEMENTS(halves)];
        const char *reason;
        bool host_bits;

        for (size_t i = 0; i < ELEMENTS(halves); i++)
                assert_int_equal(prefix_parse(halves[i], strlen(halves[i]), &prefixes[i],
                                         &host_bits, &reason),
                        0);
        assert_int_equal(prefix_set_new(prefixes, ELEMENTS(halves), &all), 0);
        assert_int_equal(prefix_set_new(NULL, 0, &none), 0);
        assert_int_equal(timed_set_new(all, until_usec, &timed), 0);
        assert_true(state_put_entries(c.policy->state, "ending", none, timed) >= 0);
        test_load_host(c.policy, text, "p25.conf", &d);
        c.ruleset = compile_good(c.policy, &d);
        assert_int_equal(attacked_ops->apply(attacked, c.ruleset, &d), 0);
}

uint64_t attack_count(void)
{
        _cleanup_free_ RuleCounter *all = NULL;
        uint64_t sum = 0;
        size_t n;

        assert_int_equal(attacked_ops->counters(attacked, &all, &n), 0);
        for (size_t i = 0; i < n; i++)
                sum += all[i].packets;
        return sum;
}

uint64_t attack_count_of(uint64_t id)
{
        _cleanup_free_ RuleCounter *all = NULL;
        size_t n;

        assert_int_equal(attacked_ops->counters(attacked, &all, &n), 0);
        for (size_t i = 0; i < n; i++)
                if (all[i].id == id)
                        return all[i].packets;
        return 0;
}

/* ---- frames ---- */

static uint32_t checksum_add(uint32_t sum, const void *data, size_t n)
{
        const uint8_t *bytes = data;

        for (size_t i = 0; i < n; i++)
                sum += (uint32_t)bytes[i] << (i % 2 ? 0 : 8);
        return sum;
}

static uint16_t checksum_fold(uint32_t sum)
{
        while (sum >> 16)
                sum = (sum & 0xffff) + (sum >> 16);
        return htons((uint16_t)~sum);
}

size_t segment_build(const Segment *s, uint8_t frame[static 128])
{
        bool v6 = strchr(s->from, ':') != NULL;
        size_t n_ip = v6 ? sizeof(struct ip6_hdr) : sizeof(struct iphdr), n = v6 ? 16 : 4;
        struct tcphdr tcp = { .source = htons(s->source),
                .dest = htons(s->port),
                .seq = htonl(s->seq ?: 1000),
                .ack_seq = htonl(s->ack ?: (s->flags & TH_ACK ? 1 : 0)),
                .doff = 5,
                .window = htons(64240) };
        uint8_t addresses[32];
        uint32_t sum = IPPROTO_TCP + sizeof(tcp);

        assert_int_equal(inet_pton(v6 ? AF_INET6 : AF_INET, s->from, addresses), 1);
        assert_int_equal(inet_pton(v6 ? AF_INET6 : AF_INET, s->to, addresses + n), 1);
        ((uint8_t *)&tcp)[13] = s->flags;
        sum = checksum_add(checksum_add(sum, addresses, 2 * n), &tcp, sizeof(tcp));
        tcp.check = checksum_fold(sum);
        if (v6) {
                struct ip6_hdr ip = {
                        .ip6_plen = htons(sizeof(tcp)), .ip6_nxt = IPPROTO_TCP, .ip6_hlim = 64
                };

                ip.ip6_vfc = 0x60;
                memcpy(&ip.ip6_src, addresses, 32);
                memcpy(frame, &ip, sizeof(ip));
        } else {
                struct iphdr ip = { .version = 4,
                        .ihl = 5,
                        .tot_len = htons(sizeof(ip) + sizeof(tcp)),
                        .ttl = 64,
                        .protocol = IPPROTO_TCP };

                memcpy(&ip.saddr, addresses, 4);
                memcpy(&ip.daddr, addresses + 4, 4);
                ip.check = checksum_fold(checksum_add(0, &ip, sizeof(ip)));
                memcpy(frame, &ip, sizeof(ip));
        }
        memcpy(frame + n_ip, &tcp, sizeof(tcp));
        return n_ip + sizeof(tcp);
}

/* The address of the host's end of a site's link. */
static void host_mac(Site site, uint8_t ret[static ETH_ALEN])
{
        struct ifreq q = { 0 };
        int fd;

        world_enter(HOST);
        fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        snprintf(q.ifr_name, sizeof(q.ifr_name), "%s", site == INTERNET ? "wan0" : "cont0");
        assert_int_equal(ioctl(fd, SIOCGIFHWADDR, &q), 0);
        memcpy(ret, q.ifr_hwaddr.sa_data, ETH_ALEN);
        close(fd);
}

int attack_open(Site site, bool v6, struct sockaddr_ll *ret)
{
        int fd;

        *ret = (struct sockaddr_ll){ .sll_family = AF_PACKET,
                .sll_protocol = htons(v6 ? ETH_P_IPV6 : ETH_P_IP),
                .sll_halen = ETH_ALEN };
        host_mac(site, ret->sll_addr);
        world_enter(site);
        fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        assert_true(fd >= 0);
        ret->sll_ifindex = (int)if_nametoindex("eth0");
        world_enter(HOST);
        return fd;
}

void attack_send(Site site, const Segment *s)
{
        struct sockaddr_ll to;
        uint8_t frame[128];
        size_t n = segment_build(s, frame);
        int fd = attack_open(site, strchr(s->from, ':') != NULL, &to);

        assert_int_equal(sendto(fd, frame, n, 0, (void *)&to, sizeof(to)), n);
        close(fd);
}

/* ---- sockets ---- */

int attack_socket(Site site, uid_t uid, bool v6, uint16_t port)
{
        static const int one = 1;
        struct sockaddr_storage a;
        socklen_t n = endpoint(v6 ? "::" : "0.0.0.0", port, &a);
        int fd;

        world_enter(site);
        setfsuid(uid);
        fd = socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        assert_true(fd >= 0);
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
        setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one));
        assert_int_equal(bind(fd, (void *)&a, n), 0);
        setfsuid(0);
        world_enter(HOST);
        return fd;
}

int attack_deaf(Site site, uid_t uid, bool v6, uint16_t port)
{
        static struct sock_filter nothing[] = { BPF_STMT(BPF_RET | BPF_K, 0) };
        static const struct sock_fprog program = { 1, nothing };
        int fd = attack_socket(site, uid, v6, port);

        assert_int_equal(
                setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)), 0);
        assert_int_equal(listen(fd, 8), 0);
        return fd;
}

Answer attack_connect(int fd, const char *to, uint16_t port)
{
        struct sockaddr_storage a;
        socklen_t n = endpoint(to, port, &a), length = sizeof(int);
        struct pollfd p = { .fd = fd, .events = POLLOUT };
        Answer answer = OPEN;
        int error = 0;

        if (connect(fd, (void *)&a, n) < 0 && errno != EINPROGRESS)
                error = errno;
        if (error == 0 && poll(&p, 1, SILENCE_MSEC) == 0)
                answer = SILENT;
        else if (error == 0)
                getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
        if (error != 0)
                answer = error == ECONNREFUSED ? RESET : OTHER;
        abort_connection(fd);
        return answer;
}

/* ---- the programs ---- */

static int attack_begin(void **state)
{
        attacked_ops = *(const BackendOps **)*state;
        if (attacked_ops->probe() == -EOPNOTSUPP)
                return 0;
        return attacked_ops->open(NULL, NULL, NULL, NULL, 0, &attacked);
}

static int attack_end(void **state)
{
        (void)state;
        if (!attacked)
                return 0;
        run("for t in nat raw mangle; do nft delete table inet $t 2>/dev/null; done");
        attacked_ops->remove(attacked, NULL);
        attacked_ops->close(attacked);
        attacked = NULL;
        return 0;
}

int attack_main(const struct CMUnitTest *tests, size_t n, CMFixtureFunction setup,
        CMFixtureFunction teardown)
{
        size_t n_backends = ELEMENTS(attacked_backends), k = 0;
        struct CMUnitTest all[64];
        char names[64][96];

        if (!world_begin()) {
                puts("1..0 # SKIP no network namespaces here");
                return 0;
        }
        assert_true(n * n_backends <= ELEMENTS(all));
        for (size_t b = 0; b < n_backends; b++)
                for (size_t i = 0; i < n; i++, k++) {
                        snprintf(names[k], sizeof(names[k]), "%s: %s", attacked_backends[b]->name,
                                tests[i].name);
                        all[k] = (struct CMUnitTest){ names[k], tests[i].test_func, attack_begin,
                                attack_end, (void *)&attacked_backends[b] };
                }
        return _cmocka_run_group_tests("adversary", all, k, setup, teardown);
}
