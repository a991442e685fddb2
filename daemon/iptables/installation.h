/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * One installation of a table through libiptc, on its way from reading to commit, and what all its
 * steps do.
 */

#include "daemon/iptables/counts.h"
#include "daemon/iptables/image.h"

typedef struct Diagnostics Diagnostics;
typedef struct IptLibrary IptLibrary;

typedef struct IptInstallation {
        const IptLibrary *library;
        struct xtc_handle *handle;
        Family family;
        const IptImage *want;  /* NULL: nothing */
        const IptImage *known; /* chains that are ours although nothing in them says so, or NULL */
        Diagnostics *diagnostics;
        IptImage have;
        bool marked; /* something of ours was found */
        bool beside; /* a chain with a name of ours is not what was wanted, and stays */
        bool changed;
        bool committing; /* a failure from here on is the commit's */
        IptCounts gone;  /* of the entries that are removed */
} IptInstallation;

void ipt_installation_deinit(IptInstallation *i);
/* Reports the failure of a call to libiptc, which returns 0 and sets errno: "WHAT CHAIN: …"; chain
 * may be NULL. Returns negative errno. */
int ipt_installation_failed(IptInstallation *i, const char *what, const char *chain);
/* Inserts a wanted entry at this place of the chain (from 0), with the counts that were kept for
 * its id. 0 or negative errno. */
int ipt_installation_insert(IptInstallation *i, const char *chain, const ImageEntry *e, size_t at);
