/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * A whole p25.conf, with two roles to name: what does not compile says why; what compiles does so
 * again, to the same text, without a difference, and gives every packet a verdict.
 */

#include "rules/compile/compile.h"
#include "rules/base/strv.h"
#include "rules/compare/difference.h"
#include "rules/compile/assertions.h"
#include "rules/config/parse.h"
#include "rules/policy/names.h"
#include "rules/policy/policy.h"
#include "rules/policy/rule.h"
#include "rules/ruleset/compiledrule.h"
#include "rules/ruleset/evaluate.h"
#include "rules/ruleset/packet.h"
#include "rules/ruleset/print.h"
#include "rules/ruleset/ruleset.h"

#include <errno.h>
#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
const char *__lsan_default_suppressions(void);

/* libconfig 1.5 loses the text of a string that a syntax error ends. */
const char *__lsan_default_suppressions(void)
{
        return "leak:strbuf_append";
}

static void expect(bool ok, const char *what)
{
        if (!ok) {
                fprintf(stderr, "%s\n", what);
                abort();
        }
}

static int find_name(void *data, const char *name, uint32_t *ret)
{
        (void)data;
        if (!streq(name, "root") && !streq(name, "mail"))
                return streq(name, "later") ? -EAGAIN : -ENOENT;
        *ret = streq(name, "mail") ? 8 : 0;
        return 0;
}

static int find_unit(void *data, const char *name, Cgroup *ret)
{
        (void)data;
        if (!streq(name, "a.service"))
                return -ENOENT;
        *ret = (Cgroup){ .id = 5, .level = 2 };
        return 0;
}

static const Names names = { .user = find_name, .group = find_name, .unit = find_unit };

static const char *const role_texts[] = {
        "role = { name = \"r\"; summary = \"x\"; manages = [ \"all\" ];"
        "vars = { v = { type = \"networks\"; required = true; };"
        "u = { type = \"users\"; default = [ \"root\", \"nobody\" ]; };"
        "p = { type = \"ports\"; default = [ \"smtp\", \"submission\" ]; }; };"
        "default = { incoming = \"deny\"; };"
        "rules = ( { action = \"allow\"; direction = \"in\"; from = \"$v\"; ports = \"$p\"; },"
        "{ action = \"limit\"; direction = \"out\"; user = \"$u\"; } ); };",
        "role = { name = \"s\"; summary = \"x\"; manages = { routed = [ \"submission\" ]; };"
        "default = { routed = \"reject\"; outgoing = \"reject\"; }; };",
};

static Policy *policy_with_roles(void)
{
        Policy *p = policy_new();

        expect(p != NULL, "memory");
        p->roles = calloc(ELEMENTS(role_texts), sizeof(*p->roles));
        expect(p->roles != NULL, "memory");
        for (size_t i = 0; i < ELEMENTS(role_texts); i++) {
                const char *text = role_texts[i];

                expect(parse_role(text, strlen(text), "role", NULL, p->roles + i) == 0, "roles");
                p->n_roles++;
        }
        return p;
}

static void packets_judge(const Ruleset *r)
{
        for (unsigned i = 0; i < 30; i++) {
                Packet p = { .direction = (Direction)(i % 3),
                        .port = i % 2 ? 25 : 587,
                        .family = i % 5 ? FAMILY_IPV4 : FAMILY_IPV6,
                        .has_uid = i % 3 == 1 };
                Verdict v;

                p.has_from = i % 4 != 0;
                p.from = (Address){ .family = p.family, .bytes = { (uint8_t)(10 * i), 1 } };
                evaluate(r, &p, &v);
                expect(v.action >= 0 && v.action < _ACTION_MAX, "a verdict");
                expect(!v.rule || v.rule == r->directions[p.direction].rules + v.index, "a rule");
                expect(v.rule || v.action != ACTION_LIMIT, "no limit by default");
        }
}

/* The effect of a ruleset on a host that had none; it has none on one that has the same. */
static void difference_expect(const Ruleset *r, const Ruleset *again)
{
        _cleanup_(difference_free_p) Difference *d = NULL;
        _cleanup_strv_ char **lines = NULL;
        int k = difference_compute_within(NULL, r, &(Steps){ .max = 100000 }, &d);

        expect(k == 0 || k == -E2BIG, "a difference");
        expect(k < 0 || difference_print(d, NULL, 10, &lines) == 0, "its lines");
        expect(k < 0 || (lines != NULL) == (d->n > 0), "a line for each");
        k = difference_exists(r, again, &(Steps){ .max = 100000 });
        expect(k == 0 || k == -E2BIG, "no difference");
}

static void ruleset_expect(const Policy *p, const Ruleset *r)
{
        _cleanup_(ruleset_free_p) Ruleset *again = NULL;
        _cleanup_free_ char *text = NULL, *second = NULL;

        for (Direction d = 0; d < _DIRECTION_MAX; d++)
                for (size_t i = 0; i < r->directions[d].n; i++) {
                        const CompiledRule *c = r->directions[d].rules + i;

                        expect(c->rule->id != 0 && c->ports.n > 0, "a rule has id and ports");
                        expect(compiled_rule_limits(c) == (c->limit.rate || c->limit.open),
                                "a limit has numbers");
                        expect(c->audited == ACTION_ALLOW || c->action == ACTION_ALLOW,
                                "what is in audit passes");
                        expect(!c->from.any || c->from.n == 0, "any has no alternatives");
                }
        packets_judge(r);
        expect(compile_policy(p, &names, NULL, &again) == 0, "again");
        expect(ruleset_print(r, &text) == 0 && ruleset_print(again, &second) == 0, "print");
        expect(streq(text, second), "the same text");
        difference_expect(r, again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
        _cleanup_(policy_free_p) Policy *p = policy_with_roles();
        _cleanup_(ruleset_free_p) Ruleset *r = NULL;
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        _cleanup_free_ char *text = malloc(n + 1);
        int k;

        expect(text != NULL, "memory");
        memcpy(text, data, n);
        text[n] = '\0';
        if (parse_host(text, n, "p25.conf", &d, &p->host) < 0)
                return 0;
        expect(d.n_errors == 0, "parsed with an error");
        k = compile_policy(p, &names, &d, &r);
        expect((k < 0) == (d.n_errors > 0), "an error has a word");
        if (k < 0)
                return 0;
        ruleset_expect(p, r);
        k = assertions_check(p, r, &names, &d);
        expect((k < 0) == (d.n_errors > 0), "a broken assertion has a word");
        return 0;
}
