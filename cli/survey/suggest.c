/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns the judgement which roles fit a host. Looks at nothing itself.
 */

#include "cli/survey/suggest.h"

#include "rules/base/buffer.h"
#include "rules/base/strv.h"
#include "rules/base/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

/* So many accounts make a host one that people share. */
#define SHARED_ACCOUNTS 3

void host_facts_deinit(HostFacts *f)
{
        free(f->smtp_listener);
        free(f->local_listener);
        free(f->submission_listener);
        strv_free(f->destinations);
        free(f->bridge);
        *f = (HostFacts){ 0 };
}

void suggestions_deinit(Suggestions *s)
{
        for (size_t i = 0; i < s->n; i++)
                free(s->items[i].reason);
        *s = (Suggestions){ 0 };
}

static int suggest(Suggestions *s, const char *role, const char *format, ...) _printf_(3, 4);
static int suggest(Suggestions *s, const char *role, const char *format, ...)
{
        char *reason;
        va_list ap;
        int r;

        va_start(ap, format);
        r = text_vprintf(&reason, format, ap);
        va_end(ap);
        if (r < 0)
                return r;
        s->items[s->n++] = (Suggestion){ role, reason };
        return 0;
}

/* A host that receives, from everywhere or, as far as can be seen, from private networks only. */
static int suggest_receiver(const HostFacts *f, Suggestions *s)
{
        if (f->private_peers > 0 && f->public_peers == 0)
                return suggest(s, "internal-relay",
                        "%s listens on port 25, and all %zu connected to it now are of private "
                        "networks (name them in vars: internal; mx if it serves the Internet)",
                        f->smtp_listener, f->private_peers);
        if (f->public_peers > 0)
                return suggest(s, "mx",
                        "%s listens on port 25, and %zu of the Internet are connected to it now",
                        f->smtp_listener, f->public_peers);
        return suggest(s, "mx", "%s listens on port 25 for others", f->smtp_listener);
}

/* Hosts without one send with a mail server of their own, through others, or not at all. */
static int suggest_sender(const HostFacts *f, Suggestions *s)
{
        _cleanup_buffer_ Buffer list = { 0 };

        if (f->local_listener && !f->submission_listener)
                return suggest(s, "outbound-mta", "%s listens on port 25 for this host only",
                        f->local_listener);
        if (f->submission_listener)
                return 0;
        STRV_FOREACH (destination, f->destinations)
                buffer_printf(&list, "%s%s", list.length > 0 ? ", " : "", *destination);
        if (list.failed)
                return -ENOMEM;
        if (f->destinations)
                return suggest(s, "app-server",
                        "nothing listens on port 25, and mail goes to %s (name them in vars: "
                        "smarthosts, if that is meant)",
                        list.data);
        return suggest(s, "app-server",
                "nothing listens on a mail port, and nothing sends on port 25 now (no-mail if it "
                "shall not submit mail either)");
}

int roles_suggest(const HostFacts *f, Suggestions *ret)
{
        Suggestions s = { 0 };
        int r;

        r = f->smtp_listener ? suggest_receiver(f, &s) : suggest_sender(f, &s);
        if (r >= 0 && f->submission_listener)
                r = suggest(&s, "submission", "%s listens on a port for submission",
                        f->submission_listener);
        if (r >= 0 && f->accounts >= SHARED_ACCOUNTS && (f->smtp_listener || f->local_listener))
                r = suggest(&s, "shared-hosting",
                        "%u people have an account here, besides the mail server", f->accounts);
        if (r >= 0 && f->bridge && f->forwards)
                r = suggest(&s, "container-host",
                        "%s connects containers or virtual machines, and this host forwards",
                        f->bridge);
        if (r < 0) {
                suggestions_deinit(&s);
                return r;
        }
        *ret = s;
        return 0;
}
