/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Parses, evaluates and judges each assertion. */

#include "rules/compile/assertions.h"

#include "rules/base/buffer.h"
#include "rules/base/strv.h"
#include "rules/policy/assertion.h"
#include "rules/policy/assertions.h"
#include "rules/policy/fragment.h"
#include "rules/policy/policy.h"
#include "rules/policy/role.h"
#include "rules/policy/rule.h"
#include "rules/ruleset/compiledrule.h"
#include "rules/ruleset/evaluate.h"
#include "rules/ruleset/packet.h"
#include "rules/ruleset/ruleset.h"
#include "rules/words/packet.h"

#include <errno.h>
#include <stdio.h>

/* Describes the part of the policy that decided: "rule 3 (p25ctl)", "FILE:7 (role:mx)", "the
 * default", "no rule". */
static int decider_format(const Verdict *v, char **ret)
{
        _cleanup_free_ char *source = NULL;
        _cleanup_buffer_ Buffer b = { 0 };
        const Rule *rule = v->rule ? v->rule->rule : NULL;

        if (!rule) {
                buffer_add_string(&b, v->by_default ? "the default" : "no rule");
                return buffer_take(&b, ret);
        }
        if (rule_source_format(rule, &source) < 0)
                return -ENOMEM;
        if (rule->file)
                buffer_printf(&b, "the rule at %s:%u (%s)", rule->file, rule->line, source);
        else
                buffer_printf(&b, "rule %zu (%s)", v->index + 1, source);
        return buffer_take(&b, ret);
}

static bool verdict_satisfies(Action found, Action asserted)
{
        return found == asserted || (found == ACTION_LIMIT && asserted == ACTION_ALLOW);
}

/* Reports a packet that does not parse, at its place. */
static int packet_tell(const Assertion *a, size_t i, const Diagnostics *wrong, Diagnostics *d)
{
        char setting[48];
        int k = 0;

        snprintf(setting, sizeof(setting), "assert[%zu].packet", i);
        for (size_t n = 0; k != -ENOMEM && n < wrong->n; n++)
                k = diagnostics_error(d, ((Place){ a->file, a->line }), setting, "%s: %s", setting,
                        wrong->items[n].text);
        return k;
}

static int assertion_check(
        const Assertion *a, size_t i, const Ruleset *r, const Names *names, Diagnostics *d)
{
        _cleanup_diagnostics_ Diagnostics wrong = { 0 };
        _cleanup_free_ char *decider = NULL;
        _cleanup_strv_ char **words = NULL;
        Place place = { a->file, a->line };
        Verdict v;
        Packet p;
        int k;

        k = packet_parse(a->packet, names, place, &wrong, &p, &words);
        if (k < 0)
                return packet_tell(a, i, &wrong, d) == -ENOMEM ? -ENOMEM : k;
        evaluate(r, &p, &v);
        if (verdict_satisfies(v.action, a->verdict))
                return 0;
        if (decider_format(&v, &decider) < 0)
                return -ENOMEM;
        if (v.audited == ACTION_ALLOW)
                k = diagnostics_error(d, place, "assert",
                        "assertion \"%s\" fails: %s says %s, not %s", a->packet, decider,
                        action_to_string(v.action), action_to_string(a->verdict));
        else
                k = diagnostics_error(d, place, "assert",
                        "assertion \"%s\" fails: %s says %s, but is in audit, which lets the "
                        "connection pass",
                        a->packet, decider, action_to_string(v.audited));
        return k == -ENOMEM ? k : -EPERM;
}

/* Not an error of the policy: the name service is not up yet. */
static int assertion_postpone(const Assertion *a, Diagnostics *d)
{
        return diagnostics_add(d, SEVERITY_NOTE, (Place){ a->file, a->line }, "assert",
                "assertion \"%s\" is not checked: its names cannot be looked up yet", a->packet);
}

typedef struct Outcome {
        bool bad, failed; /* an assertion does not parse; one does not hold */
} Outcome;

static int list_check(
        const Assertions *l, const Ruleset *r, const Names *names, Diagnostics *d, Outcome *outcome)
{
        for (size_t i = 0; i < l->n; i++) {
                _cleanup_diagnostics_ Diagnostics found = { 0 };
                int k = assertion_check(l->items + i, i, r, names, &found);

                if (k == -EAGAIN) {
                        if (assertion_postpone(l->items + i, d) < 0)
                                return -ENOMEM;
                        continue;
                }
                if (k == -ENOMEM || (d && diagnostics_move(d, &found) < 0))
                        return -ENOMEM;
                outcome->failed |= k == -EPERM;
                outcome->bad |= k < 0 && k != -EPERM;
        }
        return 0;
}

static int all_check(
        const Policy *p, const Ruleset *r, const Names *names, Diagnostics *d, Outcome *outcome)
{
        const Fragment *f;
        const Role *role;
        int k = 0;

        for (size_t i = 0; k == 0 && (f = policy_fragment(p, i)); i++)
                k = list_check(&f->assertions, r, names, d, outcome);
        for (size_t i = 0; k == 0 && (role = policy_next_role(p, &i));)
                k = list_check(&role->assertions, r, names, d, outcome);
        return k;
}

int assertions_check(const Policy *p, const Ruleset *r, const Names *names, Diagnostics *d)
{
        Outcome outcome = { 0 };
        int k;

        if (r->lockdown)
                return 0;
        k = all_check(p, r, names, d, &outcome);
        if (k < 0)
                return k;
        return outcome.failed ? -EPERM : outcome.bad ? -EINVAL : 0;
}
