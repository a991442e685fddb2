/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * An entry while it is encoded: extensions.c has what it is made of, statements.c what each kind of
 * statement adds, encode.c the whole.
 */

#include "rules/iptables/extension.h"
#include "rules/iptables/statement.h"
#include "rules/iptables/table.h"

#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>

typedef struct Buffer Buffer;

typedef enum Extension {
        EXTENSION_NONE, /* a statement of the header, or a verdict */
        EXTENSION_TCP,
        EXTENSION_MULTIPORT,
        EXTENSION_CONNTRACK,
        EXTENSION_MARK,
        EXTENSION_SOCKET,
        EXTENSION_PHYSDEV,
        EXTENSION_CONNLABEL,
        EXTENSION_OWNER,
        EXTENSION_CGROUP,
        EXTENSION_TIME,
        EXTENSION_SET,
        EXTENSION_HASHLIMIT,
        EXTENSION_CONNLIMIT,
        EXTENSION_LIMIT,
        EXTENSION_NFACCT,
        EXTENSION_NFACCT_OLD,
        EXTENSION_COMMENT,
        EXTENSION_NFLOG,
        EXTENSION_REJECT,
        _EXTENSION_MAX,
} Extension;

/* v6 has the same fields in another order. */
typedef union Header {
        struct ipt_entry v4;
        struct ip6t_entry v6;
} Header;

typedef struct Encoder {
        const IptTable *table;
        Family family;
        IptSetIndex set_index;
        void *data;
        int error; /* sticks */
        Buffer *b;
        size_t header_size;
        uint16_t target_offset;
        Header header; /* ends in an array without a length: last */
} Encoder;

/* A kind of statement. */
typedef struct IptStatementRow {
        void (*put)(Encoder *e, const IptStatement *s);
        Extension extension; /* that the kernel must have */
} IptStatementRow;

extern const IptStatementRow ipt_statement_rows[_IPT_STATEMENT_MAX];

extern const IptExtension ipt_extensions[_EXTENSION_MAX];

void put_match(Encoder *e, Extension x, const void *data, size_t n);
void put_target(Encoder *e, Extension x, const void *data, size_t n);
/* A chain or a built-in verdict as target. */
void put_standard(Encoder *e, const char *name);
void put_fail(Encoder *e, int error);
