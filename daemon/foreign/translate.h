/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Translation of a packet's addresses, and exemption from conntrack. */

#include "daemon/foreign/walk.h"
#include "daemon/netlink/attributes.h"

Truth translate_notrack(Walk *w, Bytes data);
Truth translate_nat(Walk *w, Bytes data);
Truth translate_redirect(Walk *w, Bytes data);
Truth translate_masquerade(Walk *w, Bytes data);

/* To this host itself; port NULL: the same. */
void walk_redirect_here(Walk *w, const uint8_t *port);
/* Ends a chain of type nat: the address is set for this hook. */
void walk_translated(Walk *w);
