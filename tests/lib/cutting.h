/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What becomes of connections that pass through the host, when a policy refuses them. A test
 * program is this and main().
 */

#include "tests/lib/traffic_world.h"

/* All tests under the backend: the exit status. */
int test_cutting(const BackendOps *ops);
