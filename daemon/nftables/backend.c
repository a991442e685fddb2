/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The nftables backend: one socket that stays open and owns the table, counters whose totals
 * outlive a reset by others. How tables come into the kernel is in apply.c, how they are watched in
 * monitor.c, how connections end in daemon/connections.
 */

#include "daemon/nftables/backend.h"

#include "daemon/backend/keeper.h"
#include "daemon/connections/passing.h"
#include "daemon/nftables/apply.h"
#include "daemon/nftables/decisions.h"
#include "daemon/nftables/kernel.h"
#include "daemon/nftables/monitor.h"
#include "daemon/nftables/stateless.h"
#include "daemon/nftables/untracked.h"
#include "rules/base/diagnostic.h"
#include "rules/nftables/table.h"
#include "rules/policy/settings.h"
#include "rules/ruleset/ruleset.h"

#include <errno.h>
#include <unistd.h>

static int open_socket(Netlink *ret)
{
        int r = netlink_open(NETLINK_NETFILTER, ret);

        return r == -EPROTONOSUPPORT || r == -EAFNOSUPPORT ? -EOPNOTSUPP : r;
}

static int nft_probe(void)
{
        Netlink n;
        uint32_t generation;
        int r = open_socket(&n);

        if (r < 0)
                return r;
        r = nft_kernel_generation(&n, &generation);
        netlink_close(&n);
        return r;
}

/* ---- life ---- */

void nft_backend_close(NftBackend *b)
{
        if (!b)
                return;
        nft_monitor_stop(b);
        nft_stateless_stop(b);
        repairer_stop(&b->repairer);
        netlink_close(&b->writer);
        nft_table_free(b->wanted);
        totals_deinit(&b->totals);
        free(b->kept);
        free(b->refused);
        free(b);
}

static void backend_close_p(NftBackend **b)
{
        nft_backend_close(*b);
}

/* The socket of a former daemon, which may own the table; else a new one. */
static int open_writer(const int *fds, size_t n_fds, Netlink *ret)
{
        bool adopted = false;

        for (size_t i = 0; i < n_fds; i++) {
                if (!adopted && netlink_adopt(fds[i], NETLINK_NETFILTER, ret) >= 0)
                        adopted = true;
                else
                        close(fds[i]);
        }
        return adopted ? 0 : open_socket(ret);
}

static int put_back(void *data)
{
        int r = nft_apply_again(data);

        return r == -ERESTART ? -EAGAIN : r; /* others keep changing tables at this moment */
}

static const RepairOps repair_ops = { .look = nft_monitor_look, .put_back = put_back };

int nft_backend_open(sd_event *event, BackendRepaired repaired, void *data, const NftOptions *o,
        NftBackend **ret)
{
        _cleanup_(backend_close_p) NftBackend *b = calloc(1, sizeof(NftBackend));
        _cleanup_(found_deinit) Found f = { 0 };
        uint32_t generation;
        bool cut_local;
        int r;

        if (!b)
                return -ENOMEM;
        *b = (NftBackend){ .base = { .ops = &backend_nft, .wakes = !o->as_script },
                .event = event,
                .owns = !o->may_not_own,
                .persists = true,
                .keep = o->keep ? o->keep : keeper_keep,
                .cannot_reset = o->may_not_reset,
                .flags = o->as_script ? 0 : NFT_TABLE_COUNTS | NFT_TABLE_NOTES,
                .writer = NETLINK_CLOSED,
                .monitor = NETLINK_CLOSED,
                .forwarding = NETLINK_CLOSED };
        b->repairer = (Repairer){ .event = event,
                .backend = &b->base,
                .ops = &repair_ops,
                .repaired = repaired,
                .repaired_data = data };
        r = open_writer(o->fds, o->n_fds, &b->writer);
        if (r >= 0) /* without nf_tables it looks as if there were no table */
                r = nft_kernel_generation(&b->writer, &generation);
        if (r >= 0)
                r = nft_kernel_find(&b->writer, &f);
        if (r < 0)
                return r;
        if (f.owner != 0 && f.owner != b->writer.portid)
                return -EBUSY;
        /* As a former p25d found out: the socket was kept, and is. */
        if (f.owner != 0)
                b->persists = f.flags & NFT_TABLE_PERSIST;
        r = cut_needs_rules(&cut_local);
        if (r < 0)
                return r;
        b->flags |= cut_local ? NFT_TABLE_CUT_LOCAL : 0;
        r = o->as_script ? 0 : nft_stateless_start(b);
        if (r < 0)
                return r;
        r = nft_monitor_start(b);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(b);
        return 0;
}

