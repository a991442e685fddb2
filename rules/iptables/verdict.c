/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The action of a rule of the policy. A plain verdict is in the entry itself; more than that is in
 * a chain of its own, whose first entry counts. Does not depend on matches.
 */

#include "rules/iptables/build.h"

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

static void build_log(IptBuild *b, size_t chain, Action action, bool audit, uint64_t id)
{
        ipt_build_kind(b, IPT_LOG_LIMIT, false);
        ipt_build_add(b, &(IptStatement){ .kind = IPT_LOG,
                                 .log = { .direction = b->direction,
                                         .action = action,
                                         .audit = audit,
                                         .id = id } });
        ipt_build_end(b, chain);
}

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

        if (r->log_refused) {
                refused = ipt_build_chain(b, "P25-%llx-OVER", (unsigned long long)r->rule->id);
                build_log(b, refused, ACTION_REJECT, r->audited == ACTION_LIMIT, r->rule->id);
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

bool ipt_rule_is_verdict(const CompiledRule *r)
{
        return !compiled_rule_limits(r) && !r->log;
}

void ipt_build_decision(IptBuild *b, size_t chain, const CompiledRule *r)
{
        add_comment(b, r->rule->id);
        ipt_build_verdict(b, chain, verdict_of(r->action));
}

/* A limit counts what it passes in audit too. */
static void build_rule_log(IptBuild *b, size_t chain, const CompiledRule *r)
{
        bool audit = r->audited != ACTION_ALLOW && r->audited != ACTION_LIMIT;

        build_log(
                b, chain, r->audited != ACTION_ALLOW ? r->audited : r->action, audit, r->rule->id);
}

size_t ipt_build_decision_chain(IptBuild *b, const CompiledRule *r, size_t *rule_chain)
{
        size_t chain;

        if (*rule_chain != IPT_NO_CHAIN)
                return *rule_chain;
        *rule_chain = chain = ipt_build_chain(b, "P25-%llx", (unsigned long long)r->rule->id);
        if (ipt_rule_is_verdict(r)) {
                ipt_build_decision(b, chain, r);
                return chain;
        }
        add_comment(b, r->rule->id);
        ipt_build_verdict(b, chain, IPT_VERDICT_CONTINUE);
        if (compiled_rule_limits(r))
                build_limit(b, chain, r);
        if (r->log)
                build_rule_log(b, chain, r);
        ipt_build_verdict(b, chain, verdict_of(r->action));
        return chain;
}

void ipt_build_default(IptBuild *b, size_t chain, bool audited)
{
        const RulesetDirection *d = &b->ruleset->directions[b->direction];
        uint64_t id = DEFAULT_COUNTER_ID(b->direction);

        if (audited ? d->log_audited : d->log_default)
                build_log(b, chain, d->default_action, audited, id);
        add_comment(b, id);
        ipt_build_verdict(b, chain, audited ? IPT_VERDICT_RETURN : verdict_of(d->default_action));
}
