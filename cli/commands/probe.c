/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "cli/commands/probe.h"

#include "cli/client/client.h"
#include "cli/probe/probe.h"
#include "daemon/api/api.h"
#include "daemon/host/host.h"
#include "rules/base/diagnostic.h"
#include "rules/base/json.h"
#include "rules/base/strv.h"
#include "rules/base/text.h"
#include "rules/policy/names.h"
#include "rules/ruleset/packet.h"
#include "rules/words/packet.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <strings.h>
#include <unistd.h>

/* ---- what may be asked ---- */

static int backend_check(Cli *c)
{
        _cleanup_free_ char *backend = NULL;
        int status = client_get_string(c, "Backend", &backend);

        if (status == 0 && streq(backend, "iptables"))
                return cli_fail(c, EXIT_BAD_INPUT,
                        "--probe is not supported by the iptables backend: legacy iptables reports "
                        "nothing of the chains that a packet passes");
        return status;
}

int probe_check(Cli *c, const Question *q)
{
        const char *direction = q->texts[QUESTION_DIRECTION];

        if (c->root || c->host)
                return cli_fail(c, EXIT_BAD_INPUT,
                        "--probe sends a packet from this host: it cannot be used with --%s",
                        c->root ? "root" : "host");
        if (c->at)
                return cli_fail(c, EXIT_BAD_INPUT, "--probe cannot be used with --at");
        if (!direction || strcasecmp(direction, "out") != 0)
                return cli_fail(c, EXIT_BAD_INPUT,
                        "--probe can only be used with 'out': a packet that comes in or is routed "
                        "cannot be made here");
        if (!q->texts[QUESTION_TO])
                return cli_fail(
                        c, EXIT_BAD_INPUT, "--probe requires a destination: add 'to ADDRESS'");
        if (q->texts[QUESTION_UNIT])
                return cli_fail(c, EXIT_BAD_INPUT,
                        "--probe cannot be used with 'unit': the probe's process is in no unit; "
                        "use "
                        "'user' and 'group'");
        if (geteuid() != 0)
                return cli_fail(c, EXIT_NOT_AUTHORISED, "only root may use --probe");
        return backend_check(c);
}

/* ---- the question ---- */

bool probe_complete(Question *q)
{
        if (q->texts[QUESTION_USER])
                return false;
        q->texts[QUESTION_USER] = "0";
        return true;
}

int probe_question(Cli *c, const Question *q, ProbeResult *ret)
{
        _cleanup_(host_names_free_p) HostNames *host = NULL;
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        Packet packet;
        Names names;
        int status, r = host_names_new(true, &host);

        if (r < 0)
                return cli_fail_errno(c, r, "names");
        names = host_names(host);
        r = question_resolve(q, &names, (Place){ 0 }, &d, &packet);
        status = cli_tell_diagnostics(c, &d);
        if (status == 0 && r < 0)
                status = cli_fail_errno(c, r, "explain");
        if (status == 0 && !packet.has_to)
                status = cli_fail(c, EXIT_BAD_INPUT, "--probe requires one address as destination");
        return status != 0 ? status : probe_run(c, &packet, ret);
}

/* ---- the answer ---- */

static const struct {
        const char *verdict, *sentence;
        bool outside; /* nf_tables has nothing to do with it */
} ends[_PROBE_MAX] = {
        [PROBE_PASSED] = { "allow", "the packet passed all chains, and was dropped before it left",
                false },
        [PROBE_DROPPED] = { "deny", NULL, false },
        [PROBE_REJECTED] = { "reject", NULL, false },
        [PROBE_STOPPED_OUTSIDE] = { "deny",
                "it was dropped outside nftables (legacy iptables, BPF, traffic control)", true },
        [PROBE_REJECTED_OUTSIDE] = { "reject",
                "it was rejected outside nftables (legacy iptables, BPF)", true },
        [PROBE_NO_ROUTE] = { "reject", "this host has no route to the address", true },
        [PROBE_LOST] = { "undetermined", "parts of the trace were lost; try again", false },
};

static int sentence_make(const ProbeResult *r, char **ret)
{
        char rule[64] = "its policy";

        if (!r->table)
                return strdup_null(ends[r->end].sentence, ret);
        if (r->rule != 0)
                snprintf(rule, sizeof(rule), "the rule with handle %" PRIu64, r->rule);
        return asprintf(ret, "%s by table %s, chain %s, %s",
                       r->end == PROBE_REJECTED ? "rejected" : "dropped", r->table, r->chain,
                       rule) < 0
                       ? -ENOMEM
                       : 0;
}

/* A limit may have let it pass or not; an undetermined verdict is now known. */
static bool agrees(const char *verdict, const char *effective)
{
        return streq(verdict, effective) || streq(effective, "undetermined") ||
               streq(effective, "limit") || streq(verdict, "undetermined");
}

static Json *probe_json(const ProbeResult *r, const char *sentence)
{
        Json *object = json_new_object();

        json_set(object, "verdict", json_new_string(ends[r->end].verdict));
        json_set(object, "table", json_new_string(r->table));
        json_set(object, "chain", json_new_string(r->chain));
        json_set(object, "rule",
                r->rule != 0 ? json_new_integer((int64_t)r->rule) : json_new_null());
        json_set(object, "outside", json_new_bool(ends[r->end].outside));
        json_set(object, "text", json_new_string(sentence));
        json_set(object, "trace", json_new_strv(r->trace));
        return object;
}

int probe_tell(Cli *c, const ProbeResult *r, const char *effective, Json **ret)
{
        const char *verdict = ends[r->end].verdict;
        _cleanup_free_ char *sentence = NULL;

        if (sentence_make(r, &sentence) < 0)
                return cli_fail_errno(c, -ENOMEM, "explain");
        cli_say(c, "Probe: %s: %s", verdict, sentence);
        STRV_FOREACH (line, r->trace)
                cli_say(c, "  %s", *line);
        if (!agrees(verdict, effective))
                cli_say(c,
                        "Note: the probe met something that was not read from the rules "
                        "(effective: %s)",
                        effective);
        *ret = probe_json(r, sentence);
        return 0;
}
