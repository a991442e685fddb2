/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <sys/types.h>
#include <systemd/sd-event.h>

/* Kills a child and waits for it from the event loop, because it takes its time to give its memory
 * back, or hangs in the kernel. Takes pidfd over; it may be -1. */
void bus_bury(sd_event *event, pid_t pid, int pidfd);
