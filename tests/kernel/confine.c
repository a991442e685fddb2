/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The rights that are left to a worker in the hands of an attacker: where capset(2) is refused, as
 * under the unit, it keeps CAP_NET_ADMIN and cannot use it. Each attempt is made before as well,
 * and works.
 */

#include "daemon/bus/confine.h"

#include "rules/base/util.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/rtnetlink.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define SOME_USER 33
/* In a child: what failed is its exit status, a line. */
#define CHECK(condition)                           \
        do                                         \
                if (!(condition))                  \
                        _exit(__LINE__ % 251 + 4); \
        while (0)
enum { SKIPPED = 3 };

static const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };

/* ---- attempts: 0 or errno ---- */

typedef enum Way { WITH_ADDRESS, WITHOUT_ADDRESS, BY_MESSAGE } Way;

/* Takes lo down and up. */
static int change_link(int fd, Way way)
{
        struct {
                struct nlmsghdr h;
                struct ifinfomsg i;
        } m = { { .nlmsg_len = sizeof(m),
                        .nlmsg_type = RTM_NEWLINK,
                        .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK },
                { .ifi_index = 1, .ifi_change = IFF_UP, .ifi_flags = IFF_UP } };
        struct iovec part = { &m, sizeof(m) };
        struct msghdr header = { (void *)&kernel, sizeof(kernel), &part, 1, NULL, 0, 0 };
        struct {
                struct nlmsghdr h;
                struct nlmsgerr e;
                char rest[256];
        } answer;
        ssize_t n = way == BY_MESSAGE ? sendmsg(fd, &header, 0)
                    : way == WITH_ADDRESS
                            ? sendto(fd, &m, sizeof(m), 0, (void *)&kernel, sizeof(kernel))
                            : send(fd, &m, sizeof(m), 0);

        if (n < 0)
                return errno;
        n = recv(fd, &answer, sizeof(answer), 0);
        return n < 0 ? errno : answer.h.nlmsg_type == NLMSG_ERROR ? -answer.e.error : EPROTO;
}

static int switch_link(void)
{
        struct ifreq r = { .ifr_name = "lo", .ifr_flags = IFF_UP };
        int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0),
            error = fd >= 0 && ioctl(fd, SIOCSIFFLAGS, &r) >= 0 ? 0 : errno;

        close(fd);
        return error;
}

static int open_socket(int family, int protocol)
{
        int fd = socket(family, SOCK_RAW | SOCK_CLOEXEC, protocol), error = fd >= 0 ? 0 : errno;

        if (fd >= 0)
                close(fd);
        return error;
}

static int write_file(const char *path)
{
        int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600), error = fd >= 0 ? 0 : errno;

        if (fd >= 0)
                close(fd);
        return error;
}

static int look_into(pid_t pid)
{
        char path[64];
        int fd, error;

        (void)snprintf(path, sizeof(path), "/proc/%d/mem", (int)pid);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        error = fd >= 0 ? 0 : errno;
        if (fd >= 0)
                close(fd);
        return error;
}

/* ---- a process like a worker ---- */

static bool keep_capabilities(uint32_t kept)
{
        struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
        struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {
                { .effective = kept, .permitted = kept },
        };

        return syscall(SYS_capset, &header, data) == 0;
}

static uint32_t capabilities(void)
{
        struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
        struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

        CHECK(syscall(SYS_capget, &header, data) == 0);
        return data[0].permitted;
}

/* As the filter of the unit. */
static void refuse_capset(void)
{
        struct sock_filter code[] = {
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_capset, 0, 1),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        };
        struct sock_fprog program = { ELEMENTS(code), code };

        CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
        CHECK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
}

static int open_routes(void)
{
        int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

        CHECK(fd >= 0);
        CHECK(bind(fd, (const void *)&kernel, sizeof(kernel)) == 0);
        return fd;
}

/* Opened by a process without capabilities. */
static int borrow_routes(void)
{
        union {
                struct cmsghdr header;
                char bytes[CMSG_SPACE(sizeof(int))];
        } control = { 0 };
        char byte = 0;
        struct iovec part = { &byte, 1 };
        struct msghdr m = { NULL, 0, &part, 1, &control, sizeof(control), 0 };
        int ends[2], fd;
        pid_t pid;

        CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) == 0);
        pid = fork();
        CHECK(pid >= 0);
        if (pid == 0) {
                CHECK(keep_capabilities(0));
                fd = open_routes();
                control.header = (struct cmsghdr){ CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS };
                memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
                CHECK(sendmsg(ends[1], &m, 0) == 1);
                _exit(0);
        }
        CHECK(recvmsg(ends[0], &m, 0) == 1);
        memcpy(&fd, CMSG_DATA(&control.header), sizeof(fd));
        CHECK(waitpid(pid, NULL, 0) == pid);
        return fd;
}

static void run_child(int (*f)(void))
{
        int status;
        pid_t pid = fork();

        assert_true(pid >= 0);
        if (pid == 0)
                _exit(f());
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        if (WEXITSTATUS(status) == SKIPPED)
                skip();
        if (WEXITSTATUS(status) != 0)
                fail_msg("the check of line n failed, n %% 251 = %d", WEXITSTATUS(status) - 4);
}

/* ---- tests ---- */

