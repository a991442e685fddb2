/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The process that lets connections wait: reads the kernel's queue, finds who opens each, reports
 * it and lets it go on to the policy. It decides nothing, and is a process of its own so that no
 * connection waits for what p25d does: if p25d stops or is killed, it lets go all that waits.
 */

/* The option of p25d that starts it, and the descriptor that p25d reads. */
#define ASKER_OPTION "--hold-connections"
#define ASKER_FD 3

/* Until the other end of ASKER_FD is closed. The exit status of the process. */
int asker_run(void);
