/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Links over which guests reach the network past the host's packet filter: children of macvlan and
 * ipvlan, and bridges that a network card belongs to. Those that were moved into another network
 * namespace are not seen.
 */

#include "rules/base/util.h"

/* "eth0.1 (macvlan)", "br0 (bridge with eth0)", ascending; NULL when there are none. 0, -ENOMEM, or
 * another negative errno. */
int bypasses_find(char ***ret);
