/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The connection to p25d on another host: ssh, and systemd-stdio-bridge there. */

#include <systemd/sd-bus.h>

/*
 * Connects to [USER@]HOST[:PORT]. The bridge takes p25d's own socket (daemon/bus/direct.h), where
 * whoever is logged in there may open it, that is, root, and p25d has one that answers; otherwise
 * the bus of that host. HOST/MACHINE and HOST:MACHINE are containers of that host, which are
 * reached over their bus. The caller owns *ret. 0 or negative errno; errors of ssh come with the
 * first call.
 */
int remote_open(const char *host, sd_bus **ret);
