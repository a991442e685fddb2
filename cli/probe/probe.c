/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns the order: the child takes a port, the table is made for it, the child connects, the trace
 * is read, the child ends, and then the table.
 */

#include "cli/probe/probe.h"

#include "cli/probe/sender.h"
#include "cli/probe/trace.h"
#include "daemon/api/api.h"
#include "rules/base/strv.h"
#include "rules/ruleset/packet.h"

#include <errno.h>
#include <poll.h>

/* The child reports within a second; this is for a machine that is busy. */
#define WAIT_MSEC 30000

void probe_result_deinit(ProbeResult *r)
{
        free(r->table);
        free(r->chain);
        strv_free(r->trace);
        *r = (ProbeResult){ 0 };
}

/* ---- what came of it ---- */

static bool is_refusal(int error)
{
        return error == ECONNREFUSED || error == ECONNRESET || error == ECONNABORTED;
}

static ProbeEnd find_end(const Trace *t, int error)
{
        if (t->last)
                return PROBE_PASSED;
        if (t->lost)
                return PROBE_LOST;
        if (t->table)
                return error != 0 && error != ETIMEDOUT ? PROBE_REJECTED : PROBE_DROPPED;
        if (!t->has_id && (error == ENETUNREACH || error == EHOSTUNREACH || error == EACCES ||
                                  error == EINVAL || error == EADDRNOTAVAIL))
                return PROBE_NO_ROUTE;
        return is_refusal(error) ? PROBE_REJECTED_OUTSIDE : PROBE_STOPPED_OUTSIDE;
}

static void result_take(Trace *t, int error, ProbeResult *ret)
{
        *ret = (ProbeResult){ .end = find_end(t, error), .error = error };
        ret->trace = TAKE_PTR(t->lines);
        if (ret->end != PROBE_DROPPED && ret->end != PROBE_REJECTED)
                return;
        ret->table = TAKE_PTR(t->table);
        ret->chain = TAKE_PTR(t->chain);
        ret->rule = t->rule;
}

/* ---- the way ---- */

/* Until the packet has come to the end, or the child says what it met. */
static int watch(Netlink *n, Sender *s, Trace *t, int *ret_error)
{
        struct pollfd polled[] = { { .fd = n->fd, .events = POLLIN },
                { .fd = s->fd, .events = POLLIN } };
        int r = 0;

        while (r >= 0 && !t->last) {
                r = poll(polled, ELEMENTS(polled), WAIT_MSEC);
                if (r < 0 && errno == EINTR)
                        r = 0;
                else if (r <= 0)
                        return r < 0 ? -errno : -ETIMEDOUT;
                if (polled[1].revents) {
                        r = sender_result(s, ret_error);
                        /* what the kernel has reported before is there by now */
                        return r < 0 ? r : trace_read(n, t);
                }
                r = trace_read(n, t);
        }
        return r;
}

static int fail_table(Cli *c, int r)
{
        if (r == -EEXIST || r == -EBUSY)
                return cli_fail(c, EXIT_FAILED,
                        "another probe is running (table inet " PROBE_TABLE
                        "); try again when it has ended");
        if (r == -EOPNOTSUPP)
                return cli_fail(c, EXIT_KERNEL_REFUSED,
                        "--probe requires tables that belong to a socket, which the kernel has "
                        "from "
                        "Linux 5.12 on");
        return cli_fail_errno(c, r, "the table of the probe");
}

static int probe_traced(Cli *c, Netlink *events, Sender *s, ProbeResult *ret)
{
        _cleanup_(netlink_close) Netlink owner = NETLINK_CLOSED;
        _cleanup_(trace_deinit) Trace t = { .port = s->port };
        ProbeFlow flow = { s->port, s->uid };
        int error = 0, r = netlink_open(NETLINK_NETFILTER, &owner);

        if (r >= 0)
                r = probe_table_make(&owner, &flow);
        if (r < 0)
                return fail_table(c, r);
        r = sender_go(s);
        if (r >= 0)
                r = watch(events, s, &t, &error);
        /* nothing of its packets may be left when the table goes */
        sender_end(s);
        if (r < 0)
                return cli_fail_errno(c, r, "the probe");
        result_take(&t, error, ret);
        return 0;
}

int probe_run(Cli *c, const Packet *packet, ProbeResult *ret)
{
        _cleanup_(netlink_close) Netlink events = NETLINK_CLOSED;
        _cleanup_(sender_end) Sender s = { .fd = -1 };
        int r = trace_listen(&events);

        if (r < 0)
                return cli_fail_errno(c, r, "the trace of nf_tables");
        r = sender_start(packet, &s);
        if (r == -ENODEV && packet->interface)
                return cli_fail(
                        c, EXIT_BAD_INPUT, "this host has no interface '%s'", packet->interface);
        return r < 0 ? cli_fail_errno(c, r, "the probe's process")
                     : probe_traced(c, &events, &s, ret);
}
