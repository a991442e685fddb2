/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Our chains of a table: the steps of an installation that make, edit and delete them. All return 0
 * or negative errno with an error reported.
 */

typedef struct IptInstallation IptInstallation;

/* Makes the wanted chains that are not there, empty. */
int ipt_chains_create(IptInstallation *i);
/* Changes the entries of the wanted chains, as few as possible, and keeps what those that are
 * removed have counted. */
int ipt_chains_edit(IptInstallation *i);
/* Deletes the chains that are not wanted; one that others refer to stays, empty. */
int ipt_chains_delete(IptInstallation *i);
