/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/counting.h"

#include "daemon/backend/rule_counter.h"
#include "daemon/events/event.h"
#include "daemon/host/host.h"
#include "daemon/host/unit_names.h"
#include "daemon/loop/clock.h"
#include "rules/base/array.h"
#include "rules/policy/rule.h"
#include "rules/ruleset/compiledrule.h"
#include "rules/ruleset/ruleset.h"

#include <stdio.h>

uint32_t counting_owner(Counting *c, uint32_t uid)
{
        uint64_t now = clock_now_usec(CLOCK_MONOTONIC);

        if (c->owned.until_usec > now && c->owned.uid == uid)
                return c->owned.owner;
        c->owned.uid = c->owned.owner = uid;
        c->owned.until_usec = now + USEC_PER_SEC;
        (void)host_user_owner(manager_names(c->manager), uid, &c->owned.owner);
        return c->owned.owner;
}

/*
 * The key of a container: the id that its unit has, or for one of a user's engine
 * "user@1000.service/web", because its name is that user's claim. NULL: it is in none.
 */
static const char *container_key(const Event *e, char buffer[static SENDER_NAME_MAX + 1])
{
        _Static_assert(CONTAINER_NAME_MAX <= SENDER_NAME_MAX, "an id fits");
        const char *id = e->unit ? unit_container(e->unit, buffer) : NULL;

        if (id || !e->unit || !e->texts[EVENT_CONTAINER])
                return id;
        (void)snprintf(buffer, SENDER_NAME_MAX + 1, "%s/%s", e->unit, e->texts[EVENT_CONTAINER]);
        return buffer;
}

static void on_counted(void *data, const Event *e)
{
        char container[SENDER_NAME_MAX + 1];
        Counting *c = data;
        Event of_owner = *e;

        if (e->has_uid)
                of_owner.uid = counting_owner(c, e->uid);
        stats_count(c->stats, &of_owner, container_key(e, container));
}

static void on_sample(void *data, Stats *s)
{
        _cleanup_free_ RuleCounter *counters = NULL;
        size_t n;

        if (manager_counters(((Counting *)data)->manager, &counters, &n) < 0)
                return;
        for (size_t i = 0; i < n; i++)
                stats_see_rule(s, counters[i].id, counters[i].packets, counters[i].bytes);
}

/* ---- which rules are limits ---- */

/* Without memory none is: the past of limits is not kept. */
static void limits_find(Counting *c)
{
        const Ruleset *ruleset = manager_ruleset(c->manager);

        c->n_limits = 0;
        for (Direction d = 0; ruleset && d < _DIRECTION_MAX; d++)
                for (size_t i = 0; i < ruleset->directions[d].n; i++) {
                        const CompiledRule *rule = &ruleset->directions[d].rules[i];

                        if (rule->action != ACTION_LIMIT && rule->audited != ACTION_LIMIT)
                                continue;
                        if (array_grow(&c->limits, c->n_limits, sizeof(*c->limits)) < 0) {
                                c->n_limits = 0;
                                return;
                        }
                        c->limits[c->n_limits++] = rule->rule->id;
                }
        if (c->n_limits > 0)
                qsort(c->limits, c->n_limits, sizeof(*c->limits), number_compare);
}

static bool is_limit(void *data, uint64_t rule)
{
        const Counting *c = data;

        return c->n_limits > 0 &&
               bsearch(&rule, c->limits, c->n_limits, sizeof(*c->limits), number_compare) != NULL;
}

/* ---- what happens ---- */

static void on_logged(void *data)
{
        stats_wake(((Counting *)data)->stats);
}

static bool is_woken(void *data)
{
        const Counting *c = data;

        return c->events && events_are_heard(c->events) && manager_is_woken(c->manager);
}

static void on_leaving(void *data)
{
        stats_sample(((Counting *)data)->stats);
}

/* Without a policy there are no counters in the kernel. */
static void on_enforced(void *data)
{
        Counting *c = data;

        limits_find(c);
        if (!manager_ruleset(c->manager))
                stats_restart(c->stats);
        stats_wake(c->stats);
}

int counting_start(Counting *c, sd_event *event, const StatsOptions *options, Manager *m, Events *e)
{
        StatsOptions all = *options;
        char boot_id[MANAGER_BOOT_ID_MAX];
        int r;

        c->manager = m;
        all.boot_id = manager_boot_id(m, boot_id);
        all.sample = on_sample;
        all.sample_data = c;
        all.is_limit = is_limit;
        all.woken = is_woken;
        r = stats_new(event, &all, &c->stats);
        if (r < 0)
                return r;
        limits_find(c);
        c->events = e;
        c->follower = (EventsFollower){ .counted = on_counted, .logged = on_logged, .data = c };
        events_follow(e, &c->follower);
        c->changes = (ManagerEvents){ .leaving = on_leaving, .enforced = on_enforced, .data = c };
        manager_add_events(m, &c->changes);
        return 0;
}

void counting_stop(Counting *c)
{
        if (c->events) {
                manager_remove_events(c->manager, &c->changes);
                events_unfollow(c->events, &c->follower);
        }
        c->events = NULL;
        c->stats = stats_free(c->stats);
        free(TAKE_PTR(c->limits));
        c->n_limits = 0;
}
