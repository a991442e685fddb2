/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * `p25-fleet check` and `p25-fleet may`, and the reading of fleet.conf that every verb does.
 */

#include "daemon/fleet/check.h"

#include "rules/base/strv.h"
#include "rules/base/text.h"

#include <errno.h>
#include <stdio.h>

int fleet_path(const FleetArguments *a, const char *path, char **ret)
{
        if (asprintf(ret, "%s%s", a->root, path) < 0) {
                *ret = NULL;
                return -ENOMEM;
        }
        return 0;
}

int fleet_config_load(const FleetArguments *a, const char *file, FleetConfig **ret)
{
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        _cleanup_free_ char *path = NULL;
        int r = file ? strdup_null(file, &path) : fleet_path(a, FLEET_CONF, &path);

        if (r >= 0)
                r = fleet_config_read(path, &d, ret);
        for (size_t i = 0; i < d.n; i++) {
                _cleanup_free_ char *line = NULL;

                if (diagnostic_format(&d.items[i], &line) >= 0)
                        fprintf(stderr, "%s\n", line);
        }
        if (r == -ENOMEM)
                fputs("p25-fleet: out of memory\n", stderr);
        return r;
}

int fleet_verb_check(const FleetArguments *a)
{
        _cleanup_(fleet_config_free_p) FleetConfig *c = NULL;

        if (fleet_config_load(a, a->n > 0 ? a->words[0] : NULL, &c) < 0)
                return FLEET_BAD_INPUT;
        printf("host %s: %s\n", c->host, "fleet.conf is valid");
        return fflush(stdout) == 0 ? FLEET_DONE : FLEET_FAILED;
}

int fleet_verb_may(const FleetArguments *a)
{
        _cleanup_(fleet_config_free_p) FleetConfig *c = NULL;
        const char *kind = a->words[0], *name = a->n > 1 ? a->words[1] : "";
        bool may = false;

        if (fleet_config_load(a, NULL, &c) < 0)
                return FLEET_BAD_INPUT;
        if (streq(kind, "set"))
                may = (c->documents.url && strv_contains(c->documents.sets, name)) ||
                      (c->live.brokers && streq(c->live.set, name));
        else if (streq(kind, "fragment"))
                may = c->documents.url && strv_contains(c->documents.fragments, name);
        else if (streq(kind, "lockdown"))
                may = c->live.brokers && c->live.lockdown;
        else if (streq(kind, "view"))
                may = c->live.brokers && c->live.view;
        else {
                fputs("usage: p25-fleet may set|fragment|lockdown|view [NAME]\n", stderr);
                return FLEET_BAD_INPUT;
        }
        return may ? FLEET_DONE : FLEET_FAILED;
}
