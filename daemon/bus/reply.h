/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The reply to a call, from this process or from the worker that computes it.
 */

#include "daemon/bus/internal.h"

/* A message that takes the values of the reply. */
int bus_reply_new(BusCall *c, sd_bus_message **ret);
/* 0 or negative errno. */
int bus_reply_send(BusCall *c, sd_bus_message *reply);
/* A reply of one string, if it is one that a message holds; else LimitExceeded. */
int bus_reply_text(BusCall *c, const char *text, sd_bus_error *error);
