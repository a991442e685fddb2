/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The service manager's next step with p25d. */

#include <stdbool.h>

/* While p25d is stopped: is it started again at once, by the same job? Asks systemd over the system
 * bus and waits for a second at most; in doubt it is not. */
bool service_is_restarted(void);
