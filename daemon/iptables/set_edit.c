/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/iptables/set_edit.h"

#include "daemon/iptables/set_message.h"
#include "daemon/iptables/sets.h"
#include "daemon/loop/clock.h"
#include "rules/address/address.h"
#include "rules/address/prefixset.h"
#include "rules/address/rangeset.h"
#include "rules/address/timedentry.h"
#include "rules/base/array.h"
#include "rules/iptables/set.h"

#include <errno.h>

/* More prefixes than these are a new set. */
#define EDIT_MAX 64

typedef struct Prefixes {
        Prefix *items;
        size_t n;
} Prefixes;

static void prefixes_deinit(Prefixes *p)
{
        free(p->items);
}

static int prefixes_add(Prefixes *p, const Prefix *prefix)
{
        if (array_grow(&p->items, p->n, sizeof(Prefix)) < 0)
                return -ENOMEM;
        p->items[p->n++] = *prefix;
        return 0;
}

static int note(const Prefix *p, void *data)
{
        return prefixes_add(data, p);
}

static int prefixes_of(const RangeSet *s, Family family, Prefixes *ret)
{
        return range_set_each_prefix(s, family, note, ret);
}

/* The entries of one list that the other lacks; both ascend. */
static int prefixes_compare(const Prefixes *old, const Prefixes *new, Prefixes *add, Prefixes *del)
{
        size_t i = 0, k = 0;
        int r = 0;

        while ((i < old->n || k < new->n) && r >= 0 && add->n + del->n <= EDIT_MAX) {
                int order = i == old->n   ? 1
                            : k == new->n ? -1
                                          : prefix_compare(&old->items[i], &new->items[k]);

                if (order < 0)
                        r = prefixes_add(del, &old->items[i++]);
                else if (order > 0)
                        r = prefixes_add(add, &new->items[k++]);
                else
                        i++, k++;
        }
        return r;
}

static bool prefix_holds_all(const Prefix *p, const Prefixes *l)
{
        for (size_t i = 0; i < l->n; i++)
                if (l->items[i].bits < p->bits || !prefix_contains(p, &l->items[i].address))
                        return false;
        return true;
}

/* ---- entries that end ---- */

/* More of them are a new set. */
#define TIMED_EDIT_MAX 4096

typedef struct TimedList {
        TimedEntry *items;
        size_t n;
        Family family;
        bool failed;
} TimedList;

static void timed_list_deinit(TimedList *l)
{
        free(l->items);
}

static void timed_add(TimedList *l, const TimedEntry *e)
{
        if (e->prefix.address.family != l->family)
                return;
        if (array_grow(&l->items, l->n, sizeof(TimedEntry)) < 0)
                l->failed = true;
        else
                l->items[l->n++] = *e;
}

/* Of two lists, what goes and what comes. */
static void note_gone(const TimedEntry *e, void *data)
{
        timed_add(data, e);
}

static void note_came(const TimedEntry *e, void *data)
{
        timed_add((TimedList *)data + 1, e);
}

static int timed_command(Netlink *n, uint8_t command, const char *name, const TimedList *l)
{
        return l->failed ? -ENOMEM
                         : set_change_timed(n, command, name, l->items, l->n,
                                   clock_now_usec(CLOCK_REALTIME));
}

int set_fill_timed(Netlink *n, const char *name, Family family, const TimedSet *timed)
{
        _cleanup_(timed_list_deinit) TimedList l = { .family = family };

        for (size_t i = 0; i < timed_set_size(timed); i++) {
                TimedEntry e = timed_set_at(timed, i);

                timed_add(&l, &e);
        }
        return timed_command(n, IPSET_CMD_ADD, name, &l);
}

uint64_t set_renewal_usec(const TimedSet *timed, uint64_t now_usec)
{
        const uint64_t longest = (SET_TIMEOUT_MAX_SEC - 1) * USEC_PER_SEC;
        uint64_t first = 0;

        for (size_t i = 0; i < timed_set_size(timed); i++) {
                uint64_t until = timed_set_at(timed, i).until_usec;

                if (until > now_usec + longest && (first == 0 || until - longest < first))
                        first = until - longest;
        }
        return first;
}

/* An entry with a new end does not go: it is changed where it is. */
static void keep_what_comes(TimedList *gone, const TimedSet *new)
{
        size_t n = 0;
        uint64_t until;

        for (size_t i = 0; i < gone->n; i++)
                if (!timed_set_find(new, &gone->items[i].prefix, &until))
                        gone->items[n++] = gone->items[i];
        gone->n = n;
}

static void timed_lists_deinit(TimedList (*l)[2])
{
        timed_list_deinit(&(*l)[0]);
        timed_list_deinit(&(*l)[1]);
}

static int set_edit_timed(Netlink *n, const KernelSet *k, const IptSet *set)
{
        _cleanup_(timed_lists_deinit)
                TimedList l[2] = { { .family = k->family }, { .family = k->family } };
        int r;

        timed_set_compare(k->timed, set->timed, note_gone, note_came, l);
        keep_what_comes(&l[0], set->timed);
        if (l[0].n + l[1].n > TIMED_EDIT_MAX)
                return -EXDEV;
        r = timed_command(n, IPSET_CMD_ADD, k->name, &l[1]);
        return r < 0 ? r : timed_command(n, IPSET_CMD_DEL, k->name, &l[0]);
}

/* ---- all others ---- */

/*
 * First all that comes, then all that goes. If one prefix comes which holds all that go, or one
 * goes which holds all that come, a single of these steps changes what is in the set: packets see
 * the old list or the new one.
 */
int set_edit(Netlink *n, const KernelSet *k, const IptSet *set)
{
        _cleanup_(prefixes_deinit) Prefixes old = { 0 };
        _cleanup_(prefixes_deinit) Prefixes new = { 0 };
        _cleanup_(prefixes_deinit) Prefixes add = { 0 };
        _cleanup_(prefixes_deinit) Prefixes del = { 0 };
        int r;

        if (set->timed)
                return set_edit_timed(n, k, set);
        r = prefixes_of(k->ranges, k->family, &old);

        if (r >= 0)
                r = prefixes_of(set->ranges, k->family, &new);
        if (r >= 0)
                r = prefixes_compare(&old, &new, &add, &del);
        if (r < 0)
                return r;
        if (add.n + del.n > EDIT_MAX ||
                !((add.n == 1 && prefix_holds_all(&add.items[0], &del)) ||
                        (del.n == 1 && prefix_holds_all(&del.items[0], &add))))
                return -EXDEV;
        r = set_change(n, IPSET_CMD_ADD, k->name, add.items, add.n);
        if (r >= 0)
                r = set_change(n, IPSET_CMD_DEL, k->name, del.items, del.n);
        return r;
}
