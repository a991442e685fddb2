/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Watches the installed tables, and reports damage to the repairer.
 */

#include "daemon/iptables/backend.h"

int ipt_monitor_start(IptBackend *b);
void ipt_monitor_stop(IptBackend *b);
/* Something was installed: it is looked after from now on; nothing is: no more. */
void ipt_monitor_update(IptBackend *b);
/* The distance of the kernel from what was left there. A RepairOps.look. */
RepairNeed ipt_monitor_look(void *data);
