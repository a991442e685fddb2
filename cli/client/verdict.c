/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "cli/client/verdict.h"

#include "cli/client/client.h"
#include "rules/base/json.h"

#include <errno.h>
#include <stdio.h>

void client_verdict_deinit(ClientVerdict *v)
{
        free(v->p25);
        free(v->effective);
        free(v->code);
        free(v->foreign);
        *v = (ClientVerdict){ 0 };
}

/* The last of the others that may stop it: the one that decides. */
static int foreign_read(const Json *answer, ClientVerdict *ret)
{
        const Json *all = json_get(answer, "foreign");
        size_t n = json_array_length(all);
        const Json *last = n > 0 ? json_array_item(all, n - 1) : NULL;
        const char *table = json_get_string(last, "table"), *chain = json_get_string(last, "chain");

        if (!table || !chain)
                return 0;
        return asprintf(&ret->foreign, "table %s, chain %s", table, chain) < 0 ? -ENOMEM : 0;
}

static int verdict_read(sd_bus_message *reply, ClientVerdict *ret)
{
        _cleanup_(json_free_p) Json *answer = NULL;
        const char *verdict, *effective, *code;
        int r = client_read_dict(reply, &answer);

        if (r < 0)
                return r;
        verdict = json_get_string(answer, "verdict");
        effective = json_get_string(answer, "effective");
        code = json_get_string(answer, "code");
        if (!verdict || !effective || !code)
                return -EBADMSG;
        ret->p25 = strdup(verdict);
        ret->effective = strdup(effective);
        ret->code = strdup(code);
        return ret->p25 && ret->effective && ret->code ? foreign_read(answer, ret) : -ENOMEM;
}

static int question_append(sd_bus_message *m, const VerdictQuestion *q)
{
        int r;

        if ((r = sd_bus_message_open_container(m, 'a', "{sv}")) < 0 ||
                (r = sd_bus_message_append(m, "{sv}", "direction", "s", q->direction)) < 0 ||
                (r = sd_bus_message_append(m, "{sv}", "port", "q", q->port)) < 0 ||
                (q->to && (r = sd_bus_message_append(m, "{sv}", "to", "s", q->to)) < 0) ||
                (q->user && (r = sd_bus_message_append(m, "{sv}", "user", "s", q->user)) < 0))
                return r;
        return sd_bus_message_close_container(m);
}

int client_ask_verdict(Cli *c, const VerdictQuestion *q, ClientVerdict *ret)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL, *reply = NULL;
        int status, r;

        status = client_message(c, "Explain", &m);
        if (status != 0)
                return status;
        r = question_append(m, q);
        status = r < 0 ? client_fail_message(c, r) : client_call(c, m, &reply);
        if (status != 0)
                return status;
        r = verdict_read(reply, ret);
        return r < 0 ? client_fail_message(c, r) : 0;
}

int client_ask_listener(
        Cli *c, const char *address, uint16_t port, Family family, ClientVerdict *ret)
{
        VerdictQuestion q = { .direction = "in",
                .port = port,
                .to = family == FAMILY_IPV4 && strchr(address, ':') ? "0.0.0.0" : address };

        return client_ask_verdict(c, &q, ret);
}
