/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The matches and targets of iptables, as legacy tables and the compat expressions of nf_tables
 * carry them. Those that the tables of xtables.c and targets.c do not have are
 * not known, by their names.
 */

#include "daemon/foreign/walk.h"
#include "daemon/netlink/attributes.h"

Truth xt_match(Walk *w, const char *name, uint8_t revision, Bytes info);
/* Adds what it may decide to w->candidates. A target that is only for the eye passes. */
Truth xt_target(Walk *w, const char *name, uint8_t revision, Bytes info);
/* Leaves both ways open, for an extension that is not known. */
Truth xt_not_understood(Walk *w, const char *name);
