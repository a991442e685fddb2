/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* libiptc's two libraries, which differ only in names and in the type of an entry, as two tables of
 * functions. */

struct xtc_handle;
struct xt_counters;

typedef struct IptLibrary {
        const char *program; /* for messages */
        struct xtc_handle *(*init)(const char *table);
        void (*free)(struct xtc_handle *h);
        int (*commit)(struct xtc_handle *h);
        const char *(*error)(int error);
        const char *(*first_chain)(struct xtc_handle *h);
        const char *(*next_chain)(struct xtc_handle *h);
        const void *(*first_rule)(const char *chain, struct xtc_handle *h);
        const void *(*next_rule)(const void *entry, struct xtc_handle *h);
        const char *(*get_target)(const void *entry, struct xtc_handle *h);
        int (*is_chain)(const char *chain, struct xtc_handle *h);
        int (*create_chain)(const char *chain, struct xtc_handle *h);
        int (*delete_chain)(const char *chain, struct xtc_handle *h);
        int (*flush)(const char *chain, struct xtc_handle *h);
        int (*insert)(const char *chain, const void *entry, unsigned at, struct xtc_handle *h);
        int (*delete)(const char *chain, unsigned at, struct xtc_handle *h);
        int (*set_counter)(
                const char *chain, unsigned at, struct xt_counters *c, struct xtc_handle *h);
        int (*get_references)(unsigned *n, const char *chain, struct xtc_handle *h);
        const char *(*get_policy)(const char *chain, struct xt_counters *c, struct xtc_handle *h);
        int (*set_policy)(
                const char *chain, const char *policy, struct xt_counters *c, struct xtc_handle *h);
} IptLibrary;

extern const IptLibrary ipt_library4, ipt_library6;
