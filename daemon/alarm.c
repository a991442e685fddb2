/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/alarm.h"

#include "daemon/alerts/told.h"
#include "daemon/bus/alert.h"
#include "daemon/events/event.h"
#include "daemon/host/host.h"
#include "daemon/log.h"
#include "daemon/loop/clock.h"
#include "daemon/loop/timer.h"
#include "rules/base/hash.h"
#include "rules/base/strv.h"
#include "rules/policy/effective.h"
#include "rules/policy/expiry.h"
#include "rules/policy/hostconf.h"
#include "rules/policy/policy.h"
#include "rules/policy/rule.h"
#include "rules/policy/rulelist.h"
#include "rules/policy/state.h"
#include "rules/ruleset/compiledrule.h"
#include "rules/ruleset/ids.h"
#include "rules/ruleset/ruleset.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

/* Alerts reported in a minute at most; a host has few users, but ids can be many. */
#define REPORTED_A_MINUTE 60
/* Quarantines at a time: rules of the policy, and those that wait to become one. */
#define QUARANTINES_MAX TOLD_WAITS_MAX
#define QUARANTINE_COMMENT "quarantine: "
/* A change may be refused for a while, as during a change that waits to be confirmed. */
#define RETRY_USEC USEC_PER_SEC
#define RETRY_MAX_USEC (16 * USEC_PER_SEC)
#define DAY_USEC (UINT64_C(86400) * USEC_PER_SEC)
/* Users with connections that a lockdown refused; as many as have a row in the statistics. */
#define LOCKDOWN_USERS_MAX 2048
/* So late, at most, rules that count are read. */
#define READ_USEC (5 * USEC_PER_SEC)

struct Alarm {
        sd_event *event;
        Manager *manager;
        Counting *counting;
        Bus *bus;
        EventsFollower follower;
        Told told;
        sd_event_source *timer;
        uint64_t pause_usec; /* before the last attempt */
        ManagerEvents enforced;
        bool lockdown;
        uint64_t lockdown_end_usec; /* by CLOCK_BOOTTIME; 0: there was none */
        NumberMap lockdown_refused; /* connections of a user, which the statistics have too */
        uint64_t minute;            /* in which so many were reported and left out */
        uint64_t n_reported, n_left_out;
};

static int on_timer(sd_event_source *s, uint64_t usec, void *data);

static const TimerKind timer_kind = { CLOCK_MONOTONIC, 1, on_timer };

/* ---- what the policy says ---- */

/* The thresholds in force. */
static const Alerts *alerts_now(const Alarm *a)
{
        static const Alerts none = { 0 };
        const HostConf *h = manager_policy(a->manager)->host;

        return h ? &h->alerts : &none;
}

static bool is_quarantine(const Rule *r)
{
        return r->comment && r->expires_usec > 0 &&
               strncmp(r->comment, QUARANTINE_COMMENT, strlen(QUARANTINE_COMMENT)) == 0;
}

/* Refusals of a quarantine raise no alert. */
static bool is_by_quarantine(const Alarm *a, uint64_t id)
{
        const RuleList *l = &manager_policy(a->manager)->state->rules;

        for (size_t i = 0; id > 0 && i < l->n; i++)
                if (l->items[i]->id == id)
                        return is_quarantine(l->items[i]);
        return false;
}

static size_t quarantines(const Alarm *a)
{
        const RuleList *l = &manager_policy(a->manager)->state->rules;
        size_t n = a->told.n_waits;

        for (size_t i = 0; i < l->n; i++)
                n += is_quarantine(l->items[i]);
        return n;
}

/* Until what it refused has been read, too. */
static bool in_lockdown(const Alarm *a)
{
        return manager_policy(a->manager)->state->lockdown ||
               (a->lockdown_end_usec > 0 &&
                       clock_now_usec(CLOCK_BOOTTIME) < a->lockdown_end_usec + READ_USEC);
}

static void on_enforced(void *data)
{
        Alarm *a = data;
        bool lockdown = manager_policy(a->manager)->state->lockdown;

        if (a->lockdown && !lockdown)
                a->lockdown_end_usec = clock_now_usec(CLOCK_BOOTTIME);
        /* no threshold looks back any further */
        if (!a->lockdown && lockdown && a->lockdown_end_usec > 0 &&
                clock_now_usec(CLOCK_BOOTTIME) > a->lockdown_end_usec + DAY_USEC)
                number_map_deinit(&a->lockdown_refused);
        a->lockdown = lockdown;
}

/* Is there a rule that lets this user send? */
static bool is_allowed_by_name(const Ruleset *r, uint32_t uid)
{
        const RulesetDirection *d = &r->directions[DIRECTION_OUT];

        for (size_t i = 0; i < d->n; i++)
                if (d->rules[i].users.stated && compiled_ids_contain(&d->rules[i].users, uid) &&
                        (d->rules[i].action == ACTION_ALLOW || d->rules[i].action == ACTION_LIMIT))
                        return true;
        return false;
}

