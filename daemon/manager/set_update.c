/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The entries of a set: what is added, for how long, what is removed, and what makes no difference.
 */

#include "daemon/manager/set_update.h"

#include "daemon/loop/clock.h"
#include "rules/address/address.h"
#include "rules/address/prefixset.h"
#include "rules/address/rangeset.h"
#include "rules/address/timedset.h"
#include "rules/base/strv.h"
#include "rules/base/util.h"
#include "rules/policy/expiry.h"
#include "rules/policy/state.h"

#include <errno.h>

#define COVERED_MAX 20 /* warnings */

void set_update_deinit(SetUpdate *u)
{
        prefix_set_unref(u->plus);
        prefix_set_unref(u->minus);
        timed_set_unref(u->timed);
        prefix_set_unref(u->entries);
        timed_set_unref(u->timed_entries);
}

/* ---- what was named ---- */

/* Texts of the bus to a set; an error names the text. */
static int parse_entries(char *const *texts, ChangeResult *r, PrefixSet **ret)
{
        _cleanup_free_ Prefix *prefixes = NULL;
        size_t n = strv_length(texts);

        prefixes = calloc(n + 1, sizeof(*prefixes));
        if (!prefixes)
                return change_no_memory(r);
        for (size_t i = 0; i < n; i++) {
                char shown[ADDRESS_TEXT_MAX];
                const char *reason;
                bool host_bits;

                if (prefix_parse(texts[i], strlen(texts[i]), &prefixes[i], &host_bits, &reason) < 0)
                        return change_fail(r, ERROR_INVALID_POLICY, -EINVAL, "%.*s: %s",
                                ADDRESS_TEXT_MAX, texts[i], reason);
                if (host_bits) {
                        if (strv_printf(&r->warnings, "%s has host bits; using %s", texts[i],
                                    prefix_format(&prefixes[i], shown)) < 0)
                                return change_no_memory(r);
                }
        }
        return prefix_set_new(prefixes, n, ret) < 0 ? change_no_memory(r) : 0;
}

int set_update_read(SetUpdate *u, char *const *add, char *const *remove, ChangeResult *r)
{
        int q = parse_entries(add, r, &u->plus);

        return q < 0 ? q : parse_entries(remove, r, &u->minus);
}

/* ---- what the set is then ---- */

static bool holds_whole_family(const PrefixSet *s)
{
        /* entries ascend: the prefix of length 0 is the first */
        return (s->v4 && prefix4_at(s, 0)->bits == 0) || (s->v6 && prefix6_at(s, 0)->bits == 0);
}

/* The entries of plus that are not permanent in the set, with their end: a permanent entry stays
 * permanent. */
static int find_timed(SetUpdate *u, const StoredSet *now, uint32_t timeout_sec, ChangeResult *r)
{
        _cleanup_(prefix_set_unref_p) PrefixSet *fresh = NULL;
        uint64_t until_usec =
                expiry_round(clock_now_usec(CLOCK_REALTIME) + timeout_sec * USEC_PER_SEC);
        size_t kept, n;

        if (holds_whole_family(u->plus))
                return change_fail(r, ERROR_INVALID_POLICY, -EINVAL,
                        "a whole family cannot be an entry that ends: add a rule that does (p25ctl "
                        "deny in for 1h)");
        if (prefix_set_update(u->plus, NULL, now ? now->entries : NULL, &fresh, &n, &kept) < 0 ||
                timed_set_new(fresh, until_usec, &u->timed) < 0)
                return change_no_memory(r);
        if (kept > 0 && strv_printf(&r->warnings,
                                "%zu of these entries %s in the set for good and %s there", kept,
                                kept == 1 ? "is" : "are", kept == 1 ? "stays" : "stay") < 0)
                return change_no_memory(r);
        return 0;
}

static int find_entries(SetUpdate *u, const StoredSet *now, uint32_t timeout_sec, ChangeResult *r)
{
        _cleanup_(timed_set_unref_p) TimedSet *left = NULL;
        const PrefixSet *lasting = timeout_sec > 0 ? NULL : u->plus;
        TimedChanges covered = { 0 };
        int q = timeout_sec > 0 ? find_timed(u, now, timeout_sec, r) : 0;

        if (q < 0)
                return q;
        q = prefix_set_update(
                now ? now->entries : NULL, lasting, u->minus, &u->entries, &u->added, &u->removed);
        if (q >= 0)
                q = timed_set_update(
                        now ? now->timed : NULL, u->timed, u->minus, &left, &u->changes);
        if (q >= 0)
                q = timed_set_update(left, NULL, lasting, &u->timed_entries, &covered);
        if (q == -E2BIG ||
                (q >= 0 && prefix_set_size(u->entries) + timed_set_size(u->timed_entries) >
                                   PREFIX_SET_MAX))
                return change_fail_set_size(r);
        return q < 0 ? change_no_memory(r) : 0;
}

