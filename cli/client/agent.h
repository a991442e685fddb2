/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* polkit's agent for this terminal, as systemctl starts it. */

#include "cli/console/cli.h"

/* Before a call that changes something: lets polkit ask for a password on this terminal. Does
 * nothing for root, without a terminal, for another host, and where pkttyagent(1) is not
 * installed. The agent ends with p25ctl. */
void agent_open(Cli *c);
