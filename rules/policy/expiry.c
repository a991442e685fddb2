/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns what it means that a rule ends: which rules of a state have ended, and how times and
 * durations are written. Does not depend on the time of day.
 */

#include "rules/policy/expiry.h"

#include "rules/address/timedset.h"
#include "rules/policy/rule.h"
#include "rules/policy/rulelist.h"
#include "rules/policy/state.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

static const struct Unit {
        uint64_t sec;
        char name;
} units[] = { { 86400, 'd' }, { 3600, 'h' }, { 60, 'm' }, { 1, 's' } };

uint64_t expiry_round(uint64_t usec)
{
        uint64_t rest = usec % USEC_PER_SEC;

        if (rest == 0)
                return usec;
        /* beyond the last whole second there is none to go to */
        return usec > UINT64_MAX - USEC_PER_SEC ? usec - rest : usec - rest + USEC_PER_SEC;
}

bool expiry_has_passed(const Rule *r, uint64_t now_usec)
{
        return r->expires_usec != 0 && now_usec >= expiry_round(r->expires_usec);
}

uint64_t expiry_seconds_left(const Rule *r, uint64_t now_usec)
{
        uint64_t end_usec = expiry_round(r->expires_usec);

        if (r->expires_usec == 0)
                return 0;
        return end_usec > now_usec + USEC_PER_SEC ? (end_usec - now_usec) / USEC_PER_SEC : 1;
}

int expiry_drop(State *s, uint64_t now_usec, RuleList *dropped)
{
        size_t before = dropped ? dropped->n : 0, kept = 0, n = 0;
        RuleList *l = &s->rules;

        for (size_t i = 0; dropped && i < l->n; i++)
                if (expiry_has_passed(l->items[i], now_usec) &&
                        rule_list_append(dropped, l->items[i]) < 0) {
                        while (dropped->n > before)
                                rule_list_remove(dropped, dropped->n - 1);
                        return -ENOMEM;
                }
        for (size_t i = 0; i < l->n; i++) {
                if (!expiry_has_passed(l->items[i], now_usec)) {
                        l->items[kept++] = l->items[i];
                        continue;
                }
                rule_unref(l->items[i]);
                n++;
        }
        l->n = kept;
        return (int)n;
}

int expiry_drop_entries(State *s, uint64_t now_usec, size_t *ret_n)
{
        size_t n, all = 0;

        for (size_t i = 0; i < s->n_sets; i++) {
                StoredSet *set = &s->sets[i];
                _cleanup_(timed_set_unref_p) TimedSet *left = NULL;

                if (!set->timed || set->timed->next_usec > now_usec)
                        continue;
                if (timed_set_drop(set->timed, now_usec, &left, &n) < 0 ||
                        state_put_entries(s, set->name, set->entries, left) < 0)
                        return -ENOMEM;
                all += n;
        }
        if (ret_n)
                *ret_n = all;
        return 0;
}

int expiry_drop_all(State *s, uint64_t now_usec)
{
        int r = expiry_drop(s, now_usec, NULL);

        return r < 0 ? r : expiry_drop_entries(s, now_usec, NULL);
}

uint64_t expiry_next(const State *s)
{
        uint64_t next = 0;

        for (size_t i = 0; i < s->rules.n; i++) {
                uint64_t usec = expiry_round(s->rules.items[i]->expires_usec);

                if (usec != 0 && (next == 0 || usec < next))
                        next = usec;
        }
        for (size_t i = 0; i < s->n_sets; i++) {
                const TimedSet *timed = s->sets[i].timed;

                if (timed && (next == 0 || timed->next_usec < next))
                        next = timed->next_usec;
        }
        return next;
}

/* ---- text ---- */

const char *expiry_format(uint64_t usec, char buffer[static EXPIRY_TEXT_MAX])
{
        uint64_t sec = expiry_round(usec) / USEC_PER_SEC;
        time_t t = (time_t)sec;
        struct tm tm;

        if (sec > EXPIRY_MAX_SEC || !gmtime_r(&t, &tm))
                snprintf(buffer, EXPIRY_TEXT_MAX, "%" PRIu64, sec);
        else
                strftime(buffer, EXPIRY_TEXT_MAX, "%Y-%m-%dT%H:%M:%SZ", &tm);
        return buffer;
}

const char *duration_format(uint64_t sec, char buffer[static EXPIRY_TEXT_MAX])
{
        size_t i = 0;
        uint64_t rest;
        int n;

        while (i + 1 < ELEMENTS(units) && sec < units[i].sec)
                i++;
        n = snprintf(buffer, EXPIRY_TEXT_MAX, "%" PRIu64 "%c", sec / units[i].sec, units[i].name);
        rest = i + 1 < ELEMENTS(units) ? sec % units[i].sec / units[i + 1].sec : 0;
        if (rest > 0)
                snprintf(buffer + n, EXPIRY_TEXT_MAX - (size_t)n, "%" PRIu64 "%c", rest,
                        units[i + 1].name);
        return buffer;
}

const char *duration_format_word(uint64_t sec, char buffer[static EXPIRY_TEXT_MAX])
{
        size_t i = 0;

        while (i + 1 < ELEMENTS(units) && (sec % units[i].sec != 0 || sec == 0))
                i++;
        snprintf(buffer, EXPIRY_TEXT_MAX, "%" PRIu64 "%c", sec / units[i].sec, units[i].name);
        return buffer;
}
