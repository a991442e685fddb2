/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The action of a rule of the policy: count and decide, and, where that is more than a verdict (a
 * log, a limit), a chain of its own. Does not depend on matches.
 */

#include "rules/nftables/build.h"

#include "rules/address/family.h"
#include "rules/base/array.h"
#include "rules/policy/rule.h"
#include "rules/policy/subordinate.h"
#include "rules/ruleset/compiledrule.h"
#include "rules/ruleset/counterid.h"
#include "rules/ruleset/ruleset.h"

#include <errno.h>

/* limit rate 10/second burst 20 packets log prefix "p25 in reject 5" group 25 snaplen 128 */
static void build_log(NftBuild *b, Action action, bool audit, uint64_t id)
{
        build_kind(b, STATEMENT_LOG_LIMIT, 0);
        build_statement(b, &(NftStatement){ .kind = STATEMENT_LOG,
                                   .log = { .direction = b->direction,
                                           .action = action,
                                           .audit = audit,
                                           .counted = build_log_counts(b),
                                           .numbered = build_log_numbers(b),
                                           .id = id } });
}

/* A log, what is counted, and the verdict, a rule each, at the end of the last chain. */
static void build_logged_verdict(NftBuild *b, const Counted *c)
{
        if (c->logged) {
                build_log(b, c->action, c->audit, c->rule->id);
                build_end(b, c->rule);
        }
        build_counted_verdict(b, c);
}

/* ---- limits ---- */

/* A limit of one source address, or for outgoing connections (family 0) of one user. */
typedef struct Buckets {
        const CompiledRule *rule;
        bool has_rate, has_open;
        NftSetKey rate, open;
        uint32_t user; /* whose bucket it is; 0: that of the packet's source */
} Buckets;

static Buckets buckets_name(const CompiledRule *r, unsigned family)
{
        Buckets k = { .rule = r,
                .has_rate = r->limit.rate > 0 && r->limit.unit_sec > 0,
                .has_open = r->limit.open > 0,
                .rate = { .kind = SET_RATE, .family = (uint16_t)family, .id = r->rule->id },
                .open = { .kind = SET_OPEN, .family = (uint16_t)family, .id = r->rule->id } };

        k.rate.limit = k.open.limit = r->limit;
        k.rate.limit.open = 0;
        k.open.limit.rate = k.open.limit.unit_sec = k.open.limit.burst = 0;
        return k;
}

static Buckets buckets_make(NftBuild *b, const CompiledRule *r, unsigned family)
{
        Buckets k = buckets_name(r, family);

        if (k.has_rate)
                build_dynamic_set(b, &k.rate, r->rule);
        if (k.has_open)
                build_dynamic_set(b, &k.open, r->rule);
        return k;
}

static void build_of_bucket(
        NftBuild *b, const Buckets *k, NftStatementKind kind, const NftSetKey *key)
{
        build_statement(b, &(NftStatement){ .kind = kind, .number = k->user, .set = *key });
}

static void build_bucket_family(NftBuild *b, const Buckets *k)
{
        if (k->rate.family != 0)
                build_family(b, (Family)k->rate.family);
}

/* accept, or goto passed_ID where that is logged or counted */
static void build_pass(NftBuild *b, const Buckets *k)
{
        NftChainKey passed = { .kind = CHAIN_PASSED, .id = k->rule->rule->id };

        if (k->rule->log || build_counts(b, k->rule->log))
                build_to_chain(b, STATEMENT_GOTO, &passed);
        else
                build_verdict(b, ACTION_ALLOW);
        build_end(b, k->rule->rule);
}

/*
 * update @rate4_… { ip saddr limit rate 60/minute burst 30 packets }
 *      add @open4_… { ip saddr ct count 20 } accept
 * Only what is under the limit passes: a set that is full ends the rule as a limit does.
 */
static void build_under(NftBuild *b, const Buckets *k)
{
        build_bucket_family(b, k);
        if (k->has_rate)
                build_of_bucket(b, k, STATEMENT_RATE_UNDER, &k->rate);
        if (k->has_open)
                build_of_bucket(b, k, STATEMENT_OPEN_UNDER, &k->open);
        build_pass(b, k);
}

