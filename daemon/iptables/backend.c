/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The iptables backend: legacy xtables, IPv4 and IPv6. How rulesets come into the kernel is in
 * apply.c, how they are looked after in monitor.c; connections that pass through are cut by the
 * same label as under nftables.
 */

#include "daemon/iptables/backend.h"

#include "daemon/connections/passing.h"
#include "daemon/iptables/apply.h"
#include "daemon/iptables/decisions.h"
#include "daemon/iptables/image.h"
#include "daemon/iptables/kernel.h"
#include "daemon/iptables/monitor.h"

#include <errno.h>
#include <unistd.h>

/* Longer lists are sets of the kernel, not chains; measured, see ARCHITECTURE.md. */
#define CHAINS_MAX 64

static int kernels_open(IptKernel *kernels)
{
        int r = ipt_kernel_open(FAMILY_IPV4, &kernels[0]);

        if (r < 0)
                return r;
        r = ipt_kernel_open(FAMILY_IPV6, &kernels[1]);
        if (r < 0)
                ipt_kernel_close(&kernels[0]);
        return r;
}

static void kernels_close(IptKernel *kernels)
{
        for (size_t f = 0; f < IPT_FAMILIES; f++)
                ipt_kernel_close(&kernels[f]);
}

static int ops_probe(void)
{
        IptKernel kernels[IPT_FAMILIES];
        int r = kernels_open(kernels);

        if (r >= 0)
                kernels_close(kernels);
        return r;
}

/* ---- life ---- */

void ipt_backend_close(IptBackend *b)
{
        if (!b)
                return;
        ipt_monitor_stop(b);
        repairer_stop(&b->repairer);
        ipt_unlock(&b->lock);
        kernels_close(b->kernels);
        netlink_close(&b->netlink);
        ipt_sets_close(&b->sets);
        ipt_locals_close(&b->locals);
        for (size_t f = 0; f < IPT_FAMILIES; f++) {
                ipt_table_free(b->wanted[f]);
                ipt_image_deinit(&b->installed[f]);
                totals_deinit(&b->totals[f]);
        }
        free(b->counts.names);
        free(b->counts.kept);
        free(b);
}

static void backend_close_p(IptBackend **b)
{
        ipt_backend_close(*b);
}

static int put_back(void *data)
{
        int r = ipt_apply_again(data);

        return r == -EBUSY ? -EAGAIN : r; /* the lock is another program's */
}

static const RepairOps repair_ops = { .look = ipt_monitor_look, .put_back = put_back };

int ipt_backend_open(
        sd_event *event, BackendRepaired repaired, void *data, size_t chains_max, IptBackend **ret)
{
        _cleanup_(backend_close_p) IptBackend *b = calloc(1, sizeof(IptBackend));
        int r;

        if (!b)
                return -ENOMEM;
        *b = (IptBackend){ .base.ops = &backend_iptables,
                .event = event,
                .kernels = { { .fd = -1 }, { .fd = -1 } },
                .lock = { .fd = -1 },
                .netlink = NETLINK_CLOSED,
                .sets.netlink = NETLINK_CLOSED,
                .locals = { .netlink = NETLINK_CLOSED, .monitor = NETLINK_CLOSED },
                .chains_max = chains_max,
                .inotify_fd = -1 };
        b->repairer = (Repairer){ .event = event,
                .backend = &b->base,
                .ops = &repair_ops,
                .repaired = repaired,
                .repaired_data = data };
        r = kernels_open(b->kernels);
        if (r >= 0)
                r = netlink_open(NETLINK_NETFILTER, &b->netlink);
        if (r >= 0)
                ipt_decisions_probe(b);
        if (r >= 0)
                r = cut_needs_rules(&b->cut_local);
        if (r >= 0)
                r = ipt_locals_open(&b->locals);
        if (r >= 0)
                r = ipt_monitor_start(b);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(b);
        return 0;
}

static int ops_open(sd_event *event, BackendRepaired repaired, void *data, const int *fds,
        size_t n_fds, Backend **ret)
{
        IptBackend *b;
        int r;

        for (size_t i = 0; i < n_fds; i++)
                close(fds[i]); /* another backend's */
        r = ipt_backend_open(event, repaired, data, CHAINS_MAX, &b);
        if (r < 0)
                return r;
        b->counts.wanted = true;
        *ret = &b->base;
        return 0;
}

static void ops_close(Backend *base)
{
        ipt_backend_close((IptBackend *)base);
}

static size_t ops_keep_fds(Backend *base, int *fds, size_t max)
{
        (void)base;
        (void)fds;
        (void)max;
        return 0;
}

/* ---- changes and counters ---- */

static int ops_check(Backend *base, const Ruleset *r, Diagnostics *d)
{
        return ipt_check((IptBackend *)base, r, d);
}

static int ops_lock(Backend *base, uint64_t deadline_usec, Diagnostics *d)
{
        return ipt_lock(&((IptBackend *)base)->lock, deadline_usec, d);
}

static void ops_unlock(Backend *base)
{
        ipt_unlock(&((IptBackend *)base)->lock);
}

static int ops_apply(Backend *base, const Ruleset *r, Diagnostics *d)
{
        return ipt_apply((IptBackend *)base, r, d);
}

static void ops_renew(Backend *base)
{
        IptBackend *b = (IptBackend *)base;

        ipt_sets_renew(&b->sets);
        repairer_look(&b->repairer);
}

static bool ops_holds(Backend *base)
{
        return ipt_is_there((IptBackend *)base);
}

static int ops_remove(Backend *base, Diagnostics *d)
{
        return ipt_apply_remove((IptBackend *)base, d);
}

static int ops_counters(Backend *base, RuleCounter **ret, size_t *ret_n)
{
        IptBackend *b = (IptBackend *)base;

        if (b->wanted[0]) {
                int r = ipt_count(b);

                if (r < 0)
                        return r;
        }
        return ipt_counters(b, ret, ret_n);
}

static int ops_take_decisions(Backend *base, DecisionHandler f, void *data)
{
        return ipt_decisions_take((IptBackend *)base, f, data);
}

static int ops_cut(Backend *base, const Ruleset *r, uint64_t *ret_n)
{
        return cut_passing(&((IptBackend *)base)->netlink, r, ret_n);
}

const BackendOps backend_iptables = {
        .name = "iptables",
        .lacks_units = true,
        .probe = ops_probe,
        .open = ops_open,
        .check = ops_check,
        .lock = ops_lock,
        .unlock = ops_unlock,
        .apply = ops_apply,
        .renew = ops_renew,
        .holds = ops_holds,
        .remove = ops_remove,
        .counters = ops_counters,
        .take_decisions = ops_take_decisions,
        .cut = ops_cut,
        .keep_fds = ops_keep_fds,
        .close = ops_close,
};
