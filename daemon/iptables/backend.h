/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Shared by the files of the iptables backend and its tests; all others know it by backend.h.
 */

#include "daemon/backend/backend.h"
#include "daemon/backend/repair_rate.h"
#include "daemon/backend/totals.h"
#include "daemon/iptables/lock_holder.h"
#include "daemon/netlink/netlink.h"
#include "rules/address/prefixset.h"
#include "rules/iptables/table.h"

#define IPT_TABLE "filter"
#define IPT_FAMILIES 2 /* IPv4, IPv6: in this order */

/* ---- our share of a table, as it is or shall be (backend_ipt_image.c) ---- */

/* An entry, brought to one form: a chain's or verdict's name as its target, without counters and
 * without what the kernel keeps in it. */
typedef struct ImageEntry {
        size_t offset, length; /* in IptImage.bytes */
        uint64_t packets, bytes;
        bool has_id;
        uint64_t id; /* of its comment */
} ImageEntry;

typedef struct ImageChain {
        char name[IPT_CHAIN_NAME_MAX];
        size_t first, n; /* entries */
} ImageChain;

typedef struct IptImage {
        Family family;
        ImageChain *chains; /* ours alone */
        size_t n_chains;
        size_t *by_name; /* chains, when all are there */
        ImageEntry *entries;
        size_t n_entries;
        Buffer bytes;
        ImageEntry
                jumps[_IPT_HOOK_MAX]; /* what stands first in INPUT …; length 0: nothing of ours */
        /* Of a table as it is: jumps of ours that stand elsewhere, or twice. */
        size_t n_stray_jumps;
} IptImage;

void ipt_image_deinit(IptImage *i);
#define _cleanup_image_ _cleanup_(ipt_image_deinit)
/* Begins a chain; entries that are added belong to it. */
int ipt_image_add_chain(IptImage *i, const char *name);
/* name: of the verdict or chain; NULL: the target is an extension. */
int ipt_image_add_entry(IptImage *i, const void *entry, const char *name);
int ipt_image_set_jump(IptImage *i, IptHook hook, const void *entry, const char *name);
int ipt_image_from_table(const IptTable *t, IptSetIndex set_index, void *data, IptImage *ret);
/* Whoever filled an image ends it with this, so that chains are found. 0 or -ENOMEM. */
int ipt_image_finish(IptImage *i);
/* NULL: there is none (or no image). */
const ImageChain *ipt_image_find(const IptImage *i, const char *name);
bool ipt_image_same_entry(
        const IptImage *ia, const ImageEntry *a, const IptImage *ib, const ImageEntry *b);
/* Neither a chain nor a jump of ours. */
bool ipt_image_is_empty(const IptImage *i);
/* A hash of the chains, in whatever order, and of the jumps; without counters. */
uint64_t ipt_image_hash(const IptImage *i);
/* Does the name look like one of a chain of ours? */
bool ipt_name_is_ours(const char *name);
/* Is it a jump to such a chain that carries our comment? `name` as above. */
bool ipt_entry_is_our_jump(Family family, const void *entry, const char *name);

/* ---- the kernel, without libiptc (backend_ipt_kernel.c) ---- */

typedef struct IptKernel {
        Family family;
        int fd; /* a raw socket; -1: this kernel does not know the family */
} IptKernel;

/* 0; -EPERM; -EOPNOTSUPP: the family is there, but no iptables for it. */
int ipt_kernel_open(Family family, IptKernel *ret);
void ipt_kernel_close(IptKernel *k);
/* Is there a table filter already? Asking for it would make it. */
bool ipt_kernel_has_table(const IptKernel *k);
bool ipt_kernel_has_extension(const IptKernel *k, const IptExtension *e);
/* Our share of the table. 0, -ENOENT (there is no table), another negative errno. */
int ipt_kernel_read(const IptKernel *k, IptImage *ret);
/* The kernel's number of a set. */
int ipt_kernel_set_index(const IptKernel *k, const char *name, uint16_t *ret);

/* ---- changing (backend_ipt_table.c): the one place of libiptc ---- */

/*
 * Makes our share of the table what `want` says (NULL: nothing), and nothing else, in one commit.
 * Counters are carried over by the ids in comments. known: chains that are ours although nothing
 * in them tells (NULL: none). ret_before, which may be NULL, gets our share as it was. force:
 * commit even if nothing differs. Returns 1 if something was changed, 0 if there was nothing to do,
 * or negative errno with an error in d: -EEXIST (a foreign chain has a name of ours), -ENOENT …
 */
int ipt_table_install(Family family, const IptImage *want, const IptImage *known, bool force,
        IptImage *ret_before, Diagnostics *d);

/* ---- the lock of all xtables programs (backend_ipt_lock.c) ---- */

typedef struct IptLock {
        int fd; /* stays open while it is tried again and again; -1: nobody wants it */
        bool held;
} IptLock;

/* Waits up to the deadline, in small steps; 0: tries once. 0, or -EBUSY or another negative errno
 * with an error in d. Nothing to do where it is held already. */
int ipt_lock(IptLock *l, uint64_t deadline_usec, Diagnostics *d);
void ipt_unlock(IptLock *l);
const char *ipt_lock_path(void);
uint64_t ipt_clock_usec(void); /* monotonic */

/* ---- sets (backend_ipt_sets.c) ---- */

