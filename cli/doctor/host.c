/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns what p25d says, and what files of this host say: saved rulesets, relay hosts.
 */

#include "daemon/host/host.h"
#include "cli/client/client.h"
#include "cli/client/service.h"
#include "cli/client/verdict.h"
#include "cli/doctor/doctor.h"
#include "rules/address/address.h"
#include "rules/base/json.h"

#include <ctype.h>
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>

#define FILE_MAX (16u << 20)

static void finding_take(Findings *f, const Json *j)
{
        const char *severity = json_get_string(j, "severity"), *code = json_get_string(j, "code"),
                   *text = json_get_string(j, "text"), *hint = json_get_string(j, "hint");

        if (severity && code && text)
                findings_add(f, finding_kind_from_string(severity), code, hint, "%s", text);
}

int doctor_ask(Cli *c, Findings *f)
{
        _cleanup_(json_free_p) Json *all = NULL;
        int status = client_ask_list(c, "Diagnose", &all, "as", 0);

        if (status != 0)
                return status;
        for (size_t i = 0; i < json_array_length(all); i++)
                finding_take(f, json_array_item(all, i));
        return 0;
}

/* ---- files ---- */

/* The parts of p25 in a saved ruleset, and the program that saved it. */
static const struct {
        const char *path, *mark;
} saved[] = {
        { "/etc/nftables.conf", "table inet p25 " },
        { "/etc/sysconfig/nftables.conf", "table inet p25 " },
        { "/etc/iptables/rules.v4", ":P25-" },
        { "/etc/iptables/rules.v6", ":P25-" },
        { "/etc/sysconfig/iptables", ":P25-" },
        { "/etc/sysconfig/ip6tables", ":P25-" },
};

static char *file_read(const char *path)
{
        char *text = NULL;
        size_t n;

        return host_read_file(path, FILE_MAX, NULL, &text, &n) < 0 ? NULL : text;
}

static void look_at_saved(Findings *f)
{
        for (size_t i = 0; i < ELEMENTS(saved); i++) {
                _cleanup_free_ char *text = file_read(saved[i].path);

                if (text && strstr(text, saved[i].mark))
                        findings_add(f, FINDING_WARNING, "SAVED_RULES",
                                "remove p25's part from the file: loading it fails while p25d "
                                "runs, "
                                "or brings back an old policy",
                                "%s holds a copy of p25's rules", saved[i].path);
        }
}

void doctor_look_at_host(Cli *c, Findings *f)
{
        switch (service_ask_start(c)) {
        case SERVICE_STARTS:
                findings_add(f, FINDING_OK, "STARTS_AT_BOOT", NULL, "p25d starts at boot");
                break;
        case SERVICE_DISABLED:
                findings_add(f, FINDING_PROBLEM, "NOT_AT_BOOT", "systemctl enable p25d.service",
                        "p25d does not start at boot: after a restart, nothing is refused");
                break;
        case SERVICE_UNKNOWN:
        case SERVICE_MISSING:
                break;
        }
        look_at_saved(f);
}

/* ---- relay hosts ---- */

/* "[192.0.2.25]:587", "mail.example.com::587": the host in *ret_host, without brackets. */
static void relay_split(char *text, char **ret_host, uint16_t *ret_port)
{
        char *host = text, *end, *port;

        *ret_port = 25;
        if (*host == '[') {
                end = strchr(++host, ']');
                port = end ? end + 1 : NULL;
        } else {
                end = strchr(host, ':');
                port = end;
        }
        if (end)
                *end = '\0';
        if (strncasecmp(host, "IPv6:", 5) == 0)
                host += 5;
        if (port) {
                port += strspn(port, ":]") + (*port == '\0');
                if (isdigit((unsigned char)*port))
                        *ret_port = (uint16_t)strtoul(port, NULL, 10);
        }
        *ret_host = host;
}

static int relay_ask(
        Cli *c, const char *host, uint16_t port, const char *user, const char *file, Findings *f)
{
        _cleanup_verdict_ ClientVerdict v = { 0 };
        VerdictQuestion q = { "out", port, host, user };
        int status;

        if (!getpwnam(user)) {
                findings_add(f, FINDING_NOTE, "NO_SUCH_USER", NULL,
                        "there is no user %s, who would send to the relay host of %s", user, file);
                return 0;
        }
        status = client_ask_verdict(c, &q, &v);
        if (status != 0)
                return status;
        if (!streq(v.effective, "deny") && !streq(v.effective, "reject"))
                findings_add(f, FINDING_OK, "RELAYHOST", NULL,
                        "the relay host %s port %u of %s: %s", host, port, file, v.effective);
        else
                findings_add(f, FINDING_PROBLEM, "RELAYHOST_REFUSED",
                        "add it to $smarthosts, or allow it: p25ctl allow out to ADDRESS",
                        "the relay host %s port %u of %s is refused to user %s (%s)", host, port,
                        file, user, v.code);
        return 0;
}

static int look_at_relay(Cli *c, char *value, const char *user, const char *file, Findings *f)
{
        const char *reason;
        Address a;
        uint16_t port;
        char *host;

        relay_split(value, &host, &port);
        if (!*host)
                return 0;
        if (address_parse(host, strlen(host), &a, &reason) >= 0)
                return relay_ask(c, host, port, user, file, f);
        findings_add(f, FINDING_NOTE, "RELAYHOST_BY_NAME",
                "p25ctl doctor with the name as target resolves it and tries it",
                "the relay host of %s is a name, %s: which address it has is not asked here", file,
                host);
        return 0;
}

/* The last line "NAME = VALUE", as the programs take it; NULL: none. */
static char *setting_find(char *text, const char *name)
{
        char *found = NULL, *line = text;
        size_t n = strlen(name);

        while (line && *line) {
                char *end = line + strcspn(line, "\n"), *value = line + n;
                bool last = !*end;

                *end = '\0';
                if (strncmp(line, name, n) == 0) {
                        value += strspn(value, " \t");
                        if (*value == '=')
                                found = value + 1 + strspn(value + 1, " \t'\"");
                }
                line = last ? NULL : end + 1;
        }
        if (found)
                found[strcspn(found, " \t'\"\r,;")] = '\0';
        return found;
}

int doctor_look_at_relayhosts(Cli *c, Findings *f)
{
        static const struct {
                const char *file, *setting, *user;
        } programs[] = {
                { "/etc/postfix/main.cf", "relayhost", "postfix" },
                { "/etc/exim4/update-exim4.conf.conf", "dc_smarthost", "Debian-exim" },
        };
        int status = 0;

        for (size_t i = 0; status == 0 && i < ELEMENTS(programs); i++) {
                _cleanup_free_ char *text = file_read(programs[i].file);
                char *value = text ? setting_find(text, programs[i].setting) : NULL;

                if (value && *value)
                        status = look_at_relay(c, value, programs[i].user, programs[i].file, f);
        }
        return status;
}
