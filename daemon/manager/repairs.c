/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns the record of other processes that change the kernel's rules: how often they were repaired,
 * which process it was, whether it continues. The backend makes the repairs.
 */

#include "daemon/manager/internal.h"

#include "daemon/backend/repairer.h"
#include "rules/base/strv.h"
#include "rules/base/text.h"
#include "rules/report/report.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

void repair_story_deinit(RepairStory *s)
{
        free(s->culprit);
        *s = (RepairStory){ 0 };
}

/* "nft[4711]", or nothing. */
static void note_culprit(RepairStory *s, pid_t pid, const char *process)
{
        char *culprit = NULL;

        if (pid > 0 && asprintf(&culprit, "%s[%d]", process ? process : "?", (int)pid) < 0)
                culprit = NULL;
        if (culprit)
                text_make_printable(culprit);
        free(s->culprit);
        s->culprit = culprit;
}

static const char *const peace_names[] = {
        [PEACE_KEPT] = "peace",
        [PEACE_FIGHT] = "fight",
        [PEACE_BROKEN] = "broken",
};

/* Of the backend in use; nobody breaks what is not there. */
static BackendPeace peace_now(const Manager *m)
{
        return m->slot.backend && m->in_force.installed ? m->slot.backend->peace : PEACE_KEPT;
}

int manager_peace_text(const Manager *m, char **ret)
{
        const char *culprit = m->repairs.culprit ? m->repairs.culprit : "another process";
        char *text = NULL;
        int n = 0;

        switch (peace_now(m)) {
        case PEACE_KEPT:
                break;
        case PEACE_FIGHT:
                n = asprintf(&text,
                        "%s keeps changing the kernel's rules: they are put back each time, at "
                        "most %u times a second, and connections made in between are cut",
                        culprit, (unsigned)(USEC_PER_SEC / REPAIR_PAUSE_USEC));
                break;
        case PEACE_BROKEN:
                n = asprintf(&text,
                        "%s changed the kernel's rules and they cannot be put back: the policy is "
                        "not in force; it is tried every few seconds",
                        culprit);
                break;
        }
        if (n < 0)
                return -ENOMEM;
        *ret = text;
        return 0;
}

static void report_alert(Manager *m, pid_t pid, const char *process)
{
        _cleanup_free_ char *text = NULL;

        if (manager_peace_text(m, &text) < 0)
                return;
        events_alert(
                m, &(ManagerAlert){
                           .name = peace_names[m->repairs.peace],
                           .text = text ? text
                                        : "no other process changes the kernel's rules any more",
                           .pid = pid,
                           .process = process ? process : "",
                   });
}

void manager_on_repaired(void *data, uint64_t count, pid_t pid, const char *process)
{
        Manager *m = data;
        Backend *b = m->slot.backend;
        BackendPeace peace = peace_now(m);
        bool changed = peace != m->repairs.peace;

        /* What fails leaves what is in force; the backend calls again. */
        if (m->in_force.installed && b->outdated)
                (void)b->ops->apply(b, m->in_force.ruleset, NULL);
        m->repairs.n += count;
        m->repairs.peace = peace;
        if (count > 0 || (changed && peace != PEACE_KEPT))
                note_culprit(&m->repairs, pid, process);
        if (m->in_force.installed && peace != PEACE_BROKEN)
                manager_cut_later(m); /* what came through the gap */
        if (count > 0)
                events_repaired(m, count, pid, process);
        if (changed)
                report_alert(m, pid, process);
}

uint64_t manager_repairs(const Manager *m)
{
        return m->repairs.n;
}

const char *manager_repaired_by(const Manager *m)
{
        return m->repairs.culprit;
}

int manager_report_repairs(const Manager *m, Report *report)
{
        char *text = NULL;

        if (manager_peace_text(m, &text) < 0 || (text && strv_consume(&report->warnings, text) < 0))
                return -ENOMEM;
        if (m->repairs.n == 0)
                return 0;
        return strv_printf(&report->warnings,
                "the kernel's rules were changed by another process and repaired: %" PRIu64
                " %s%s%s",
                m->repairs.n, m->repairs.n == 1 ? "time" : "times",
                m->repairs.culprit ? ", last by " : "",
                m->repairs.culprit ? m->repairs.culprit : "");
}
