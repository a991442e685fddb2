/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The expressions of nf_tables, as the kernel runs them on a packet, with three values. An
 * expression that is not in the table of expressions.c counts as unknown, and is named.
 */

#include "daemon/foreign/walk.h"
#include "daemon/netlink/attributes.h"

/*
 * Does the rule go on behind this expression? Adds the decisions that it may make to w->candidates,
 * and what it loads to the registers. name: "payload"; data: its attributes.
 */
Truth expression_run(Walk *w, const char *name, Bytes data);
