/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Expressions that load what is known of the packet into a register, or write to it. */

#include "daemon/foreign/walk.h"
#include "daemon/netlink/attributes.h"

Truth load_payload(Walk *w, Bytes data);
Truth load_meta(Walk *w, Bytes data);
Truth load_ct(Walk *w, Bytes data);
Truth load_fib(Walk *w, Bytes data);
/* It loads something, or ends the rule; it is unknown which. */
Truth load_unknown(Walk *w, Bytes data);

/* The state of a connection's entry, as in `ct state`: bits of ip_conntrack_info. */
#define CT_INVALID 1u
#define CT_NEW 8u
#define CT_UNTRACKED 64u
/* Conntrack looks at a packet at this priority, in prerouting and output. */
#define CT_PRIORITY (-200)

/* Has conntrack an entry for it, where it is now? */
Truth walk_is_tracked(const Walk *w);
/* The interfaces that rules see: in output, a packet that was sent another way by a translated
 * address still has its first. */
const Facts *walk_interfaces(const Walk *w);
/* n bytes, a name or an index: are they those of the loopback interface? What p25 judges never
 * comes by it. */
bool is_loopback(const uint8_t *bytes, size_t n);
extern const char *const in_interface_name;
/* Does a rule here see the interface by which it came in, and which it will leave by? */
bool walk_has_in(const Walk *w);
bool walk_has_out(const Walk *w);
