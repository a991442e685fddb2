/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Reads the counts that entries keep in objects of their own (nfacct), by kind of decision and
 * user. The objects outlive the table and p25d: what was decided while p25d was down, or by a rule
 * that is gone, is read later.
 */

#include "daemon/iptables/backend.h"

/* Finds out whether the kernel has such objects. */
void ipt_decisions_probe(IptBackend *b);
/* Makes the objects that the tables name, which must be there before these. 0, or negative errno
 * with an error in d. */
int ipt_decisions_prepare(IptBackend *b, IptTable *const *tables, Diagnostics *d);
/* The tables of `wanted` are in the kernel: objects that they do not name are removed when they are
 * read. 0 or -ENOMEM: then none is removed. */
int ipt_decisions_note(IptBackend *b);
/* A BackendOps.take_decisions. */
int ipt_decisions_take(IptBackend *b, DecisionHandler f, void *data);
/* The same for the next call of it, when the tables were removed. */
void ipt_decisions_keep(IptBackend *b);