static int nft_open(sd_event *event, BackendRepaired repaired, void *data, const int *fds,
        size_t n_fds, Backend **ret)
{
        NftBackend *b;
        int r = nft_backend_open(
                event, repaired, data, &(NftOptions){ .fds = fds, .n_fds = n_fds }, &b);

        if (r < 0)
                return r;
        *ret = &b->base;
        return 0;
}

static void nft_close(Backend *base)
{
        nft_backend_close((NftBackend *)base);
}

static size_t nft_keep_fds(Backend *base, int *fds, size_t max)
{
        NftBackend *b = (NftBackend *)base;

        if (max == 0 || !b->owns)
                return 0;
        fds[0] = b->writer.fd;
        return 1;
}

/* The table of an earlier p25d, which had to be kept without knowing what is in it, cannot be made
 * again. */
static int nft_detach(Backend *base, bool (*follows)(void))
{
        NftBackend *b = (NftBackend *)base;
        _cleanup_(found_deinit) Found f = { 0 };
        int r = b->owns && !b->persists ? nft_kernel_find(&b->writer, &f) : 0;

        if (r < 0 || !f.exists || follows())
                return r;
        return b->wanted ? nft_apply_disown(b) : -ENODATA;
}

/* ---- changes ---- */

static int send_table_of(
        NftBackend *b, const Ruleset *r, unsigned flags, bool commit, Diagnostics *d)
{
        NftTable *table;
        int k = nft_table_new(r, b->wanted, flags, &table);

        if (k < 0) {
                diagnostics_error(d, (Place){ 0 }, NULL, "out of memory");
                return k;
        }
        return nft_apply(b, table, commit, d);
}

/* A table that is stateless needs an expression (nft_tproxy) that a kernel may lack: if the same
 * goes without it, conntrack is asked from now on. */
static int send_table(NftBackend *b, const Ruleset *r, unsigned flags, bool commit, Diagnostics *d)
{
        _cleanup_diagnostics_ Diagnostics told = { 0 };
        int k;

        if (!(flags & NFT_TABLE_STATELESS))
                return send_table_of(b, r, flags, commit, d);
        k = send_table_of(b, r, flags, commit, &told);
        if (k == -ENOENT) {
                k = send_table_of(b, r, flags & ~(unsigned)NFT_TABLE_STATELESS, commit, d);
                if (k >= 0)
                        nft_stateless_stop(b);
                return k;
        }
        if (d)
                (void)diagnostics_move(d, &told);
        return k;
}

/* How can connections wait for their process? Not every kernel has nft_queue; the target of xtables
 * does the same. 0, -EOPNOTSUPP: the kernel has neither; another error, which comes again when it
 * is sent. An error of one way says nothing of the other: without nft_queue, a kernel (6.18) that
 * has the table answers EINVAL for a chain. */
static int find_hold(NftBackend *b, const Ruleset *r)
{
        static const unsigned ways[] = { NFT_TABLE_HOLD_QUEUE, NFT_TABLE_HOLD_TARGET };
        int error = -EOPNOTSUPP;

        for (size_t i = 0; i < ELEMENTS(ways); i++) {
                _cleanup_diagnostics_ Diagnostics told = { 0 };
                int k = send_table(b, r, b->flags | ways[i], false, &told);

                if (k >= 0) {
                        b->flags |= ways[i];
                        return 0;
                }
                if (k != -ENOENT && k != -EOPNOTSUPP)
                        error = k;
        }
        return error;
}

static int send_ruleset(Backend *base, const Ruleset *r, bool commit, Diagnostics *d)
{
        NftBackend *b = (NftBackend *)base;
        unsigned flags = b->flags;

        if (r->attribution == ATTRIBUTION_PROCESS &&
                !(flags & (NFT_TABLE_HOLD_QUEUE | NFT_TABLE_HOLD_TARGET))) {
                int k = find_hold(b, r);

                if (k == -EOPNOTSUPP) {
                        diagnostics_error(d, (Place){ 0 }, "attribution",
                                "attribution = \"process\" needs a kernel that can queue packets "
                                "(nft_queue or xt_NFQUEUE); use \"unit\"");
                        return k;
                }
                /* never without: what is in force is what the policy says */
                flags = k < 0 ? flags | NFT_TABLE_HOLD_TARGET : b->flags;
        }
        return send_table(b, r, flags, commit, d);
}