/*
 * ip saddr != @rate4_… limit rate 60/minute burst 30 packets
 *      add @open4_… { ip saddr ct count 20 } accept
 * Sources that found no room have no bucket now: they share one.
 */
static void build_shared(NftBuild *b, const Buckets *k)
{
        build_bucket_family(b, k);
        build_of_bucket(b, k, STATEMENT_NO_BUCKET, k->has_rate ? &k->rate : &k->open);
        if (k->has_rate)
                build_of_set(b, STATEMENT_SHARED_RATE, &k->rate);
        if (k->has_rate && k->has_open)
                build_of_bucket(b, k, STATEMENT_OPEN_UNDER, &k->open);
        else if (k->has_open)
                build_of_set(b, STATEMENT_SHARED_OPEN, &k->open);
        build_pass(b, k);
}

/* ---- beyond a limit ---- */

/* Connections beyond the limit are refused; in audit they are reported and pass. */
static Counted beyond_counted(const CompiledRule *r)
{
        bool audit = r->audited == ACTION_LIMIT;

        return (Counted){ r->rule, ACTION_REJECT, audit ? ACTION_ALLOW : ACTION_REJECT,
                r->log_refused, audit };
}

/* Is that logged or counted, in a chain of its own? */
static bool has_beyond_chain(const NftBuild *b, const CompiledRule *r)
{
        return r->log_refused || build_counts(b, r->log_refused);
}

/* meta l4proto tcp reject with tcp reset, or goto beyond_ID */
static void build_beyond(NftBuild *b, const CompiledRule *r)
{
        NftChainKey beyond = { .kind = CHAIN_BEYOND, .id = r->rule->id };

        if (has_beyond_chain(b, r))
                build_to_chain(b, STATEMENT_GOTO, &beyond);
        else
                build_verdict(b, beyond_counted(r).verdict);
        build_end(b, r->rule);
}

static void build_beyond_chain(NftBuild *b, const CompiledRule *r)
{
        Counted c = beyond_counted(r);

        if (!has_beyond_chain(b, r))
                return;
        build_chain(b, &(NftChainKey){ .kind = CHAIN_BEYOND, .id = r->rule->id });
        build_logged_verdict(b, &c);
}

/* ct state invalid,untracked goto beyond_ID
 * Connections that conntrack does not follow cannot be counted: none is under `max`. */
static void build_uncounted(NftBuild *b, const CompiledRule *r)
{
        if (r->limit.open == 0)
                return;
        build_kind(b, STATEMENT_NO_CONNTRACK, 0);
        build_beyond(b, r);
}

/* ---- the chains of a limit ---- */

static void build_limits(NftBuild *b, const CompiledRule *r, unsigned family)
{
        Buckets k = buckets_make(b, r, family);

        build_under(b, &k);
        build_shared(b, &k);
}

/* meta skuid 200000-265535 goto owner_ID_1000, for every range of ids that a user was lent */
static void build_to_owners(NftBuild *b, const CompiledRule *r)
{
        const IdRanges *lent = &b->ruleset->subordinates.users;

        for (size_t i = 0; i < lent->n && b->error == 0; i++) {
                NftChainKey key = {
                        .kind = CHAIN_OWNER, .id = r->rule->id, .user = lent->items[i].owner
                };

                if (!compiled_ids_contain(&r->users, key.user))
                        continue;
                build_range(b, STATEMENT_USER_RANGE, &lent->items[i]);
                build_to_chain(b, STATEMENT_GOTO, &key);
                build_end(b, r->rule);
        }
}

