/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * A backend without a kernel, for tests: it remembers what was applied. p25d uses it only if it is
 * named on the command line.
 */

#include "daemon/backend/memory.h"

#include "daemon/backend/rule_counter.h"
#include "rules/base/array.h"
#include "rules/base/diagnostic.h"
#include "rules/ruleset/print.h"

#include <errno.h>

typedef struct MemoryBackend {
        Backend backend;
        BackendRepaired repaired;
        void *data;
        bool locked;
        char *text; /* NULL: nothing is installed */
        RuleCounter *counters;
        size_t n_counters;
        int errors[_MEMORY_STEP_MAX];
        unsigned calls[_MEMORY_STEP_MAX];
} MemoryBackend;

static MemoryBackend *memory_of(Backend *b)
{
        return (MemoryBackend *)b;
}

static int memory_step(Backend *b, MemoryStep step, Diagnostics *d)
{
        MemoryBackend *m = memory_of(b);

        m->calls[step]++;
        if (m->errors[step] < 0)
                (void)diagnostics_error(d, (Place){ 0 }, NULL, "the memory backend refuses: %s",
                        strerror(-m->errors[step]));
        return m->errors[step];
}

static int memory_probe(void)
{
        return 0;
}

static int memory_open(_unused_ sd_event *event, BackendRepaired repaired, void *data,
        _unused_ const int *fds, _unused_ size_t n_fds, Backend **ret)
{
        MemoryBackend *m = calloc(1, sizeof(*m));

        if (!m)
                return -ENOMEM;
        m->backend.ops = &backend_memory;
        m->repaired = repaired;
        m->data = data;
        *ret = &m->backend;
        return 0;
}

static int memory_check(Backend *b, _unused_ const Ruleset *r, Diagnostics *d)
{
        return memory_step(b, MEMORY_CHECK, d);
}

static int memory_lock(Backend *b, _unused_ uint64_t deadline_usec, Diagnostics *d)
{
        int r = memory_step(b, MEMORY_LOCK, d);

        memory_of(b)->locked = r >= 0;
        return r;
}

static void memory_unlock(Backend *b)
{
        memory_of(b)->locked = false;
}

static int memory_apply(Backend *b, const Ruleset *r, Diagnostics *d)
{
        MemoryBackend *m = memory_of(b);
        char *text;
        int q;

        q = memory_step(b, MEMORY_APPLY, d);
        if (q >= 0)
                q = ruleset_print(r, &text);
        if (q < 0)
                return q;
        free(m->text);
        m->text = text;
        return 0;
}

static bool memory_holds(Backend *b)
{
        return memory_of(b)->text != NULL;
}

static int memory_remove(Backend *b, Diagnostics *d)
{
        MemoryBackend *m = memory_of(b);
        int q = memory_step(b, MEMORY_REMOVE, d);

        if (q < 0)
                return q;
        free(TAKE_PTR(m->text));
        m->n_counters = 0;
        return 0;
}

static int memory_counters(Backend *b, RuleCounter **ret, size_t *ret_n)
{
        MemoryBackend *m = memory_of(b);
        int q = memory_step(b, MEMORY_COUNTERS, NULL);

        if (q < 0)
                return q;
        *ret = calloc(m->n_counters + 1, sizeof(**ret));
        if (!*ret)
                return -ENOMEM;
        if (m->n_counters > 0)
                memcpy(*ret, m->counters, m->n_counters * sizeof(**ret));
        *ret_n = m->n_counters;
        return 0;
}

static int memory_cut(_unused_ Backend *b, _unused_ const Ruleset *r, uint64_t *ret_n)
{
        *ret_n = 0;
        return 0;
}

static size_t memory_keep_fds(_unused_ Backend *b, _unused_ int *fds, _unused_ size_t max)
{
        return 0;
}

static void memory_close(Backend *b)
{
        MemoryBackend *m = memory_of(b);

        free(m->text);
        free(m->counters);
        free(m);
}

const BackendOps backend_memory = {
        .name = "memory",
        .probe = memory_probe,
        .open = memory_open,
        .check = memory_check,
        .lock = memory_lock,
        .unlock = memory_unlock,
        .apply = memory_apply,
        .holds = memory_holds,
        .remove = memory_remove,
        .counters = memory_counters,
        .cut = memory_cut,
        .keep_fds = memory_keep_fds,
        .close = memory_close,
};

void backend_memory_fail(Backend *b, MemoryStep step, int error)
{
        memory_of(b)->errors[step] = error;
}

unsigned backend_memory_calls(const Backend *b, MemoryStep step)
{
        return ((const MemoryBackend *)b)->calls[step];
}

bool backend_memory_is_locked(const Backend *b)
{
        return ((const MemoryBackend *)b)->locked;
}

const char *backend_memory_text(const Backend *b)
{
        return ((const MemoryBackend *)b)->text;
}

int backend_memory_count(Backend *b, uint64_t id, uint64_t packets, uint64_t bytes)
{
        MemoryBackend *m = memory_of(b);
        size_t i = 0;

        while (i < m->n_counters && m->counters[i].id < id)
                i++;
        if (i == m->n_counters || m->counters[i].id != id) {
                RuleCounter new = { .id = id };

                if (array_insert(&m->counters, &m->n_counters, sizeof(new), i, &new) < 0)
                        return -ENOMEM;
        }
        m->counters[i].packets += packets;
        m->counters[i].bytes += bytes;
        return 0;
}

void backend_memory_repair(Backend *b, pid_t pid, const char *process)
{
        MemoryBackend *m = memory_of(b);

        m->repaired(m->data, 1, pid, process);
}

void backend_memory_peace(Backend *b, BackendPeace peace, pid_t pid, const char *process)
{
        MemoryBackend *m = memory_of(b);

        b->peace = peace;
        m->repaired(m->data, 0, pid, process);
}
