/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Reports on the listeners of this host: the verdicts of the policy and other firewalls on their
 * clients, and the answers of the mail servers. Programs that hide clients are reported by p25d.
 */

#include "cli/client/verdict.h"
#include "cli/doctor/doctor.h"
#include "cli/doctor/smtp.h"
#include "cli/survey/listening.h"

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>

enum { PORT_SUBMISSIONS = 465 };
#define LOCAL_TIMEOUT_MSEC 3000
/* So many are spoken to, all at once. */
#define LISTENERS_MAX 64

static const char *who(const Listener *l)
{
        return l->process ? l->process : "a process";
}

/* ---- what the policy says ---- */

static bool is_refused(const char *verdict)
{
        return streq(verdict, "deny") || streq(verdict, "reject");
}

static void verdict_judge(const Listener *l, Family family, const ClientVerdict *v, Findings *f)
{
        const char *name = family == FAMILY_IPV4 ? "IPv4" : "IPv6";

        if (is_refused(v->p25))
                findings_add(f, FINDING_WARNING, "LISTENER_REFUSED",
                        "let it listen on the loopback address only (Postfix: inet_interfaces = "
                        "loopback-only), or allow its clients",
                        "%s (user %s) listens on %s port %u, and the policy refuses clients that "
                        "no "
                        "rule names (%s)",
                        who(l), l->user, l->address, l->port, name);
        else if (is_refused(v->effective) && v->foreign)
                findings_add(f, FINDING_PROBLEM, v->code, "allow the port there too",
                        "%s listens on %s port %u, the policy lets clients pass (%s), and another "
                        "firewall stops them: %s",
                        who(l), l->address, l->port, name, v->foreign);
        else
                findings_add(f, FINDING_OK, "LISTENER", NULL, "%s on %s port %u (%s): %s", who(l),
                        l->address, l->port, name, v->effective);
}

/* A socket of both families whose clients are let in over one of them only. */
static void families_compare(
        const Listener *l, const ClientVerdict *v4, const ClientVerdict *v6, Findings *f)
{
        if (is_refused(v4->effective) != is_refused(v6->effective))
                findings_add(f, FINDING_WARNING, "FAMILIES_DIFFER",
                        "write rules without addresses, or for both families",
                        "port %u is %s over IPv4 and %s over IPv6", l->port, v4->effective,
                        v6->effective);
}

static int listener_look(Cli *c, const Listener *l, Findings *f)
{
        _cleanup_verdict_ ClientVerdict v4 = { 0 }, v6 = { 0 };
        int status = 0;

        if (l->ipv4)
                status = client_ask_listener(c, l->address, l->port, FAMILY_IPV4, &v4);
        if (status == 0 && l->ipv6)
                status = client_ask_listener(c, l->address, l->port, FAMILY_IPV6, &v6);
        if (status != 0)
                return status;
        if (l->ipv4)
                verdict_judge(l, FAMILY_IPV4, &v4, f);
        if (l->ipv6)
                verdict_judge(l, FAMILY_IPV6, &v6, f);
        if (l->ipv4 && l->ipv6)
                families_compare(l, &v4, &v6, f);
        return 0;
}

int doctor_look_at_listeners(Cli *c, const Listeners *l, Findings *f)
{
        int status = 0;

        for (size_t i = 0; status == 0 && i < l->n; i++)
                if (!l->items[i].loopback)
                        status = listener_look(c, &l->items[i], f);
        return status;
}

/* ---- where they are spoken to ---- */

/* An address of this host that is not loopback: mail servers trust the loopback address. */
static bool find_own_address(Family family, Address *ret)
{
        struct ifaddrs *all, *i;
        bool found = false;

        if (getifaddrs(&all) < 0)
                return false;
        for (i = all; i && !found; i = i->ifa_next) {
                const struct sockaddr_in *v4 = (const void *)i->ifa_addr;
                const struct sockaddr_in6 *v6 = (const void *)i->ifa_addr;
                int wanted = family == FAMILY_IPV4 ? AF_INET : AF_INET6;

                if (!i->ifa_addr || i->ifa_addr->sa_family != wanted || i->ifa_flags & IFF_LOOPBACK)
                        continue;
                *ret = (Address){ .family = family };
                if (family == FAMILY_IPV4)
                        memcpy(ret->bytes, &v4->sin_addr, 4);
                else
                        memcpy(ret->bytes, &v6->sin6_addr, 16);
                found = family == FAMILY_IPV4 || !IN6_IS_ADDR_LINKLOCAL(&v6->sin6_addr);
        }
        freeifaddrs(all);
        return found;
}

