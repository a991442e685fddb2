/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* A backend in tests, nftables unless a program sets tested_backend: policies from text, applied;
 * what the kernel lists then. */

#include "daemon/nftables/apply.h"
#include "daemon/nftables/backend.h"
#include "daemon/nftables/kernel.h"
#include "daemon/nftables/monitor.h"
#include "rules/nftables/script.h"
#include "tests/lib/policy_files.h"
#include "tests/lib/world.h"

extern const BackendOps *tested_backend;
/* Does nftables count decisions by who and where to? No script of nft can. */
extern bool tested_decisions;

typedef struct Compiled {
        Policy *policy;
        Ruleset *ruleset;
} Compiled;

/* A p25.conf's text, with the users of the fixture. */
Compiled compile_text(const char *text);
void compiled_deinit(Compiled *c);

#define _cleanup_compiled_ _cleanup_(compiled_deinit)

int apply(Backend *b, const Ruleset *r);
void apply_text(Backend *b, const char *text);
Backend *open_backend(void);
void close_backend(Backend **b);

#define _cleanup_backend_ _cleanup_(close_backend)

RuleCounter counter_of(Backend *b, uint64_t id);
uint64_t packets_of(Backend *b, uint64_t id);
void print_difference(const char *expected, const char *found);
bool is_installed(const Ruleset *r);
void expect_installed(const Ruleset *r);
