/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/gather.h"

#include "daemon/attribution/openers.h"
#include "daemon/backend/decision_count.h"
#include "daemon/events/event.h"
#include "daemon/host/container_names.h"
#include "daemon/host/host.h"
#include "daemon/host/unit_names.h"
#include "daemon/log.h"
#include "daemon/loop/clock.h"
#include "daemon/loop/timer.h"
#include "daemon/manager/manager.h"
#include "rules/base/text.h"
#include "rules/policy/settings.h"
#include "rules/ruleset/ruleset.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <syslog.h>

/* While something is counted, and at most while nothing is: thresholds act within five seconds,
 * also where nothing is logged. After the longest pause without anything it rests: a rule that
 * wakes p25d every five seconds at most has room for it again (NFT_WAKE_OUT_RATE), and what rules
 * log wakes it too. */
#define BUSY_USEC USEC_PER_SEC
#define QUIET_USEC (4 * USEC_PER_SEC)

struct Gather {
        sd_event *event;
        Manager *manager;
        Events *events;
        UnitNames *units;
        ContainerNames *containers;
        Openers *openers;
        uint64_t cgroup; /* of the decision at hand */
        Attempt named;   /* which the event borrows from that the log has brought */
        sd_event_source *timer, *made;
        EventsFollower follower;
        ManagerEvents changes;
        uint64_t interval_usec; /* 0: it rests */
        bool counted;           /* since the last time */
        bool failed;            /* and the log says so */
};

static int on_interval(sd_event_source *s, uint64_t usec, void *data);

static const TimerKind interval = { CLOCK_MONOTONIC, 0, on_interval };

/* Borrowed: copied by whoever keeps the event. */
static void name_container(Gather *g, uint64_t cgroup, Event *e)
{
        const char *path = unit_names_path(g->units, cgroup);
        const SiteContainer *found;
        ContainerId id;

        if (!path || !container_of_path(path, &id))
                return;
        found = container_names_find(g->containers, &id);
        if (found && found->name[0] != '\0')
                e->texts[EVENT_CONTAINER] = (char *)found->name;
        if (found && found->image[0] != '\0')
                e->texts[EVENT_IMAGE] = (char *)found->image;
}

/* ---- processes ---- */

/* Of processes of another unit, or of one that is not known, nothing is taken. */
static bool same_unit(Gather *g, const char *unit, uint64_t cgroup)
{
        const char *other = unit_names_find(g->units, cgroup);

        return !unit || (other && streq(unit, other));
}

static char *known(const char *text)
{
        return *text ? (char *)text : NULL;
}

/* Borrows. */
static void name_origin(Gather *g, const ProcessOrigin *o, Event *e)
{
        const SiteContainer *found;

        e->texts[EVENT_SCRIPT] = known(o->request.script);
        e->texts[EVENT_REQUEST] = known(o->request.request);
        e->texts[EVENT_SITE] = known(o->request.site);
        e->texts[EVENT_JOB] = known(o->job);
        if (o->container.id[0] == '\0')
                return;
        found = container_names_find(g->containers, &o->container);
        if (found) {
                e->texts[EVENT_CONTAINER] = known(found->name);
                e->texts[EVENT_IMAGE] = known(found->image);
        }
}

/* Borrows. */
static void name_opener(Gather *g, const Attempt *a, Event *e)
{
        e->pid = a->opener.pid;
        e->texts[EVENT_PROCESS] = (char *)a->opener.process;
        e->texts[EVENT_COMMAND] = known(a->opener.command);
        e->texts[EVENT_DIRECTORY] = known(a->opener.directory);
        name_origin(g, &a->origin, e);
}

static void count_attempt(Gather *g, const Event *all, const Attempt *a)
{
        Event one = *all; /* borrows */

        one.count = 1;
        one.time_usec = a->time_usec;
        one.source = a->source;
        one.source_port = a->source_port;
        one.destination = a->destination;
        one.destination_port = a->destination_port;
        one.has_gid = a->has_gid;
        one.gid = a->gid;
        name_opener(g, a, &one);
        events_count(g->events, &one, true);
}

/* One event for each attempt whose process is known; e->count becomes what is left. */
static void count_attempts(Gather *g, Event *e)
{
        _cleanup_free_ char *unit = NULL; /* what was found is borrowed until the next is */
        const Attempt *a;
        size_t at = 0;

        if (strdup_null(e->unit, &unit) < 0)
                return;
        e->unit = unit;
        while (e->count > 0 && (a = openers_find(g->openers, e, &at))) {
                if (!same_unit(g, unit, a->cgroup)) {
                        at++;
                        continue;
                }
                count_attempt(g, e, a);
                openers_forget(g->openers, at);
                e->count--;
        }
        e->unit = (char *)unit_names_find(g->units, g->cgroup);
}

/* Of an attempt that the log has brought: its ports say which one it is. */
static void on_complete(void *data, Event *e)
{
        Gather *g = data;
        size_t at = 0;
        const Attempt *a = openers_find(g->openers, e, &at);

        if (!a)
                return;
        g->named = *a;
        openers_forget(g->openers, at);
        e->unit = (char *)unit_names_find(g->units, g->named.cgroup);
        if (e->unit)
                name_container(g, g->named.cgroup, e);
        name_opener(g, &g->named, e);
}

