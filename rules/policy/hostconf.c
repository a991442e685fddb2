/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "rules/policy/hostconf.h"

#include "rules/base/strv.h"
#include "rules/policy/fragment.h"

HostConf *host_conf_new(void)
{
        HostConf *h = calloc(1, sizeof(*h));

        if (!h)
                return NULL;
        h->common = fragment_new();
        if (!h->common) {
                free(h);
                return NULL;
        }
        h->n_refs = 1;
        h->enabled = -1;
        h->backend = BACKEND_AUTO;
        h->defaults = defaults_none;
        h->logging = _LOGGING_INVALID;
        h->attribution = _ATTRIBUTION_INVALID;
        return h;
}

static void host_conf_destroy(HostConf *h)
{
        fragment_unref(h->common);
        strv_free(h->roles);
}

DEFINE_REFERENCES(HostConf, host_conf, host_conf_destroy)
