/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The iptables backend in tests: what is in the kernel's tables, compared with the text; the lock.
 */

#include "daemon/iptables/apply.h"
#include "daemon/iptables/backend.h"
#include "daemon/iptables/install.h"
#include "daemon/iptables/monitor.h"
#include "tests/lib/nft_backend.h"

#include <sys/file.h>
#include <time.h>

extern const char *const full;
extern const char *const small;
static const char *const families[] = { "iptables-legacy", "ip6tables-legacy" };

/* A namespace for each test, and a lock that is nobody else's. */
int begin(void **state);
IptBackend *open_own(sd_event *event, BackendRepaired repaired, void *data);
void close_own(IptBackend **b);

#define _cleanup_own_ _cleanup_(close_own)

/* ---- comparing ---- */

#define QUIET " 2>/dev/null"

char *saved(size_t family);

/* Nothing but ours is in the tables, and ours is what the text says. */
void expect_text_installed(const IptBackend *b);
void expect_no_trace(void);
void expect_refused(IptBackend *b, const Ruleset *r, int error, const char *text);
uint64_t now_msec(void);
pid_t hold_lock(unsigned msec);