/* chain owner_ID_1000: the same limit, in the bucket of user 1000 */
static void build_owners(NftBuild *b, const CompiledRule *r)
{
        const IdRanges *lent = &b->ruleset->subordinates.users;
        _cleanup_free_ uint32_t *owners = calloc(lent->n + 1, sizeof(uint32_t));
        size_t n = 0;

        if (!owners) {
                build_fail(b, -ENOMEM);
                return;
        }
        for (size_t i = 0; i < lent->n; i++)
                if (compiled_ids_contain(&r->users, lent->items[i].owner))
                        owners[n++] = lent->items[i].owner;
        qsort(owners, n, sizeof(*owners), id_compare);
        for (size_t i = 0; i < n && b->error == 0; i++) {
                Buckets k = buckets_name(r, 0);

                if (i > 0 && owners[i] == owners[i - 1])
                        continue;
                k.user = owners[i];
                build_chain(b, &(NftChainKey){
                                       .kind = CHAIN_OWNER, .id = r->rule->id, .user = owners[i] });
                build_under(b, &k);
                build_shared(b, &k);
                build_beyond(b, r);
        }
}

/* Packets under the limit pass, all others are reset. */
static void build_limit_chain(NftBuild *b, const CompiledRule *r, const bool families[static 2])
{
        build_uncounted(b, r);
        if (b->direction == DIRECTION_OUT) {
                build_to_owners(b, r);
                build_limits(b, r, 0);
        } else {
                if (families[0])
                        build_limits(b, r, FAMILY_IPV4);
                if (families[1])
                        build_limits(b, r, FAMILY_IPV6);
        }
        build_beyond(b, r);
        if (b->direction == DIRECTION_OUT)
                build_owners(b, r);
        build_beyond_chain(b, r);
        if (!r->log && !build_counts(b, r->log))
                return;
        build_chain(b, &(NftChainKey){ .kind = CHAIN_PASSED, .id = r->rule->id });
        build_logged_verdict(b, &(Counted){ r->rule, ACTION_LIMIT, ACTION_ALLOW, r->log, false });
}

/* ---- rules ---- */

bool rule_has_own_chain(const NftBuild *b, const CompiledRule *r)
{
        return r->log || compiled_rule_limits(r) || build_counts(b, r->log);
}

void build_rule_chain(NftBuild *b, const CompiledRule *r, const bool families[static 2])
{
        build_chain(b, &(NftChainKey){ .kind = CHAIN_RULE, .id = r->rule->id });
        if (compiled_rule_limits(r))
                build_limit_chain(b, r, families);
        else if (r->audited != ACTION_ALLOW)
                build_logged_verdict(b, &(Counted){ r->rule, r->audited, r->action, r->log, true });
        else
                build_logged_verdict(b, &(Counted){ r->rule, r->action, r->action, r->log, false });
}

static void build_count(NftBuild *b, uint64_t id)
{
        build_statement(b, &(NftStatement){ .kind = STATEMENT_COUNTER, .counter = id });
}

void build_decision(NftBuild *b, const CompiledRule *r)
{
        NftChainKey own = { .kind = CHAIN_RULE, .id = r->rule->id };

        build_count(b, r->rule->id);
        if (rule_has_own_chain(b, r))
                build_to_chain(b, STATEMENT_GOTO, &own);
        else
                build_verdict(b, r->action);
}

/* The decision and its report; audited: nothing else is reported. */
static Counted default_counted(const NftBuild *b, bool audited)
{
        const RulesetDirection *d = &b->ruleset->directions[b->direction];

        return (Counted){ .action = d->default_action,
                .verdict = audited ? ACTION_ALLOW : d->default_action,
                .logged = audited ? d->log_audited : d->log_default,
                .audit = audited };
}

void build_default(NftBuild *b, bool audited)
{
        Counted c = default_counted(b, audited);
        NftChainKey own = { .kind = CHAIN_DEFAULT, .direction = b->direction, .id = audited };
        uint64_t id = DEFAULT_COUNTER_ID(b->direction);

        if (c.logged) {
                build_log(b, c.action, audited, id);
                build_end_shared(b, NULL);
        }
        build_count(b, id);
        if (build_counts(b, c.logged))
                build_to_chain(b, STATEMENT_GOTO, &own);
        else
                build_verdict(b, c.verdict);
        build_end_shared(b, NULL);
}

void build_default_chain(NftBuild *b, bool audited)
{
        Counted c = default_counted(b, audited);

        if (!build_counts(b, c.logged))
                return;
        build_chain(b,
                &(NftChainKey){ .kind = CHAIN_DEFAULT, .direction = b->direction, .id = audited });
        build_counted_verdict(b, &c);
}