/* The reason why a user is never put into quarantine; NULL: there is none. */
static const char *exempt(const Alarm *a, uint32_t uid)
{
        const Ruleset *r = manager_ruleset(a->manager);

        if (uid == 0)
                return "root is never quarantined";
        if (!r)
                return "p25 is inactive";
        if (is_allowed_by_name(r, uid))
                return "a rule allows this user by name";
        if (r->directions[DIRECTION_OUT].audit)
                return "outgoing connections are in audit";
        return NULL;
}

/* The reason why a user is spared now; NULL: there is none. */
static const char *spared(const Alarm *a, uint32_t uid)
{
        const char *why = exempt(a, uid);

        return why || quarantines(a) < QUARANTINES_MAX ? why : "too many users are in quarantine";
}

/* ---- quarantine ---- */

/* Does a rule other than a quarantine have this match? It would be replaced, and end. */
static bool is_taken(const Alarm *a, const Rule *rule)
{
        const RuleList *l = &manager_policy(a->manager)->state->rules;

        for (size_t i = 0; i < l->n; i++)
                if (!is_quarantine(l->items[i]) && rule_same_match(l->items[i], rule))
                        return true;
        return false;
}

/* By number where a rule has the user's name already. */
static int rule_make(const Alarm *a, const ToldWait *q, Rule **ret)
{
        _cleanup_(rule_unref_p) Rule *rule = rule_new();
        _cleanup_free_ char *user = NULL;
        char number[16];
        int r;

        if (!rule)
                return -ENOMEM;
        rule->action = ACTION_REJECT;
        rule->direction = DIRECTION_OUT;
        policy_mail_ports(manager_policy(a->manager), &rule->ports);
        rule->expires_usec = q->end_usec;
        rule->comment = strdup(q->comment);
        r = host_user_in_rule(manager_names(a->manager), q->uid, &user);
        if (r < 0 || !rule->comment || strv_append(&rule->user, user) < 0)
                return -ENOMEM;
        if (is_taken(a, rule)) {
                strv_free(TAKE_PTR(rule->user));
                (void)snprintf(number, sizeof(number), "%" PRIu32, q->uid);
                if (strv_append(&rule->user, number) < 0)
                        return -ENOMEM;
        }
        *ret = TAKE_PTR(rule);
        return 0;
}

/* 0: the rule is in force. */
static int quarantine_make(Alarm *a, const ToldWait *q)
{
        Change change = { .process = "p25d", .reason = q->comment, .position = 1 };
        _cleanup_(rule_unref_p) Rule *rule = NULL;
        ChangeResult result = { 0 };
        int r = rule_make(a, q, &rule);

        if (r >= 0 && is_taken(a, rule))
                r = -EEXIST;
        if (r >= 0)
                r = manager_add_rules(a->manager, &rule, 1, &change, &result);
        if (r >= 0)
                log_line(LOG_WARNING, "user %s is in quarantine: %s", rule->user[0], q->comment);
        else if (q->tries == 0 && !result.locked_out)
                log_line(LOG_ERR, "uid %" PRIu32 " cannot be put into quarantine (%s): %s", q->uid,
                        q->comment, result.message ?: strerrordesc_np(-r));
        change_result_deinit(&result);
        return r;
}

/* The way of every change: assertions and a pending change may refuse it. 0: done, or given up. */
static int quarantine_try(Alarm *a, ToldWait *q)
{
        const char *why_not;

        /* whom a rule allows by name is known when the policy is in force again */
        if (manager_policy(a->manager)->state->lockdown)
                return -EAGAIN;
        why_not = alerts_now(a)->quarantine_sec > 0 ? exempt(a, q->uid)
                                                    : "p25.conf has no quarantine";

        if (!why_not && q->end_usec <= clock_now_usec(CLOCK_REALTIME))
                why_not = "its time is over";
        if (why_not) {
                log_line(LOG_WARNING, "uid %" PRIu32 " is no longer to be put into quarantine: %s",
                        q->uid, why_not);
                return 0;
        }
        if (quarantine_make(a, q) >= 0)
                return 0;
        q->tries++;
        return -EAGAIN;
}

static int waits_try_in(Alarm *a, uint64_t usec)
{
        return timer_arm(a->event, &a->timer, &timer_kind, usec, a);
}

/* The file is written when a quarantine no longer waits: a restart in between tries it once more.
 */
