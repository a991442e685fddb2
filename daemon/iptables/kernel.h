/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The kernel's tables, read without libiptc. Changes nothing.
 */

#include "rules/address/family.h"
#include "rules/base/util.h"

typedef struct IptExtension IptExtension;
typedef struct IptImage IptImage;

typedef struct IptKernel {
        Family family;
        int fd; /* a raw socket; -1: this kernel does not know the family */
} IptKernel;

/* 0; -EPERM; -EOPNOTSUPP: the family is there, but no iptables for it. */
int ipt_kernel_open(Family family, IptKernel *ret);
void ipt_kernel_close(IptKernel *k);
/* Is there a table filter already? Asking for it would make it. */
bool ipt_kernel_has_table(const IptKernel *k);
bool ipt_kernel_has_extension(const IptKernel *k, const IptExtension *e);
/* Our share of the table. 0, -ENOENT (no table), another negative errno. */
int ipt_kernel_read(const IptKernel *k, IptImage *ret);
/* Reads the counts of the entries of our chains: calls back for each that has an id. As above. */
typedef void IptCountHandler(uint64_t id, uint64_t packets, uint64_t bytes, void *data);
int ipt_kernel_count(const IptKernel *k, IptCountHandler *f, void *data);
/* The kernel's number of a set. */
int ipt_kernel_set_index(const IptKernel *k, const char *name, uint16_t *ret);
