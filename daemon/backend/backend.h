/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The interface of a packet filter to the manager. A backend holds a ruleset in the kernel and
 * reports when another process changed it. It decides nothing.
 */

#include "rules/base/util.h"

#include <sys/types.h>
#include <systemd/sd-event.h>

typedef struct DecisionCount DecisionCount;
typedef struct Diagnostics Diagnostics;
typedef struct RuleCounter RuleCounter;
typedef struct Ruleset Ruleset;

typedef struct Backend Backend;

/* Called from the event loop after the backend put back what another process had changed. count:
 * how often since the last call; 0: nothing was damaged, but something was brought up to date, or
 * only Backend.peace has changed. Connections may have been opened meanwhile. pid 0 and process
 * NULL: not known. */
typedef void (*BackendRepaired)(void *data, uint64_t count, pid_t pid, const char *process);

typedef void (*DecisionHandler)(void *data, const DecisionCount *c);

/* Do other processes change the state that a backend holds in the kernel? */
typedef enum BackendPeace {
        PEACE_KEPT,
        PEACE_FIGHT,  /* another process changes it repeatedly; it is put back each time */
        PEACE_BROKEN, /* it cannot be put back now */
} BackendPeace;

typedef struct BackendOps {
        const char *name; /* "nftables", "iptables", "memory" */
        bool lacks_units; /* it cannot find the unit of a connection, nor its process */

        /* Do this kernel and this process support it? 0, -EOPNOTSUPP (not in the kernel), -EPERM.
         */
        int (*probe)(void);

        /* Opens sockets, joins the loop, reads what a former daemon left; changes nothing.
         * fds: from the service manager's store, taken over (closed if not needed). The errors of
         * probe(), -EBUSY (what is there is another's), other negative errno. */
        int (*open)(sd_event *event, BackendRepaired repaired, void *data, const int *fds,
                size_t n_fds, Backend **ret);

        /* Would this ruleset load? d names what cannot be expressed (-EOPNOTSUPP) or
         * what the kernel refuses (its errno, -EPERM among them). Changes nothing. */
        int (*check)(Backend *b, const Ruleset *r, Diagnostics *d);

        /* Claims the lock that other programs may hold, until unlock() or close(): 0, or -EBUSY
         * with an error in d. Waits up to the deadline; 0: not at all, as apply and remove do where
         * this was not called before: then they answer -EBUSY and nothing has changed. Both NULL:
         * the backend has no lock. */
        int (*lock)(Backend *b, uint64_t deadline_usec, Diagnostics *d);
        void (*unlock)(Backend *b);

        /* Puts the ruleset in force in one transaction; on failure (negative errno, error in d)
         * the old one is. The counters of rules that keep their id survive. Sends only what
         * differs from what is installed. The backend copies or references what it keeps. */
        int (*apply)(Backend *b, const Ruleset *r, Diagnostics *d);

        /* The wall clock was set back: entries of sets that end, which the kernel times by a clock
         * of its own, get there what is left of their time now. What fails is tried again. NULL:
         * nothing is timed by the kernel. */
        void (*renew)(Backend *b);

        /* Is a policy of p25 in the kernel, even one of an earlier daemon? In doubt: yes. */
        bool (*holds)(Backend *b);

        /* Removes everything from the kernel; also succeeds if nothing is there. */
        int (*remove)(Backend *b, Diagnostics *d);

        /* All counters, ascending by id; a malloc()ed array. Zeros are included. */
        int (*counters)(Backend *b, RuleCounter **ret, size_t *ret_n);

        /* Hands what rules decided since the last call, also of an earlier daemon, to f, each
         * decision once. NULL: this backend has only the log and counters(). Decisions whose
         * `in_log` is set are counted in part only: the log brings them. */
        int (*take_decisions)(Backend *b, DecisionHandler f, void *data);

        /* Ends connections that pass through the host (routed ones, published ports) and that the
         * ruleset in force refuses. Local sockets are cut elsewhere. */
        int (*cut)(Backend *b, const Ruleset *r, uint64_t *ret_n);

        /* Descriptors for the service manager's store; borrowed. */
        size_t (*keep_fds)(Backend *b, int *fds, size_t max);

        /* Before close(), when the service stops: the policy stays in the kernel also when nobody
         * keeps these descriptors any more. follows(): will another p25d take them? Only asked if
         * that matters. On failure (negative errno) the policy may be lost with them. NULL: it
         * always stays. */
        int (*detach)(Backend *b, bool (*follows)(void));

        /* Leaves the policy in the kernel and closes. */
        void (*close)(Backend *b);
} BackendOps;

/* Every backend's struct begins with this. */
struct Backend {
        const BackendOps *ops;
        BackendPeace peace;
        bool wakes; /* a packet in its log reports, within a minute, that counters have changed */
        bool outdated; /* apply() would put the same ruleset into the kernel otherwise now, because
                        * of what else has changed on the host; cleared by it */
        const char *lack; /* what it cannot do on this kernel, for status; NULL: nothing */
};

extern const BackendOps backend_nft;
extern const BackendOps backend_iptables;
extern const BackendOps backend_memory; /* for tests; p25d uses it only if it is named */
