/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Tests of open connections through the host that a new policy refuses. A test program adds main().
 */

#include "tests/lib/traffic_world.h"

/* All tests under the backend: the exit status. */
int test_cutting(const BackendOps *ops);
