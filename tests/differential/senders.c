/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "tests/differential/senders.h"

static const char *const sender_unit_paths[SENDER_UNITS] = { "u0", "u0/u1", "u2" };

struct Senders senders;

static int socket_of(uint32_t uid, uint32_t gid, int family)
{
        int fd;

        setfsgid(gid);
        setfsuid(uid);
        fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        setfsuid(0);
        setfsgid(0);
        return fd;
}

typedef struct SenderWish {
        uint32_t uid, gid;
        int family;
} SenderWish;

typedef union SenderControl {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
} SenderControl;

static void sender_serve(int fd)
{
        SenderControl control = { 0 };
        SenderWish wish;
        char byte = 0;
        struct iovec data = { &byte, 1 };
        struct msghdr m = { .msg_iov = &data,
                .msg_iovlen = 1,
                .msg_control = &control,
                .msg_controllen = sizeof(control) };

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        while (recv(fd, &wish, sizeof(wish), 0) == sizeof(wish)) {
                int s = socket_of(wish.uid, wish.gid, wish.family);

                control.header = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(int)),
                        .cmsg_level = SOL_SOCKET,
                        .cmsg_type = SCM_RIGHTS };
                memcpy(CMSG_DATA(&control.header), &s, sizeof(s));
                if (s < 0 || sendmsg(fd, &m, 0) != 1)
                        break;
                close(s);
        }
        _exit(0);
}

int sender_socket(uint32_t uid, uint32_t gid, int unit, int family)
{
        SenderControl control;
        SenderWish wish = { uid, gid, family };
        char byte;
        struct iovec data = { &byte, 1 };
        struct msghdr m = { .msg_iov = &data,
                .msg_iovlen = 1,
                .msg_control = &control,
                .msg_controllen = sizeof(control) };
        int fd;

        if (unit < 0)
                return socket_of(uid, gid, family);
        assert_int_equal(send(senders.units[unit].fd, &wish, sizeof(wish), 0), sizeof(wish));
        assert_int_equal(recvmsg(senders.units[unit].fd, &m, MSG_CMSG_CLOEXEC), 1);
        memcpy(&fd, CMSG_DATA(&control.header), sizeof(fd));
        return fd;
}

static bool sender_may_be_many(void)
{
        bool good;

        setfsuid(1000);
        good = setfsuid((uid_t)-1) == 1000;
        setfsuid(0);
        return good;
}

/* The cgroup of this process, below the mount of cgroup v2. */
static bool cgroup_own_folder(char *ret, size_t size)
{
        const char *mount = host_cgroup_mount();
        FILE *f = mount ? fopen("/proc/self/cgroup", "re") : NULL;
        char line[1024];
        bool found = false;

        while (f && fgets(line, sizeof(line), f))
                if (strncmp(line, "0::/", 4) == 0) {
                        line[strcspn(line, "\n")] = '\0';
                        snprintf(ret, size, "%s%s", mount, streq(line + 3, "/") ? "" : line + 3);
                        found = true;
                }
        if (f)
                fclose(f);
        return found;
}

static bool cgroup_join(const char *folder)
{
        char path[PATH_MAX + 32];
        FILE *f;
        bool good;

        snprintf(path, sizeof(path), "%s/cgroup.procs", folder);
        f = fopen(path, "we");
        good = f && fprintf(f, "%d\n", (int)getpid()) > 0;
        return f && fclose(f) == 0 && good;
}

static uint32_t cgroup_level(const char *folder)
{
        uint32_t level = 0;

        for (const char *s = folder + strlen(host_cgroup_mount()); *s; s++)
                level += *s == '/';
        return level;
}

static bool sender_unit_begin(size_t i)
{
        static const size_t above = sizeof("/sys/fs/cgroup/") - 1;
        SenderUnit *u = &senders.units[i];
        char path[PATH_MAX + 8];
        struct stat st;
        int ends[2];

        snprintf(path, sizeof(path), "%s/%s", senders.folder, sender_unit_paths[i]);
        if (mkdir(path, 0755) < 0 || stat(path, &st) < 0)
                return false;
        *u = (SenderUnit){
                .cgroup = { .id = st.st_ino, .level = cgroup_level(path) }, .n_chain = 1, .fd = -1
        };
        assert_true(strlen(path) - above < sizeof(u->cgroup.path));
        memcpy(u->cgroup.path, path + above, strlen(path) - above + 1);
        u->chain[0] = st.st_ino;
        if (strchr(sender_unit_paths[i], '/'))
                u->chain[u->n_chain++] = senders.units[0].cgroup.id;
        assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
        u->pid = fork();
        assert_true(u->pid >= 0);
        if (u->pid == 0) {
                close(ends[0]);
                if (!cgroup_join(path))
                        _exit(1);
                sender_serve(ends[1]);
        }
        close(ends[1]);
        u->fd = ends[0];
        return true;
}

void senders_end(void)
{
        for (size_t i = SENDER_UNITS; i-- > 0;) {
                SenderUnit *u = &senders.units[i];
                char path[PATH_MAX + 8];

                if (u->pid > 0) {
                        close(u->fd);
                        kill(u->pid, SIGKILL);
                        waitpid(u->pid, NULL, 0);
                }
                *u = (SenderUnit){ .fd = -1 };
                snprintf(path, sizeof(path), "%s/%s", senders.folder, sender_unit_paths[i]);
                if (senders.folder[0])
                        rmdir(path);
        }
        if (senders.folder[0])
                rmdir(senders.folder);
        senders.folder[0] = '\0';
}

bool senders_begin(void)
{
        char own[PATH_MAX - 64];
        bool good;

        senders.many_users = sender_may_be_many();
        if (!cgroup_own_folder(own, sizeof(own)) || access(own, W_OK) < 0)
                return true;
        /* A run that was killed leaves its folder, and a later one may have its pid. */
        snprintf(senders.folder, sizeof(senders.folder), "%s/p25-differential-XXXXXX", own);
        good = mkdtemp(senders.folder);
        for (size_t i = 0; i < SENDER_UNITS && good; i++)
                good = sender_unit_begin(i);
        if (!good)
                senders_end();
        return good;
}

int sender_unit_find(void *data, const char *name, Cgroup *ret)
{
        (void)data;
        for (size_t i = 0; i < SENDER_UNITS && senders.folder[0]; i++)
                if (streq(name, sender_unit_names[i])) {
                        *ret = senders.units[i].cgroup;
                        return 0;
                }
        return -ENOENT;
}
