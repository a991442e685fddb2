/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns the looking at another host: each mail port is open, closed, filtered here or filtered
 * elsewhere. The only part that sends anything beyond this host.
 */

#include "cli/client/verdict.h"
#include "cli/doctor/doctor.h"
#include "cli/doctor/smtp.h"
#include "rules/base/array.h"
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
        char where[NI_MAXHOST + ADDRESS_TEXT_MAX + 16]; /* "mx.example.org (192.0.2.1) port 25" */
        char address[ADDRESS_TEXT_MAX];
        SmtpQuestion question;
        SmtpTalk talk;
        ClientVerdict verdict; /* of this host; all NULL: not known */
} Attempt;

static bool stopped_here(const Attempt *a)
{
        const char *e = a->verdict.effective;

        return e && (streq(e, "deny") || streq(e, "reject"));
}

/* Only port 25 is one that every mail server has. */
static FindingKind kind_of(const Attempt *a)
{
        return a->question.port == PORT_SMTP ? FINDING_PROBLEM : FINDING_NOTE;
}

static void tell_filtered_here(const Attempt *a, Findings *f)
{
        findings_add(f, FINDING_PROBLEM, "FILTERED_HERE", "p25ctl explain out names the rule",
                "%s: refused on this host, %s%s%s", a->where, a->verdict.code,
                a->verdict.foreign ? " by " : "", a->verdict.foreign ?: "");
}

static void tell_silent(const Attempt *a, Findings *f)
{
        if (a->verdict.effective && streq(a->verdict.effective, "allow"))
                findings_add(f, kind_of(a), "FILTERED_ELSEWHERE",
                        "ask the provider whether the port is blocked, or use a relay host on 587",
                        "%s: no answer in %u ms, and nothing on this host stops it", a->where,
                        a->talk.msec);
        else
                findings_add(f, kind_of(a), "FILTERED", "p25ctl explain out, as root",
                        "%s: no answer in %u ms; whether this host stops it is not known", a->where,
                        a->talk.msec);
}

static void tell_open(const Attempt *a, Findings *f)
{
        const SmtpTalk *t = &a->talk;

        if (a->question.port == PORT_SUBMISSIONS)
                findings_add(f, FINDING_OK, "OPEN", NULL, "%s: open (%u ms)", a->where, t->msec);
        else
                findings_add(f, FINDING_OK, "OPEN", NULL, "%s: open, %s, %sSTARTTLS (%u ms)",
                        a->where, t->greeting, t->starttls ? "" : "no ", t->msec);
}

static void tell_refused(const Attempt *a, Findings *f)
{
        findings_add(f, kind_of(a), "CLOSED", NULL, "%s: closed, answered with a reset (%u ms)",
                a->where, a->talk.msec);
}

static void attempt_judge(const Attempt *a, Findings *f)
{
        const SmtpTalk *t = &a->talk;

        switch (t->answer) {
        case SMTP_OPEN:
                tell_open(a, f);
                return;
        case SMTP_UNWILLING:
                findings_add(f, kind_of(a), "UNWILLING",
                        "the server refuses this client: ask its administrator",
                        "%s: open, but it refuses to serve: %s (%u ms)", a->where, t->greeting,
                        t->msec);
                return;
        case SMTP_STALLED:
                findings_add(f, kind_of(a), "NO_ANSWER",
                        "something on the way, or the server, stops what is said",
                        "%s: open, but it does not answer EHLO (%u ms)", a->where, t->msec);
                return;
        case SMTP_MUTE:
                findings_add(f, kind_of(a), "NO_GREETING",
                        "something on the way, or the server, takes connections without speaking",
                        "%s: open, but it does not greet (%u ms)", a->where, t->msec);
                return;
        case SMTP_REFUSED:
                stopped_here(a) ? tell_filtered_here(a, f) : tell_refused(a, f);
                return;
        case SMTP_SILENT:
                stopped_here(a) ? tell_filtered_here(a, f) : tell_silent(a, f);
                return;
        case SMTP_NO_ROUTE:
                findings_add(f, kind_of(a), "NO_ROUTE", "look at ip route get ADDRESS",
                        "%s: this host cannot send there", a->where);
                return;
        }
}

/* ---- all of them ---- */

typedef struct Attempts {
        Attempt *items;
        size_t n;
} Attempts;

static void attempts_deinit(Attempts *l)
{
        for (size_t i = 0; i < l->n; i++)
                client_verdict_deinit(&l->items[i].verdict);
        free(l->items);
}

/* A name is followed by the address that it has. */
static void attempt_name(Attempt *a, const char *name)
{
        if (streq(name, a->address))
                snprintf(a->where, sizeof(a->where), "%s port %u", name, a->question.port);
        else
                snprintf(a->where, sizeof(a->where), "%s (%s) port %u", name, a->address,
                        a->question.port);
}

static int attempts_add(Attempts *l, const Target *t)
{
        for (size_t i = 0; i < t->n * mail_ports_default.n; i++) {
                uint16_t port = mail_ports_default.items[i / t->n];
                Attempt *a;

                if (array_grow(&l->items, l->n, sizeof(*l->items)) < 0)
                        return -ENOMEM;
                a = &l->items[l->n++];
                *a = (Attempt){ .question = { .to = t->addresses[i % t->n],
                                        .port = port,
                                        .tls = port == PORT_SUBMISSIONS,
                                        .timeout_msec = TARGET_TIMEOUT_MSEC } };
                (void)address_format(&a->question.to, a->address);
                attempt_name(a, t->name);
        }
        return 0;
}

static int attempts_ask(Cli *c, Attempts *l)
{
        char user[16];
        int status = 0;

        snprintf(user, sizeof(user), "%u", (unsigned)getuid());
        for (size_t i = 0; status == 0 && i < l->n; i++) {
                Attempt *a = &l->items[i];
                VerdictQuestion v = { "out", a->question.port, a->address, user };

                status = client_ask_verdict(c, &v, &a->verdict);
        }
        return status;
}

/* All ports of all targets at the same time. */
static int attempts_make(Attempts *l)
{
        _cleanup_free_ SmtpQuestion *questions = calloc(l->n + 1, sizeof(*questions));
        _cleanup_free_ SmtpTalk *talks = calloc(l->n + 1, sizeof(*talks));
        int r;

        if (!questions || !talks)
                return -ENOMEM;
        for (size_t i = 0; i < l->n; i++)
                questions[i] = l->items[i].question;
        r = smtp_talk(questions, l->n, talks);
        for (size_t i = 0; r >= 0 && i < l->n; i++)
                l->items[i].talk = talks[i];
        return r;
}

int doctor_look_at_targets(Cli *c, char *const *names, size_t n, bool asked, Findings *f)
{
        _cleanup_(attempts_deinit) Attempts all = { 0 };
        int status, r = 0;

        for (size_t i = 0; r >= 0 && i < n; i++) {
                Target t = { .name = names[i] };

                if (target_resolve(&t, f))
                        r = attempts_add(&all, &t);
        }
        status = r >= 0 && asked ? attempts_ask(c, &all) : 0;
        if (status != 0)
                return status;
        if (r >= 0)
                r = attempts_make(&all);
        if (r < 0)
                return cli_fail_errno(c, r, "doctor");
        for (size_t i = 0; i < all.n; i++)
                attempt_judge(&all.items[i], f);
        return 0;
}