/* ---- decisions ---- */

static void on_decision(void *data, const DecisionCount *c)
{
        Gather *g = data;
        const char *unit = unit_names_find(g->units, c->cgroup);
        Event e = { .direction = c->direction,
                .action = c->action,
                .audit = c->audit,
                .source = c->source,
                .destination = c->destination,
                .destination_port = c->port,
                .rule = c->rule,
                .has_uid = c->has_uid,
                .uid = c->uid,
                .unit = (char *)unit, /* borrowed: copied by whoever keeps it */
                .count = c->count };

        g->counted = true;
        if (unit)
                name_container(g, c->cgroup, &e);
        g->cgroup = c->cgroup;
        e.quiet = !c->logged;
        if (c->logged && !c->in_log && c->direction == DIRECTION_OUT)
                count_attempts(g, &e);
        if (c->in_log)
                events_complete(g->events, &e);
        else if (e.count > 0)
                events_count(g->events, &e, c->logged);
}

static int take(Gather *g)
{
        int taken;

        unit_names_expire(g->units);
        container_names_expire(g->containers, clock_now_usec(CLOCK_MONOTONIC));
        taken = manager_take_decisions(g->manager);
        if (taken < 0 && !g->failed)
                log_line(LOG_ERR, "cannot read what rules have counted, events are late: %s",
                        strerrordesc_np(-taken));
        else if (taken >= 0 && g->failed)
                log_line(LOG_NOTICE, "what rules have counted is read again");
        g->failed = taken < 0;
        return taken;
}

static void look_in(Gather *g, uint64_t usec)
{
        g->interval_usec = timer_arm(g->event, &g->timer, &interval, usec, g) < 0 ? 0 : usec;
}

static int on_interval(_unused_ sd_event_source *s, _unused_ uint64_t usec, void *data)
{
        Gather *g = data;
        uint64_t before_usec = g->interval_usec;

        g->counted = false;
        g->interval_usec = 0;
        if (take(g) >= 0)
                g->counted |= events_settle(g->events, false);
        if (g->interval_usec > 0) /* the log has woken it */
                return 0;
        if (g->counted)
                look_in(g, BUSY_USEC);
        else if (before_usec < QUIET_USEC)
                look_in(g, 2 * before_usec);
        else if (g->failed || !events_are_heard(g->events))
                look_in(g, QUIET_USEC);
        return 0;
}

static void on_logged(void *data)
{
        Gather *g = data;

        if (g->interval_usec != BUSY_USEC)
                look_in(g, BUSY_USEC);
}

/* The counts of the table before may be read by now, and wait. */
static void on_enforced(void *data)
{
        Gather *g = data;
        const Ruleset *r = manager_ruleset(g->manager);

        events_set_anonymous(g->events, r && r->attribution == ATTRIBUTION_OFF);
        openers_set(g->openers, r && r->attribution == ATTRIBUTION_PROCESS);
        on_logged(g);
}

static int on_made(
        _unused_ sd_event_source *s, _unused_ int fd, _unused_ uint32_t revents, void *data)
{
        unit_names_follow(((Gather *)data)->units);
        return 0;
}

static void on_attribution(_unused_ void *data, int priority, const char *text)
{
        log_line(priority, "%s", text);
}

int gather_new(sd_event *event, Manager *manager, Events *events, Gather **ret)
{
        _cleanup_(gather_free_p) Gather *g = calloc(1, sizeof(*g));
        int r;

        if (!g)
                return -ENOMEM;
        *g = (Gather){ .event = sd_event_ref(event),
                .events = events,
                .follower = { .complete = on_complete, .logged = on_logged, .data = g },
                .interval_usec = BUSY_USEC };
        r = container_names_new(&g->containers);
        if (r >= 0)
                r = unit_names_new(host_cgroup_mount(), &g->units);
        if (r >= 0 && unit_names_fd(g->units) >= 0)
                r = sd_event_add_io(event, &g->made, unit_names_fd(g->units), EPOLLIN, on_made, g);
        if (r >= 0)
                r = openers_new(event, on_attribution, NULL, &g->openers);
        if (r >= 0)
                r = timer_arm(event, &g->timer, &interval, g->interval_usec, g);
        if (r < 0)
                return r;
        g->manager = manager;
        g->changes = (ManagerEvents){ .enforced = on_enforced, .data = g };
        manager_add_events(manager, &g->changes);
        on_enforced(g);
        manager_follow_decisions(manager, on_decision, g);
        events_follow(events, &g->follower);
        (void)take(g);
        *ret = TAKE_PTR(g);
        return 0;
}

Gather *gather_free(Gather *g)
{
        if (!g)
                return NULL;
        if (g->manager) {
                (void)take(g);
                (void)events_settle(g->events, true);
                events_unfollow(g->events, &g->follower);
                manager_follow_decisions(g->manager, NULL, NULL);
                manager_remove_events(g->manager, &g->changes);
        }
        sd_event_source_disable_unref(g->timer);
        sd_event_source_disable_unref(g->made);
        openers_free(g->openers);
        unit_names_free(g->units);
        container_names_free(g->containers);
        sd_event_unref(g->event);
        free(g);
        return NULL;
}