/* One in the kernel. */
typedef struct KernelSet {
        char name[32];
        uint64_t key; /* of which list, a hash */
        Family family;
        RangeSet *ranges; /* its content, a reference */
        size_t n;         /* elements */
        bool made;        /* for the change at hand */
        bool wanted;      /* by it */
        bool has_content;
        uint64_t content; /* ipt_content_of() */
} KernelSet;

typedef struct IptSets {
        Netlink netlink;  /* fd -1: this kernel has no sets */
        uint8_t revision; /* of the type of sets */
        uint32_t serial;  /* of names */
        KernelSet *items;
        size_t n;
        bool asked; /* whether there are any */
        bool tidy;  /* no sets of a former daemon are left */
} IptSets;

/* Does this kernel have sets? Asked when first needed: asking may load them. */
bool ipt_sets_are_there(IptSets *s);
void ipt_sets_close(IptSets *s);
/* Makes the sets of the tables (which may be NULL) that are not in the kernel yet, beside those
 * that are. 0, or negative errno with an error in d. */
int ipt_sets_prepare(IptSets *s, IptTable *const *tables, size_t n, Diagnostics *d);
/* The kernel's name of a table's set, after that; similar: of the same list, with an older content.
 * NULL: there is none. */
const char *ipt_sets_name(const IptSets *s, Family family, const IptSet *set, bool similar);
/* If one set of the tables differs from what the kernel has, by one entry: changes that, at once
 * for packets. -EXDEV: more differs. */
int ipt_sets_edit(IptSets *s, IptTable *const *tables, size_t n);
/* The end of a change: destroys the sets that are used no more (done), or those that were made for
 * it. */
void ipt_sets_collect(IptSets *s, bool done);
/* Destroys all, those of a former daemon too. */
void ipt_sets_clear(IptSets *s);
/* Has somebody emptied or destroyed one, or changed what is in it? Those are forgotten, and made
 * anew by the next ipt_sets_prepare(). contents: looks at each entry, where they are no more than
 * IPT_CONTENT_MAX in all; else at their number. */
#define IPT_CONTENT_MAX (128u << 10)
bool ipt_sets_check(IptSets *s, bool contents);

/* A request to the kernel; whoever makes one puts its attributes behind. */
typedef union IptSetRequest {
        struct nlmsghdr header;
        uint8_t space[1024];
} IptSetRequest;

struct nlmsghdr *ipt_sets_message(void *at, uint8_t command, uint16_t flags, uint32_t seq);

/* The content of a set as a number, as it shall be and as it is (backend_ipt_content.c). */
uint64_t ipt_content_of(const RangeSet *ranges, Family family);
int ipt_content_read(IptSets *s, const char *name, uint64_t *ret);

/* ---- the host's own addresses (backend_ipt_locals.c) ---- */

typedef struct IptLocals {
        Netlink netlink; /* asks */
        Netlink monitor; /* listens */
        RangeSet *ranges;
} IptLocals;

int ipt_locals_open(IptLocals *l);
void ipt_locals_close(IptLocals *l);
/* Reads them anew: 1 if they are others now, 0, or negative errno. */
int ipt_locals_read(IptLocals *l);
/* Takes what the monitor has said; true if something was. */
bool ipt_locals_drain(IptLocals *l);

/* ---- the backend ---- */

typedef struct IptBackend {
        Backend base;
        sd_event *event; /* NULL: nothing is watched */
        BackendRepaired repaired;
        void *data;

        IptKernel kernels[IPT_FAMILIES];
        IptLock lock;
        Netlink netlink; /* conntrack */
        IptSets sets;
        IptLocals locals;
        size_t chains_max; /* of IptOptions */
        bool cut_local;

        IptTable *wanted[IPT_FAMILIES]; /* what was applied last; NULL: nothing */
        IptImage installed[IPT_FAMILIES];
        uint64_t hashes[IPT_FAMILIES]; /* of what we left in the kernel */
        bool intact;                   /* the kernel has it, as far as we know */
        Totals totals[IPT_FAMILIES];

        sd_event_source *timer, *later, *lock_watch, *locals_watch;
        int inotify_fd;
        LockHolder culprit; /* who had the lock last; pid 0: not seen */
        RepairRate rate;
        uint64_t pause_usec; /* between two repairs in a fight */
} IptBackend;

int ipt_backend_open(
        sd_event *event, BackendRepaired repaired, void *data, size_t chains_max, IptBackend **ret);
void ipt_backend_close(IptBackend *b);

/* backend_ipt_apply.c */
int ipt_check(IptBackend *b, const Ruleset *r, Diagnostics *d);
int ipt_apply(IptBackend *b, const Ruleset *r, Diagnostics *d);
/* Does one of the families have a chain of ours? In doubt it does. */
bool ipt_is_there(const IptBackend *b);
int ipt_apply_remove(IptBackend *b, Diagnostics *d);
/* `wanted` once more, with the addresses that the host has now, whatever is in the kernel. Does
 * not wait for the lock: -EBUSY. */
int ipt_apply_again(IptBackend *b);
/* Adds what was counted since the last time to the totals. */
int ipt_count(IptBackend *b);
/* The sums of both families. */
int ipt_counters(const IptBackend *b, RuleCounter **ret, size_t *ret_n);

/* backend_ipt_watch.c */
int ipt_watch_start(IptBackend *b);
void ipt_watch_stop(IptBackend *b);
/* Something was installed: it is looked after from now on; nothing is: no more. */
void ipt_watch_update(IptBackend *b);
/* Is what the kernel holds another than what was left there? */
bool ipt_watch_is_changed(IptBackend *b);
