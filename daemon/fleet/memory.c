/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/fleet/memory.h"

#include "rules/base/util.h"

#include <link.h>
#include <malloc.h>
#include <stdint.h>
#include <sys/mman.h>
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