static int on_timer(_unused_ sd_event_source *s, _unused_ uint64_t usec, void *data)
{
        Alarm *a = data;

        for (size_t i = a->told.n_waits; i-- > 0;)
                if (quarantine_try(a, &a->told.waits[i]) == 0 && told_wait_end(&a->told, i) < 0)
                        log_line(LOG_WARNING, "%s cannot be written", a->told.path);
        a->pause_usec = 2 * a->pause_usec < RETRY_MAX_USEC ? 2 * a->pause_usec : RETRY_MAX_USEC;
        if (a->told.n_waits > 0 && waits_try_in(a, a->pause_usec) < 0)
                log_line(LOG_ERR, "a quarantine is not tried again: out of memory");
        return 0;
}

/* Soon: not from within the events. -ENOSPC: too many wait. */
static int quarantine_begin(Alarm *a, uint32_t uid, uint64_t seconds, const char *why)
{
        uint64_t end_usec = expiry_round(clock_now_usec(CLOCK_REALTIME) + seconds * USEC_PER_SEC);
        char comment[COMMENT_MAX + 1];
        int r;

        (void)snprintf(comment, sizeof(comment), QUARANTINE_COMMENT "%s", why);
        r = told_wait(&a->told, uid, end_usec, comment);
        if (r == -ENOSPC)
                return r;
        if (r < 0)
                log_line(LOG_WARNING,
                        "%s cannot be written: a quarantine that has to wait is "
                        "forgotten by a restart",
                        a->told.path);
        a->pause_usec = RETRY_USEC;
        return waits_try_in(a, 0);
}

/* ---- reporting ---- */

static bool may_report(Alarm *a)
{
        uint64_t minute = clock_now_usec(CLOCK_BOOTTIME) / (60 * USEC_PER_SEC);

        if (minute != a->minute) {
                if (a->n_left_out > 0)
                        log_line(LOG_WARNING, "%" PRIu64 " more alerts were left out",
                                a->n_left_out);
                a->minute = minute;
                a->n_reported = a->n_left_out = 0;
        }
        if (a->n_reported < REPORTED_A_MINUTE) {
                a->n_reported++;
                return true;
        }
        a->n_left_out++;
        return false;
}

static void log_alert(const BusAlert *alert, const char *quarantine)
{
        char uid[16], count[24];
        const LogField fields[] = {
                { "P25_ALERT", alert->name },
                { "P25_USER", alert->user },
                { "P25_UID", uid },
                { "P25_UNIT", alert->unit },
                { "P25_COUNT", count },
                { "P25_LIMIT", alert->limit },
                { "P25_QUARANTINE", quarantine },
        };

        (void)snprintf(uid, sizeof(uid), "%" PRIu32, alert->uid);
        (void)snprintf(count, sizeof(count), "%" PRIu64, alert->count);
        log_fields(LOG_ALERT_ID, LOG_WARNING, fields, ELEMENTS(fields), "%s", alert->text);
}

static void raise_alert(Alarm *a, AlertKind kind, const Event *e, uint32_t uid, uint64_t count)
{
        static const char *const nouns[_ALERT_MAX] = {
                [ALERT_BLOCKED] = "refused connections",
                [ALERT_CONNECTIONS] = "outgoing connections",
                [ALERT_DESTINATIONS] = "destinations",
        };
        const Alerts *alerts = alerts_now(a);
        const Limit *l = &alerts->limits[kind];
        uint64_t window = l->unit_sec, quarantine = alerts->quarantine_sec;
        const char *why_not = quarantine > 0 ? spared(a, uid) : NULL;
        bool quarantined = quarantine > 0 && !why_not;
        char limit[32], reason[96], text[384];
        _cleanup_free_ char *user = NULL;
        int r;

        if (!may_report(a))
                return;
        if (quarantined && quarantine < window)
                window = quarantine;
        if (told_add(&a->told, kind, uid, window * USEC_PER_SEC) < 0)
                log_line(LOG_WARNING,
                        "%s cannot be written: an alert may be reported again after a "
                        "restart",
                        a->told.path);
        (void)host_user_name(manager_names(a->manager), uid, &user);
        (void)snprintf(limit, sizeof(limit), "%u/%s", l->rate, limit_unit_to_string(l->unit_sec));
        (void)snprintf(
                reason, sizeof(reason), "%" PRIu64 " %s, alert at %s", count, nouns[kind], limit);
        (void)snprintf(text, sizeof(text), "alert: %s (uid %" PRIu32 "): %s%s%s%s%s",
                user ?: "no name", uid, reason, e->unit ? ", unit " : "", e->unit ?: "",
                why_not ? "; not quarantined: " : "", why_not ?: "");

        const BusAlert alert = { alert_kind_to_string(kind), user ?: "", uid, e->unit ?: "", count,
                limit, text };

        log_alert(&alert, quarantined ? "1" : NULL);
        if (a->bus)
                bus_alert(a->bus, &alert);
        r = quarantined ? quarantine_begin(a, uid, quarantine, reason) : 0;
        if (r < 0)
                log_line(LOG_ERR, "uid %" PRIu32 " cannot be put into quarantine: %s", uid,
                        strerrordesc_np(-r));
}

