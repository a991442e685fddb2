/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/connections/opener.h"

#include "daemon/io/file.h"
#include "daemon/loop/clock.h"
#include "rules/base/array.h"
#include "rules/base/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define USEC_PER_MSEC UINT64_C(1000)

typedef struct Process {
        uint32_t pid;
        bool likely; /* it is of the user who made the socket */
} Process;

typedef struct Look {
        char link[32]; /* what a descriptor of the socket reads as */
        uint64_t until_usec;
        bool blind;
} Look;

static bool is_late(const Look *l)
{
        return clock_now_usec(CLOCK_MONOTONIC) >= l->until_usec;
}

/* ---- whether a process holds it ---- */

/* Of a process or a thread: threads may have descriptors of their own. */
static bool holds(int proc, const char *path, Look *l)
{
        _cleanup_(closedir_p) DIR *d = folder_open(proc, path);
        struct dirent *e;
        char link[sizeof(l->link)];
        unsigned n = 0;

        if (!d && errno != ENOENT && errno != ESRCH)
                l->blind = true;
        while (d && (e = readdir(d))) {
                ssize_t length = readlinkat(dirfd(d), e->d_name, link, sizeof(link) - 1);

                if (length > 0) {
                        link[length] = '\0';
                        if (streq(link, l->link))
                                return true;
                }
                if (++n % 256 == 0 && is_late(l))
                        return false;
        }
        return false;
}

static bool process_holds(int proc, uint32_t pid, Look *l)
{
        char path[64];

        (void)snprintf(path, sizeof(path), "%u/fd", pid);
        return holds(proc, path, l);
}

static bool thread_holds(int proc, uint32_t pid, Look *l)
{
        _cleanup_(closedir_p) DIR *tasks = NULL;
        struct dirent *e;
        char path[64];

        (void)snprintf(path, sizeof(path), "%u/task", pid);
        tasks = folder_open(proc, path);
        while (tasks && (e = readdir(tasks)) && !is_late(l)) {
                if (e->d_name[0] == '.')
                        continue;
                (void)snprintf(path, sizeof(path), "%u/task/%.16s/fd", pid, e->d_name);
                if (holds(proc, path, l))
                        return true;
        }
        return false;
}

/* ---- all processes ---- */

static int processes_list(DIR *proc, uint32_t uid, Process **ret, size_t *ret_n)
{
        _cleanup_free_ Process *all = NULL;
        struct dirent *e;
        struct stat st;
        size_t n = 0;

        while ((e = readdir(proc))) {
                if (e->d_name[0] < '1' || e->d_name[0] > '9' ||
                        fstatat(dirfd(proc), e->d_name, &st, 0) < 0)
                        continue;
                if (array_grow(&all, n, sizeof(*all)) < 0)
                        return -ENOMEM;
                all[n++] = (Process){ (uint32_t)strtoul(e->d_name, NULL, 10), st.st_uid == uid };
        }
        *ret = TAKE_PTR(all);
        *ret_n = n;
        return 0;
}

typedef bool (*Holds)(int proc, uint32_t pid, Look *l);

/* The newest first: /proc lists them by their number. */
static uint32_t find_among(int proc, const Process *all, size_t n, bool likely, Holds f, Look *l)
{
        for (size_t i = n; i > 0 && !is_late(l); i--)
                if (all[i - 1].likely == likely && f(proc, all[i - 1].pid, l))
                        return all[i - 1].pid;
        return 0;
}

static uint32_t find(int proc, const Process *all, size_t n, Look *l)
{
        uint32_t pid = find_among(proc, all, n, true, process_holds, l);

        if (pid == 0)
                pid = find_among(proc, all, n, false, process_holds, l);
        return pid > 0 ? pid : find_among(proc, all, n, true, thread_holds, l);
}

/* ---- what it is ---- */

