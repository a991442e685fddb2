/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns the reading of /proc/net/tcp{,6} and of the descriptors below /proc/PID. Knows nothing of
 * policies.
 */

#include "cli/survey/listening.h"

#include "daemon/host/host.h"
#include "daemon/io/file.h"
#include "rules/address/family.h"
#include "rules/base/array.h"
#include "rules/base/text.h"
#include "rules/policy/ports.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#define STATE_ESTABLISHED 0x01
#define STATE_LISTEN 0x0a

void listeners_deinit(Listeners *l)
{
        for (size_t i = 0; i < l->n; i++) {
                free(l->items[i].address);
                free(l->items[i].user);
                free(l->items[i].process);
        }
        free(l->items);
        *l = (Listeners){ 0 };
}

/* ---- /proc/net/tcp: "  0: 0100007F:0019 00000000:0000 0A … uid timeout inode …" ---- */

/* The kernel prints the address as 32-bit words in the machine's order. */
static bool address_read(const char *hex, Family family, Address *ret)
{
        *ret = (Address){ .family = family };
        for (size_t i = 0; i < (family == FAMILY_IPV4 ? 1 : 4); i++) {
                uint32_t word;

                if (sscanf(hex + 8 * i, "%8x", &word) != 1)
                        return false;
                memcpy(ret->bytes + 4 * i, &word, 4);
        }
        return true;
}

static bool address_is_loopback(const Address *a)
{
        static const uint8_t one[16] = { [15] = 1 };

        return a->family == FAMILY_IPV4 ? a->bytes[0] == 127 : memcmp(a->bytes, one, 16) == 0;
}

/* A socket on a mapped address is an IPv4 socket in IPv6's clothes. */
static void address_unmap(Address *a)
{
        static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

        if (a->family != FAMILY_IPV6 || memcmp(a->bytes, mapped, 12) != 0)
                return;
        memcpy(a->bytes, a->bytes + 12, 4);
        memset(a->bytes + 4, 0, 12);
        a->family = FAMILY_IPV4;
}

static int listener_new(Address address, uint16_t port, unsigned uid, uint64_t inode,
        HostNames *names, Listener *ret)
{
        Listener l = { .port = port, .inode = inode };
        char text[ADDRESS_TEXT_MAX];
        int r;

        address_unmap(&address);
        l.ipv4 = address.family == FAMILY_IPV4;
        l.ipv6 = !l.ipv4;
        l.loopback = address_is_loopback(&address);
        l.address = strdup(address_format(&address, text));
        r = l.address ? host_user_name(names, uid, &l.user) : -ENOMEM;
        if (r >= 0 && !l.user && asprintf(&l.user, "%u", uid) < 0)
                r = -ENOMEM;
        if (r < 0) {
                free(l.address);
                return r;
        }
        *ret = l;
        return 0;
}

static int line_read(
        const char *line, Family family, const Ports *ports, HostNames *names, Listeners *list)
{
        char hex[33];
        unsigned port, state, uid;
        unsigned long long inode;
        Address address;
        int r;

        if (sscanf(line, " %*d: %32[0-9A-F]:%x %*[0-9A-F]:%*x %x %*x:%*x %*x:%*x %*x %u %*u %llu",
                    hex, &port, &state, &uid, &inode) != 5 ||
                state != STATE_LISTEN || !ports_contain(ports, (uint16_t)port) ||
                !address_read(hex, family, &address))
                return 0;
        r = array_grow(&list->items, list->n, sizeof(Listener));
        if (r >= 0)
                r = listener_new(address, (uint16_t)port, uid, inode, names, &list->items[list->n]);
        if (r >= 0)
                list->n++;
        return r;
}

static int table_read(
        const char *path, Family family, const Ports *ports, HostNames *names, Listeners *list)
{
        char line[512];
        FILE *f = fopen(path, "re");
        int r = 0;

        /* a kernel without IPv6 is not an error */
        if (!f)
                return errno == ENOENT && family == FAMILY_IPV6 ? 0 : -errno;
        while (r >= 0 && fgets(line, sizeof(line), f))
                r = line_read(line, family, ports, names, list);
        fclose(f);
        return r;
}

/* ---- connections ---- */

bool address_is_private(const Address *a)
{
        const uint8_t *b = a->bytes;

        if (a->family == FAMILY_IPV6)
                return (b[0] & 0xfe) == 0xfc || (b[0] == 0xfe && (b[1] & 0xc0) == 0x80);
        return b[0] == 10 || (b[0] == 172 && (b[1] & 0xf0) == 16) || (b[0] == 192 && b[1] == 168) ||
               (b[0] == 169 && b[1] == 254);
}

void connections_deinit(Connections *l)
{
        free(l->items);
        *l = (Connections){ 0 };
}

