/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns the process and the pipe between. The process belongs to nobody who would have to wait for
 * it: one that hangs in the kernel ends when the kernel lets it.
 */

#include "daemon/host/apart.h"

#include "daemon/host/internal.h"
#include "daemon/loop/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <signal.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#define IDLE_MSEC 5000
#define TOTAL_MSEC 20000
#define CHUNK_SIZE (64u << 10)

typedef struct Head {
        int error;
        bool remote;
        struct stat st;
} Head;

/* ---- the process ---- */

/* By linux/magic.h and the file systems' own sources, as statfs(2) lists them. A file system that
 * does not say what it is counts as one. */
static bool is_remote(int fd)
{
        static const unsigned long magics[] = {
                NFS_SUPER_MAGIC, SMB_SUPER_MAGIC, 0xff534d42,  /* CIFS */
                0xfe534d42,                                    /* SMB2 */
                CODA_SUPER_MAGIC, AFS_SUPER_MAGIC, 0x6b414653, /* AFS of the kernel */
                CEPH_SUPER_MAGIC, V9FS_MAGIC, 0x65735546,      /* FUSE */
                OCFS2_SUPER_MAGIC, 0x01161970,                 /* GFS2 */
        };
        struct statfs fs;

        if (fstatfs(fd, &fs) < 0)
                return true;
        for (size_t i = 0; i < ELEMENTS(magics); i++)
                if (((unsigned long)fs.f_type & 0xffffffff) == magics[i])
                        return true;
        return false;
}

static void close_range_of(unsigned first, unsigned last)
{
        if (first > last || syscall(SYS_close_range, first, last, 0) == 0)
                return;
        for (unsigned i = first; i <= last && i < 1024; i++)
                (void)close((int)i);
}

/* p25d's lock and sockets, which must not outlive it. */
static void close_others(unsigned kept, unsigned also_kept)
{
        unsigned low = kept < also_kept ? kept : also_kept;
        unsigned high = kept < also_kept ? also_kept : kept;

        close_range_of(3, low - 1);
        close_range_of(low + 1, high - 1);
        close_range_of(high + 1, ~0u);
}

/* The bytes of the file, and behind them an int: 0, or the negative errno that ended it. */
static bool feed_content(int from, int to)
{
        static char chunk[CHUNK_SIZE];
        int error = 0;
        ssize_t n;

        while ((n = read(from, chunk, sizeof(chunk))) != 0) {
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0) {
                        error = -errno;
                        break;
                }
                if (file_write_all(to, chunk, (size_t)n) < 0)
                        return false;
        }
        return file_write_all(to, &error, sizeof(error)) >= 0;
}

/* It ends by itself when it is late. */
_Noreturn static void process_run(const ApartFrom *from, int to)
{
        Head head = { 0 };
        sigset_t none;
        int fd;

        close_others((unsigned)to, (unsigned)(from->fd >= 0 ? from->fd : to));
        sigemptyset(&none);
        (void)sigprocmask(SIG_SETMASK, &none, NULL);
        (void)signal(SIGALRM, SIG_DFL);
        (void)signal(SIGPIPE, SIG_DFL);
        (void)alarm(TOTAL_MSEC / 1000);

        fd = from->fd >= 0 ? from->fd : from->open_path(from->path);
        head.error = fd < 0 ? fd : fstat(fd, &head.st) < 0 ? -errno : 0;
        head.remote = fd >= 0 && is_remote(fd);
        _exit(file_write_all(to, &head, sizeof(head)) >= 0 && head.error >= 0 &&
                                feed_content(fd, to)
                        ? EXIT_SUCCESS
                        : EXIT_FAILURE);
}

/* Nobody's child, so that nobody has to wait for its end. */
static int process_start(const ApartFrom *from, int *ret_fd)
{
        int ends[2], status;
        pid_t pid;

        if (pipe2(ends, O_CLOEXEC) < 0)
                return -errno;
        pid = fork();
        if (pid == 0) {
                pid = fork();
                if (pid == 0)
                        process_run(from, ends[1]);
                _exit(pid < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
        }
        (void)close(ends[1]);
        if (pid < 0 || waitpid(pid, &status, 0) < 0 || status != 0) {
                (void)close(ends[0]);
                return -EAGAIN;
        }
        *ret_fd = ends[0];
        return 0;
}

/* ---- p25d ---- */

/* Returns the number of bytes that came, at most n; 0: the end; -ETIMEDOUT. */
static ssize_t read_some(int fd, void *data, size_t n, uint64_t end_usec)
{
        struct pollfd p = { .fd = fd, .events = POLLIN };
        uint64_t now_usec = clock_now_usec(CLOCK_MONOTONIC);
        uint64_t left_msec = now_usec < end_usec ? (end_usec - now_usec) / 1000 : 0;
        ssize_t got;
        int r;

        do
                r = poll(&p, 1, (int)(left_msec < IDLE_MSEC ? left_msec : IDLE_MSEC));
        while (r < 0 && errno == EINTR);
        if (r <= 0)
                return r == 0 ? -ETIMEDOUT : -errno;
        do
                got = read(fd, data, n);
        while (got < 0 && errno == EINTR);
        return got < 0 ? -errno : got;
}

/* As much as the head: it was written at once. A process without one ended by its alarm. */
static int read_head(int fd, uint64_t end_usec, Head *ret)
{
        ssize_t n = read_some(fd, ret, sizeof(*ret), end_usec);

        if (n < 0)
                return (int)n;
        return n == sizeof(*ret) ? ret->error : -ETIMEDOUT;
}

static int read_content(int fd, uint64_t end_usec, size_t max, ApartFile *f)
{
        size_t capacity = CHUNK_SIZE;
        int error;

        /* room for the int at the end */
        if (f->st.st_size > 0 && (uint64_t)f->st.st_size <= max)
                capacity += (size_t)f->st.st_size;
        f->text = malloc(capacity);
        if (!f->text)
                return -ENOMEM;
        for (ssize_t n; (n = read_some(fd, f->text + f->length, capacity - f->length, end_usec));) {
                char *grown;

                if (n < 0)
                        return (int)n;
                f->length += (size_t)n;
                if (f->length > max + sizeof(error))
                        return -EFBIG;
                if (f->length < capacity)
                        continue;
                grown = realloc(f->text, 2 * capacity);
                if (!grown)
                        return -ENOMEM;
                f->text = grown;
                capacity *= 2;
        }
        if (f->length < sizeof(error))
                return -ETIMEDOUT;
        f->length -= sizeof(error);
        memcpy(&error, f->text + f->length, sizeof(error));
        f->text[f->length] = '\0';
        return error;
}

int apart_read(const ApartFrom *from, size_t max, ApartFile *ret)
{
        uint64_t end_usec = clock_now_usec(CLOCK_MONOTONIC) + TOTAL_MSEC * UINT64_C(1000);
        ApartFile f = { 0 };
        Head head = { 0 };
        int fd = -1, r;

        r = process_start(from, &fd);
        if (r < 0)
                return r;
        r = read_head(fd, end_usec, &head);
        f.st = head.st;
        f.remote = head.remote;
        if (r >= 0 && f.st.st_size > 0 && (uint64_t)f.st.st_size > max)
                r = -EFBIG;
        if (r >= 0)
                r = read_content(fd, end_usec, max, &f);
        (void)close(fd);
        if (r < 0) {
                free(f.text);
                return r;
        }
        *ret = f;
        return 0;
}