static int network(void)
{
        static const int families[] = { AF_NETLINK, AF_INET, AF_INET6, AF_PACKET };
        int own = open_routes(), lent = borrow_routes();
        struct ifreq r = { .ifr_name = "lo" };

        CHECK(change_link(own, WITH_ADDRESS) == 0);
        CHECK(change_link(lent, WITH_ADDRESS) == 0);
        CHECK(change_link(lent, BY_MESSAGE) == 0);
        CHECK(change_link(lent, WITHOUT_ADDRESS) == EPERM);
        CHECK(switch_link() == 0);
        refuse_capset();
        CHECK(confine() == 0);
        CHECK(capabilities() & UINT32_C(1) << CAP_NET_ADMIN);

        for (Way w = WITH_ADDRESS; w <= BY_MESSAGE; w++)
                CHECK(change_link(own, w) != 0);
        CHECK(fcntl(own, F_GETFD) < 0 && errno == EBADF);
        /* one that was opened without the capability is closed, too: it is not from p25d-reader */
        CHECK(fcntl(lent, F_GETFD) < 0 && errno == EBADF);
        CHECK(switch_link() == ENOTTY);
        for (size_t i = 0; i < ELEMENTS(families); i++)
                CHECK(open_socket(families[i], 0) == EACCES);
        CHECK(if_nametoindex("lo") == 1);
        own = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        CHECK(own >= 0 && ioctl(own, SIOCGIFINDEX, &r) == 0);
        return 0;
}

/* A socket that p25d-reader hands over afterwards. */
static int borrowed(void)
{
        struct {
                struct nlmsghdr h;
                struct ifinfomsg i;
        } m = { { .nlmsg_len = sizeof(m), .nlmsg_type = RTM_GETLINK, .nlmsg_flags = NLM_F_REQUEST },
                { .ifi_index = 1 } };
        union {
                struct cmsghdr header;
                char bytes[CMSG_SPACE(sizeof(int))];
        } control = { 0 };
        char byte = 0, answer[8192];
        struct iovec part = { &byte, 1 };
        struct msghdr message = { NULL, 0, &part, 1, &control, sizeof(control), 0 };
        int ends[2], fd;

        CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) == 0);
        fd = borrow_routes();
        control.header = (struct cmsghdr){ CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS };
        memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
        CHECK(sendmsg(ends[1], &message, 0) == 1);
        refuse_capset();
        CHECK(confine() == 0);
        CHECK(recvmsg(ends[0], &message, 0) == 1);
        memcpy(&fd, CMSG_DATA(&control.header), sizeof(fd));

        CHECK(change_link(fd, WITH_ADDRESS) == EPERM);
        CHECK(change_link(fd, BY_MESSAGE) == ENOTSOCK);
        CHECK(change_link(fd, WITHOUT_ADDRESS) == EPERM);
        CHECK(connect(fd, (const void *)&kernel, sizeof(kernel)) == 0);
        CHECK(change_link(fd, WITHOUT_ADDRESS) == EPERM);
        CHECK(send(fd, &m, sizeof(m), 0) == sizeof(m));
        CHECK(recv(fd, answer, sizeof(answer), 0) > 0);
        CHECK(((struct nlmsghdr *)answer)->nlmsg_type == RTM_NEWLINK);
        return 0;
}

static int files(void)
{
        char path[64];

        (void)snprintf(path, sizeof(path), "/tmp/p25-confine-%d", (int)getppid());
        CHECK(write_file(path) == 0);
        refuse_capset();
        CHECK(confine() == 0);
        CHECK(write_file(path) == EACCES);
        CHECK(unlink(path) < 0 && errno == EPERM);
        CHECK(rename(path, "/tmp/p25-confine") < 0 && errno == EPERM);
        CHECK(open(path, O_RDONLY | O_CLOEXEC) >= 0);
        return 0;
}

/* Where it can give up its capabilities, it does. */
static int plain(void)
{
        CHECK(confine() == 0);
        CHECK((capabilities() &
                      ~(UINT32_C(1) << CAP_DAC_READ_SEARCH | UINT32_C(1) << CAP_SYS_PTRACE)) == 0);
        CHECK(change_link(open_routes(), WITH_ADDRESS) == EPERM);
        CHECK(write_file("/tmp/p25-confine") == EACCES);
        return 0;
}

/* p25d, as its user with its capability, and a worker that looks into its memory. */
static int memory(void)
{
        pid_t p25d = getpid(), worker;
        int status;

        CHECK(prctl(PR_SET_KEEPCAPS, 1) == 0);
        if (setresgid(SOME_USER, SOME_USER, SOME_USER) < 0 ||
                setresuid(SOME_USER, SOME_USER, SOME_USER) < 0)
                return SKIPPED;
        CHECK(keep_capabilities(UINT32_C(1) << CAP_NET_ADMIN));
        CHECK(prctl(PR_SET_DUMPABLE, 1) == 0);
        refuse_capset();
        for (unsigned i = 0; i < 2; i++) {
                if (i == 1)
                        CHECK(confine_prepare() == 0);
                worker = fork();
                CHECK(worker >= 0);
                if (worker == 0) {
                        CHECK(confine() == 0);
                        _exit(look_into(p25d));
                }
                CHECK(waitpid(worker, &status, 0) == worker && WIFEXITED(status));
                /* Yama may forbid it as well */
                CHECK(i == 0 || WEXITSTATUS(status) == EACCES);
        }
        return 0;
}

static void test_network(void **state)
{
        (void)state;
        run_child(network);
}

static void test_borrowed(void **state)
{
        (void)state;
        run_child(borrowed);
}

static void test_files(void **state)
{
        char path[64];

        (void)state;
        (void)snprintf(path, sizeof(path), "/tmp/p25-confine-%d", (int)getpid());
        run_child(files);
        assert_int_equal(unlink(path), 0);
}

static void test_plain(void **state)
{
        (void)state;
        run_child(plain);
}

static void test_memory(void **state)
{
        (void)state;
        run_child(memory);
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_network),
                cmocka_unit_test(test_borrowed),
                cmocka_unit_test(test_files),
                cmocka_unit_test(test_plain),
                cmocka_unit_test(test_memory),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
