/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What a rule of the policy does when it matches. A verdict is in the entry itself; more than that
 * is in a chain of its own, whose first entry counts. Knows nothing of matches.
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

static void build_log(IptBuild *b, size_t chain, Action action, uint64_t id)
{
        ipt_build_kind(b, IPT_LOG_LIMIT, false);
        ipt_build_add(
                b, &(IptStatement){ .kind = IPT_LOG,
                           .log = { .direction = b->direction, .action = action, .id = id } });
        ipt_build_end(b, chain);
}

/* The end of an entry: reset, or to the chain `refused`, which logs first. */
static void build_refusal(IptBuild *b, size_t chain, size_t refused)
{
        if (refused != IPT_NO_CHAIN)
                ipt_build_goto(b, chain, refused);
        else
                ipt_build_verdict(b, chain, IPT_VERDICT_RESET);
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
                build_log(b, refused, ACTION_REJECT, r->rule->id);
                ipt_build_verdict(b, refused, IPT_VERDICT_RESET);
        }
        if (r->limit.rate > 0 && r->limit.unit_sec > 0) {
                over.kind = IPT_RATE_OVER;
                ipt_build_add(b, &over);
                build_refusal(b, chain, refused);
        }
        if (r->limit.open > 0) {
                ipt_build_kind(b, IPT_UNTRACKED, false);
                build_refusal(b, chain, refused);
                over.kind = IPT_OPEN_OVER;
                ipt_build_add(b, &over);
                build_refusal(b, chain, refused);
        }
}

bool ipt_rule_is_verdict(const CompiledRule *r)
{
        return r->action != ACTION_LIMIT && !r->log;
}

void ipt_build_decision(IptBuild *b, size_t chain, const CompiledRule *r)
{
        add_comment(b, r->rule->id);
        ipt_build_verdict(b, chain, verdict_of(r->action));
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
        if (r->action == ACTION_LIMIT)
                build_limit(b, chain, r);
        if (r->log)
                build_log(b, chain, r->action, r->rule->id);
        ipt_build_verdict(b, chain, verdict_of(r->action));
        return chain;
}

void ipt_build_default(IptBuild *b, size_t chain)
{
        const RulesetDirection *d = &b->ruleset->directions[b->direction];
        uint64_t id = DEFAULT_COUNTER_ID(b->direction);

        if (d->log_default)
                build_log(b, chain, d->default_action, id);
        add_comment(b, id);
        ipt_build_verdict(b, chain, verdict_of(d->default_action));
}
