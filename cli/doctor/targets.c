/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns the looking at another host: each mail port is open, closed, filtered here or filtered
 * elsewhere. The only part that sends anything beyond this host.
 */

#include "cli/client/verdict.h"
#include "cli/doctor/doctor.h"
#include "cli/doctor/smtp.h"
#include "rules/policy/ports.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PORT_SMTP = 25, PORT_SUBMISSIONS = 465 };
#define TARGET_TIMEOUT_MSEC 4000

/* The first address of each family. */
typedef struct Target {
        const char *name;
        Address addresses[2];
        size_t n;
} Target;

bool doctor_target_is_valid(const char *name)
{
        static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                      "0123456789.-_";
        const char *reason;
        Address a;

        if (address_parse(name, strlen(name), &a, &reason) >= 0)
                return true;
        return *name && *name != '-' && *name != '.' && strlen(name) < NI_MAXHOST &&
               name[strspn(name, letters)] == '\0';
}

static void address_take(Target *t, const struct addrinfo *i)
{
        const struct sockaddr_in *v4 = (const void *)i->ai_addr;
        const struct sockaddr_in6 *v6 = (const void *)i->ai_addr;
        Address a = { .family = i->ai_family == AF_INET ? FAMILY_IPV4 : FAMILY_IPV6 };

        if (i->ai_family != AF_INET && i->ai_family != AF_INET6)
                return;
        if (t->n == ELEMENTS(t->addresses) || (t->n == 1 && t->addresses[0].family == a.family))
                return;
        if (a.family == FAMILY_IPV4)
                memcpy(a.bytes, &v4->sin_addr, 4);
        else
                memcpy(a.bytes, &v6->sin6_addr, 16);
        t->addresses[t->n++] = a;
}

static bool target_resolve(Target *t, Findings *f)
{
        struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *all;
        int r = getaddrinfo(t->name, NULL, &hints, &all);

        if (r != 0) {
                findings_add(f, FINDING_PROBLEM, "NO_ADDRESS", "look at the name, and at DNS",
                        "%s: %s", t->name, gai_strerror(r));
                return false;
        }
        for (struct addrinfo *i = all; i; i = i->ai_next)
                address_take(t, i);
        freeaddrinfo(all);
        return t->n > 0;
}

/* ---- one port ---- */

typedef struct Attempt {
        const Target *target;
        const char *address;
        uint16_t port;
        SmtpTalk talk;
        ClientVerdict verdict; /* of this host; all NULL: not known */
} Attempt;

static bool stopped_here(const Attempt *a)
{
        const char *e = a->verdict.effective;

        return e && (streq(e, "deny") || streq(e, "reject"));
}

static void tell_filtered_here(const Attempt *a, Findings *f)
{
        findings_add(f, FINDING_PROBLEM, "FILTERED_HERE", "p25ctl explain out names the rule",
                "%s (%s) port %u: refused on this host, %s%s%s", a->target->name, a->address,
                a->port, a->verdict.code, a->verdict.foreign ? " by " : "",
                a->verdict.foreign ?: "");
}

/* Only port 25 is one that every mail server has. */
static FindingKind kind_of(const Attempt *a)
{
        return a->port == PORT_SMTP ? FINDING_PROBLEM : FINDING_NOTE;
}

static void tell_silent(const Attempt *a, Findings *f)
{
        if (a->verdict.effective && streq(a->verdict.effective, "allow"))
                findings_add(f, kind_of(a), "FILTERED_ELSEWHERE",
                        "ask the provider whether the port is blocked, or use a relay host on 587",
                        "%s (%s) port %u: no answer in %u ms, and nothing on this host stops it",
                        a->target->name, a->address, a->port, a->talk.msec);
        else
                findings_add(f, kind_of(a), "FILTERED", "p25ctl explain out, as root",
                        "%s (%s) port %u: no answer in %u ms; whether this host stops it is not "
                        "known",
                        a->target->name, a->address, a->port, a->talk.msec);
}

static void tell_open(const Attempt *a, Findings *f)
{
        const SmtpTalk *t = &a->talk;

        if (a->port != PORT_SUBMISSIONS && t->answer == SMTP_MUTE)
                findings_add(f, kind_of(a), "NO_GREETING",
                        "something on the way, or the server, takes connections without speaking",
                        "%s (%s) port %u: open, but it does not greet (%u ms)", a->target->name,
                        a->address, a->port, t->msec);
        else
                findings_add(f, FINDING_OK, "OPEN", NULL, "%s (%s) port %u: open%s%s%s (%u ms)",
                        a->target->name, a->address, a->port, *t->greeting ? ", " : "", t->greeting,
                        t->starttls                   ? ", STARTTLS"
                        : a->port == PORT_SUBMISSIONS ? ""
                                                      : ", no STARTTLS",
                        t->msec);
}

static void attempt_judge(const Attempt *a, Findings *f)
{
        switch (a->talk.answer) {
        case SMTP_OPEN:
        case SMTP_MUTE:
                tell_open(a, f);
                return;
        case SMTP_REFUSED:
                if (stopped_here(a))
                        tell_filtered_here(a, f);
                else
                        findings_add(f, kind_of(a), "CLOSED", NULL,
                                "%s (%s) port %u: closed, answered with a reset (%u ms)",
                                a->target->name, a->address, a->port, a->talk.msec);
                return;
        case SMTP_SILENT:
                if (stopped_here(a))
                        tell_filtered_here(a, f);
                else
                        tell_silent(a, f);
                return;
        case SMTP_NO_ROUTE:
                findings_add(f, kind_of(a), "NO_ROUTE", "look at ip route get ADDRESS",
                        "%s (%s) port %u: this host cannot send there", a->target->name, a->address,
                        a->port);
                return;
        }
}

static int attempt_make(Cli *c, const Address *to, bool asked, Attempt *a, Findings *f)
{
        SmtpQuestion q = { .to = to,
                .port = a->port,
                .tls = a->port == PORT_SUBMISSIONS,
                .timeout_msec = TARGET_TIMEOUT_MSEC };
        char user[16];
        VerdictQuestion v = { "out", a->port, a->address, user };
        int status = 0, r;

        snprintf(user, sizeof(user), "%u", (unsigned)getuid());
        if (asked)
                status = client_ask_verdict(c, &v, &a->verdict);
        if (status != 0)
                return status;
        r = smtp_talk(&q, &a->talk);
        if (r < 0)
                return cli_fail_errno(c, r, a->target->name);
        attempt_judge(a, f);
        return 0;
}

int doctor_look_at_target(Cli *c, const char *name, bool asked, Findings *f)
{
        Target t = { .name = name };
        int status = 0;

        if (!target_resolve(&t, f))
                return 0;
        for (size_t i = 0; status == 0 && i < t.n * mail_ports_default.n; i++) {
                char text[ADDRESS_TEXT_MAX];
                const Address *to = &t.addresses[i % t.n];
                Attempt a = { .target = &t,
                        .address = address_format(to, text),
                        .port = mail_ports_default.items[i / t.n] };

                status = attempt_make(c, to, asked, &a, f);
                client_verdict_deinit(&a.verdict);
        }
        return status;
}
