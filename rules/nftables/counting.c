/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Counts decisions in sets, besides the rule's counter: outgoing connections always, by opener and
 * destination, others by their source if they are logged. Whoever reads the sets empties them.
 * Knows nothing of matches.
 *
 * An element that finds no room ends its rule. So each rule here ends with the verdict, and the
 * next one counts what the former could not: without the destination, then only the number. Where
 * rules are many, those that log count the number only.
 *
 * There is no room either when the kernel, which may not wait while it handles a packet, has no
 * memory for counters at hand (a reserve that a worker fills again, late on a busy machine). So the
 * elements that count the number are there from the beginning.
 */

#include "rules/address/family.h"
#include "rules/base/array.h"
#include "rules/nftables/build.h"
#include "rules/nftables/numbers.h"
#include "rules/policy/rule.h"
#include "rules/policy/settings.h"
#include "rules/ruleset/decision.h"
#include "rules/ruleset/ruleset.h"

#include <errno.h>

/* Deeper cgroups are those of a container or a user's own manager. The deepest that a process is in
 * counts; 0: a process outside of all, for which the kernel names none. */
#define CGROUP_LEVEL_MAX 4u

static const Family families[] = { FAMILY_IPV4, FAMILY_IPV6 };

void build_counting_sets(NftBuild *b)
{
        static const NftSetKind kinds[] = { SET_SENT, SET_SEEN };

        if (!b->counts)
                return;
        for (size_t i = 0; i < ELEMENTS(kinds); i++)
                for (size_t f = 0; f < ELEMENTS(families); f++)
                        build_dynamic_set(
                                b, &(NftSetKey){ .kind = kinds[i], .family = families[f] }, NULL);
        build_dynamic_set(b, &(NftSetKey){ .kind = SET_SENDERS }, NULL);
}

void build_numbers_set(NftBuild *b)
{
        if (b->counts)
                build_prepared_set(
                        b, &(NftSetKey){ .kind = SET_NUMBERS }, TAKE_PTR(b->numbers), b->n_numbers);
}

/* Of rules beyond those that are counted in detail only as many as packets meet. */
static void build_number(NftBuild *b, uint64_t number)
{
        if (b->numbers_only)
                return;
        if (b->error == 0 && array_grow(&b->numbers, b->n_numbers, sizeof(uint64_t)) < 0)
                build_fail(b, -ENOMEM);
        if (b->error == 0)
                b->numbers[b->n_numbers++] = number;
}

/* limit rate 12/minute burst 1 packets log prefix "p25 wake" group 25 snaplen 128
 * By the direction, not by the rule: what a rule logs itself may be full. */
void build_wake(NftBuild *b)
{
        if (!b->counts)
                return;
        build_kind(b, STATEMENT_WAKE_LIMIT,
                b->direction == DIRECTION_OUT ? NFT_WAKE_OUT_RATE : NFT_WAKE_RATE);
        build_kind(b, STATEMENT_WAKE, 0);
        build_end(b, NULL);
}

bool build_counts(const NftBuild *b, bool logged)
{
        return b->counts && (logged || (b->direction == DIRECTION_OUT && !b->numbers_only));
}

bool build_log_counts(const NftBuild *b)
{
        return b->counts && !b->numbers_only;
}

bool build_log_numbers(const NftBuild *b)
{
        return b->counts && b->numbers_only;
}

static void build_count_in(NftBuild *b, const Counted *c, const NftSetKey *set, uint32_t level)
{
        Decision what = { .direction = b->direction,
                .action = c->action,
                .audit = c->audit,
                .logged = c->logged,
                .in_log = b->numbers_only,
                .rule = c->rule ? c->rule->id : 0 };
        uint64_t number = decision_number(&what);

        if (set->kind == SET_NUMBERS)
                build_number(b, number);
        if (set->family != 0)
                build_family(b, (Family)set->family);
        build_statement(b,
                &(NftStatement){
                        .kind = STATEMENT_COUNT, .number = level, .counted = number, .set = *set });
        build_verdict(b, c->verdict);
        build_end(b, c->rule);
}

/* meta nfproto ipv4 add @sent4 { 0x… . socket cgroupv2 level 4 . meta skuid . ip daddr . tcp dport
 * counter } drop, for each level; a process that is not so deep ends the rule too. */
static void build_count_who(NftBuild *b, const Counted *c, const NftSetKey *set)
{
        bool unit = b->ruleset->attribution == ATTRIBUTION_UNIT ||
                    b->ruleset->attribution == ATTRIBUTION_PROCESS;

        for (uint32_t above = unit ? CGROUP_LEVEL_MAX + 1 : 1; above > 0; above--)
                build_count_in(b, c, set, above - 1);
}

/* meta nfproto ipv4 add @seen4 { 0x… . ip saddr . ip daddr . tcp dport counter } drop */
static void build_count_ends(NftBuild *b, const Counted *c)
{
        for (size_t f = 0; f < ELEMENTS(families); f++)
                build_count_in(b, c, &(NftSetKey){ .kind = SET_SEEN, .family = families[f] }, 0);
}

void build_counted_verdict(NftBuild *b, const Counted *c)
{
        bool counts = build_counts(b, c->logged), detailed = counts && !b->numbers_only;

        if (detailed && b->direction == DIRECTION_OUT &&
                b->ruleset->attribution != ATTRIBUTION_OFF) {
                for (size_t f = 0; f < ELEMENTS(families); f++)
                        build_count_who(
                                b, c, &(NftSetKey){ .kind = SET_SENT, .family = families[f] });
                build_count_who(b, c, &(NftSetKey){ .kind = SET_SENDERS });
        } else if (detailed) {
                build_count_ends(b, c);
        }
        if (counts)
                build_count_in(b, c, &(NftSetKey){ .kind = SET_NUMBERS }, 0);
        build_verdict(b, c->verdict);
        build_end(b, c->rule);
}
