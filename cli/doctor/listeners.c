/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns what is said of the listeners of this host: what the policy and other firewalls do to their
 * clients, and how the mail servers answer. Programs that hide clients are p25d's to report.
 */

#include "cli/client/verdict.h"
#include "cli/doctor/doctor.h"
#include "cli/doctor/smtp.h"

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>

enum { PORT_SUBMISSIONS = 465 };
#define LOCAL_TIMEOUT_MSEC 3000

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

/* ---- what they say ---- */

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

/* Where it is spoken to; *ret_foreign: not from the loopback address. */
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

static void talk_judge(const Listener *l, const SmtpTalk *t, const char *address, Findings *f)
{
        if (t->answer != SMTP_OPEN) {
                findings_add(f, FINDING_WARNING, "NO_GREETING", "look at its log",
                        "%s on port %u does not greet as a mail server does (%s, %u ms)", who(l),
                        l->port, address, t->msec);
                return;
        }
        findings_add(f, FINDING_OK, "GREETING", NULL, "port %u at %s: %s%s (%u ms)", l->port,
                address, t->greeting, t->starttls ? ", STARTTLS" : "", t->msec);
        if (t->ehlo && !t->starttls && !l->loopback)
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
                        "mynetworks)",
                        "%s on port %u accepts mail for a foreign domain from %s, which is not the "
                        "loopback address",
                        who(l), l->port, address);
}

int doctor_talk_to_listeners(Cli *c, const Listeners *l, Findings *f)
{
        for (size_t i = 0; i < l->n; i++) {
                SmtpQuestion q = { .port = l->items[i].port, .timeout_msec = LOCAL_TIMEOUT_MSEC };
                char text[ADDRESS_TEXT_MAX];
                SmtpTalk t;
                Address to;
                int r;

                if (q.port == PORT_SUBMISSIONS ||
                        !find_address(&l->items[i], &to, &q.ask_for_relay))
                        continue;
                q.to = &to;
                r = smtp_talk(&q, &t);
                if (r < 0)
                        return cli_fail_errno(c, r, "doctor");
                talk_judge(&l->items[i], &t, address_format(&to, text), f);
        }
        return 0;
}