/* The beginning of a file of it; blanks in the place of NULs and of the end of a line. */
static void text_read(int proc, uint32_t pid, const char *name, char *ret, size_t size)
{
        char path[64];
        size_t n;

        (void)snprintf(path, sizeof(path), "%u/%s", pid, name);
        n = file_read_start(proc, path, ret, size);
        while (n > 0 && (ret[n - 1] == '\0' || ret[n - 1] == '\n'))
                n--;
        for (size_t i = 0; i < n; i++)
                if (ret[i] == '\0' || ret[i] == '\n')
                        ret[i] = ' ';
        ret[n] = '\0';
        text_make_printable(ret);
}

static void directory_read(int proc, uint32_t pid, char ret[static OPENER_TEXT_SIZE])
{
        char path[64];
        ssize_t n;

        (void)snprintf(path, sizeof(path), "%u/cwd", pid);
        n = readlinkat(proc, path, ret, OPENER_TEXT_SIZE - 1);
        ret[n > 0 ? n : 0] = '\0';
        text_make_printable(ret);
}

int opener_look(uint32_t inode, uint32_t uid, unsigned msec, Opener *ret)
{
        _cleanup_(closedir_p) DIR *proc = folder_open(AT_FDCWD, "/proc");
        _cleanup_free_ Process *all = NULL;
        Look l = { .until_usec = clock_now_usec(CLOCK_MONOTONIC) + msec * USEC_PER_MSEC };
        Opener o = { 0 };
        size_t n;
        int r;

        if (!proc)
                return -errno;
        (void)snprintf(l.link, sizeof(l.link), "socket:[%u]", inode);
        r = processes_list(proc, uid, &all, &n);
        if (r < 0)
                return r;
        o.pid = find(dirfd(proc), all, n, &l);
        if (o.pid == 0)
                return is_late(&l) ? -ETIMEDOUT : l.blind ? -EACCES : -ENOENT;
        text_read(dirfd(proc), o.pid, "comm", o.process, sizeof(o.process));
        text_read(dirfd(proc), o.pid, "cmdline", o.command, sizeof(o.command));
        directory_read(dirfd(proc), o.pid, o.directory);
        *ret = o;
        return 0;
}

/* ---- apart ---- */

typedef struct Found {
        int r;
        Opener opener;
} Found;

/* It may be stuck in a file system of the user whom it looks at; the alarm ends it in any case. */
static void look_and_write(uint32_t inode, uint32_t uid, unsigned msec, int to)
{
        Found f = { 0 };

        (void)signal(SIGALRM, SIG_DFL);
        (void)alarm(1 + msec / 1000);
        f.r = opener_look(inode, uid, msec, &f.opener);
        _exit(write(to, &f, sizeof(f)) == sizeof(f) ? 0 : 1);
}

static int found_read(int from, unsigned msec, Found *ret)
{
        struct pollfd p = { .fd = from, .events = POLLIN };

        if (poll(&p, 1, (int)msec) <= 0)
                return -ETIMEDOUT;
        return read(from, ret, sizeof(*ret)) == sizeof(*ret) ? ret->r : -EIO;
}

int opener_look_apart(uint32_t inode, uint32_t uid, unsigned msec, Opener *ret)
{
        Found f = { 0 };
        int fds[2], r;
        pid_t pid;

        while (waitpid(-1, NULL, WNOHANG) > 0) /* those that were given up */
                continue;
        if (pipe2(fds, O_CLOEXEC) < 0)
                return -errno;
        pid = fork();
        if (pid == 0)
                look_and_write(inode, uid, msec, fds[1]);
        r = pid < 0 ? -errno : 0;
        close(fds[1]);
        if (r >= 0) {
                r = found_read(fds[0], msec, &f);
                (void)kill(pid, SIGKILL);
                (void)waitpid(pid, NULL, r == -ETIMEDOUT ? WNOHANG : 0);
        }
        close(fds[0]);
        if (r >= 0)
                *ret = f.opener;
        return r;
}
