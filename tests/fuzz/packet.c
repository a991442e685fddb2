/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Words of packets: what is refused says why, what is taken gets one verdict of every ruleset. */

#include "rules/ruleset/packet.h"
#include "rules/address/address.h"
#include "rules/base/diagnostic.h"
#include "rules/base/strv.h"
#include "rules/compile/compile.h"
#include "rules/policy/names.h"
#include "rules/policy/policy.h"
#include "rules/policy/ports.h"
#include "rules/policy/state.h"
#include "rules/ruleset/evaluate.h"
#include "rules/words/packet.h"

#include <errno.h>
#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

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
        if (!streq(name, "root"))
                return streq(name, "later") ? -EAGAIN : -ENOENT;
        *ret = 0;
        return 0;
}

static int find_unit(void *data, const char *name, Cgroup *ret)
{
        (void)data;
        (void)name;
        (void)ret;
        return -ENOENT;
}

static const Names names = { .user = find_name, .group = find_name, .unit = find_unit };

/* Everything managed and closed. */
static Ruleset *closed_ruleset(void)
{
        _cleanup_(policy_free_p) Policy *p = policy_new();
        Ruleset *r = NULL;

        expect(p != NULL, "memory");
        p->state->lockdown = true;
        expect(compile_policy(p, &names, NULL, &r) == 0, "lockdown compiles");
        return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
        static Ruleset *closed;
        _cleanup_free_ char *text = strndup((const char *)data, n);
        _cleanup_strv_ char **words = NULL;
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        Verdict v;
        Packet p;
        int r;

        if (!closed)
                closed = closed_ruleset();
        if (!text)
                return 0;
        r = packet_parse(text, &names, (Place){ 0 }, &d, &p, &words);
        expect((r < 0) == (d.n_errors > 0), "an error has a word, a packet has none");
        if (r < 0)
                return 0;
        expect(p.port != 0 && (p.family == FAMILY_IPV4 || p.family == FAMILY_IPV6), "a packet");
        expect(!p.has_from || p.from.family == p.family, "the family of from");
        expect(!p.has_to || p.to.family == p.family, "the family of to");
        evaluate(closed, &p, &v);
        expect(!v.rule && v.by_default == ports_contain(&mail_ports_default, p.port), "lockdown");
        return 0;
}
