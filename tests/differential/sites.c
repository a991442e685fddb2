/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "tests/differential/sites.h"

#include "rules/address/family.h"

static const struct SitePrefix {
        Site site;
        const char *prefix;
        bool routed; /* needs routes; others are the addresses of links */
} site_prefixes[] = {
        { HOST, "192.0.2.1/32", false },
        { HOST, "10.9.0.1/32", false },
        { HOST, "203.0.113.0/26", true },
        { HOST, "2001:db8:1::1/128", false },
        { HOST, "fd00:9::1/128", false },
        { HOST, "2001:db8:aa::/64", true },
        { INTERNET, "192.0.2.2/32", false },
        { INTERNET, "198.51.100.0/24", true },
        { INTERNET, "64.0.0.0/3", true },
        { INTERNET, "2001:db8:1::2/128", false },
        { INTERNET, "2001:db8:2::/48", true },
        { INTERNET, "2a00::/12", true },
        { CONTAINER, "10.9.0.2/32", false },
        { CONTAINER, "10.9.128.0/17", true },
        { CONTAINER, "fd00:9::2/128", false },
        { CONTAINER, "fd00:9:1::/48", true },
};

static Prefix site_prefix(size_t i)
{
        const char *text = site_prefixes[i].prefix, *reason;
        bool host_bits;
        Prefix p = { 0 };

        assert_int_equal(prefix_parse(text, strlen(text), &p, &host_bits, &reason), 0);
        return p;
}

bool site_owns(Site site, const Address *a)
{
        for (size_t i = 0; i < ELEMENTS(site_prefixes); i++) {
                Prefix p = site_prefix(i);

                if (site_prefixes[i].site == site && prefix_contains(&p, a))
                        return true;
        }
        return false;
}

/* An address of a prefix, near its beginning: few networks, few hosts in each. */
static Address site_draw_from(Random *r, const Prefix *p)
{
        unsigned last = family_bits(p->address.family) / 8 - 1, first = p->bits / 8;
        unsigned room = family_bits(p->address.family) - p->bits;
        Address a = p->address;

        if (room >= 5)
                a.bytes[last] |= (uint8_t)random_below(r, 32);
        if (room > 16)
                a.bytes[first + 1] |= (uint8_t)random_below(r, 4);
        if (room > 24 && random_once(r, 2))
                a.bytes[first + 2] = (uint8_t)random_below(r, 256);
        return a;
}

Address site_draw(Random *r, Site site, Family family)
{
        for (;;) {
                size_t i = random_below(r, ELEMENTS(site_prefixes));
                Prefix p = site_prefix(i);

                if (site_prefixes[i].site == site && p.address.family == family)
                        return site_draw_from(r, &p);
        }
}

Address site_address(const char *text)
{
        const char *reason;
        Address a = { 0 };

        assert_int_equal(address_parse(text, strlen(text), &a, &reason), 0);
        return a;
}

/* ---- the world ---- */

static void sites_route(Site site, const char *prefix)
{
        const char *v = strchr(prefix, ':') ? "-6" : "-4";
        const char *through = site == INTERNET ? "wan0" : "cont0";
        const char *gateway = strchr(prefix, ':') ? site == INTERNET ? "2001:db8:1::2" : "fd00:9::2"
                              : site == INTERNET  ? "192.0.2.2"
                                                  : "10.9.0.2";

        if (site == HOST) {
                must("ip %s route add local %s dev lo", v, prefix);
                return;
        }
        must("nsenter -t %d -n ip %s route add local %s dev lo", (int)world.pid[site], v, prefix);
        must("ip %s route add %s via %s dev %s", v, prefix, gateway, through);
}

static void sites_publish(void)
{
        must("nft -f - <<'E'\n"
             "table inet nat {\n"
             "  chain pre { type nat hook prerouting priority -100;\n"
             "    iifname wan0 ip daddr " PUBLISHED4 " tcp dport 25 dnat ip to 10.9.0.2:2525\n"
             "    iifname wan0 ip6 daddr " PUBLISHED6 " tcp dport 25 dnat ip6 to [fd00:9::2]:2525\n"
             "    iifname wan0 ip daddr " PUBLISHED4 " tcp dport 8025 dnat ip to 10.9.0.2:25\n"
             "    iifname wan0 ip6 daddr " PUBLISHED6 " tcp dport 8025 dnat ip6 to [fd00:9::2]:25\n"
             "  }\n"
             "  chain out { type nat hook output priority -100;\n"
             "    ip daddr " REDIRECTED4 " tcp dport 587 dnat ip to 10.9.0.2:2525\n"
             "  }\n"
             "}\nE");
}

void sites_track(bool track)
{
        if (track) {
                run("nft delete table inet raw 2>/dev/null");
                return;
        }
        must("nft -f - <<'E'\n"
             "table inet raw {\n"
             "  chain pre { type filter hook prerouting priority -300; notrack; }\n"
             "  chain out { type filter hook output priority -300; notrack; }\n"
             "}\nE");
}

static int site_listeners[64];
static size_t n_site_listeners;

void sites_build(void)
{
        world_build();
        for (size_t i = 0; i < ELEMENTS(site_prefixes); i++)
                if (site_prefixes[i].routed)
                        sites_route(site_prefixes[i].site, site_prefixes[i].prefix);
        sites_publish();
        n_site_listeners = 0;
        for (Site s = HOST; s < _SITES; s++)
                for (size_t i = 0; i < ELEMENTS(site_ports); i++)
                        if (i == 0 || site_ports[i] != site_ports[i - 1])
                                site_listeners[n_site_listeners++] = listen_at(s, site_ports[i]);
        site_listeners[n_site_listeners++] = listen_at(HOST, PORT_PUBLISHED_OTHER);
}

void sites_accept(void)
{
        for (size_t i = 0; i < n_site_listeners; i++) {
                int fd;

                while ((fd = accept4(site_listeners[i], NULL, NULL, SOCK_CLOEXEC)) >= 0)
                        close(fd);
        }
}

void sites_end(void)
{
        for (size_t i = 0; i < n_site_listeners; i++)
                close(site_listeners[i]);
        world_end();
}