static int connection_line_read(const char *line, Family family, uint16_t port, Connections *list)
{
        unsigned local_port, peer_port, state;
        char hex[33];
        Address peer;
        int r;

        if (sscanf(line, " %*d: %*[0-9A-F]:%x %32[0-9A-F]:%x %x", &local_port, hex, &peer_port,
                    &state) != 4 ||
                state != STATE_ESTABLISHED || (local_port != port && peer_port != port) ||
                !address_read(hex, family, &peer))
                return 0;
        address_unmap(&peer);
        if (address_is_loopback(&peer))
                return 0;
        r = array_grow(&list->items, list->n, sizeof(Connection));
        if (r >= 0)
                list->items[list->n++] =
                        (Connection){ .incoming = local_port == port, .peer = peer };
        return r;
}

int connections_read(uint16_t port, Connections *ret)
{
        static const struct {
                const char *path;
                Family family;
        } files[] = { { "/proc/net/tcp", FAMILY_IPV4 }, { "/proc/net/tcp6", FAMILY_IPV6 } };
        Connections list = { 0 };
        char line[512];
        int r = 0;

        for (size_t i = 0; r >= 0 && i < ELEMENTS(files); i++) {
                FILE *f = fopen(files[i].path, "re");

                while (f && r >= 0 && fgets(line, sizeof(line), f))
                        r = connection_line_read(line, files[i].family, port, &list);
                if (f)
                        fclose(f);
        }
        if (r < 0) {
                connections_deinit(&list);
                return r;
        }
        *ret = list;
        return 0;
}

/* ---- which process holds a socket ---- */

static bool is_number(const char *s)
{
        return isdigit((unsigned char)*s) != 0;
}

static void process_name(Listener *l)
{
        char name[64];

        if (file_read_process("/proc", (uint32_t)l->pid, "comm", name, sizeof(name)) == 0)
                return;
        name[strcspn(name, "\n")] = '\0';
        text_make_printable(name);
        l->process = strdup(name);
}

static void socket_note(Listeners *list, const char *link, pid_t pid)
{
        unsigned long long inode;

        if (sscanf(link, "socket:[%llu]", &inode) != 1)
                return;
        for (size_t i = 0; i < list->n; i++)
                if (list->items[i].inode == inode && list->items[i].pid == 0) {
                        list->items[i].pid = pid;
                        process_name(&list->items[i]);
                }
}

static void process_read(Listeners *list, pid_t pid)
{
        _cleanup_closedir_ DIR *d = NULL;
        char path[64];

        snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
        d = opendir(path);
        if (!d)
                return;
        for (struct dirent *e; (e = readdir(d));) {
                char link[64];
                ssize_t n = readlinkat(dirfd(d), e->d_name, link, sizeof(link) - 1);

                if (n <= 0)
                        continue;
                link[n] = '\0';
                socket_note(list, link, pid);
        }
}

static void processes_read(Listeners *list)
{
        _cleanup_closedir_ DIR *d = opendir("/proc");

        if (!d)
                return;
        for (struct dirent *e; (e = readdir(d));)
                if (is_number(e->d_name))
                        process_read(list, (pid_t)strtol(e->d_name, NULL, 10));
}

/* ---- the whole ---- */

/* /proc does not show IPV6_V6ONLY: [::] takes IPv4 as well unless bindv6only is set or another
 * socket has 0.0.0.0 of the port, which the kernel allows only then. */
static void dual_note(Listeners *list)
{
        FILE *f = fopen("/proc/sys/net/ipv6/bindv6only", "re");
        bool v6only = f && fgetc(f) == '1';

        if (f)
                fclose(f);
        for (size_t i = 0; i < list->n; i++) {
                Listener *l = &list->items[i];

                if (!streq(l->address, "::") || v6only)
                        continue;
                l->ipv4 = true;
                for (size_t k = 0; k < list->n; k++)
                        if (list->items[k].port == l->port &&
                                streq(list->items[k].address, "0.0.0.0"))
                                l->ipv4 = false;
        }
}

static int listener_compare(const void *a, const void *b)
{
        const Listener *x = a, *y = b;

        if (x->port != y->port)
                return x->port < y->port ? -1 : 1;
        if (x->ipv6 != y->ipv6)
                return x->ipv6 ? 1 : -1;
        return strcmp(x->address, y->address);
}

int listeners_read(const Ports *ports, Listeners *ret)
{
        _cleanup_(host_names_free_p) HostNames *names = NULL;
        Listeners list = { 0 };
        int r;

        r = host_names_new(true, &names);
        if (r >= 0)
                r = table_read("/proc/net/tcp", FAMILY_IPV4, ports, names, &list);
        if (r >= 0)
                r = table_read("/proc/net/tcp6", FAMILY_IPV6, ports, names, &list);
        if (r < 0) {
                listeners_deinit(&list);
                return r;
        }
        dual_note(&list);
        if (list.n > 0) {
                processes_read(&list);
                qsort(list.items, list.n, sizeof(Listener), listener_compare);
        }
        *ret = list;
        return 0;
}
