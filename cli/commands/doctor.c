/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns `doctor`: one finding a line, what it means and what to do. The looking is cli/doctor's.
 */

#include "cli/doctor/doctor.h"
#include "cli/client/client.h"
#include "cli/commands/commands.h"
#include "cli/survey/listening.h"
#include "daemon/api/api.h"
#include "rules/base/buffer.h"
#include "rules/base/json.h"
#include "rules/policy/ports.h"

#include <errno.h>

static int findings_tell(Cli *c, const Findings *f)
{
        _cleanup_buffer_ Buffer b = { 0 };
        Json *list = json_new_array();

        for (size_t i = 0; i < f->n; i++) {
                const Finding *one = &f->items[i];
                Json *object = json_new_object();

                buffer_printf(&b, "%s: %s [%s]%s%s\n", finding_kind_to_string(one->kind), one->text,
                        one->code, *one->hint ? ": " : "", one->hint);
                json_set(object, "severity", json_new_string(finding_kind_to_string(one->kind)));
                json_set(object, "code", json_new_string(one->code));
                json_set(object, "text", json_new_string(one->text));
                json_set(object, "hint", json_new_string(one->hint));
                json_append(list, object);
        }
        if (f->failed || b.failed) {
                json_free(list);
                return cli_fail_errno(c, -ENOMEM, "doctor");
        }
        return cli_text(c, b.data ? b.data : "", list);
}

/* Questions to p25d; without it, the rest is examined. */
static int daemon_look(Cli *c, Findings *f)
{
        int status = doctor_ask(c, f);

        if (status == 0)
                doctor_look_at_host(c, f);
        return status == 0 ? doctor_look_at_relayhosts(c, f) : status;
}

static int listeners_look(Cli *c, bool asked, Findings *f)
{
        Listeners l = { 0 };
        int status, r = listeners_read(&mail_ports_default, &l);

        if (r < 0)
                return cli_fail_errno(c, r, "/proc/net/tcp");
        status = asked ? doctor_look_at_listeners(c, &l, f) : 0;
        if (status == 0)
                status = doctor_talk_to_listeners(c, &l, f);
        listeners_deinit(&l);
        return status;
}

int command_doctor(Cli *c, _unused_ const Verb *v, char **args, size_t n)
{
        Findings f = { 0 };
        bool asked;
        int status = 0;

        for (size_t i = 0; i < n; i++)
                if (!doctor_target_is_valid(args[i]))
                        return cli_fail(c, EXIT_BAD_INPUT,
                                "'%s' is not a valid address or host name", args[i]);
        asked = client_is_reachable(c);
        if (!asked)
                findings_add(&f, FINDING_PROBLEM, "NOT_RUNNING", "systemctl start p25d.service",
                        "p25d does not answer: what the policy says is not known");
        if (asked)
                status = daemon_look(c, &f);
        if (status == 0)
                status = listeners_look(c, asked, &f);
        if (status == 0)
                status = doctor_look_at_targets(c, args, n, asked, &f);
        if (status == 0)
                status = findings_tell(c, &f);
        if (status == 0 && findings_have_problem(&f))
                status = EXIT_FAILED;
        findings_deinit(&f);
        return status;
}
