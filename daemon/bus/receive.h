/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The descriptors of a call, for the methods that take some: within the limits of the bus and of
 * one user.
 */

#include "daemon/bus/internal.h"

#define RECEIVE_BYTES_MAX (128u << 20) /* 64 bytes for each entry of the largest set */

/* Reads fd, of which at most max bytes, into c->upload; done is called later, with c. 1, or a
 * negative errno with or without error set. */
int bus_receive(BusCall *c, int fd, size_t max, BusUploadDone done, sd_bus_error *error);
/* The D-Bus error for what done says. Returns a negative errno. */
int bus_receive_error(int r, sd_bus_error *error);
