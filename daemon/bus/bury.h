/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <sys/types.h>
#include <systemd/sd-event.h>

/* Kills a child and waits for it from the event loop, because a child may take long to free its
 * memory or hang in the kernel. Takes ownership of pidfd, which may be -1. */
void bus_bury(sd_event *event, pid_t pid, int pidfd);
