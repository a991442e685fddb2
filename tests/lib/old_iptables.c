/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Preloaded into p25d by tests: the kernel's side of legacy iptables with faults. The file that
 * P25_FAULT names says which, and may be changed at any time:
 *
 *   kill N   p25d dies where it would commit a table for the Nth time; with + after it has
 *   fail N   the kernel refuses that commit
 *   no-ipv6  there is no IPv6 at all; no-ip6_tables: IPv6, but no iptables for it
 *   no-nfacct  it has no objects that count
 *   no-inotify  this user has no instance of inotify left
 *
 * A fault of a commit happens once.
 */

/* The kernel's headers give way to the C library's, if they come later. */
#include <netinet/in.h>

#include <errno.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static void fault_read(char what[static 32], unsigned *ret_n, char *ret_when)
{
        const char *path = getenv("P25_FAULT");
        FILE *f = path ? fopen(path, "re") : NULL;

        what[0] = *ret_when = '\0';
        *ret_n = 0;
        if (!f)
                return;
        if (fscanf(f, "%31s %u%c", what, ret_n, ret_when) < 1)
                what[0] = '\0';
        fclose(f);
}

static int is(const char *fault)
{
        char what[32], when;
        unsigned n;

        fault_read(what, &n, &when);
        return strcmp(what, fault) == 0;
}

int socket(int family, int type, int protocol)
{
        if (family == AF_INET6 && is("no-ipv6")) {
                errno = EAFNOSUPPORT;
                return -1;
        }
        return (int)syscall(SYS_socket, family, type, protocol);
}

int inotify_init1(int flags)
{
        if (is("no-inotify")) {
                errno = EMFILE;
                return -1;
        }
        return (int)syscall(SYS_inotify_init1, flags);
}

/* The option has the same number in both families. */
static int asks_for_nfacct(int level, int name, const void *value)
{
        const struct xt_get_revision *asked = value;

        return (level == IPPROTO_IP || level == IPPROTO_IPV6) &&
               name == IPT_SO_GET_REVISION_MATCH && strcmp(asked->name, "nfacct") == 0;
}

int getsockopt(int fd, int level, int name, void *value, socklen_t *length)
{
        if (level == IPPROTO_IPV6 && name >= IPT_BASE_CTL && name < IPT_BASE_CTL + 8 &&
                is("no-ip6_tables")) {
                errno = ENOPROTOOPT;
                return -1;
        }
        if (asks_for_nfacct(level, name, value) && is("no-nfacct")) {
                errno = ENOENT;
                return -1;
        }
        return (int)syscall(SYS_getsockopt, fd, level, name, value, length);
}

/* The number of the commit since the fault was written. */
static unsigned commit_number(const char *what, unsigned n)
{
        static char last[64];
        static unsigned count;
        char now[64];

        snprintf(now, sizeof(now), "%s %u", what, n);
        if (strcmp(now, last) != 0)
                count = 0;
        memcpy(last, now, sizeof(last));
        return ++count;
}

int setsockopt(int fd, int level, int name, const void *value, socklen_t length)
{
        char what[32], when;
        int r, failed;
        unsigned n;

        if ((level != IPPROTO_IP && level != IPPROTO_IPV6) || name != IPT_SO_SET_REPLACE)
                return (int)syscall(SYS_setsockopt, fd, level, name, value, length);
        fault_read(what, &n, &when);
        failed = commit_number(what, n) == n && n > 0;
        if (failed && strcmp(what, "fail") == 0) {
                errno = ENOSPC;
                return -1;
        }
        if (failed && strcmp(what, "kill") == 0 && when != '+')
                raise(SIGKILL);
        r = (int)syscall(SYS_setsockopt, fd, level, name, value, length);
        if (failed && strcmp(what, "kill") == 0)
                raise(SIGKILL);
        return r;
}
