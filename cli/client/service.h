/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The state of p25d.service, on the host whose p25d is asked. */

#include "cli/console/cli.h"

typedef enum ServiceStart {
        SERVICE_UNKNOWN,  /* systemd cannot be asked */
        SERVICE_STARTS,   /* at boot */
        SERVICE_DISABLED, /* it is installed, and does not start at boot */
        SERVICE_MISSING,  /* it is not installed */
} ServiceStart;

/* After a call to p25d, whose bus it uses. Prints nothing. */
ServiceStart service_ask_start(Cli *c);
