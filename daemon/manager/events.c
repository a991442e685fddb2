/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Those who follow what the manager does, and what they are called with.
 */

#include "daemon/manager/internal.h"

#include "rules/base/text.h"
#include "rules/policy/state.h"

#include <stdarg.h>
#include <stdio.h>

void manager_add_events(Manager *m, ManagerEvents *events)
{
        ManagerEvents **end = &m->events;

        while (*end)
                end = &(*end)->next;
        events->next = NULL;
        *end = events;
}

void manager_remove_events(Manager *m, ManagerEvents *events)
{
        for (ManagerEvents **e = &m->events; *e; e = &(*e)->next)
                if (*e == events) {
                        *e = events->next;
                        return;
                }
}

void events_changed(Manager *m, Outcome outcome, char *const *diff)
{
        const State *stored = manager_stored(m);
        const ManagerChanged changed = { .revision = stored->revision,
                .origin = &stored->origin,
                .outcome = outcome,
                .diff = diff };

        for (ManagerEvents *e = m->events; e; e = e->next)
                if (e->changed)
                        e->changed(e->data, &changed);
}

void events_leaving(Manager *m)
{
        for (ManagerEvents *e = m->events; e; e = e->next)
                if (e->leaving)
                        e->leaving(e->data);
}

void events_enforced(Manager *m)
{
        for (ManagerEvents *e = m->events; e; e = e->next)
                if (e->enforced)
                        e->enforced(e->data);
}

void events_pending(Manager *m)
{
        for (ManagerEvents *e = m->events; e; e = e->next)
                if (e->pending)
                        e->pending(e->data);
}

void events_repaired(Manager *m, uint64_t count, pid_t pid, const char *process)
{
        for (ManagerEvents *e = m->events; e; e = e->next)
                if (e->repaired)
                        e->repaired(e->data, count, pid, process);
}

void events_alert(Manager *m, const ManagerAlert *alert)
{
        for (ManagerEvents *e = m->events; e; e = e->next)
                if (e->alert)
                        e->alert(e->data, alert);
}

void manager_alert(Manager *m, const char *name, const char *format, ...)
{
        char *text;
        va_list ap;

        va_start(ap, format);
        (void)text_vprintf(&text, format, ap);
        va_end(ap);
        if (text)
                events_alert(
                        m, &(ManagerAlert){
                                   .name = name, .text = text, .process = "", .untold = true });
        free(text);
}

void manager_set_replay(Manager *m, const ManagerReplay *replay)
{
        m->replay = *replay;
}
