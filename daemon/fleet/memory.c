/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/fleet/memory.h"

#include "rules/base/util.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

void memory_begin(void)
{
        (void)mallopt(M_ARENA_MAX, 1);
}

#define SEGMENTS_MAX 8 /* of one object; linkers make four */

typedef struct Segment {
        uintptr_t from;
        size_t n;
} Segment;

/* Segments that are not writable equal their file (no library has text relocations), so dropping
 * them loses nothing. A kernel that refuses leaves them as they are. The program header lies in one
 * of them, and reading it would bring that back: so it is read first. */
static int object_give_back(struct dl_phdr_info *object, _unused_ size_t size, void *data)
{
        const uintptr_t page = *(const uintptr_t *)data;
        Segment segments[SEGMENTS_MAX];
        size_t n = 0;

        for (size_t i = 0; i < object->dlpi_phnum && n < SEGMENTS_MAX; i++) {
                const ElfW(Phdr) *p = &object->dlpi_phdr[i];
                uintptr_t at = object->dlpi_addr + p->p_vaddr, from = at & ~(page - 1);

                if (p->p_type == PT_LOAD && !(p->p_flags & PF_W))
                        segments[n++] = (Segment){ from, at + p->p_filesz - from };
        }
        for (size_t i = 0; i < n; i++)
                (void)madvise((void *)segments[i].from, segments[i].n, MADV_DONTNEED);
        return 0;
}

void memory_give_back(void)
{
        uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

        (void)malloc_trim(0);
        (void)dl_iterate_phdr(object_give_back, &page);
}

/* ---- bounds ---- */

/* proc_pid_statm(5): the sixth number is that of the pages of data and stack. What RLIMIT_DATA
 * counts is the same but for the stack. */
static int data_in_use(size_t *ret)
{
        int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
        char text[256];
        size_t pages;
        ssize_t n;

        if (fd < 0)
                return -errno;
        n = read(fd, text, sizeof(text) - 1);
        close(fd);
        if (n < 0)
                return -errno;
        text[n] = '\0';
        if (sscanf(text, "%*u %*u %*u %*u %*u %zu", &pages) != 1)
                return -EBADMSG;
        *ret = pages * (size_t)sysconf(_SC_PAGESIZE);
        return 0;
}

#ifdef __SANITIZE_ADDRESS__ /* whose allocator ends the program instead */
static const bool may_bind = false;
#else
static const bool may_bind = true;
#endif

static struct rlimit before; /* of memory_bind() */
static bool is_bound;

/* prlimit(2) is what the unit's filter allows, setrlimit(2) may not be. */
int memory_bind(size_t bytes)
{
        struct rlimit limit;
        size_t used;
        int r = may_bind ? data_in_use(&used) : 0;

        if (r < 0 || !may_bind)
                return r;
        if (prlimit(0, RLIMIT_DATA, NULL, &before) < 0)
                return -errno;
        limit = before;
        if (used + bytes < limit.rlim_cur)
                limit.rlim_cur = used + bytes;
        is_bound = prlimit(0, RLIMIT_DATA, &limit, NULL) >= 0;
        return is_bound ? 0 : -errno;
}

void memory_unbind(void)
{
        if (is_bound)
                (void)prlimit(0, RLIMIT_DATA, &before, NULL);
        is_bound = false;
}

size_t memory_held(void)
{
        struct mallinfo2 m = mallinfo2();

        return m.uordblks + m.hblkhd;
}
