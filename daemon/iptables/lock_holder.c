/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Searches /proc/PID/fd, because /proc/locks cannot be read in the service's sandbox. */

#include "daemon/iptables/lock_holder.h"

#include "daemon/io/file.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A program of iptables lives for milliseconds: that is the time there is. */
#define PROCESSES_MAX 100

typedef struct Pids {
        pid_t newest[PROCESSES_MAX]; /* a ring, for /proc lists them ascending */
        size_t n;
} Pids;

static bool pids_read(Pids *ret)
{
        _cleanup_closedir_ DIR *d = opendir("/proc");
        struct dirent *e;

        if (!d)
                return false;
        while ((e = readdir(d)))
                if (e->d_name[0] >= '1' && e->d_name[0] <= '9')
                        ret->newest[ret->n++ % PROCESSES_MAX] = (pid_t)strtol(e->d_name, NULL, 10);
        return true;
}

static bool descriptor_has_lock(pid_t pid, const char *fd)
{
        char path[64], line[256];
        bool found = false;
        FILE *f;

        snprintf(path, sizeof(path), "/proc/%d/fdinfo/%.16s", (int)pid, fd);
        f = fopen(path, "re");
        while (f && !found && fgets(line, sizeof(line), f))
                found = strstr(line, "FLOCK") != NULL;
        if (f)
                fclose(f);
        return found;
}

/* Has it the file open, and the lock? */
static bool process_has_file(pid_t pid, const char *file, bool *ret_locked)
{
        _cleanup_closedir_ DIR *d = NULL;
        char path[64], link[PATH_MAX];
        bool found = false;
        struct dirent *e;

        snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
        d = opendir(path);
        while (d && !found && (e = readdir(d))) {
                ssize_t n = readlinkat(dirfd(d), e->d_name, link, sizeof(link) - 1);

                if (n <= 0)
                        continue;
                link[n] = '\0';
                found = streq(link, file);
                if (found)
                        *ret_locked = descriptor_has_lock(pid, e->d_name);
        }
        return found;
}

static bool holder_read(pid_t pid, LockHolder *ret)
{
        size_t n;

        *ret = (LockHolder){ .pid = pid };
        n = file_read_process("/proc", (uint32_t)pid, "comm", ret->name, sizeof(ret->name));
        ret->name[strcspn(ret->name, "\n")] = '\0';
        return n > 0;
}

bool lock_holder_find(const char *path, LockHolder *ret)
{
        char file[PATH_MAX];
        Pids pids = { 0 };
        LockHolder waiting;
        bool have_waiting = false;

        if (!realpath(path, file) || !pids_read(&pids))
                return false;
        for (size_t i = 0; i < pids.n && i < PROCESSES_MAX; i++) {
                pid_t pid = pids.newest[(pids.n - 1 - i) % PROCESSES_MAX];
                bool locked = false;

                if (pid == getpid() || !process_has_file(pid, file, &locked))
                        continue;
                if (locked)
                        return holder_read(pid, ret);
                have_waiting = have_waiting || holder_read(pid, &waiting);
        }
        if (have_waiting)
                *ret = waiting;
        return have_waiting;
}
