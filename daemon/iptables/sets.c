/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Long lists as sets of the kernel (ipset, hash:net), by netlink. A set is never changed while
 * rules use it: another list is another set under another name, and the commit of the table
 * exchanges the two; so a set in the kernel has the content that it was made with.
 *
 * Sets are used rather than the trees of chains that a kernel without them gets: in ms, 10,000
 * prefixes take 3 as a set and 65 as chains (`ipset restore` with a rule: 21), 100,000 take 32 and
 * 666. Beside them a foreign `iptables -A` takes 1.4 and 36 (325 at 100,000), a look at the tables
 * 0.2 and 11. Only what was dialled, behind DNAT, cannot be looked up in a set: such lists of `to`
 * are chains always.
 */

#include "daemon/iptables/sets.h"

#include "daemon/iptables/content.h"
#include "daemon/iptables/set_edit.h"
#include "daemon/iptables/set_message.h"
#include "daemon/loop/clock.h"
#include "rules/address/rangeset.h"
#include "rules/address/timedentry.h"
#include "rules/base/array.h"
#include "rules/base/diagnostic.h"
#include "rules/base/hash.h"
#include "rules/iptables/set.h"
#include "rules/iptables/table.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define NAME_TRIES 16
#define RENEWAL_INTERVAL_SEC 3600u

/* ---- life ---- */

bool ipt_sets_are_there(IptSets *s)
{
        if (s->asked)
                return s->netlink.fd >= 0;
        s->asked = true;
        s->serial = (uint32_t)time(NULL);
        if (netlink_open(NETLINK_NETFILTER, &s->netlink) < 0)
                return false;
        if (!set_type_is_there(&s->netlink, &s->revision))
                netlink_close(&s->netlink);
        return s->netlink.fd >= 0;
}

static void set_deinit(KernelSet *k)
{
        range_set_unref(k->ranges);
        timed_set_unref(k->timed);
}

void ipt_sets_close(IptSets *s)
{
        netlink_close(&s->netlink);
        for (size_t i = 0; i < s->n; i++)
                set_deinit(&s->items[i]);
        free(s->items);
        s->items = NULL;
        s->n = 0;
}

/* ---- making ---- */

static uint64_t key_hash(Family family, const IptSetKey *k)
{
        uint64_t h = hash_number(hash_string(HASH_BEGIN, k->name), family);

        return hash_finish(hash_number(hash_number(h, k->id), k->to + 2u * k->timed));
}

static KernelSet *set_find(const IptSets *s, Family family, const IptSet *set)
{
        for (size_t i = 0; i < s->n; i++)
                if (s->items[i].family == family &&
                        range_set_equal(s->items[i].ranges, set->ranges) &&
                        timed_set_equal(s->items[i].timed, set->timed))
                        return &s->items[i];
        return NULL;
}

static int set_make(IptSets *s, Family family, const IptSet *set)
{
        KernelSet k = { .key = key_hash(family, &set->key),
                .family = family,
                .n = set->n,
                .made = true,
                .wanted = true };
        int r = -EEXIST;

        if (array_grow(&s->items, s->n, sizeof(KernelSet)) < 0)
                return -ENOMEM;
        for (unsigned i = 0; i < NAME_TRIES && r == -EEXIST; i++) {
                snprintf(k.name, sizeof(k.name), SET_PREFIX "%d-%012llx-%x", family,
                        (unsigned long long)(k.key >> 16), s->serial++);
                r = set_create(
                        &s->netlink, k.name, family, s->revision, set->n, set->timed != NULL);
        }
        if (r < 0)
                return r;
        r = set->timed ? set_fill_timed(&s->netlink, k.name, family, set->timed)
                       : set_fill(&s->netlink, k.name, family, set->ranges);
        if (r < 0) {
                (void)set_request(&s->netlink, IPSET_CMD_DESTROY, k.name);
                return r;
        }
        k.ranges = range_set_ref(set->ranges);
        k.timed = timed_set_ref(set->timed);
        k.renewal_usec = set_renewal_usec(k.timed, clock_now_usec(CLOCK_REALTIME));
        s->items[s->n++] = k;
        return 0;
}

/* ---- one entry more or less ---- */

static KernelSet *set_find_key(const IptSets *s, Family family, const IptSet *set)
{
        for (size_t i = 0; i < s->n; i++)
                if (s->items[i].family == family && s->items[i].key == key_hash(family, &set->key))
                        return &s->items[i];
        return NULL;
}

static void set_take_content(KernelSet *k, const IptSet *set)
{
        set_deinit(k);
        k->ranges = range_set_ref(set->ranges);
        k->timed = timed_set_ref(set->timed);
        k->renewal_usec = set_renewal_usec(k->timed, clock_now_usec(CLOCK_REALTIME));
        k->n = set->n;
        k->has_content = false;
}

int ipt_sets_edit(IptSets *s, IptTable *const *tables, size_t n)
{
        KernelSet *changed = NULL;
        const IptSet *by = NULL;
        int r;

        for (size_t t = 0; t < n; t++)
                for (size_t i = 0; tables[t] && i < tables[t]->n_sets; i++) {
                        const IptSet *set = &tables[t]->sets[i];

                        if (set_find(s, tables[t]->family, set))
                                continue;
                        if (changed)
                                return -EXDEV;
                        changed = set_find_key(s, tables[t]->family, set);
                        by = set;
                        if (!changed)
                                return -EXDEV;
                }
        if (!changed)
                return -EXDEV;
        r = set_edit(&s->netlink, changed, by);
        if (r >= 0)
                set_take_content(changed, by);
        return r;
}

/* ---- making ready for a change ---- */

