/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * `p25-fleet init`: a fleet.conf in which every setting is explained. It never takes the place of
 * one that is there.
 */

#include "daemon/fleet/check.h"
#include "daemon/fleet/fleet.h"
#include "daemon/io/file.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

/* Each %s once: url, keys. */
static const char template[] =
        "# What this host takes from its fleet; see fleet.conf(5). Check it with 'p25-fleet "
        "check',\n"
        "# then: systemctl restart p25-fleet\n"
        "\n"
        "# This host's name in the fleet; without it, the machine's.\n"
        "#host = \"mx1.example.net\";\n"
        "\n"
        "# Fragments and sets, made by 'p25-fleet publish' and fetched from a web server.\n"
        "documents = {\n"
        "  # the folder of the web server, with a slash at its end\n"
        "  url = \"%s\";\n"
        "\n"
        "  # public keys of minisign; two of them while one takes the place of the other\n"
        "  keys = [ \"%s\" ];\n"
        "\n"
        "  # the names that documents may replace: nothing else is ever changed\n"
        "  sets = [ \"fleet-blocked\" ];\n"
        "  fragments = [ \"fleet\" ];\n"
        "\n"
        "  # groups of this host, besides \"all\"\n"
        "  groups = [ ];\n"
        "\n"
        "  # seconds between two looks\n"
        "  #interval = 5;\n"
        "\n"
        "  # certificates of the web server's CA; without it, those of the system\n"
        "  #ca = \"/etc/p25/fleet/ca.pem\";\n"
        "\n"
        "  # this host's own certificate, if the web server wants one; readable by p25-fleet\n"
        "  #certificate = \"/etc/p25/fleet/host.pem\";\n"
        "  #key = \"/etc/p25/fleet/host.key\";\n"
        "};\n"
        "\n"
        "# Bans, lockdown and views, over MQTT brokers.\n"
        "#live = {\n"
        "#  brokers = [ \"mqtts://broker1.example.net\", \"mqtts://broker2.example.net\" ];\n"
        "#  ca = \"/etc/p25/fleet/ca.pem\";\n"
        "#  certificate = \"/etc/p25/fleet/host.pem\";\n"
        "#  key = \"/etc/p25/fleet/host.key\";\n"
        "#\n"
        "#  # the set that holds the bans of the fleet\n"
        "#  set = \"fleet-bans\";\n"
        "#\n"
        "#  # the sets with this host's own bans, which are published; those of fail2ban are "
        "f2b-JAIL\n"
        "#  own = [ \"bans\", \"f2b-postfix-sasl\" ];\n"
        "#\n"
        "#  # never banned by a message: own networks, smarthosts\n"
        "#  never = [ \"192.0.2.0/24\" ];\n"
        "#\n"
        "#  # may a message put this host into lockdown?\n"
        "#  lockdown = false;\n"
        "#\n"
        "#  # may the fleet learn which users and units send from this host, and where to?\n"
        "#  view = false;\n"
        "#};\n";

static int write_conf(const char *path, const char *url, const char *key)
{
        _cleanup_(fleet_config_free_p) FleetConfig *c = NULL;
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        _cleanup_free_ char *text = NULL;
        int r;

        if (asprintf(&text, template, url, key) < 0) {
                text = NULL;
                return -ENOMEM;
        }
        r = fleet_config_parse(text, strlen(text), path, &d, &c);
        for (size_t i = 0; i < d.n; i++) {
                _cleanup_free_ char *line = NULL;

                if (diagnostic_format(&d.items[i], &line) >= 0)
                        fprintf(stderr, "%s\n", line);
        }
        if (r < 0)
                return r;
        if (access(path, F_OK) == 0)
                return -EEXIST;
        return file_replace(path, text, strlen(text), 0644, FILE_SYNC_ALL);
}

int fleet_verb_init(const FleetArguments *a)
{
        _cleanup_free_ char *path = NULL;
        int r = fleet_path(a, FLEET_CONF, &path);

        if (r >= 0)
                r = write_conf(path, a->words[0], a->words[1]);
        if (r == -EINVAL)
                return FLEET_BAD_INPUT;
        if (r < 0) {
                fprintf(stderr, "p25-fleet: %s: %s\n", path ?: FLEET_CONF,
                        r == -EEXIST ? "it is there already; nothing was written" : strerror(-r));
                return FLEET_FAILED;
        }
        printf("%s is written; edit it, then: systemctl restart p25-fleet\n", path);
        return fflush(stdout) == 0 ? FLEET_DONE : FLEET_FAILED;
}