static int nft_check(Backend *base, const Ruleset *r, Diagnostics *d)
{
        return send_ruleset(base, r, false, d);
}

static int nft_apply_ruleset(Backend *base, const Ruleset *r, Diagnostics *d)
{
        int k = send_ruleset(base, r, true, d);

        if (k >= 0)
                base->outdated = false;
        return k;
}

/* The whole table is sent again in one transaction, as after damage. */
static void nft_renew(Backend *base)
{
        NftBackend *b = (NftBackend *)base;

        for (size_t i = 0; b->wanted && i < b->wanted->n_sets; i++)
                if (b->wanted->sets[i].timed) {
                        repairer_found(&b->repairer, REPAIR_OVERTAKEN);
                        return;
                }
}

static bool nft_holds(Backend *base)
{
        _cleanup_(found_deinit) Found f = { 0 };

        return nft_kernel_find(&((NftBackend *)base)->writer, &f) < 0 || f.exists;
}

static int nft_remove(Backend *base, Diagnostics *d)
{
        NftBackend *b = (NftBackend *)base;
        int r;

        nft_decisions_keep(b);
        r = nft_apply_remove(b, d);

        if (r < 0)
                return r;
        b->flags &= ~(unsigned)NFT_TABLE_REFUSES;
        b->n_refused = 0;
        totals_deinit(&b->totals);
        return 0;
}

/* ---- counters ---- */

static int nft_counters(Backend *base, RuleCounter **ret, size_t *ret_n)
{
        NftBackend *b = (NftBackend *)base;
        _cleanup_free_ RuleCounter *now = NULL;
        size_t n;
        int r = nft_kernel_counters(&b->writer, b->wanted ? b->wanted->counters : NULL,
                b->wanted ? b->wanted->n_counters : 0, &now, &n);

        if (r >= 0)
                r = totals_read(&b->totals, now, n);
        return r < 0 ? r : totals_get(&b->totals, ret, ret_n);
}

static int nft_take_decisions(Backend *base, DecisionHandler f, void *data)
{
        return nft_decisions_take((NftBackend *)base, f, data);
}

/* ---- cutting ---- */

/* With a rule that resets connections of the sets SET_REFUSED, or without. */
static int send_refusing(NftBackend *b, const Ruleset *r, bool refuses)
{
        unsigned before = b->flags;
        int k;

        b->flags = refuses ? before | NFT_TABLE_REFUSES : before & ~(unsigned)NFT_TABLE_REFUSES;
        if (b->flags == before)
                return 0;
        k = send_ruleset(&b->base, r, true, NULL);
        if (k < 0)
                b->flags = before;
        return k;
}

static int cut_untracked(NftBackend *b, const Ruleset *r, uint64_t *ret_n)
{
        Refusal refusal;
        int k = untracked_judge(b, r, &refusal);

        if (k >= 0 && refusal.changed)
                k = send_refusing(b, r, refusal.n > 0);
        if (k >= 0 && refusal.changed)
                k = untracked_refuse(b, &refusal, ret_n);
        refusal_deinit(&refusal);
        return k;
}

static int nft_cut(Backend *base, const Ruleset *r, uint64_t *ret_n)
{
        NftBackend *b = (NftBackend *)base;
        uint64_t untracked = 0;
        int k = cut_passing(&b->writer, r, ret_n), error = cut_untracked(b, r, &untracked);

        if (k >= 0)
                *ret_n += untracked;
        return k < 0 ? k : error;
}

const BackendOps backend_nft = {
        .name = "nftables",
        .probe = nft_probe,
        .open = nft_open,
        .check = nft_check,
        .apply = nft_apply_ruleset,
        .renew = nft_renew,
        .holds = nft_holds,
        .remove = nft_remove,
        .counters = nft_counters,
        .take_decisions = nft_take_decisions,
        .cut = nft_cut,
        .keep_fds = nft_keep_fds,
        .detach = nft_detach,
        .close = nft_close,
};