/* ---- counting ---- */

/* Refusals of a lockdown are the administrator's doing, and stay so when it is over. */
static void lockdown_note(Alarm *a, const Event *e, uint32_t uid)
{
        uint64_t *n;

        if (!event_is_refusal(e) || a->lockdown_refused.n >= LOCKDOWN_USERS_MAX)
                return;
        n = number_map_get(&a->lockdown_refused, uid + UINT64_C(1));
        if (n)
                *n += e->count;
}

/* In the time of a threshold, or more than that. */
static uint64_t lockdown_refused(Alarm *a, uint32_t uid, uint32_t seconds)
{
        uint64_t *n;

        if (a->lockdown_refused.n == 0 ||
                a->lockdown_end_usec + READ_USEC + seconds * USEC_PER_SEC <
                        clock_now_usec(CLOCK_BOOTTIME))
                return 0;
        n = number_map_get(&a->lockdown_refused, uid + UINT64_C(1));
        return n ? *n : 0;
}

/* The number of the kind that the user reached in the time of the threshold. */
static uint64_t count_of(Alarm *a, AlertKind kind, uint32_t uid, uint32_t seconds)
{
        uint64_t not_his = lockdown_refused(a, uid, seconds);
        StatsWindow w;

        stats_user(a->counting->stats, uid, seconds, &w);
        switch (kind) {
        case ALERT_BLOCKED:
                return w.blocked > not_his ? w.blocked - not_his : 0;
        case ALERT_CONNECTIONS:
                return w.allowed;
        case ALERT_DESTINATIONS:
                return w.destinations;
        case _ALERT_MAX:
        case _ALERT_INVALID:
                break;
        }
        return 0;
}

/* A connection that passes says nothing about earlier refusals, as by a lockdown. */
static bool is_of_kind(AlertKind kind, const Event *e)
{
        bool blocked = event_is_refusal(e) && !e->audit;

        return kind == ALERT_DESTINATIONS || blocked == (kind == ALERT_BLOCKED);
}

/* Behind the statistics, which have counted it. */
static void on_counted(void *data, const Event *e)
{
        Alarm *a = data;
        const Alerts *alerts = alerts_now(a);
        uint32_t uid = e->uid;

        if (e->direction != DIRECTION_OUT || !e->has_uid || is_by_quarantine(a, e->rule))
                return;
        uid = counting_owner(a->counting, uid);
        /* a lockdown refuses everybody: that says nothing about a user */
        if (in_lockdown(a)) {
                lockdown_note(a, e, uid);
                return;
        }
        for (AlertKind k = 0; k < _ALERT_MAX; k++) {
                const Limit *l = &alerts->limits[k];
                uint64_t count;

                if (l->rate == 0 || !is_of_kind(k, e) || told_has(&a->told, k, uid))
                        continue;
                count = count_of(a, k, uid, l->unit_sec);
                if (count >= l->rate)
                        raise_alert(a, k, e, uid, count);
        }
}

/* ---- birth and death ---- */

int alarm_new(sd_event *event, Manager *m, Counting *c, const char *folder, Alarm **ret)
{
        Alarm *a = calloc(1, sizeof(*a));
        int r;

        if (!a)
                return -ENOMEM;
        a->event = sd_event_ref(event);
        a->manager = m;
        r = told_init(&a->told, folder);
        if (r < 0) {
                alarm_free(a);
                return r;
        }
        a->counting = c;
        a->follower = (EventsFollower){ .counted = on_counted, .data = a };
        events_follow(c->events, &a->follower);
        a->enforced = (ManagerEvents){ .enforced = on_enforced, .data = a };
        manager_add_events(m, &a->enforced);
        on_enforced(a);
        a->pause_usec = RETRY_USEC;
        /* of the time before a restart */
        r = a->told.n_waits > 0 ? waits_try_in(a, RETRY_USEC) : 0;
        if (r < 0) {
                alarm_free(a);
                return r;
        }
        *ret = a;
        return 0;
}

Alarm *alarm_free(Alarm *a)
{
        if (!a)
                return NULL;
        if (a->counting) {
                events_unfollow(a->counting->events, &a->follower);
                manager_remove_events(a->manager, &a->enforced);
        }
        sd_event_source_disable_unref(a->timer);
        told_deinit(&a->told);
        number_map_deinit(&a->lockdown_refused);
        sd_event_unref(a->event);
        free(a);
        return NULL;
}

void alarm_set_bus(Alarm *a, Bus *bus)
{
        a->bus = bus;
}
