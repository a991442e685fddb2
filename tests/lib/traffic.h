/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Tests of a backend with real connections, in all three directions and both families. A test
 * program adds main().
 */

#include "daemon/host/host.h"
#include "tests/lib/traffic_world.h"

#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_log.h>
#include <sys/stat.h>

/* All tests under the backend: the exit status. */
int test_traffic(const BackendOps *ops);
