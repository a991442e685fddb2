/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns the sentences and codes of `explain`. The verdict is evaluate.c's, the order compile.c's.
 */

#include "rules/report/explain.h"

#include "rules/base/strv.h"
#include "rules/policy/rule.h"
#include "rules/ruleset/compiledrule.h"
#include "rules/ruleset/evaluate.h"
#include "rules/ruleset/packet.h"
#include "rules/ruleset/ruleset.h"
#include "rules/words/words.h"

#include <errno.h>

static const char *origin_to_string(DefaultOrigin o)
{
        switch (o) {
        case DEFAULT_BUILTIN:
                return "built in";
        case DEFAULT_ROLE:
                return "the strictest of the active roles";
        case DEFAULT_CONF:
                return "p25.conf";
        case DEFAULT_P25CTL:
                return "p25ctl default";
        }
        return "";
}

static bool same_source(const Rule *a, const Rule *b)
{
        return a->source == b->source && streq_null(a->source_name, b->source_name);
}

/* The rules of one source, first to end, and whether the verdict is among them. */
static int path_add_source(
        char ***path, const RulesetDirection *d, size_t first, size_t end, const Verdict *v)
{
        _cleanup_free_ char *source = NULL, *words = NULL;
        int r;

        r = rule_source_format(d->rules[first].rule, &source);
        if (r < 0)
                return r;
        source[strcspn(source, ":")] = source[strcspn(source, ":")] ? ' ' : '\0';
        if (!v->rule || v->index >= end)
                return strv_printf(path, "%s: no rule for this direction matches", source);
        r = rule_words_print_until(v->rule->rule, &words);
        if (r < 0)
                return r;
        return strv_printf(path, "matched: %s (%s)", words, source);
}

static int path_add_rules(char ***path, const RulesetDirection *d, const Verdict *v)
{
        size_t first = 0, last = v->rule ? v->index + 1 : d->n;

        while (first < last) {
                size_t end = first + 1;
                int r;

                while (end < d->n && same_source(d->rules[end].rule, d->rules[first].rule))
                        end++;
                r = path_add_source(path, d, first, end, v);
                if (r < 0)
                        return r;
                first = end;
        }
        return 0;
}

/* The verdict of the part that decided, and whether it is enforced or only reported. */
static Action verdict_stated(const Verdict *v)
{
        return v->audited != ACTION_ALLOW ? v->audited : v->action;
}

static int path_add_end(char ***path, const Ruleset *r, const Packet *p, const Verdict *v)
{
        if (v->rule)
                return 0;
        if (!v->by_default)
                return strv_printf(path,
                        "no rule matches, and the port is not managed: the connection is allowed");
        return strv_printf(path, "the default of %s connections applies: %s (%s)",
                direction_to_adjective(p->direction), action_to_string(verdict_stated(v)),
                origin_to_string(r->default_origins[p->direction]));
}

/* A connection that passes only because what refuses it is in audit. */
static int path_add_audit(
        char ***path, const RulesetDirection *d, const Packet *p, const Verdict *v)
{
        const char *would = v->audited == ACTION_LIMIT  ? "would be limited"
                            : v->audited == ACTION_DENY ? "would be denied"
                                                        : "would be rejected";

        if (v->audited == ACTION_ALLOW)
                return 0;
        if (d->audit)
                return strv_printf(path,
                        "the connection %s, but the direction (%s) is in audit: it is reported and "
                        "passes",
                        would, direction_to_adjective(p->direction));
        if (v->rule)
                return strv_printf(path,
                        "the connection %s, but role %s is in audit: it is reported and passes",
                        would, v->rule->rule->source_name);
        return strv_printf(path,
                "the connection %s, but only by roles that are in audit: it is reported and passes",
                would);
}

/* A lent id is judged as its owner's. */
static int path_add_owner(char ***path, const Ruleset *r, const Packet *p)
{
        uint32_t owner;
        int k = 0;

        if (p->has_uid && id_ranges_owner(&r->subordinates.users, p->uid, &owner))
                k = strv_printf(path, "uid %u is a subordinate id of uid %u", p->uid, owner);
        if (k >= 0 && p->has_gid && id_ranges_owner(&r->subordinates.groups, p->gid, &owner))
                k = strv_printf(path, "gid %u is a subordinate id of gid %u", p->gid, owner);
        return k;
}

static int path_make(const Ruleset *r, const Packet *p, const Verdict *v, char ***ret)
{
        _cleanup_strv_ char **path = NULL;
        const RulesetDirection *d;
        int k;

        if (!r) {
                k = strv_printf(&path, "p25 is inactive: nothing is refused");
                if (k >= 0)
                        *ret = TAKE_PTR(path);
                return k;
        }
        d = &r->directions[p->direction];
        k = strv_printf(&path, "port %u is %smanaged (%s)", p->port,
                ports_contain(&d->managed, p->port) ? "" : "not ",
                direction_to_adjective(p->direction));
        if (k >= 0 && r->lockdown)
                k = strv_printf(&path, "lockdown is on");
        if (k >= 0)
                k = path_add_owner(&path, r, p);
        if (k >= 0)
                k = path_add_rules(&path, d, v);
        if (k >= 0)
                k = path_add_end(&path, r, p, v);
        if (k >= 0)
                k = path_add_audit(&path, d, p, v);
        if (k < 0)
                return k;
        *ret = TAKE_PTR(path);
        return 0;
}

void explanation_deinit(Explanation *e)
{
        strv_free(e->assumptions);
        strv_free(e->path);
        *e = (Explanation){ 0 };
}

static const char *verdict_code(const Ruleset *r, const Verdict *v)
{
        if (v->rule)
                return "P25_RULE";
        if (!r || !v->by_default)
                return "UNDETERMINED";
        return r->lockdown ? "P25_LOCKDOWN" : "P25_DEFAULT";
}

/* A rule that asks for an interface which the packet leaves open. */
static int assume_interface(const Ruleset *r, const Packet *p, const Verdict *v, char ***sentences)
{
        const CompiledRule *rule = r ? rule_in_doubt(r, p, (Doubt){ .interfaces = true }, v) : NULL;
        _cleanup_free_ char *words = NULL;
        int k = rule ? rule_words_print_until(rule->rule, &words) : 0;

        if (!rule || k < 0)
                return k;
        return strv_printf(sentences,
                "the packet does not pass the interface that this rule asks for (%s): %s",
                p->direction == DIRECTION_ROUTED ? "in on IFACE out on IFACE names it"
                                                 : "on IFACE names it",
                words);
}

int explain(const Ruleset *r, const Packet *p, const Verdict *v, Explanation *ret)
{
        _cleanup_explanation_ Explanation e = { .code = verdict_code(r, v) };
        int k = path_make(r, p, v, &e.path);

        if (k >= 0)
                k = assume_interface(r, p, v, &e.assumptions);
        if (k < 0)
                return k;
        e.effective = action_to_string(v->action);
        *ret = TAKE_STRUCT(e);
        return 0;
}

int explain_offline(const Ruleset *r, const Packet *p, const Verdict *v, Explanation *ret)
{
        int k = explain(r, p, v, ret);

        if (k < 0 || v->action == ACTION_DENY || v->action == ACTION_REJECT)
                return k;
        ret->effective = "undetermined";
        return strv_printf(&ret->assumptions, "other firewalls on this host are not considered");
}
