/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/loop/rest.h"

#include "daemon/loop/timer.h"
#include "rules/base/util.h"

#include <errno.h>
#include <link.h>
#include <malloc.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* The timer may fire so much later that it goes with another one. */
#define ACCURACY_USEC (UINT64_C(100) * 1000)

struct Rest {
        sd_event *event;
        sd_event_source *done, *due;
        RestOptions options;
        uint64_t since_usec; /* since then, by CLOCK_MONOTONIC, */
        unsigned n_events;   /* so many were dispatched, */
        uint64_t last_usec;  /* the last one then */
        bool is_own;         /* the one that was just dispatched was on_due's */
};

/* ---- memory ---- */

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

static void give_back(void)
{
        uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

        (void)malloc_trim(0);
        (void)dl_iterate_phdr(object_give_back, &page);
}

/* ---- the loop ---- */

static int on_due(sd_event_source *s, uint64_t usec, void *data);

static const TimerKind due_timer = { CLOCK_MONOTONIC, ACCURACY_USEC, on_due };

static int rest_after(Rest *r, uint64_t usec)
{
        r->n_events = 0;
        return timer_arm_at(r->event, &r->due, &due_timer, usec + r->options.after_usec, r);
}

static bool is_busy(const Rest *r)
{
        return r->options.is_busy && r->options.is_busy(r->options.data);
}

/* Work that is under way, or has just ended, needs the memory still. */
static int on_due(_unused_ sd_event_source *s, uint64_t usec, void *data)
{
        Rest *r = data;

        r->is_own = true;
        if (r->n_events >= r->options.events_min)
                return rest_after(r, r->last_usec);
        if (is_busy(r))
                return rest_after(r, usec);
        give_back();
        r->since_usec = usec;
        r->n_events = 0;
        return 0;
}

/* An event was dispatched. */
static int on_done(_unused_ sd_event_source *s, void *data)
{
        Rest *r = data;
        bool is_armed = r->due && sd_event_source_get_enabled(r->due, NULL) > 0;
        bool is_own = r->is_own;
        int k = is_own ? 0 : sd_event_now(r->event, CLOCK_MONOTONIC, &r->last_usec);

        r->is_own = false;
        if (k < 0 || is_own)
                return k < 0 ? k : 0;
        if (!is_armed && r->last_usec > r->since_usec + r->options.after_usec) {
                r->since_usec = r->last_usec;
                r->n_events = 0;
        }
        r->n_events++;
        return is_armed || r->n_events < r->options.events_min ? 0 : rest_after(r, r->last_usec);
}

int rest_new(sd_event *event, const RestOptions *o, Rest **ret)
{
        Rest *r = calloc(1, sizeof(*r));
        int k;

        if (!r)
                return -ENOMEM;
        *r = (Rest){ .event = sd_event_ref(event), .options = *o };
        k = sd_event_add_post(event, &r->done, on_done, r);
        /* before the next event: else several would be counted as one */
        if (k >= 0)
                k = sd_event_source_set_priority(r->done, INT64_MIN);
        if (k < 0) {
                rest_free(r);
                return k;
        }
        *ret = r;
        return 0;
}

Rest *rest_free(Rest *r)
{
        if (!r)
                return NULL;
        sd_event_source_disable_unref(r->done);
        sd_event_source_disable_unref(r->due);
        sd_event_unref(r->event);
        free(r);
        return NULL;
}
