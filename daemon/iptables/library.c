/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/iptables/library.h"

#include <libiptc/libip6tc.h>
#include <libiptc/libiptc.h>

#define DEFINE_LIBRARY(name, lib, entry_type, program_name)                                        \
        static const void *name##_first_rule(const char *chain, struct xtc_handle *h)              \
        {                                                                                          \
                return lib##_first_rule(chain, h);                                                 \
        }                                                                                          \
        static const void *name##_next_rule(const void *entry, struct xtc_handle *h)               \
        {                                                                                          \
                return lib##_next_rule((const entry_type *)entry, h);                              \
        }                                                                                          \
        static const char *name##_get_target(const void *entry, struct xtc_handle *h)              \
        {                                                                                          \
                return lib##_get_target((const entry_type *)entry, h);                             \
        }                                                                                          \
        static int name##_insert(                                                                  \
                const char *chain, const void *entry, unsigned at, struct xtc_handle *h)           \
        {                                                                                          \
                return lib##_insert_entry(chain, (const entry_type *)entry, at, h);                \
        }                                                                                          \
        static int name##_create_chain(const char *chain, struct xtc_handle *h)                    \
        {                                                                                          \
                return lib##_create_chain(chain, h);                                               \
        }                                                                                          \
        static int name##_delete_chain(const char *chain, struct xtc_handle *h)                    \
        {                                                                                          \
                return lib##_delete_chain(chain, h);                                               \
        }                                                                                          \
        static int name##_flush(const char *chain, struct xtc_handle *h)                           \
        {                                                                                          \
                return lib##_flush_entries(chain, h);                                              \
        }                                                                                          \
        static int name##_delete(const char *chain, unsigned at, struct xtc_handle *h)             \
        {                                                                                          \
                return lib##_delete_num_entry(chain, at, h);                                       \
        }                                                                                          \
        static int name##_set_counter(                                                             \
                const char *chain, unsigned at, struct xt_counters *c, struct xtc_handle *h)       \
        {                                                                                          \
                return lib##_set_counter(chain, at, c, h);                                         \
        }                                                                                          \
        static int name##_get_references(unsigned *n, const char *chain, struct xtc_handle *h)     \
        {                                                                                          \
                return lib##_get_references(n, chain, h);                                          \
        }                                                                                          \
        static const char *name##_get_policy(                                                      \
                const char *chain, struct xt_counters *c, struct xtc_handle *h)                    \
        {                                                                                          \
                return lib##_get_policy(chain, c, h);                                              \
        }                                                                                          \
        static int name##_set_policy(const char *chain, const char *policy, struct xt_counters *c, \
                struct xtc_handle *h)                                                              \
        {                                                                                          \
                return lib##_set_policy(chain, policy, c, h);                                      \
        }                                                                                          \
        const IptLibrary name = {                                                                  \
                .program = program_name,                                                           \
                .init = lib##_init,                                                                \
                .free = lib##_free,                                                                \
                .commit = lib##_commit,                                                            \
                .error = lib##_strerror,                                                           \
                .first_chain = lib##_first_chain,                                                  \
                .next_chain = lib##_next_chain,                                                    \
                .first_rule = name##_first_rule,                                                   \
                .next_rule = name##_next_rule,                                                     \
                .get_target = name##_get_target,                                                   \
                .is_chain = lib##_is_chain,                                                        \
                .create_chain = name##_create_chain,                                               \
                .delete_chain = name##_delete_chain,                                               \
                .flush = name##_flush,                                                             \
                .insert = name##_insert,                                                           \
                .delete = name##_delete,                                                           \
                .set_counter = name##_set_counter,                                                 \
                .get_references = name##_get_references,                                           \
                .get_policy = name##_get_policy,                                                   \
                .set_policy = name##_set_policy,                                                   \
        }

DEFINE_LIBRARY(ipt_library4, iptc, struct ipt_entry, "iptables");
DEFINE_LIBRARY(ipt_library6, ip6tc, struct ip6t_entry, "ip6tables");
