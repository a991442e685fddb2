/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The extensions of iptables of which entries are made.
 */

#include "rules/base/util.h"

typedef struct IptTable IptTable;

/* An extension that entries are made of. */
typedef struct IptExtension {
        const char *name;
        uint8_t revision;
        bool target;
        /* The length of its data that we set; the kernel's own part follows. */
        size_t user_size;
} IptExtension;

/* NULL: p25 does not use it. */
const IptExtension *ipt_extension_find(const char *name, uint8_t revision, bool target);
/* Calls f for each extension that the table uses; a negative return ends it and is returned. */
int ipt_table_each_extension(
        const IptTable *t, int (*f)(const IptExtension *e, void *data), void *data);