int ipt_sets_prepare(IptSets *s, IptTable *const *tables, size_t n, Diagnostics *d)
{
        /* Sets that others destroyed are made again. */
        (void)ipt_sets_check(s, false);
        for (size_t i = 0; i < s->n; i++)
                s->items[i].wanted = s->items[i].made = false;
        for (size_t t = 0; t < n; t++)
                for (size_t i = 0; tables[t] && i < tables[t]->n_sets; i++) {
                        const IptSet *set = &tables[t]->sets[i];
                        KernelSet *k = set_find(s, tables[t]->family, set);
                        int r = 0;

                        if (k)
                                k->wanted = true;
                        else
                                r = set_make(s, tables[t]->family, set);
                        if (r >= 0)
                                continue;
                        diagnostics_error(d, (Place){ 0 }, NULL,
                                "the kernel refuses a set of %zu addresses: %s", set->n,
                                strerror(-r));
                        return r;
                }
        return 0;
}

const char *ipt_sets_name(const IptSets *s, Family family, const IptSet *set, bool similar)
{
        const KernelSet *k = set_find(s, family, set);

        if (!k && similar)
                k = set_find_key(s, family, set);

        return k ? k->name : NULL;
}

/* ---- tidying up ---- */

static bool is_known(const IptSets *s, const char *name)
{
        for (size_t i = 0; i < s->n; i++)
                if (streq(s->items[i].name, name))
                        return true;
        return false;
}

/* Loads nothing to find that there is nothing. */
static bool may_be_there(IptSets *s)
{
        if (s->asked)
                return s->netlink.fd >= 0;
        return access("/sys/module/ip_set", F_OK) == 0 && ipt_sets_are_there(s);
}

/* Destroys sets of a former p25d that no rule uses. */
static void destroy_strangers(IptSets *s)
{
        SetListing l = { 0 };

        if (s->tidy || set_list(&s->netlink, &l) < 0)
                return;
        for (size_t i = 0; i < l.n; i++)
                if (!is_known(s, l.items[i].name))
                        (void)set_request(&s->netlink, IPSET_CMD_DESTROY, l.items[i].name);
        free(l.items);
        s->tidy = true;
}

void ipt_sets_collect(IptSets *s, bool done)
{
        size_t n = 0;

        if (!may_be_there(s))
                return;
        for (size_t i = 0; i < s->n; i++) {
                KernelSet *k = &s->items[i];

                if (done ? k->wanted : !k->made) {
                        s->items[n++] = *k;
                        continue;
                }
                (void)set_request(&s->netlink, IPSET_CMD_DESTROY, k->name);
                set_deinit(k);
        }
        s->n = n;
        if (done)
                destroy_strangers(s);
}

void ipt_sets_clear(IptSets *s)
{
        for (size_t i = 0; i < s->n; i++)
                s->items[i].wanted = false;
        s->tidy = false;
        ipt_sets_collect(s, true);
}

/* The number of entries that have not ended: the kernel may have removed the others. */
static size_t count_living(const KernelSet *k)
{
        uint64_t now_usec = clock_now_usec(CLOCK_REALTIME);
        size_t n = 0;

        for (size_t i = 0; i < timed_set_size(k->timed); i++) {
                TimedEntry e = timed_set_at(k->timed, i);

                n += e.prefix.address.family == k->family && e.until_usec > now_usec;
        }
        return k->timed ? n : k->n;
}

static bool is_as_long(const KernelSet *k, const SetListing *l)
{
        for (size_t i = 0; i < l->n; i++)
                if (streq(l->items[i].name, k->name))
                        return !l->items[i].has_elements ||
                               (l->items[i].elements <= k->n &&
                                       l->items[i].elements >= count_living(k));
        return false;
}

static bool has_same_content(IptSets *s, KernelSet *k)
{
        uint64_t content;

        if (k->timed)
                return true; /* the kernel changes it itself */
        if (!k->has_content)
                k->content = ipt_content_of(k->ranges, k->family);
        k->has_content = true;
        return ipt_content_read(&s->netlink, k->name, &content) < 0 || content == k->content;
}

/* Gives entries that ended too late for the kernel their time there, at most once an hour. */
static void renew(IptSets *s, KernelSet *k)
{
        uint64_t now_usec = clock_now_usec(CLOCK_REALTIME),
                 soonest = now_usec + RENEWAL_INTERVAL_SEC * USEC_PER_SEC, next;

        if (k->renewal_usec == 0 || now_usec < k->renewal_usec ||
                set_fill_timed(&s->netlink, k->name, k->family, k->timed) < 0)
                return;
        next = set_renewal_usec(k->timed, now_usec);
        k->renewal_usec = next != 0 && next < soonest ? soonest : next;
}

void ipt_sets_renew(IptSets *s)
{
        for (size_t i = 0; i < s->n; i++)
                if (s->items[i].timed)
                        s->items[i].renewal_usec = 1;
}

bool ipt_sets_check(IptSets *s, bool contents)
{
        SetListing l = { 0 };
        size_t n = 0, before = s->n, entries = 0;

        if (s->netlink.fd < 0 || s->n == 0 || set_list(&s->netlink, &l) < 0)
                return false;
        for (size_t i = 0; i < s->n; i++)
                entries += s->items[i].n;
        contents = contents && entries <= IPT_CONTENT_MAX;
        for (size_t i = 0; i < s->n; i++) {
                if (is_as_long(&s->items[i], &l) &&
                        (!contents || has_same_content(s, &s->items[i]))) {
                        renew(s, &s->items[i]);
                        s->items[n++] = s->items[i];
                        continue;
                }
                set_deinit(&s->items[i]);
                s->tidy = false; /* it will be a stranger */
        }
        s->n = n;
        free(l.items);
        return n != before;
}