/* The address at which it is reached; *ret_foreign: not from the loopback address. */
static bool find_address(const Listener *l, Address *ret, bool *ret_foreign)
{
        Family family = l->ipv6 ? FAMILY_IPV6 : FAMILY_IPV4;
        const char *reason, *text = l->address;

        *ret_foreign = !l->loopback;
        if (streq(text, "0.0.0.0") || streq(text, "::")) {
                *ret_foreign = find_own_address(family, ret);
                if (*ret_foreign)
                        return true;
                text = family == FAMILY_IPV4 ? "127.0.0.1" : "::1";
        }
        return address_parse(text, strlen(text), ret, &reason) >= 0;
}

/* ---- what they say ---- */

/* A listener that is spoken to, and where. */
typedef struct Spoken {
        const Listener *listener;
        SmtpQuestion question;
        SmtpTalk talk;
        char address[ADDRESS_TEXT_MAX];
} Spoken;

static void tell_greeting(const Spoken *s, Findings *f)
{
        const SmtpTalk *t = &s->talk;
        const Listener *l = s->listener;

        switch (t->answer) {
        case SMTP_OPEN:
                findings_add(f, FINDING_OK, "GREETING", NULL, "port %u at %s: %s%s (%u ms)",
                        l->port, s->address, t->greeting, t->starttls ? ", STARTTLS" : "", t->msec);
                return;
        case SMTP_UNWILLING:
                findings_add(f, FINDING_WARNING, "UNWILLING", "look at its log",
                        "%s on port %u at %s refuses to serve: %s (%u ms)", who(l), l->port,
                        s->address, t->greeting, t->msec);
                return;
        case SMTP_STALLED:
                findings_add(f, FINDING_WARNING, "NO_ANSWER", "look at its log, and at its load",
                        "%s on port %u at %s greets and does not answer EHLO (%u ms)", who(l),
                        l->port, s->address, t->msec);
                return;
        case SMTP_MUTE:
        case SMTP_REFUSED:
        case SMTP_SILENT:
        case SMTP_NO_ROUTE:
                break;
        }
        findings_add(f, FINDING_WARNING, "NO_GREETING", "look at its log",
                "%s on port %u does not greet as a mail server does (%s, %u ms)", who(l), l->port,
                s->address, t->msec);
}

static void talk_judge(const Spoken *s, Findings *f)
{
        const SmtpTalk *t = &s->talk;
        const Listener *l = s->listener;

        tell_greeting(s, f);
        if (t->answer != SMTP_OPEN)
                return;
        if (!t->starttls && !l->loopback)
                findings_add(f, FINDING_WARNING, "STARTTLS_MISSING",
                        "give it a certificate (Postfix: smtpd_tls_chain_files, "
                        "smtpd_tls_security_level = may)",
                        "%s on port %u does not offer STARTTLS: mail is sent in the clear", who(l),
                        l->port);
        if (t->auth && !l->loopback)
                findings_add(f, FINDING_WARNING, "AUTH_BEFORE_TLS",
                        "offer AUTH only inside of TLS (Postfix: smtpd_tls_auth_only = yes)",
                        "%s on port %u offers AUTH before TLS: passwords are sent in the clear",
                        who(l), l->port);
        if (t->relays)
                findings_add(f, FINDING_PROBLEM, "OPEN_RELAY",
                        "relay for known clients only (Postfix: smtpd_relay_restrictions, "
                        "mynetworks, which has this host's own addresses unless it is set)",
                        "%s on port %u accepts mail for a foreign domain from %s, which is not the "
                        "loopback address",
                        who(l), l->port, s->address);
}

static size_t spoken_collect(const Listeners *l, Spoken *spoken, Findings *f)
{
        size_t n = 0, left_out = 0;

        for (size_t i = 0; i < l->n; i++) {
                Spoken s = { .listener = &l->items[i],
                        .question = {
                                .port = l->items[i].port, .timeout_msec = LOCAL_TIMEOUT_MSEC } };

                if (s.question.port == PORT_SUBMISSIONS ||
                        !find_address(s.listener, &s.question.to, &s.question.ask_for_relay))
                        continue;
                (void)address_format(&s.question.to, s.address);
                if (n < LISTENERS_MAX)
                        spoken[n++] = s;
                else
                        left_out++;
        }
        if (left_out > 0)
                findings_add(f, FINDING_NOTE, "LISTENERS_LEFT_OUT", NULL,
                        "%zu more listeners were not spoken to: at most %d are", left_out,
                        LISTENERS_MAX);
        return n;
}

int doctor_talk_to_listeners(Cli *c, const Listeners *l, Findings *f)
{
        Spoken spoken[LISTENERS_MAX];
        SmtpQuestion questions[LISTENERS_MAX];
        SmtpTalk talks[LISTENERS_MAX];
        size_t n = spoken_collect(l, spoken, f);
        int r;

        for (size_t i = 0; i < n; i++)
                questions[i] = spoken[i].question;
        r = smtp_talk(questions, n, talks);
        if (r < 0)
                return cli_fail_errno(c, r, "doctor");
        for (size_t i = 0; i < n; i++) {
                spoken[i].talk = talks[i];
                talk_judge(&spoken[i], f);
        }
        return 0;
}
