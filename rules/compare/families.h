/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

/* Of which families the host has addresses; loopback and link-local ones do not count. */
typedef struct HostFamilies {
        bool ipv4, ipv6;
} HostFamilies;
