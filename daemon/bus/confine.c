/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns the filter of system calls. The unit has one as well, which keeps other ways shut: modules,
 * mounts, namespaces, ptrace(2), foreign system calls.
 */

#include "daemon/bus/confine.h"

#include "rules/base/util.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CODE_MAX 256
#define WRITING (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC)

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define LOW_HALF 0
#else
#define LOW_HALF 4
#endif

/* ---- the filter: linux/Documentation/userspace-api/seccomp_filter.rst ---- */

typedef struct Code {
        struct sock_filter items[CODE_MAX];
        unsigned short n;
} Code;

static void add(Code *c, uint16_t code, uint32_t k, uint8_t if_true, uint8_t if_false)
{
        if (c->n < CODE_MAX)
                c->items[c->n++] = (struct sock_filter)BPF_JUMP(code, k, if_true, if_false);
}

static void add_end(Code *c, int error)
{
        add(c, BPF_RET | BPF_K,
                error ? SECCOMP_RET_ERRNO | ((uint32_t)error & SECCOMP_RET_DATA)
                      : SECCOMP_RET_ALLOW,
                0, 0);
}

/* The number of the system call is loaded whenever one of these begins. */
static void refuse(Code *c, unsigned call, int error)
{
        add(c, BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1);
        add_end(c, error);
}

/* The rest of the code for this call: n comparisons of an argument, any of which lets it pass. */
static void allow_values(
        Code *c, unsigned call, unsigned argument, const uint32_t *values, uint8_t n, int error)
{
        add(c, BPF_JMP | BPF_JEQ | BPF_K, call, 0, (uint8_t)(n + 3));
        add(c, BPF_LD | BPF_W | BPF_ABS,
                offsetof(struct seccomp_data, args) + 8 * argument + LOW_HALF, 0, 0);
        for (uint8_t i = 0; i < n; i++)
                add(c, BPF_JMP | BPF_JEQ | BPF_K, values[i], (uint8_t)(n - i), 0);
        add_end(c, error);
        add_end(c, 0);
}

static void refuse_flags(Code *c, unsigned call, unsigned argument, uint32_t flags, int error)
{
        add(c, BPF_JMP | BPF_JEQ | BPF_K, call, 0, 4);
        add(c, BPF_LD | BPF_W | BPF_ABS,
                offsetof(struct seccomp_data, args) + 8 * argument + LOW_HALF, 0, 0);
        add(c, BPF_JMP | BPF_JSET | BPF_K, flags, 0, 1);
        add_end(c, error);
        add_end(c, 0);
}

/* Calls that change files, or other processes' view of them. */
static void refuse_writing(Code *c)
{
        static const unsigned calls[] = {
#ifdef SYS_creat
                SYS_creat, SYS_rename, SYS_unlink, SYS_link, SYS_symlink, SYS_mkdir, SYS_rmdir,
                SYS_mknod, SYS_chmod, SYS_chown, SYS_lchown,
#endif
#ifdef SYS_renameat
                SYS_renameat,
#endif
                SYS_renameat2, SYS_unlinkat, SYS_linkat, SYS_symlinkat, SYS_mkdirat, SYS_mknodat,
                SYS_fchmod, SYS_fchmodat, SYS_fchown, SYS_fchownat, SYS_truncate, SYS_ftruncate,
                SYS_fallocate, SYS_setxattr, SYS_fsetxattr, SYS_lsetxattr
        };

        for (size_t i = 0; i < ELEMENTS(calls); i++)
                refuse(c, calls[i], EPERM);
#ifdef SYS_open
        refuse_flags(c, SYS_open, 1, WRITING, EACCES);
#endif
        refuse_flags(c, SYS_openat, 2, WRITING, EACCES);
}

/* Calls that CAP_NET_ADMIN allows. */
static void refuse_network(Code *c)
{
        static const uint32_t local[] = { AF_UNIX }, no_address[] = { 0 },
                              questions[] = { SIOCGIFINDEX, SIOCGIFNAME, TCGETS, FIONREAD };

#ifdef SYS_socketcall
        refuse(c, SYS_socketcall, EPERM);
#endif
#ifdef SYS_io_uring_setup
        refuse(c, SYS_io_uring_setup, EPERM);
#endif
        refuse(c, SYS_bpf, EPERM);
        /* their flags and addresses are out of a filter's sight; the bus library writes instead */
        refuse(c, SYS_openat2, EACCES);
        refuse(c, SYS_sendmsg, ENOTSOCK);
        refuse(c, SYS_sendmmsg, ENOTSOCK);
        allow_values(c, SYS_sendto, 5, no_address, ELEMENTS(no_address), EPERM);
        allow_values(c, SYS_socket, 0, local, ELEMENTS(local), EACCES);
        allow_values(c, SYS_ioctl, 1, questions, ELEMENTS(questions), ENOTTY);
}

static int filter_install(bool network)
{
        Code c = { .n = 0 };
        struct sock_fprog program = { .filter = c.items };

        add(&c, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0, 0);
        refuse_writing(&c);
        if (network)
                refuse_network(&c);
        add_end(&c, 0);
        program.len = c.n;
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
                prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
                return -errno;
        return 0;
}

/* ---- capabilities ---- */

/* 1: they are given up; 0: capset(2) is refused; or negative errno. */
static int capabilities_keep(uint32_t kept)
{
        struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
        struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

        if (syscall(SYS_capget, &header, data) < 0)
                return -errno;
        data[0].effective &= kept;
        data[0].permitted &= kept;
        if (kept != UINT32_MAX)
                data[0].inheritable = data[1].effective = data[1].permitted = data[1].inheritable =
                        0;
        if (syscall(SYS_capset, &header, data) >= 0)
                return 1;
        return errno == EPERM ? 0 : -errno;
}

/* Those that were opened with the capability. */
static int close_network(void)
{
        DIR *d = opendir("/proc/self/fd");

        if (!d)
                return -errno;
        for (const struct dirent *e; (e = readdir(d));) {
                int fd = (int)strtol(e->d_name, NULL, 10), domain;
                socklen_t n = sizeof(domain);

                if (fd > 2 && fd != dirfd(d) &&
                        getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &n) == 0 &&
                        domain != AF_UNIX)
                        close(fd);
        }
        closedir(d);
        return 0;
}

int confine_prepare(void)
{
        int r = capabilities_keep(UINT32_MAX);

        if (r != 0)
                return r < 0 ? r : 0;
        return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ? -errno : 0;
}

int confine(void)
{
        int r = capabilities_keep(
                UINT32_C(1) << CAP_DAC_READ_SEARCH | UINT32_C(1) << CAP_SYS_PTRACE);

        if (r == 0) {
                r = close_network();
                return r < 0 ? r : filter_install(true);
        }
        return r < 0 ? r : filter_install(false);
}