/* ---- what makes no difference ---- */

/* Is the state of the entry after the call the one before it? */
static bool is_unchanged(const SetUpdate *u, const StoredSet *now, const Prefix *p, bool added)
{
        uint64_t until, until_now;
        bool was = timed_set_find(now ? now->timed : NULL, p, &until);
        bool lasted = now && prefix_set_has(now->entries, p);

        if (!added)
                return !was && !lasted && !prefix_set_has(u->plus, p);
        if (prefix_set_has(u->minus, p))
                return was || lasted;
        return lasted ||
               (was && timed_set_find(u->timed_entries, p, &until_now) && until == until_now);
}

static int find_unchanged(const SetUpdate *u, const StoredSet *now, ChangeResult *r)
{
        const PrefixSet *named[] = { u->plus, u->minus };
        size_t n = prefix_set_size(u->plus) + prefix_set_size(u->minus), n_found = 0;

        r->unchanged = calloc(n + 1, sizeof(*r->unchanged));
        if (!r->unchanged)
                return -ENOMEM;
        for (size_t k = 0; k < ELEMENTS(named); k++)
                for (size_t i = 0; i < prefix_set_size(named[k]); i++) {
                        Prefix p = prefix_set_at(named[k], i);
                        char shown[ADDRESS_TEXT_MAX];

                        if (!is_unchanged(u, now, &p, named[k] == u->plus))
                                continue;
                        r->unchanged[n_found] = strdup(prefix_format(&p, shown));
                        if (!r->unchanged[n_found++])
                                return -ENOMEM;
                }
        return 0;
}

/* The shortest prefix of the set around another. */
static bool find_cover(const SetUpdate *u, const Prefix *p, Prefix *ret)
{
        for (uint8_t bits = 0; bits < p->bits; bits++) {
                uint64_t until;

                *ret = prefix_shorten(p, bits);
                if (prefix_set_has(u->entries, ret) ||
                        timed_set_find(u->timed_entries, ret, &until))
                        return true;
        }
        return false;
}

/* Addresses that were removed and are still in the set, because a prefix covers them. Most are in
 * no range of it, which is found sooner than that none of all shorter prefixes is an entry. */
static int find_covered(const SetUpdate *u, ChangeResult *r)
{
        RangeSet *ranges, *timed = NULL;
        size_t n = 0;

        if (prefix_set_ranges(u->entries, &ranges) < 0 ||
                (u->timed_entries && timed_set_ranges(u->timed_entries, &timed) < 0))
                return -ENOMEM;
        for (size_t i = 0; i < prefix_set_size(u->minus); i++) {
                char shown[ADDRESS_TEXT_MAX], shown_cover[ADDRESS_TEXT_MAX];
                Prefix p = prefix_set_at(u->minus, i), cover;

                if (!range_set_contains(ranges, &p.address) &&
                        !(timed && range_set_contains(timed, &p.address)))
                        continue;
                if (find_cover(u, &p, &cover) && n++ < COVERED_MAX &&
                        strv_printf(&r->warnings, "%s is still in set %s: its entry %s covers it",
                                prefix_format(&p, shown), u->name,
                                prefix_format(&cover, shown_cover)) < 0)
                        return -ENOMEM;
        }
        return n <= COVERED_MAX ? 0
                                : strv_printf(&r->warnings,
                                          "%zu more are still in the set, covered by prefixes",
                                          n - COVERED_MAX);
}

int set_update_find(SetUpdate *u, const StoredSet *now, uint32_t timeout_sec, ChangeResult *r)
{
        int q = find_entries(u, now, timeout_sec, r);

        if (q < 0 || prefix_set_size(u->plus) + prefix_set_size(u->minus) > SET_UPDATE_NOTED_MAX)
                return q;
        return find_unchanged(u, now, r) < 0 || find_covered(u, r) < 0 ? change_no_memory(r) : 0;
}

bool set_update_is_empty(const SetUpdate *u)
{
        return u->added == 0 && u->removed == 0 && u->changes.added == 0 &&
               u->changes.renewed == 0 && u->changes.removed == 0;
}

Outcome set_update_outcome(const SetUpdate *u)
{
        size_t added = u->added + u->changes.added, removed = u->removed + u->changes.removed;

        if (added > 0 && removed > 0)
                return OUTCOME_CHANGED;
        if (added > 0)
                return OUTCOME_ADDED;
        return removed > 0 ? OUTCOME_REMOVED : OUTCOME_UPDATED;
}
