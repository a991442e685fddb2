/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The action of a rule of the policy. A plain verdict is in the entry itself; more than that is in
 * a chain of its own, whose first entry counts. Does not depend on matches.
 */

#include "rules/iptables/build.h"

#include "rules/iptables/statement.h"
#include "rules/policy/rule.h"
#include "rules/ruleset/counterid.h"
#include "rules/ruleset/ruleset.h"

#include <stdio.h>

static void add_comment(IptBuild *b, uint64_t id)
{
        ipt_build_add(b, &(IptStatement){ .kind = IPT_COMMENT, .comment = id });
}

static IptStatementKind verdict_of(Action action)
{
        switch (action) {
        case ACTION_DENY:
                return IPT_VERDICT_DROP;
        case ACTION_REJECT:
                return IPT_VERDICT_RESET;
        case ACTION_ALLOW:
        case ACTION_LIMIT: /* what it lets through */
        case _ACTION_MAX:
        case _ACTION_INVALID:
                break;
        }
        return IPT_VERDICT_RETURN;
}

/* ---- counting and logging ---- */

static bool decision_counts(const IptBuild *b, bool logged)
{
        return b->options->counts && (logged || (b->direction == DIRECTION_OUT && b->counts));
}

/*
 * -A P25-5-WHO -m owner --uid-owner 33 -m nfacct --nfacct-name p25-…-21 -j RETURN
 * -A P25-5-WHO -m nfacct --nfacct-name p25-…
 * The users of this host each, and all others together: xtables has no key of more than addresses,
 * ports and marks, so that a user must have an entry to be counted apart.
 */
static void build_who(IptBuild *b, size_t chain, const Decision *d, const char *name)
{
        IptStatement count = { .kind = b->options->has_old_count_objects ? IPT_COUNT_OLD
                                                                         : IPT_COUNT,
                .count.decision = decision_number(d) };
        size_t who = chain;

        if (b->n_users > 0) {
                who = ipt_build_chain(b, "%s-WHO", name);
                ipt_build_add(b, &(IptStatement){ .kind = IPT_JUMP, .chain = who });
                ipt_build_end(b, chain);
        }
        for (size_t i = 0; i < b->n_users && b->error == 0; i++) {
                uint32_t uid = b->ruleset->accounts.ids[i];
                IptStatement of_user = count;

                of_user.count.has_uid = true;
                of_user.count.uid = uid;
                ipt_build_add(b, &(IptStatement){ .kind = IPT_USERS, .first = uid, .last = uid });
                ipt_build_add(b, &of_user);
                ipt_build_verdict(b, who, IPT_VERDICT_RETURN);
        }
        ipt_build_add(b, &count);
        ipt_build_verdict(b, who, IPT_VERDICT_CONTINUE);
}

/* -m limit --limit 1000/sec --limit-burst 1000 -j NFLOG --nflog-prefix "p25 out reject 5 numbered"
 */
static void build_log(IptBuild *b, size_t chain, const Decision *d, bool counts)
{
        ipt_build_add(b, &(IptStatement){ .kind = IPT_LOG_LIMIT,
                                 .log_limit = { counts ? IPT_COUNTED_LOG_RATE : IPT_LOG_RATE,
                                         counts ? IPT_COUNTED_LOG_BURST : IPT_LOG_BURST } });
        ipt_build_add(b, &(IptStatement){ .kind = IPT_LOG, .log = *d });
        ipt_build_end(b, chain);
}

/* Logs and counts a decision, as far as it is to be. name: of the chains of the rule. */
static void build_note(IptBuild *b, size_t chain, Decision d, const char *name)
{
        bool counts = decision_counts(b, d.logged);

        d.direction = b->direction;
        d.in_log = counts && b->options->has_count_objects;
        if (d.in_log)
                build_who(b, chain, &d, name);
        if (counts || d.logged)
                build_log(b, chain, &d, counts);
}

/* ---- rules ---- */

/* The action of a limit for packets beyond it. */
static IptStatementKind verdict_beyond(const CompiledRule *r)
{
        return r->audited == ACTION_LIMIT ? IPT_VERDICT_RETURN : IPT_VERDICT_RESET;
}

/* The end of an entry: the verdict, or to the chain `refused`, which logs first. */
static void build_refusal(IptBuild *b, size_t chain, const CompiledRule *r, size_t refused)
{
        if (refused != IPT_NO_CHAIN)
                ipt_build_goto(b, chain, refused);
        else
                ipt_build_verdict(b, chain, verdict_beyond(r));
}

/*
 * -m hashlimit --hashlimit-above 60/minute … -j REJECT     (drops what finds no room)
 * -m conntrack --ctstate INVALID,UNTRACKED -j REJECT       (cannot be counted)
 * -m connlimit --connlimit-above 20 … -j REJECT
 */
static void build_limit(IptBuild *b, size_t chain, const CompiledRule *r)
{
        IptStatement over = { .over = { .id = r->rule->id, .limit = r->limit } };
        size_t refused = IPT_NO_CHAIN;
        char name[IPT_CHAIN_NAME_MAX];

        if (r->log_refused) {
                snprintf(name, sizeof(name), "P25-%llx-OVER", (unsigned long long)r->rule->id);
                refused = ipt_build_chain(b, "%s", name);
                build_note(b, refused,
                        (Decision){ .action = ACTION_REJECT,
                                .audit = r->audited == ACTION_LIMIT,
                                .logged = true,
                                .rule = r->rule->id },
                        name);
                ipt_build_verdict(b, refused, verdict_beyond(r));
        }
        if (r->limit.rate > 0 && r->limit.unit_sec > 0) {
                over.kind = IPT_RATE_OVER;
                ipt_build_add(b, &over);
                build_refusal(b, chain, r, refused);
        }
        if (r->limit.open > 0) {
                ipt_build_kind(b, IPT_UNTRACKED, false);
                build_refusal(b, chain, r, refused);
                over.kind = IPT_OPEN_OVER;
                ipt_build_add(b, &over);
                build_refusal(b, chain, r, refused);
        }
}

bool ipt_rule_is_verdict(const IptBuild *b, const CompiledRule *r)
{
        return !compiled_rule_limits(r) && !r->log && !decision_counts(b, false);
}

void ipt_build_decision(IptBuild *b, size_t chain, const CompiledRule *r)
{
        add_comment(b, r->rule->id);
        ipt_build_verdict(b, chain, verdict_of(r->action));
}

/* A limit counts what it passes in audit too. */
static void build_rule_note(IptBuild *b, size_t chain, const CompiledRule *r, const char *name)
{
        bool audited = r->audited != ACTION_ALLOW;

        build_note(b, chain,
                (Decision){ .action = audited ? r->audited : r->action,
                        .audit = audited && r->audited != ACTION_LIMIT,
                        .logged = r->log,
                        .rule = r->rule->id },
                name);
}

size_t ipt_build_decision_chain(IptBuild *b, const CompiledRule *r, size_t *rule_chain)
{
        char name[IPT_CHAIN_NAME_MAX];
        size_t chain;

        if (*rule_chain != IPT_NO_CHAIN)
                return *rule_chain;
        snprintf(name, sizeof(name), "P25-%llx", (unsigned long long)r->rule->id);
        *rule_chain = chain = ipt_build_chain(b, "%s", name);
        if (ipt_rule_is_verdict(b, r)) {
                ipt_build_decision(b, chain, r);
                return chain;
        }
        add_comment(b, r->rule->id);
        ipt_build_verdict(b, chain, IPT_VERDICT_CONTINUE);
        if (compiled_rule_limits(r))
                build_limit(b, chain, r);
        build_rule_note(b, chain, r, name);
        ipt_build_verdict(b, chain, verdict_of(r->action));
        return chain;
}

static void build_default_verdict(IptBuild *b, size_t chain, const Decision *d)
{
        add_comment(b, DEFAULT_COUNTER_ID(b->direction));
        ipt_build_verdict(b, chain, d->audit ? IPT_VERDICT_RETURN : verdict_of(d->action));
}

/* A default that counts has one chain for all classes of ports. */
void ipt_build_default(IptBuild *b, size_t chain, bool audited)
{
        const RulesetDirection *rd = &b->ruleset->directions[b->direction];
        Decision d = { .action = rd->default_action,
                .audit = audited,
                .logged = audited ? rd->log_audited : rd->log_default };
        size_t *own = &b->defaults[audited];
        char name[IPT_CHAIN_NAME_MAX];

        if (!decision_counts(b, d.logged)) {
                if (d.logged)
                        build_note(b, chain, d, NULL);
                build_default_verdict(b, chain, &d);
                return;
        }
        if (*own == IPT_NO_CHAIN) {
                snprintf(name, sizeof(name), "P25-%s-%s", ipt_build_direction_name(b->direction),
                        audited ? "AUDIT" : "DEFAULT");
                *own = ipt_build_chain(b, "%s", name);
                build_note(b, *own, d, name);
                build_default_verdict(b, *own, &d);
        }
        ipt_build_goto(b, chain, *own);
}
